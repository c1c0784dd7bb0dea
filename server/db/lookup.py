"""Reads by key that cost the database little however many ask: kept for a while, and one query at a time."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Final, Generic, TypeVar

from server.domain.errors import UnavailableError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
E = TypeVar("E")

FOREVER: Final = 1 << 62
"""How long what never changes is kept, in milliseconds."""


def monotonic_ms() -> int:
    """Milliseconds on a clock that never jumps."""
    return time.monotonic_ns() // 1_000_000


class Lookup(Generic[K, V]):
    """What `load` finds under a key, remembered for `keep_ms`, and what it does not find for `absent_ms`.

    While a query runs, further keys gather and go out together, `batch` in one query: a flood of keys, known or not,
    keeps one connection busy and no more. Each of the two memories holds `size` entries and drops the one unused for
    longest. A failed `load` raises the same error for all who waited for it, and is not remembered; one that failed
    because the database is away does so for those who gathered behind it too.
    """

    def __init__(
        self,
        load: Callable[[tuple[K, ...]], Awaitable[Mapping[K, V]]],
        *,
        size: int,
        batch: int,
        keep_ms: int,
        absent_ms: int,
        clock: Callable[[], int] = monotonic_ms,
    ) -> None:
        self._load = load
        self._size = size
        self._batch = batch
        self._keep_ms = keep_ms
        self._absent_ms = absent_ms
        self._clock = clock
        self._found: OrderedDict[K, tuple[int, V]] = OrderedDict()
        self._absent: OrderedDict[K, int] = OrderedDict()
        self._awaited: dict[K, asyncio.Future[V | None]] = {}
        self._queue: list[K] = []
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """What is under `key`, None if nothing is; raises what `load` raises."""
        now = self._clock()
        if key in self._found and now < self._found[key][0]:
            self._found.move_to_end(key)
            return self._found[key][1]
        if key in self._absent and now < self._absent[key]:
            self._absent.move_to_end(key)
            return None
        if key not in self._awaited:
            self._awaited[key] = asyncio.get_running_loop().create_future()
            self._queue.append(key)
            if self._task is None:
                self._task = asyncio.create_task(self._drain())
        # One who gives up waiting must not take the answer from the others.
        return await asyncio.shield(self._awaited[key])

    async def _drain(self) -> None:
        try:
            while self._queue:
                keys, self._queue = tuple(self._queue[: self._batch]), self._queue[self._batch :]
                await self._answer(keys)
        finally:
            self._task = None
            for key in self._queue:
                self._awaited.pop(key).cancel()
            self._queue.clear()

    async def _answer(self, keys: tuple[K, ...]) -> None:
        try:
            found = await self._load(keys)
        except Exception as error:  # noqa: BLE001 - it is raised, for each who waits
            if isinstance(error, UnavailableError):
                # Those who gathered meanwhile would only wait for the same once more.
                keys, self._queue = (*keys, *self._queue), []
            for key in keys:
                waiting = self._awaited.pop(key)
                waiting.set_exception(error)
                waiting.exception()  # Nobody may be left to hear it, and that is no fault.
            return
        except BaseException:
            for key in keys:
                self._awaited.pop(key).cancel()
            raise
        now = self._clock()
        for key in keys:
            if key in found:
                self._absent.pop(key, None)
                self._remember(self._found, key, (now + self._keep_ms, found[key]))
            else:
                self._found.pop(key, None)
                self._remember(self._absent, key, now + self._absent_ms)
            self._awaited.pop(key).set_result(found.get(key))

    def _remember(self, memory: OrderedDict[K, E], key: K, entry: E) -> None:
        memory[key] = entry
        memory.move_to_end(key)
        if len(memory) > self._size:
            memory.popitem(last=False)
