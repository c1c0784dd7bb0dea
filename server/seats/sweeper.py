"""Announces locks that have ended, has the database asked about overdue pins, and lets go of showtimes that are past.

Each worker does the first two for its rooms, and one worker all of it for every showtime.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from server.domain.errors import CineBookError
from server.ops.ending import ended
from server.ops.metrics import EXPIRED, SWEEPS
from server.ops.recurring import recurring
from server.seats.store import RedisSeatStore

BATCH: Final = 1000
"""Locks that one script ends at most."""

log = structlog.get_logger(__name__)


class Sweeper:
    """Every `interval_ms` ends the stale locks of the showtimes that `rooms` names.

    One worker at a time, by a lease in the store, does so for every showtime that any worker has opened, so that locks
    nobody watches are announced too; it lets go of those that are past (see `Active`). A store that does not answer is
    asked again at the next turn.

    `overdue` is awaited with the showtime and the order of each pin whose end has passed, of the showtimes last swept:
    it is to ask the database and to `apply` or `release`. However long it takes, the sweeping of locks goes on.
    """

    def __init__(
        self,
        store: RedisSeatStore,
        rooms: Callable[[], tuple[str, ...]],
        *,
        interval_ms: int,
        overdue: Callable[[str, str], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._interval_ms = interval_ms
        self._overdue = overdue
        self._swept: tuple[str, ...] = ()
        self._leads = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to sweep."""
        turns = {"sweep": self.sweep, "ask about overdue pins": self.ask, "let past showtimes go": self.retire}
        self._tasks = [
            asyncio.get_running_loop().create_task(recurring(name, self._interval_ms / 1000, turn), name=name)
            for name, turn in turns.items()
        ]

    async def close(self) -> None:
        """Stop sweeping."""
        await ended(*self._tasks)
        self._tasks = []

    async def sweep(self) -> int:
        """One turn: how many locks it ended. Raises `UnavailableError` if the store cannot say what to sweep."""
        showtimes = dict.fromkeys(self._rooms())
        self._leads = await self._store.lead_sweep(self._interval_ms)
        if self._leads:
            showtimes |= dict.fromkeys(await self._store.showtimes.names())
        self._swept = tuple(showtimes)
        due = await self._store.due(self._swept)
        ended = sum(await asyncio.gather(*map(self._sweep_one, due)))
        SWEEPS.inc()
        EXPIRED.inc(ended)
        return ended

    async def ask(self) -> int:
        """One turn: how many overdue pins were asked about. Raises `UnavailableError` if the store cannot name them."""
        if self._overdue is None:
            return 0
        pins = await self._store.overdue_pins(self._swept)
        for showtime, order in pins:
            try:
                await self._overdue(showtime, order)
            except Exception as error:  # noqa: BLE001 - the boundary: one order must not keep the others waiting
                log.warning(
                    "an overdue pin could not be settled", showtime=showtime, order=order, error=type(error).__name__
                )
        return len(pins)

    async def retire(self) -> int:
        """One turn: how many showtimes are past, if this worker swept all the last time. Raises `UnavailableError`."""
        return await self._store.showtimes.retire() if self._leads else 0

    async def _sweep_one(self, showtime: str) -> int:
        ended = 0
        try:
            while (count := await self._store.expire(showtime, BATCH)) == BATCH:
                ended += count
        except CineBookError as error:
            log.warning("a showtime could not be swept", showtime=showtime, error=str(error))
            return ended
        return ended + count
