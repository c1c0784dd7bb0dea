"""Requests that wait for the store are carried out by a few tasks that are kept, not by a task for each message."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from server.ops.ending import ended

log = structlog.get_logger(__name__)

MOST_TASKS: Final = 256
"""Errands under way at once, unless told otherwise; more wait their turn."""

Errand = Callable[[], Awaitable[None]]


class Errands:
    """Runs errands in the order given, each in the first task that is free; a task is made only where none is.

    At most `most_tasks` are under way at once.
    """

    def __init__(self, most_tasks: int = MOST_TASKS) -> None:
        self._most_tasks = most_tasks
        self._waiting: deque[Errand] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, errand: Errand) -> None:
        """Have `errand` carried out soon; what it raises is logged, and ends nothing else."""
        self._waiting.append(errand)
        while self._idle:
            wake = self._idle.pop()
            if not wake.done():
                wake.set_result(None)
                return
        if len(self._tasks) < self._most_tasks:
            task = asyncio.get_running_loop().create_task(self._work(), name="errands")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is under way and what waits."""
        self._waiting.clear()
        await ended(*self._tasks)

    async def _work(self) -> None:
        while True:
            while self._waiting:
                errand = self._waiting.popleft()
                try:
                    await errand()
                except Exception:
                    log.exception("an errand failed")
            wake = asyncio.get_running_loop().create_future()
            self._idle.append(wake)
            await wake
