"""Announces locks that have ended: those of this worker's rooms, and one worker those of every showtime."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from server.domain.errors import CineBookError
from server.ops.metrics import EXPIRED, SWEEPS
from server.ops.recurring import recurring
from server.seats.store import RedisSeatStore

BATCH: Final = 1000
"""Locks that one script ends at most."""

_log = structlog.get_logger(__name__)


class Sweeper:
    """Every `interval_ms` ends the stale locks of the showtimes that `rooms` names.

    One worker at a time, by a lease in the store, does so for every showtime that any worker has opened, so that locks
    nobody watches are announced too. A store that does not answer is asked again at the next turn.
    """

    def __init__(self, store: RedisSeatStore, rooms: Callable[[], tuple[str, ...]], *, interval_ms: int) -> None:
        self._store = store
        self._rooms = rooms
        self._interval_ms = interval_ms
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to sweep."""
        self._task = asyncio.get_running_loop().create_task(
            recurring("sweep", self._interval_ms / 1000, self.sweep), name="sweep"
        )

    async def close(self) -> None:
        """Stop sweeping."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def sweep(self) -> int:
        """One turn: how many locks it ended. Raises `UnavailableError` if the store cannot say what to sweep."""
        showtimes = dict.fromkeys(self._rooms())
        if await self._store.lead_sweep(self._interval_ms):
            showtimes |= dict.fromkeys(await self._store.active())
        due = await self._store.due(tuple(showtimes))
        ended = sum(await asyncio.gather(*map(self._sweep_one, due)))
        SWEEPS.inc()
        EXPIRED.inc(ended)
        return ended

    async def _sweep_one(self, showtime: str) -> int:
        ended = 0
        try:
            while (count := await self._store.expire(showtime, BATCH)) == BATCH:
                ended += count
        except CineBookError as error:
            _log.warning("a showtime could not be swept", showtime=showtime, error=str(error))
            return ended
        return ended + count
