"""Locks that are about to end, so that people who look elsewhere can be told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from server.ops.ending import ended
from server.ops.recurring import recurring
from server.seats.clock import StoreClock
from server.seats.keys import Keys
from server.seats.pipeline import Pipeline

AT_ONCE: Final = 1000
"""Locks of one showtime that are looked at in one turn."""

Remind = Callable[["Ending"], Awaitable[None]]

log = structlog.get_logger(__name__)


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A holder's locks (indexes) that end soon, the first of them at `expires_at` (ms)."""

    showtime: str
    holder: str
    seats: tuple[int, ...]
    expires_at: int


class Endings:
    """Reads them from the store, and gives each to one worker."""

    def __init__(self, pipeline: Pipeline, keys: Keys, clock: StoreClock) -> None:
        self._pipeline = pipeline
        self._keys = keys
        self._clock = clock

    async def of(self, showtime: str, within_ms: int) -> tuple[Ending, ...]:
        """What ends within this time. A holder is told of a showtime once in that time, whichever worker asks."""
        keys, now = self._keys.showtime(showtime), self._clock.now()
        found, _ = await self._pipeline.run(
            "ZRANGEBYSCORE", keys.expiries, f"({now}", now + within_ms, "LIMIT", 0, AT_ONCE
        )
        if not isinstance(found, list) or not found:
            return ()
        rows, _ = await self._pipeline.run("HMGET", keys.locks, *found)
        by_holder: dict[str, list[tuple[int, int]]] = {}
        for seat, row in zip(found, rows if isinstance(rows, list) else (), strict=False):
            if row is not None:
                holder, expires_at = msgspec.msgpack.decode(row)[:2]
                by_holder.setdefault(holder, []).append((int(seat), int(expires_at)))
        claims = await asyncio.gather(
            *(
                self._pipeline.start("SET", self._keys.reminded(showtime, holder), 1, "NX", "PX", within_ms)
                for holder in by_holder
            )
        )
        return tuple(
            Ending(
                showtime=showtime,
                holder=holder,
                seats=tuple(sorted(seat for seat, _ in locks)),
                expires_at=min(expires_at for _, expires_at in locks),
            )
            for (holder, locks), (claimed, _) in zip(by_holder.items(), claims, strict=True)
            if claimed is not None
        )


class EndingWatch:
    """Every `interval_ms` tells `remind` of locks that end within `notice_ms`, in all showtimes that `active` names.

    Whatever comes of telling, the others are told. `start` before use, `close` after it.
    """

    def __init__(
        self,
        endings: Endings,
        active: Callable[[], Awaitable[tuple[str, ...]]],
        remind: Remind,
        *,
        interval_ms: int = 5000,
        notice_ms: int = 60_000,
    ) -> None:
        self._endings = endings
        self._active = active
        self._remind = remind
        self._interval_s: Final = interval_ms / 1000
        self._notice_ms: Final = notice_ms
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(recurring("ending holds", self._interval_s, self.look), name="ending holds")

    async def close(self) -> None:
        """Stop looking."""
        await ended(self._task)
        self._task = None

    async def look(self) -> int:
        """One turn; how many holders were told."""
        found = [
            ending for showtime in await self._active() for ending in await self._endings.of(showtime, self._notice_ms)
        ]
        for ending in found:
            try:
                await self._remind(ending)
            except Exception as error:  # noqa: BLE001 - the boundary: one reminder must not keep the others back
                log.warning("a holder was not reminded", showtime=ending.showtime, error=type(error).__name__)
        return len(found)
