"""What a real evening brings, for Locust: viewers, pickers, kiosks, a flash sale and a reconnect storm.

    make load                                      a minute of all of them on a server of its own, without a browser
    locust -f loadtests/locustfile.py --host URL   with Locust's page; class names behind it choose the scenarios

Beside Locust's own figures: `lock` is from a request's sending to its answer, `delta` from a lock's sending to the
arrival of its delta at others of this process, `ready` from a connection's begin to a whole map, `sold out` the time
from the opening of the sale to its end.
"""

import random
import time
from collections.abc import Callable
from typing import ClassVar, Final

import gevent  # type: ignore[import-untyped]  # it has none
from gevent.lock import Semaphore  # type: ignore[import-untyped]  # as above
from locust import User, between, constant, events, task
from locust.clients import HttpSession
from locust.env import Environment

from loadtests.gevent_client import GeventClient
from loadtests.sightings import Sightings
from protocol.errors import ClientError, DisconnectedError, RejectedError

SHOWTIME: Final = "demo"
SALE: Final = "demo-large"

SALE_AFTER_S: Final = 15.0
SALE_PEAK: Final = 134.0
"""Reservations a second at the peak of a published on-sale, which was sold out in 13 s."""
SALE_RAMP_S: Final = 3.0
SALE_LIMIT_S: Final = 60.0
SALE_SEATS: Final = 4
"""Seats in each reservation: 5,000 seats make 1,250 of them."""
HOLDER_SEATS: Final = 8

STORM_EVERY_S: Final = 20.0
SEEN_BY_ONE_IN: Final = 5
"""So many viewers share the reporting of `delta`, or Locust itself would be what is measured."""


def fire(environment: Environment, name: str, seconds: float, error: Exception | None = None) -> None:
    """Enter one time into Locust's table."""
    environment.events.request.fire(  # type: ignore[no-untyped-call]  # Locust's is not typed
        request_type="WS", name=name, response_time=seconds * 1000, response_length=0, exception=error, context={}
    )


class Visitor(User):
    """Whoever opens a seat map."""

    abstract = True
    showtime: ClassVar[str] = SHOWTIME
    display: ClassVar[bool] = False
    sightings: ClassVar[dict[str, Sightings]] = {}
    count: ClassVar[int] = 0

    def on_start(self) -> None:
        """Open the map."""
        Visitor.count += 1
        self.map = GeventClient(
            self.host or "",
            self.showtime,
            token=self.token(),
            display=self.display,
            on_map=self._watching(),
            on_ready=lambda seconds: fire(self.environment, "ready", seconds),
        )
        self.map.ready()

    def on_stop(self) -> None:
        """Go."""
        self.map.close()

    def token(self) -> str | None:
        """Whom the connection belongs to."""
        return None

    def timed(self, name: str, call: Callable[[], object]) -> bool:
        """Make a request and enter its time; whether it was granted. A refusal is an answer like any other."""
        started = time.monotonic()
        try:
            call()
        except RejectedError as error:
            fire(self.environment, f"{name} refused: {error.rejected.code}", time.monotonic() - started)
            return False
        except ClientError as error:
            fire(self.environment, name, time.monotonic() - started, error)
            if isinstance(error, DisconnectedError):
                # It is tried again by the core.
                gevent.sleep(1)
            return False
        fire(self.environment, name, time.monotonic() - started)
        return True

    def _sightings(self) -> Sightings:
        if self.showtime not in self.sightings:
            environment = self.environment
            self.sightings[self.showtime] = Sightings(lambda seconds: fire(environment, "delta", seconds))
        return self.sightings[self.showtime]

    def _watching(self) -> Callable[[int, int], None]:
        if Visitor.count % SEEN_BY_ONE_IN:
            return lambda _before, _version: None
        sightings = self._sightings()
        return lambda before, version: sightings.saw(before, version, time.monotonic())


class Viewer(Visitor):
    """Looks, and looks."""

    weight = 60
    wait_time = constant(5)

    @task
    def look(self) -> None:
        """Nothing is asked."""


class Kiosk(Visitor):
    """A display in the lobby, which never locks."""

    weight = 5
    wait_time = constant(5)
    display = True

    @task
    def show(self) -> None:
        """Nothing is asked."""


