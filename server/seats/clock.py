"""The store's clock, as a worker estimates it between answers."""

import time
from collections.abc import Callable


class StoreClock:
    """Estimates the store's clock from the last TIME heard, on the monotonic clock; it lags by the way of that answer.

    Before the first answer it is the worker's own wall clock. `injected` replaces both clocks in tests, here and
    inside the scripts; it is a constructor argument alone, so that nothing from outside can reach it.
    """

    def __init__(self, injected: Callable[[], int] | None = None) -> None:
        self.injected = injected
        self._offset = time.time_ns() // 1_000_000 - _monotonic_ms()

    def now(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self.injected() if self.injected else _monotonic_ms() + self._offset

    def learn(self, store_now: int) -> None:
        """Take the time that an answer which has just arrived was given at (ms)."""
        self._offset = store_now - _monotonic_ms()


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000
