"""People who lock and unlock seats through sockets: at fixed or random times, or as fast as they are answered."""

import random
import time
from array import array
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from loadtests.frames import BINARY
from loadtests.seatmap import SHOWTIME, SeatMapReader, request
from loadtests.server import Target
from loadtests.swarm import Link, Swarm
from protocol.codec import MSGPACK
from protocol.from_client import Lock, Unlock
from protocol.from_server import Locked, Rejected, ServerMessage, Unlocked

SEATS_EACH: Final = 8
"""As many as the server lets one holder have."""

SEED: Final = 20261101
AT_LEAST_S: Final = 0.0005


@dataclass
class Answers:
    """What became of requests."""

    sent: int = 0
    answered: int = 0
    seconds: float = 0.0
    locks_ns: "array[int]" = field(default_factory=lambda: array("q"))
    """From the sending of each `lock` to its answer."""
    rejected: Counter[str] = field(default_factory=Counter)


class _Slot:
    """Seats in one picker's care; at most one request about them is under way."""

    __slots__ = ("link", "locked", "seats", "sent")

    def __init__(self, link: Link, seats: tuple[int, ...]) -> None:
        self.link = link
        self.seats = seats
        self.locked = False
        self.sent = 0


class Pickers:
    """`count` holders with a connection each, who share the showtime's ordinary seats, so many of them a request."""

    def __init__(
        self,
        swarm: Swarm,
        reader: SeatMapReader,
        target: Target,
        count: int,
        showtime: str = SHOWTIME,
        *,
        together: int = 1,
    ) -> None:
        self._swarm = swarm
        self._reader = reader
        reader.on_personal = self._answered
        seats = target.seats_of_kind(showtime, "standard")
        each = min(SEATS_EACH, len(seats) // count) // together
        assert each, f"{showtime} has {len(seats)} seats for {count} pickers"
        host = f"{target.host}:{target.port}"
        requests = [request(host, showtime=showtime, token=target.session()) for _ in range(count)]
        self.links = swarm.connect((target.host, target.port), requests)
        assert all(link.ready_at for link in self.links), Counter(link.code for link in self.links)
        portions = (tuple(seats[first : first + together]) for first in range(0, each * count * together, together))
        # One portion of each picker after another, so that all of them take turns.
        self._free = deque(_Slot(link, portion) for portion, link in zip(portions, cycle(self.links)))
        self._asked: dict[int, _Slot] = {}
        self._last_id = 0
        self._answers = Answers()
        self._again = False

    def drive(self, rate: float, seconds: float, *, poisson: bool = False, settle: bool = True) -> Answers:
        """Send `rate` requests a second, evenly or at random, whatever becomes of them; wait for the last answers.

        A turn that finds every seat under way is left out.
        """
        chance = random.Random(SEED)
        answers = self._answers = Answers()
        started = time.monotonic()
        due, turn = started, 0
        while due - started < seconds:
            while (left := due - time.monotonic()) > AT_LEAST_S:
                self._swarm.step(left)
            if self._free:
                self._ask(self._free.popleft())
            turn += 1
            due = due + chance.expovariate(rate) if poisson else started + turn / rate
        answers.seconds = time.monotonic() - started
        if settle:
            self._swarm.settle(until=lambda: not self._asked)
        return answers

    def drive_closed(self, seconds: float) -> Answers:
        """Each picker sends its next request when the last was answered."""
        answers = self._answers = Answers()
        one_each = {slot.link.fd: slot for slot in self._free}
        kept, self._free = self._free, deque()
        started = time.monotonic()
        self._again = True
        for slot in one_each.values():
            self._ask(slot)
        self._swarm.run(seconds)
        self._again = False
        answers.seconds = time.monotonic() - started
        # What is answered after the end does not count.
        self._answers = Answers()
        self._swarm.settle(until=lambda: not self._asked)
        self._free = kept
        return answers

    def leave(self) -> None:
        """Give every seat back and go."""
        for link in self.links:
            if not link.code:
                link.send(BINARY, MSGPACK.encode(Unlock(id=0)))
        self._swarm.settle()
        for link in self.links:
            self._swarm.drop(link)

    def _ask(self, slot: _Slot) -> None:
        self._last_id += 1
        self._asked[self._last_id] = slot
        make, letter = (Unlock, "A") if slot.locked else (Lock, "L")
        payload = MSGPACK.encode(make(id=self._last_id, seats=slot.seats))
        self._answers.sent += 1
        slot.sent = time.monotonic_ns()
        self._reader.sent.update(((seat, letter), slot.sent) for seat in slot.seats)
        slot.link.send(BINARY, payload)

    def _answered(self, _link: Link, message: ServerMessage, arrived: int) -> None:
        if not isinstance(message, Locked | Unlocked | Rejected):
            return
        assert isinstance(message.id, int)
        if not message.id:
            return
        slot = self._asked.pop(message.id)
        self._answers.answered += 1
        if isinstance(message, Rejected):
            self._answers.rejected[message.code] += 1
        else:
            slot.locked = isinstance(message, Locked)
            if slot.locked:
                self._answers.locks_ns.append(arrived - slot.sent)
        if self._again:
            self._ask(slot)
        else:
            self._free.append(slot)
