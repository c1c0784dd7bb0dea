"""The seat store on Redis or Valkey."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn, TypeVar

import msgspec
import structlog

from protocol.codes import Code, Outcome
from protocol.from_client import Mode
from protocol.from_server import Delta, Snapshot
from server.domain.errors import (
    HoldCapError,
    LimitExceededError,
    NotHeldError,
    SalesClosedError,
    SeatsUnavailableError,
    UnavailableError,
    UnknownSeatError,
)
from server.domain.holds import Granted, Hold, Holder, Holdings, RejectedSeat, Released
from server.domain.layout import Layout
from server.domain.showtimes import SeatFacts
from server.ports import Origin, Position
from server.seats.clock import StoreClock
from server.seats.keys import Keys
from server.seats.link import Argument, Link, address
from server.seats.opening import Epoch, Opener, decode_answer
from server.seats.pipeline import OtherStoreError, Pipeline
from server.seats.receipts import Receipt, ReceiptSigner
from server.seats.replies import (
    Answer,
    HoldingsBody,
    MutationBody,
    NumberBody,
    Rejections,
    Reply,
    Row,
    Seats,
    SinceBody,
    SnapshotBody,
)
from server.seats.scripts import READ_ONLY, Operation, Scripts, load_scripts

Body = TypeVar("Body")

OPENING_MS: Final = 3000
"""How long an opener is waited for before it is taken for dead."""

ATTEMPTS: Final = 3
"""How often a script is sent that was refused, and so changed nothing: by epoch once, by time once."""

SETTLE_POLL_S: Final = 0.05
"""Between looks at the store's clock while a request of unknown outcome settles."""

_CODES: Final = {
    Reply.LIMIT_EXCEEDED: Code.LIMIT_EXCEEDED,
    Reply.SEATS_UNAVAILABLE: Code.SEATS_UNAVAILABLE,
}

_encode = msgspec.msgpack.Encoder().encode
_log = structlog.get_logger(__name__)


