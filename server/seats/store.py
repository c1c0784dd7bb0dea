"""The seat store on Redis or Valkey."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from protocol.from_client import Mode
from protocol.from_server import Delta, Snapshot
from server.domain.errors import RefusedError, UnavailableError
from server.domain.holds import Granted, Hold, Holder, Holdings, Once, Pinned, Released
from server.domain.layout import Layout
from server.domain.ledger import SeatEvent
from server.domain.showtimes import SeatFacts
from server.ports import Origin, Position
from server.ports.seats import PIN_MS, HoldRow, holds_of
from server.seats.active import Active
from server.seats.calling import Caller
from server.seats.clock import StoreClock
from server.seats.endings import Endings
from server.seats.keys import Keys
from server.seats.link import Link, address
from server.seats.opening import Epoch, Opener, pin_times
from server.seats.pipeline import Pipeline
from server.seats.receipts import Receipt, ReceiptSigner
from server.seats.recording import Recorder
from server.seats.refusals import body_of, rejected_seats
from server.seats.replies import (
    Answer,
    HoldingsBody,
    MutationBody,
    NumberBody,
    PinnedBody,
    ReplayedBody,
    Reply,
    SinceBody,
    SnapshotBody,
)
from server.seats.scripts import Operation, Scripts, load_scripts

OPENING_MS: Final = 3000
"""How long an opener is waited for before it is taken for dead."""

SETTLE_POLL_S: Final = 0.05
"""Between looks at the store's clock while a request of unknown outcome settles."""

OVERDUE_AT_ONCE: Final = 100
"""Orders of one showtime that are told as overdue at a time."""

_encode = msgspec.msgpack.Encoder().encode
log = structlog.get_logger(__name__)