class Guest(Visitor):
    """Somebody with a session."""

    abstract = True

    def on_start(self) -> None:
        """Become a guest, then open the map."""
        self.rest = HttpSession(self.host or "", self.environment.events.request, user=self)
        super().on_start()

    def token(self) -> str:
        """That of a new guest."""
        # The cookie would renew the guest who was here before.
        self.rest.cookies.clear()
        with self.rest.post("/api/v1/sessions", name="POST /sessions", catch_response=True) as answer:
            if not answer.ok:
                answer.failure(f"status {answer.status_code}")
                return ""
            token: str = answer.json()["token"]
        return token

    def choose(self, count: int) -> list[int]:
        """That many free seats in a row of the map as it is seen, or fewer if there are none."""
        seats = self.map.core.map
        letters = "" if seats is None else seats.letters
        start = random.randrange(max(1, len(letters)))
        place = letters.find("A" * count, start)
        if place < 0:
            place = letters.find("A" * count)
        return list(range(place, place + count)) if place >= 0 else []

    def lock(self, seats: list[int]) -> bool:
        """Ask for them; when others see them is reported by those."""
        sent = time.monotonic()

        def ask() -> None:
            answer = self.map.lock(seats)
            self._sightings().locked(answer.version, sent)

        return self.timed("lock", ask)


class Picker(Guest):
    """Takes seats, thinks, perhaps asks for more time, and gives them back."""

    weight = 30
    wait_time = between(0.5, 2)

    @task
    def pick(self) -> None:
        """One choice from beginning to end."""
        seats = self.choose(random.choice((1, 2, 2, 3, 4)))
        if not seats or not self.lock(seats):
            return
        gevent.sleep(random.uniform(0.5, 3))
        if random.random() < 0.2:
            self.timed("extend", self.map.extend)
            gevent.sleep(random.uniform(0.5, 1))
        self.timed("unlock", self.map.unlock)


class Buyer(Guest):
    """Waits for a sale to open, and reserves until nothing is left."""

    weight = 30
    wait_time = constant(0)
    showtime = SALE
    turns: ClassVar[Semaphore] = Semaphore(0)
    opened_at: ClassVar[float] = 0.0
    sold_out: ClassVar[bool] = False

    @task
    def reserve(self) -> None:
        """One reservation when it is its turn, of seats that perhaps somebody else has by now."""
        self.turns.acquire()
        held = len(self.map.core.holds)
        if held + SALE_SEATS > HOLDER_SEATS:
            token = self.token()
            self.timed("auth", lambda: self.map.auth(token))
        for count in range(SALE_SEATS, 0, -1):
            while seats := self.choose(count):
                if self.lock(seats):
                    return
        if not Buyer.sold_out:
            Buyer.sold_out = True
            fire(self.environment, "sold out", time.monotonic() - Buyer.opened_at)


class Storm(Visitor):
    """Viewers whose connections are all lost at the same moment, again and again."""

    weight = 20
    wait_time = constant(0)

    @task
    def lose(self) -> None:
        """Wait for the moment, the same for all, and lose the connection; the core finds its way back."""
        gevent.sleep(STORM_EVERY_S - time.monotonic() % STORM_EVERY_S)
        self.map.drop()


@events.test_start.add_listener  # type: ignore[untyped-decorator]  # as above
def open_sale(environment: Environment, **_: object) -> None:
    """Let the buyers in along the curve of the sale: a ramp up, then the peak until nothing is left."""

    def let_in() -> None:
        gevent.sleep(SALE_AFTER_S)
        Buyer.opened_at = started = time.monotonic()
        turns = 0.0
        while not Buyer.sold_out and (at := time.monotonic() - started) < SALE_LIMIT_S:
            gevent.sleep(0.02)
            turns += SALE_PEAK * min(1.0, at / SALE_RAMP_S) * (time.monotonic() - started - at)
            while turns >= 1:
                turns -= 1
                Buyer.turns.release()

    if any(issubclass(kind, Buyer) for kind in environment.user_classes):
        gevent.spawn(let_in)
