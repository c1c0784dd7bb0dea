"""Carries records to the database behind the back of whoever caused them."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import structlog

from server.domain.errors import UnavailableError
from server.ops.ending import ended

T = TypeVar("T")

log = structlog.get_logger(__name__)


class BufferedWriter(Generic[T]):
    """A bounded buffer before `append`: it is emptied every `interval_ms`, or as soon as a batch is full.

    Nobody ever waits for it: what finds the buffer full, or cannot be written for another reason than that the database
    is away, is dropped, counted by `dropped` and logged as `what`. A batch may be written again whose writing had no
    answer. `start` before use; `close` writes what is left within `close_ms`.
    """

    def __init__(
        self,
        what: str,
        append: Callable[[Sequence[T]], Awaitable[None]],
        *,
        capacity: int,
        batch: int,
        interval_ms: int = 1000,
        close_ms: int = 5000,
        dropped: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._what: Final = what
        self._append = append
        self._capacity: Final = capacity
        self._batch: Final = batch
        self._interval_s: Final = interval_ms / 1000
        self._close_s: Final = close_ms / 1000
        self._dropped = dropped
        self._buffer: deque[T] = deque()
        self._lost = 0
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def write(self, record: T) -> None:
        """Take a record to be written soon."""
        if len(self._buffer) >= self._capacity:
            self._drop(1)
            return
        self._buffer.append(record)
        if len(self._buffer) >= self._batch:
            self._full.set()

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name=self._what)

    async def close(self) -> None:
        """Write what is left, and stop."""
        if self._task is None:
            return
        await ended(self._task)
        self._task = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._close_s):
                await self._flush()
        if self._buffer:
            self._drop(len(self._buffer))
            self._buffer.clear()
        self._tell_lost()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s):
                    await self._full.wait()
            self._full.clear()
            if not await self._flush():
                # The database is away: a buffer that is full must not make us ask it without pause.
                await asyncio.sleep(self._interval_s)
            self._tell_lost()

    async def _flush(self) -> bool:
        """Write all there is, a batch at a time; whether the database took it."""
        while self._buffer:
            batch = tuple(self._buffer[place] for place in range(min(self._batch, len(self._buffer))))
            try:
                await self._append(batch)
            except UnavailableError as error:
                log.debug("records wait for the database", what=self._what, reason=str(error))
                return False
            except Exception:  # the boundary: records that are refused must not hold up all others
                log.exception("records cannot be written", what=self._what)
                self._drop(len(batch))
            # Only now: a batch that was not taken, or whose writing was cancelled, is there for the next time.
            for _ in batch:
                self._buffer.popleft()
        return True

    def _drop(self, count: int) -> None:
        self._lost += count
        self._dropped(count)

    def _tell_lost(self) -> None:
        if self._lost:
            log.warning("records were dropped", what=self._what, count=self._lost)
            self._lost = 0