class RedisSeatStore:
    """The port `SeatStore` on one Redis (7 or later) or Valkey server.

    `facts`, `layout` and `next_ordinal` are the catalogue's; `worker` names this process in announcements. A command
    is given up after `timeout_ms`; `connections` bounds the sockets; `log_length` is how many deltas each showtime
    keeps, and `keep_ms` how long one that is past stays. `record` is told every seat event of this worker's calls, and
    must not block. `start` before use, `close` after it. `clock` and `scripts` are for tests alone.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        *,
        facts: Callable[[str], Awaitable[SeatFacts]],
        layout: Callable[[int], Awaitable[Layout]],
        next_ordinal: Callable[[], Awaitable[int]],
        receipts: ReceiptSigner,
        worker: str,
        timeout_ms: int = 1000,
        connections: int = 16,
        log_length: int = 1000,
        keep_ms: int = 86_400_000,
        opening_ms: int = OPENING_MS,
        record: Callable[[SeatEvent], None] | None = None,
        clock: Callable[[], int] | None = None,
        scripts: Scripts | None = None,
    ) -> None:
        self._keys = Keys(prefix)
        self._receipts = receipts
        self._worker = worker
        self._origin = _encode(Origin(worker, 0))
        self._clock = StoreClock(clock)
        scripts = scripts or load_scripts()
        timeout_s = timeout_ms / 1000
        place = address(url, timeout_s)
        self._pipeline = Pipeline(
            lambda: Link.open(place, timeout_s, self._clock, scripts),
            clock=self._clock,
            scripts=scripts,
            connections=connections,
            timeout_ms=timeout_ms,
        )
        self._opener = Opener(
            self._pipeline,
            self._keys,
            self._clock,
            facts=facts,
            layout=layout,
            next_ordinal=next_ordinal,
            log_length=log_length,
            keep_ms=keep_ms,
            opening_ms=opening_ms,
            origin=self._origin,
        )
        self.endings = Endings(self._pipeline, self._keys, self._clock)
        self._caller = Caller(self._pipeline, self._keys, self._clock, self._opener, Recorder(record))
        self.showtimes = Active(self._pipeline, self._keys, self._clock, self._caller, keep_ms)

    async def start(self) -> None:
        """Learn the store's time; log what `check` finds. A store that does not answer yet does not stop the start."""
        for finding in await self.check():
            log.warning("the seat store is not as it should be", finding=finding)

    async def close(self) -> None:
        """Close all connections; what was asked and not answered fails."""
        await self._opener.close()
        await self._pipeline.close()

    async def check(self) -> list[str]:
        """What is wrong with the store, a sentence each; empty if it is ready."""
        try:
            reply, _ = await self._pipeline.run("INFO", "memory")
        except UnavailableError:
            return ["the seat store does not answer"]
        lines = reply.decode().splitlines() if isinstance(reply, bytes) else []
        policy = next((line.partition(":")[2] for line in lines if line.startswith("maxmemory_policy:")), "unknown")
        if policy != "noeviction":
            return [f"maxmemory-policy is {policy}: the store may drop live seats; it must be noeviction"]
        return []

    def now(self) -> int:
        """See `SeatStore.now`."""
        return self._clock.now()

    def channel(self, showtime: str) -> str:
        """See `SeatStore.channel`."""
        return self._keys.showtime(showtime).deltas

    async def snapshot(self, showtime: str) -> Snapshot:
        """See `SeatStore.snapshot`."""
        epoch, answer = await self._caller.call(Operation.SNAPSHOT, showtime)
        body = body_of(answer, SnapshotBody)
        return Snapshot(epoch=epoch.epoch, version=body.version, layout=body.layout, seats=body.letters)

    async def since(self, showtime: str, position: Position) -> Delta | None:
        """See `SeatStore.since`."""
        _, answer = await self._caller.call(Operation.SINCE, showtime, position.epoch, position.version)
        if answer.code == Reply.NOT_TOLD:
            return None
        body = body_of(answer, SinceBody)
        return Delta(from_version=position.version, version=body.version, changes=list(body.changes))

    async def positions(self, showtimes: tuple[str, ...]) -> tuple[Position | None, ...]:
        """See `SeatStore.positions`. A showtime from before the store's last restart is unknown until it is opened."""
        metas = await asyncio.gather(*(self._start_meta(showtime) for showtime in showtimes))
        return tuple(_position(*meta) for meta in metas)

    async def letters(self, showtimes: tuple[str, ...]) -> tuple[str | None, ...]:
        """See `SeatStore.letters`. A showtime from before the store's last restart is unknown until it is opened."""
        metas = [self._start_meta(showtime) for showtime in showtimes]
        seats = [self._pipeline.start("GET", self._keys.showtime(showtime).seats) for showtime in showtimes]
        positions = [_position(*meta) for meta in await asyncio.gather(*metas)]
        letters = [reply for reply, _ in await asyncio.gather(*seats)]
        found = zip(positions, letters, strict=True)
        return tuple(text.decode() if place and isinstance(text, bytes) else None for place, text in found)

    async def holdings(self, showtime: str, holder: Holder) -> Holdings:
        """See `SeatStore.holdings`."""
        epoch, answer = await self._caller.call(Operation.HOLDINGS, showtime, holder.id)
        body = body_of(answer, HoldingsBody)
        return self._holdings(showtime, holder, epoch.layout.version, Position(epoch.epoch, body.version), body.holds)

    def signed(
        self, showtime: str, holder: Holder, layout: int, position: Position, holds: tuple[Hold, ...]
    ) -> Holdings:
        """See `SeatStore.signed`."""
        proof = Receipt(layout=layout, position=position, holds=holds)
        receipt = self._receipts.issue(holder.id, showtime, proof)
        return Holdings(epoch=position.epoch, version=position.version, holds=holds, receipt=receipt)

    async def settled(self, showtime: str, holder: Holder, not_after: int) -> Holdings:
        """See `SeatStore.settled`."""
        while True:
            try:
                if await self._store_now() > not_after:
                    return await self.holdings(showtime, holder)
            except UnavailableError:
                log.debug("waiting for the seat store to settle what became of a request", showtime=showtime)
            await asyncio.sleep(SETTLE_POLL_S)

    async def lock(
        self,
        showtime: str,
        holder: Holder,
        seats: tuple[int, ...],
        mode: Mode,
        origin: Origin | None = None,
        *,
        once: Once | None = None,
    ) -> Granted:
        """See `SeatStore.lock`."""
        epoch, answer = await self._caller.call_once(
            Operation.LOCK, showtime, holder, once, self._by(origin), holder.id, mode, _encode(seats)
        )
        try:
            granted = self._granted(showtime, holder, epoch, answer, in_part=mode == "any")
        except RefusedError as error:
            self._caller.recorder.refused(showtime, epoch.epoch, answer, error, holder=holder.id, seats=seats)
            raise
        if granted.rejected and not granted.replayed:
            self._caller.recorder.rejected(showtime, epoch.epoch, answer, granted.rejected, holder=holder.id)
        return granted

    async def unlock(
        self, showtime: str, holder: Holder, seats: tuple[int, ...] | None, origin: Origin | None = None
    ) -> Released:
        """See `SeatStore.unlock`."""
        named = (await self._opener.epoch(showtime)).layout.with_pairs(seats) if seats is not None else ()
        epoch, answer = await self._caller.call(
            Operation.UNLOCK, showtime, self._by(origin), holder.id, int(seats is not None), _encode(named)
        )
        body = body_of(answer, MutationBody)
        holdings = self._holdings(
            showtime, holder, epoch.layout.version, Position(epoch.epoch, body.version), body.holds
        )
        return Released(version=body.letters_version, seats=body.seats, holdings=holdings)

    async def extend(
        self,
        showtime: str,
        holder: Holder,
        seats: tuple[int, ...] | None,
        origin: Origin | None = None,
        *,
        once: Once | None = None,
    ) -> Granted:
        """See `SeatStore.extend`."""
        named = int(seats is not None)
        epoch, answer = await self._caller.call_once(
            Operation.EXTEND, showtime, holder, once, self._by(origin), holder.id, named, _encode(seats or ())
        )
        return self._granted(showtime, holder, epoch, answer)

    async def expire(self, showtime: str, limit: int = 1000) -> int:
        """See `SeatStore.expire`."""
        _, answer = await self._caller.call(Operation.EXPIRE, showtime, self._origin, limit)
        return body_of(answer, NumberBody).number

    async def pin(
        self, showtime: str, holder: Holder, seats: tuple[int, ...], order: str, *, pin_ms: int = PIN_MS, deadline: int
    ) -> Pinned:
        """See `SeatStore.pin`."""
        return await self._pin(Operation.PIN, showtime, holder.id, seats, order=order, pin_ms=pin_ms, deadline=deadline)

    async def occupy(
        self, showtime: str, holder_id: str, seats: tuple[int, ...], order: str, *, pin_ms: int = PIN_MS, deadline: int
    ) -> Pinned:
        """See `SeatStore.occupy`."""
        return await self._pin(
            Operation.OCCUPY, showtime, holder_id, seats, order=order, pin_ms=pin_ms, deadline=deadline
        )

    async def apply(
        self,
        showtime: str,
        order: str,
        holder_id: str,
        seats: tuple[int, ...],
        *,
        deadline: int | None,
        row_version: int,
        all_seats: tuple[int, ...],
        keep_locks: bool = True,
    ) -> int:
        """See `SeatStore.apply`."""
        named = (_encode(seats), _encode(all_seats))
        said = (holder_id, order, row_version, *pin_times(deadline), *named, int(keep_locks))
        _, answer = await self._caller.call(
            Operation.APPLY, showtime, self._origin, *said, order=order, sold=deadline is None
        )
        return body_of(answer, NumberBody).number

    async def release(self, showtime: str, seats: tuple[int, ...] | None, order: str) -> int:
        """See `SeatStore.release`."""
        named = int(seats is not None)
        _, answer = await self._caller.call(
            Operation.RELEASE, showtime, self._origin, order, named, _encode(seats or ()), order=order
        )
        return body_of(answer, NumberBody).number

    async def block(self, showtime: str, seats: tuple[int, ...], *, blocked: bool) -> int:
        """See `SeatStore.block`."""
        _, answer = await self._caller.call(Operation.BLOCK, showtime, self._origin, int(blocked), _encode(seats))
        return body_of(answer, NumberBody).number

    async def due(self, showtimes: tuple[str, ...]) -> tuple[str, ...]:
        """Those with a lock that has ended; far cheaper than to ask each to expire."""
        ended = await self._past([self._keys.showtime(showtime).expiries for showtime in showtimes], 1)
        return tuple(showtime for showtime, found in zip(showtimes, ended, strict=True) if found)

    async def overdue_pins(self, showtimes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """See `SeatStore.overdue_pins`."""
        orders = await self._past([self._keys.orders(showtime).pins for showtime in showtimes], OVERDUE_AT_ONCE)
        return tuple((showtime, order) for showtime, found in zip(showtimes, orders, strict=True) for order in found)

    async def lead_sweep(self, lease_ms: int) -> bool:
        """Whether this worker is to sweep all showtimes for the next `lease_ms`; others are told no meanwhile."""
        taken, _ = await self._pipeline.run("SET", self._keys.sweep_lease, self._worker, "NX", "PX", lease_ms)
        return taken is not None

    def _by(self, origin: Origin | None) -> bytes:
        return _encode(origin) if origin else self._origin

    async def _pin(
        self,
        operation: Operation,
        showtime: str,
        holder: str,
        seats: tuple[int, ...],
        *,
        order: str,
        pin_ms: int,
        deadline: int,
    ) -> Pinned:
        epoch, answer = await self._caller.call(
            operation, showtime, self._origin, holder, order, pin_ms, deadline, _encode(seats), order=order
        )
        try:
            body = body_of(answer, PinnedBody)
        except RefusedError as error:
            self._caller.recorder.refused(showtime, epoch.epoch, answer, error, holder=holder, seats=seats, order=order)
            raise
        return Pinned(version=body.version, fences=body.fences)

    def _granted(
        self, showtime: str, holder: Holder, epoch: Epoch, answer: Answer, *, in_part: bool = False
    ) -> Granted:
        replayed = answer.code == Reply.REPLAYED
        if replayed:
            before = msgspec.msgpack.decode(answer.body, type=ReplayedBody)
            body, name = before.answer, before.epoch
        else:
            body = body_of(answer, MutationBody, in_part=in_part)
            name = epoch.epoch
        return Granted(
            version=body.letters_version,
            seats=body.seats,
            holdings=self._holdings(showtime, holder, epoch.layout.version, Position(name, body.version), body.holds),
            rejected=rejected_seats(body.rejected),
            replayed=replayed,
        )

    def _holdings(
        self, showtime: str, holder: Holder, layout: int, position: Position, rows: tuple[HoldRow, ...]
    ) -> Holdings:
        return self.signed(showtime, holder, layout, position, holds_of(rows))

    def _start_meta(self, showtime: str) -> "asyncio.Future[tuple[object, str]]":
        meta = self._keys.showtime(showtime).meta
        return self._pipeline.start("HMGET", meta, "epoch", "version", "state", "identity")

    async def _past(self, keys: list[str], limit: int) -> list[list[str]]:
        """Of each of these sorted sets, the first members whose time has passed, at most `limit`; in one round trip."""
        now = self.now()
        replies = await asyncio.gather(
            *(self._pipeline.start("ZRANGEBYSCORE", key, "-inf", now, "LIMIT", 0, limit) for key in keys)
        )
        return [[one.decode() for one in found] if isinstance(found, list) else [] for found, _ in replies]

    async def _store_now(self) -> int:
        if self._clock.injected:
            return self._clock.now()
        reply, _ = await self._pipeline.run("TIME")
        seconds, microseconds = map(int, reply) if isinstance(reply, list) else (0, 0)
        now = seconds * 1000 + microseconds // 1000
        self._clock.learn(now)
        return now


def _position(reply: object, identity: str) -> Position | None:
    """A showtime's position by its meta, as read from the store with this identity; None unless it is open there."""
    if not isinstance(reply, list):
        return None
    epoch, version, state, recorded = (value.decode() if isinstance(value, bytes) else "" for value in reply)
    return Position(epoch, int(version)) if state == "open" and recorded == identity else None
