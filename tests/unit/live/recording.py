"""Recording fakes: a seat store that is a list of changes, and a way out that is a list of messages."""

import secrets
from collections.abc import Callable, Sequence
from typing import TypeVar

from protocol.codec import JSON, Codec
from protocol.codes import CloseCode, Outcome
from protocol.from_client import Mode
from protocol.from_server import Delta, ServerMessage, Snapshot
from protocol.scalars import Change
from protocol.seatmap import Applied, SeatMap
from server.domain.errors import UnavailableError
from server.domain.holds import Granted, Hold, Holder, Holdings, Released
from server.domain.showtimes import Cinema, Film, Hall, Limits, Sales, Showtime, Zone
from server.live.frames import way
from server.ports import Announcement, Origin, Position, PrivateChange

T = TypeVar("T")

SEATS = 12

SHOWTIME = Showtime(
    id="s1",
    cinema=Cinema(id="c1", name="Cinema", time_zone="Asia/Ho_Chi_Minh"),
    hall=Hall(id="h1", name="Hall 1"),
    film=Film(id="f1", title="Film", duration_minutes=100, rating="P"),
    starts_at=10_000_000,
    layout=1,
    sales=Sales(opens_at=0, closes_at=20_000_000),
    zones=(Zone(id="z", name="Zone", price=90_000, currency="VND"),),
    limits=Limits(max_seats=8, hold_ms=900_000, max_hold_ms=1_800_000),
)

HOLDER = Holder(id="holder-1", expires_at=100_000_000)


class HistoryStore:
    """A seat store whose history a test writes by hand; `calls` records what was asked of it."""

    def __init__(self) -> None:
        self.time = 1_000_000
        self.away = False
        self.log_reach = 1000
        self.calls: list[str] = []
        self.holds: dict[str, tuple[Hold, ...]] = {}
        self.answers: list[Granted | Released | Exception] = []
        self.begin()

    def begin(self) -> None:
        """Start a new epoch with every seat available."""
        self.epoch = secrets.token_hex(4)
        self.version = 0
        self.letters = ["A"] * SEATS
        self.log: list[tuple[int, tuple[Change, ...]]] = []
        self.mutate()

    def mutate(
        self, *changes: Change, private: tuple[PrivateChange, ...] = (), origin: Origin | None = None
    ) -> Announcement:
        """Make one mutation and return its announcement, for the test to deliver or to lose."""
        self.version += 1
        for index, letter in changes:
            self.letters[index] = letter
        self.log.append((self.version, changes))
        return Announcement(self.epoch, self.version, changes, self.time, private, origin)

    def now(self) -> int:
        return self.time

    def channel(self, showtime: str) -> str:
        return f"{{st:{showtime}}}:deltas"

    def signed(
        self, showtime: str, holder: Holder, layout: int, position: Position, holds: tuple[Hold, ...]
    ) -> Holdings:
        return Holdings(epoch=position.epoch, version=position.version, holds=holds, receipt="signed")

    def _asked(self, name: str) -> None:
        self.calls.append(name)
        if self.away:
            raise UnavailableError(Outcome.NONE)

    async def snapshot(self, showtime: str) -> Snapshot:
        self._asked("snapshot")
        return Snapshot(epoch=self.epoch, version=self.version, layout=1, seats="".join(self.letters))

    async def since(self, showtime: str, position: Position) -> Delta | None:
        self._asked("since")
        oldest = max(1, self.version - self.log_reach)
        if position.epoch != self.epoch or not oldest <= position.version <= self.version:
            return None
        last = {
            index: letter for version, changes in self.log if version > position.version for index, letter in changes
        }
        return Delta(from_version=position.version, version=self.version, changes=list(last.items()))

    async def positions(self, showtimes: tuple[str, ...]) -> tuple[Position | None, ...]:
        self._asked("positions")
        return tuple(Position(self.epoch, self.version) for _ in showtimes)

    async def holdings(self, showtime: str, holder: Holder) -> Holdings:
        self._asked("holdings")
        return Holdings(epoch=self.epoch, version=self.version, holds=self.holds.get(holder.id, ()), receipt="read")

    async def settled(self, showtime: str, holder: Holder, not_after: int) -> Holdings:
        self.away = False
        return await self.holdings(showtime, holder)

    async def lock(
        self, showtime: str, holder: Holder, seats: tuple[int, ...], mode: Mode, origin: Origin | None = None
    ) -> Granted:
        self._asked(f"lock {seats} {mode}")
        return self._next(Granted)

    async def unlock(
        self, showtime: str, holder: Holder, seats: tuple[int, ...] | None, origin: Origin | None = None
    ) -> Released:
        self._asked(f"unlock {seats}")
        return self._next(Released)

    async def extend(
        self, showtime: str, holder: Holder, seats: tuple[int, ...] | None, origin: Origin | None = None
    ) -> Granted:
        self._asked(f"extend {seats}")
        return self._next(Granted)

    def _next(self, kind: type[T]) -> T:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, kind)
        return answer


class RecordingOutgoing:
    """Keeps what was written, decoded, the code that closed it, and whether the client is read.

    `on_write` is called after each message, as a transport may call back when its buffer is full.
    """

    def __init__(self, codec: Codec = JSON) -> None:
        self.way = way(codec, framed=False)
        self.sent: list[ServerMessage] = []
        self.closed: CloseCode | None = None
        self.held = False
        self.on_write: Callable[[ServerMessage], None] | None = None

    def write(self, data: bytes) -> None:
        if self.closed is None:
            self.sent.append(self.way.codec.decode_server(data))
            if self.on_write is not None:
                self.on_write(self.sent[-1])

    def close(self, code: CloseCode) -> None:
        if self.closed is None:
            self.closed = code

    def hold(self) -> None:
        self.held = True

    def proceed(self) -> None:
        self.held = False

    def take(self) -> list[ServerMessage]:
        """What was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent

    def of(self, kind: type[T]) -> list[T]:
        """Everything of one type that was sent and not taken."""
        return [message for message in self.sent if isinstance(message, kind)]


def replay(messages: Sequence[ServerMessage], seat_map: SeatMap | None = None) -> SeatMap | None:
    """What `seat_map` becomes for a client that hears `messages`; a gap in them is an error of the server."""
    for message in messages:
        if isinstance(message, Snapshot):
            if seat_map is not None and seat_map.epoch == message.epoch:
                assert message.version >= seat_map.version
            seat_map = SeatMap.of(message)
        elif isinstance(message, Delta):
            assert seat_map is not None
            assert seat_map.apply(message) is not Applied.GAP
    return seat_map
