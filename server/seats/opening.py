"""Epochs: which history of versions a showtime is in, and how a new one is opened.

The store's identity changes with each of its restarts. A showtime whose recorded identity is another than that of the
store at hand, or that the store does not know, gets a new epoch: *begin* writes it closed, by compare-and-set on the
epoch found; then the database is read; *load* opens it. Whoever loses the race adopts the winner's epoch, and an opener
that dies in between is replaced after `opening_ms`.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog

from protocol.codes import Outcome
from server.domain.errors import NotFoundError, UnavailableError
from server.domain.layout import Layout
from server.domain.showtimes import Occupation, SeatFacts
from server.ops.ending import ended
from server.seats.clock import StoreClock
from server.seats.keys import Keys
from server.seats.pipeline import OtherStoreError, Pipeline
from server.seats.replies import Answer, Reply
from server.seats.scripts import SHARED, Operation

POLL_S: Final = 0.02
"""Between looks at a showtime that somebody else is opening."""

MAX_KNOWN: Final = 10_000
"""Showtimes whose epoch is kept in memory; the one learned first is forgotten, and learned anew when needed."""

PIN_GRACE_MS: Final = 60_000
"""How long after its payment deadline an order keeps its seats pinned: a payment may still be on its way."""

_META: Final = ("epoch", "state", "identity", "layout", "begun_at")
log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Epoch:
    """A showtime's open epoch, the identity of the store that it was opened on, and the layout that it sells."""

    epoch: str
    identity: str
    layout: Layout


@dataclass(frozen=True, slots=True)
class _Found:
    """What the store has recorded of a showtime; all empty where it does not know it."""

    epoch: str
    state: str
    identity: str
    layout: int | None
    begun_at: int


