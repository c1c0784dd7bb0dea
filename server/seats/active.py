"""Which showtimes any worker has opened, and how those that are past leave the store."""

import asyncio
from typing import Final

import structlog

from server.domain.errors import NotFoundError
from server.ops.metrics import RETIRED
from server.seats.calling import Caller
from server.seats.clock import StoreClock
from server.seats.keys import Keys
from server.seats.pipeline import Pipeline
from server.seats.refusals import body_of
from server.seats.replies import NumberBody
from server.seats.scripts import Operation

AT_ONCE: Final = 100
"""Showtimes that are seen to in one turn."""

log = structlog.get_logger(__name__)


class Active:
    """The showtimes that are swept: from when a worker first opens one until it is past.

    Past is a showtime of which no seat can be locked any more, and none is locked or in a checkout. Its keys go
    `keep_ms` after that was found, all at one time; who asks for it later has it read from the database once more, for
    as long again.
    """

    def __init__(self, pipeline: Pipeline, keys: Keys, clock: StoreClock, caller: Caller, keep_ms: int) -> None:
        self._pipeline = pipeline
        self._keys = keys
        self._clock = clock
        self._caller = caller
        self._keep_ms = keep_ms

    async def names(self) -> tuple[str, ...]:
        """All of them. Raises `UnavailableError`."""
        members, _ = await self._pipeline.run("ZRANGE", self._keys.active, 0, -1)
        return _texts(members)

    async def retire(self) -> int:
        """Let those go that are past by now; how many. Raises `UnavailableError`."""
        found, _ = await self._pipeline.run(
            "ZRANGEBYSCORE", self._keys.active, "-inf", f"({self._clock.now()}", "LIMIT", 0, AT_ONCE
        )
        showtimes = _texts(found)
        # Those that are gone must not be opened again for this.
        there = await asyncio.gather(
            *(self._pipeline.start("EXISTS", self._keys.showtime(showtime).meta) for showtime in showtimes)
        )
        gone = [
            showtime
            for showtime, (exists, _) in zip(showtimes, there, strict=True)
            if not exists or await self._goes(showtime)
        ]
        if gone:
            await self._pipeline.run("ZREM", self._keys.active, *gone)
            RETIRED.inc(len(gone))
            log.info("showtimes are past", showtimes=gone, keep_ms=self._keep_ms)
        return len(gone)

    async def _goes(self, showtime: str) -> bool:
        try:
            _, answer = await self._caller.call(Operation.RETIRE, showtime, self._keep_ms)
        except NotFoundError:
            # After a restart of the store nobody can open it again.
            await self._pipeline.run("UNLINK", *self._keys.showtime(showtime), *self._keys.orders(showtime))
            return True
        return body_of(answer, NumberBody).number == 1


def _texts(reply: object) -> tuple[str, ...]:
    return tuple(member.decode() for member in reply) if isinstance(reply, list) else ()