class RedisSeatStore:
    """The port `SeatStore` on one Redis (7 or later) or Valkey server.

    `facts`, `layout` and `next_ordinal` are the catalogue's; `worker` names this process in announcements. A command
    is given up after `timeout_ms`; `connections` bounds the sockets; `log_length` is how many deltas each showtime
    keeps. `start` before use, `close` after it. `clock` and `scripts` are for tests alone.
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
        opening_ms: int = OPENING_MS,
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
            opening_ms=opening_ms,
            origin=self._origin,
        )

    async def start(self) -> None:
        """Learn the store's time; log what `check` finds. A store that does not answer yet does not stop the start."""
        for finding in await self.check():
            _log.warning("the seat store is not as it should be", finding=finding)

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
        epoch, answer = await self._call(Operation.SNAPSHOT, showtime)
        body = _body(answer, SnapshotBody)
        return Snapshot(epoch=epoch.epoch, version=body.version, layout=body.layout, seats=body.letters)

    async def since(self, showtime: str, position: Position) -> Delta | None:
        """See `SeatStore.since`."""
        _, answer = await self._call(Operation.SINCE, showtime, position.epoch, position.version)
        if answer.code == Reply.NOT_TOLD:
            return None
        body = _body(answer, SinceBody)
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
        epoch, answer = await self._call(Operation.HOLDINGS, showtime, holder.id)
        body = _body(answer, HoldingsBody)
        return self._holdings(showtime, holder, epoch, body.version, body.holds)

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
                _log.debug("waiting for the seat store to settle what became of a request", showtime=showtime)
            await asyncio.sleep(SETTLE_POLL_S)

    async def lock(
        self, showtime: str, holder: Holder, seats: tuple[int, ...], mode: Mode, origin: Origin | None = None
    ) -> Granted:
        """See `SeatStore.lock`."""
        epoch, answer = await self._call(Operation.LOCK, showtime, self._by(origin), holder.id, mode, _encode(seats))
        return self._granted(showtime, holder, epoch, answer, in_part=mode == "any")

    async def unlock(
        self, showtime: str, holder: Holder, seats: tuple[int, ...] | None, origin: Origin | None = None
    ) -> Released:
        """See `SeatStore.unlock`."""
        named = (await self._opener.epoch(showtime)).layout.with_pairs(seats) if seats is not None else ()
        epoch, answer = await self._call(
            Operation.UNLOCK, showtime, self._by(origin), holder.id, int(seats is not None), _encode(named)
        )
        body = _body(answer, MutationBody)
        holdings = self._holdings(showtime, holder, epoch, body.version, body.holds)
        return Released(version=body.letters_version, seats=body.seats, holdings=holdings)

    async def extend(
        self, showtime: str, holder: Holder, seats: tuple[int, ...] | None, origin: Origin | None = None
    ) -> Granted:
        """See `SeatStore.extend`."""
        epoch, answer = await self._call(
            Operation.EXTEND, showtime, self._by(origin), holder.id, int(seats is not None), _encode(seats or ())
        )
        return self._granted(showtime, holder, epoch, answer)

    async def expire(self, showtime: str, limit: int = 1000) -> int:
        """See `SeatStore.expire`."""
        _, answer = await self._call(Operation.EXPIRE, showtime, self._origin, limit)
        return _body(answer, NumberBody).number

    async def occupy(
        self, showtime: str, holder: Holder | None, seats: tuple[int, ...], order: str, until: int | None
    ) -> int:
        """See `SeatStore.occupy`."""
        named = holder.id if holder else ""
        _, answer = await self._call(Operation.OCCUPY, showtime, self._origin, named, order, until or 0, _encode(seats))
        return _body(answer, NumberBody).number

    async def release(self, showtime: str, seats: tuple[int, ...], order: str) -> int:
        """See `SeatStore.release`."""
        _, answer = await self._call(Operation.RELEASE, showtime, self._origin, order, _encode(seats))
        return _body(answer, NumberBody).number

    async def block(self, showtime: str, seats: tuple[int, ...], *, blocked: bool) -> int:
        """See `SeatStore.block`."""
        _, answer = await self._call(Operation.BLOCK, showtime, self._origin, int(blocked), _encode(seats))
        return _body(answer, NumberBody).number

    async def active(self) -> tuple[str, ...]:
        """Showtimes that any worker has opened and whose seats may still be locked; those past are forgotten."""
        now = self.now()
        await self._pipeline.run("ZREMRANGEBYSCORE", self._keys.active, "-inf", f"({now}")
        members, _ = await self._pipeline.run("ZRANGE", self._keys.active, 0, -1)
        return tuple(member.decode() for member in members) if isinstance(members, list) else ()

    async def due(self, showtimes: tuple[str, ...]) -> tuple[str, ...]:
        """Those with a lock that has ended; far cheaper than to ask each to expire."""
        now = self.now()
        replies = await asyncio.gather(
            *(
                self._pipeline.start(
                    "ZRANGEBYSCORE", self._keys.showtime(showtime).expiries, "-inf", now, "LIMIT", 0, 1
                )
                for showtime in showtimes
            )
        )
        return tuple(showtime for showtime, (found, _) in zip(showtimes, replies, strict=True) if found)

    async def lead_sweep(self, lease_ms: int) -> bool:
        """Whether this worker is to sweep all showtimes for the next `lease_ms`; others are told no meanwhile."""
        taken, _ = await self._pipeline.run("SET", self._keys.sweep_lease, self._worker, "NX", "PX", lease_ms)
        return taken is not None

    def _by(self, origin: Origin | None) -> bytes:
        return _encode(origin) if origin else self._origin

    async def _call(self, operation: Operation, showtime: str, *arguments: Argument) -> tuple[Epoch, Answer]:
        """Run a script under the showtime's epoch; the epoch that it ran under, and its answer.

        A script that was refused by epoch, by time or for a torn showtime has changed nothing: it is sent again under
        the present epoch, or with the clock learned anew.
        """
        keys = self._keys.showtime(showtime)
        changes = operation not in READ_ONLY
        for _ in range(ATTEMPTS):
            epoch = await self._opener.epoch(showtime)
            try:
                reply = await self._pipeline.script(
                    operation, keys, epoch.epoch, epoch.identity, *arguments, changes=changes
                )
            except OtherStoreError:
                await self._opener.renew(showtime, epoch)
                continue
            answer = decode_answer(reply)
            self._clock.learn(answer.now)
            if answer.code in {Reply.STALE_EPOCH, Reply.TORN}:
                await self._opener.renew(showtime, epoch, torn=answer.code == Reply.TORN)
            elif answer.code != Reply.TOO_LATE:
                return epoch, answer
        raise UnavailableError(Outcome.NONE)

    def _granted(
        self, showtime: str, holder: Holder, epoch: Epoch, answer: Answer, *, in_part: bool = False
    ) -> Granted:
        body = _body(answer, MutationBody, in_part=in_part)
        return Granted(
            version=body.letters_version,
            seats=body.seats,
            holdings=self._holdings(showtime, holder, epoch, body.version, body.holds),
            rejected=_rejected(body.rejected),
        )

    def _holdings(self, showtime: str, holder: Holder, epoch: Epoch, version: int, rows: tuple[Row, ...]) -> Holdings:
        holds = tuple(
            Hold(seat=seat, expires_at=expires_at, first_at=first_at, ordinal=ordinal, fence=fence, order=order)
            for seat, expires_at, first_at, ordinal, fence, order in rows
        )
        return self.signed(showtime, holder, epoch.layout.version, Position(epoch.epoch, version), holds)

    def _start_meta(self, showtime: str) -> "asyncio.Future[tuple[object, str]]":
        meta = self._keys.showtime(showtime).meta
        return self._pipeline.start("HMGET", meta, "epoch", "version", "state", "identity")

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


def _body(answer: Answer, kind: type[Body], *, in_part: bool = False) -> Body:
    """The body of OK; raises what another code stands for. `in_part`: the request was in mode `any`."""
    if answer.code != Reply.OK:
        _refuse(answer, in_part=in_part)
    return msgspec.msgpack.decode(answer.body, type=kind)


def _refuse(answer: Answer, *, in_part: bool) -> NoReturn:
    code = Reply(answer.code)
    if code in {Reply.LIMIT_EXCEEDED, Reply.SEATS_UNAVAILABLE}:
        pairs = msgspec.msgpack.decode(answer.body, type=Rejections)
        rejected = _rejected(pairs) if in_part else ()
        if code is Reply.LIMIT_EXCEEDED:
            raise LimitExceededError(rejected=rejected)
        taken = tuple(seat for seat, why in pairs if why == Reply.SEATS_UNAVAILABLE)
        raise SeatsUnavailableError(seats=taken, rejected=rejected)
    if code is Reply.SALES_CLOSED:
        raise SalesClosedError
    if code is Reply.HOLD_CAP:
        raise HoldCapError
    seats = msgspec.msgpack.decode(answer.body, type=Seats)
    if code is Reply.NOT_HELD:
        raise NotHeldError(seats=seats)
    if code is Reply.UNKNOWN_SEAT:
        raise UnknownSeatError(seats=seats)
    raise AssertionError(f"no script answers {code!r} here")


def _rejected(pairs: Rejections) -> tuple[RejectedSeat, ...]:
    return tuple(RejectedSeat(seat=seat, code=_CODES[Reply(code)]) for seat, code in pairs)