class Opener:
    """Knows each showtime's epoch, and opens a new one where the store has none that counts.

    `facts` reads the showtime from the database, `layout` a layout by version, `next_ordinal` numbers epochs in their
    order. One flight per showtime, however many ask.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        keys: Keys,
        clock: StoreClock,
        *,
        facts: Callable[[str], Awaitable[SeatFacts]],
        layout: Callable[[int], Awaitable[Layout]],
        next_ordinal: Callable[[], Awaitable[int]],
        log_length: int,
        keep_ms: int,
        opening_ms: int,
        origin: bytes,
    ) -> None:
        self._pipeline = pipeline
        self._keys = keys
        self._clock = clock
        self._facts = facts
        self._read_layout = layout
        self._next_ordinal = next_ordinal
        self._log_length = log_length
        self._keep_ms = keep_ms
        self._opening_ms = opening_ms
        self._origin = origin
        self._known: dict[str, Epoch] = {}
        self._layouts: dict[int, Layout] = {}
        self._flights: dict[str, asyncio.Task[Epoch]] = {}
        self._begun: dict[str, str] = {}

    async def epoch(self, showtime: str) -> Epoch:
        """The showtime's epoch, as last heard; opened first where there is none.

        Raises `ShowtimeNotFoundError`, and `UnavailableError`, outcome none.
        """
        known = self._known.get(showtime)
        return known or await self._fly(showtime, torn=None)

    async def renew(self, showtime: str, refused: Epoch, *, torn: bool = False) -> Epoch:
        """The epoch in place of one that the store has refused; `torn` if that one is damaged and must end."""
        if self._known.get(showtime) is refused:
            del self._known[showtime]
        return self._known.get(showtime) or await self._fly(showtime, torn=refused.epoch if torn else None)

    async def close(self) -> None:
        """Give up the openings that are under way."""
        await ended(*self._flights.values())

    async def _fly(self, showtime: str, *, torn: str | None) -> Epoch:
        flight = self._flights.get(showtime)
        if flight is None:
            flight = asyncio.get_running_loop().create_task(self._establish(showtime, torn))
            self._flights[showtime] = flight
            flight.add_done_callback(lambda done: self._landed(showtime, done))
        try:
            return await asyncio.shield(flight)
        except UnavailableError as error:
            # Whatever became of the opening, the request that asked for it was not sent.
            raise UnavailableError(Outcome.NONE) from error

    def _landed(self, showtime: str, flight: "asyncio.Task[Epoch]") -> None:
        del self._flights[showtime]
        if not flight.cancelled() and flight.exception() is None:
            if len(self._known) >= MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[showtime] = flight.result()

    async def _establish(self, showtime: str, torn: str | None) -> Epoch:
        """Adopt the open epoch, or begin and load one, or wait for whoever does."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + 2 * self._opening_ms / 1000
        pause = POLL_S
        while loop.time() < patience:
            found, identity = await self._look(showtime)
            try:
                if found.identity != identity or found.epoch == torn:
                    await self._begin(showtime, found, identity)
                elif found.state == "open" and found.layout is not None:
                    return Epoch(found.epoch, identity, await self._layout(found.layout))
                elif found.epoch == self._begun.get(showtime):
                    await self._load(showtime, found, identity)
                elif self._clock.now() < found.begun_at + self._opening_ms:
                    await asyncio.sleep(POLL_S)
                else:
                    await self._begin(showtime, found, identity)
            except OtherStoreError:
                continue
            except UnavailableError as error:
                if error.outcome is not Outcome.UNKNOWN:
                    raise
                # The next look tells what became of it.
                await asyncio.sleep(pause)
                pause *= 2
        raise UnavailableError(Outcome.NONE)

    async def _look(self, showtime: str) -> tuple[_Found, str]:
        values, identity = await self._pipeline.run("HMGET", self._keys.showtime(showtime).meta, *_META)
        texts = [value.decode() if isinstance(value, bytes) else "" for value in _list(values)]
        epoch, state, recorded, layout, begun_at = texts
        return _Found(epoch, state, recorded, int(layout) if layout else None, int(begun_at or 0)), identity

    async def _begin(self, showtime: str, found: _Found, identity: str) -> None:
        """Write a new epoch, closed, if the one found is still there; the next look tells who has won."""
        if not found.epoch:
            # No key is written for a showtime that does not exist.
            await self._facts(showtime)
        epoch = secrets.token_urlsafe(9)
        ordinal = await self._next_ordinal()
        self._begun[showtime] = epoch
        await self._script(Operation.BEGIN, showtime, found.epoch, identity, epoch, ordinal, identity)

    async def _load(self, showtime: str, found: _Found, identity: str) -> None:
        """Open the epoch that this worker has begun with what the database says now."""
        facts = await self._facts(showtime)
        await self._pipeline.run("ZADD", self._keys.active, facts.sales.closes_at + facts.limits.max_hold_ms, showtime)
        packed = _encode(
            {
                "layout": facts.layout,
                "seat_count": len(facts.seat_ids),
                "opens_at": facts.sales.opens_at,
                "closes_at": facts.sales.closes_at,
                "max_seats": facts.limits.max_seats,
                "hold_ms": facts.limits.hold_ms,
                "max_hold_ms": facts.limits.max_hold_ms,
                "log_length": self._log_length,
                "keep_ms": self._keep_ms,
                "occupations": [_packed(owned) for owned in facts.occupations],
                "blocked": facts.blocked,
                "moved": await self._moved(found.layout, facts),
            }
        )
        code = await self._script(Operation.LOAD, showtime, found.epoch, identity, self._origin, packed)
        if code == Reply.OK:
            del self._begun[showtime]
            log.info("a showtime has a new epoch", showtime=showtime, epoch=found.epoch)

    async def _moved(self, former: int | None, facts: SeatFacts) -> list[int]:
        """For each seat of the former layout its index in the present one, by seat id, or -1; empty if the same."""
        if former is None or former == facts.layout:
            return []
        try:
            layout = await self._layout(former)
        except NotFoundError:
            return [-1]
        index_of = {seat_id: index for index, seat_id in enumerate(facts.seat_ids)}
        return [index_of.get(seat.id, -1) for seat in layout.seats]

    async def _layout(self, version: int) -> Layout:
        if version not in self._layouts:
            self._layouts[version] = await self._read_layout(version)
        return self._layouts[version]

    async def _script(
        self, operation: Operation, showtime: str, epoch: str, identity: str, *rest: bytes | str | int
    ) -> int:
        keys: tuple[str, ...] = self._keys.showtime(showtime)
        if operation in SHARED["orders"]:
            keys += self._keys.orders(showtime)
        reply = await self._pipeline.script(operation, keys, epoch, identity, *rest, changes=True)
        answer = decode_answer(reply)
        self._clock.learn(answer.now)
        return answer.code


def pin_times(deadline: int | None) -> tuple[int, int]:
    """When a pin ends and what deadline it shows, in milliseconds; twice 0 for a sale (no deadline)."""
    return (0, 0) if deadline is None else (deadline + PIN_GRACE_MS, deadline)


def _packed(owned: Occupation) -> tuple[int | str, ...]:
    """An occupation as the script reads it."""
    times = pin_times(owned.deadline)
    return (owned.seat, owned.order, owned.holder, *times, owned.row_version, owned.ordinal, owned.fence)


_answers: Final = msgspec.msgpack.Decoder(Answer)


def decode_answer(reply: object) -> Answer:
    """A script's reply as an `Answer`."""
    if not isinstance(reply, bytes):
        raise TypeError(f"a script answered {type(reply).__name__}")
    return _answers.decode(reply)


def _list(reply: object) -> list[object]:
    if not isinstance(reply, list):
        raise TypeError(f"the store answered {type(reply).__name__}")
    return reply
