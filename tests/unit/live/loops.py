"""A loop whose time a test moves, for what looks at the clock and calls later."""

import heapq
import itertools
from collections.abc import Callable


class Timer:
    """A call at its time; cancelled or not."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualLoop:
    """What the coalescer uses of a loop. Nothing happens before `turn` or `run_until`."""

    def __init__(self) -> None:
        self.now = 100.0
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._soon: list[Callable[[], object]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[..., object], *arguments: object) -> Timer:
        timer = Timer(lambda: call(*arguments))
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def call_soon(self, call: Callable[..., object], *arguments: object) -> None:
        self._soon.append(lambda: call(*arguments))

    def turn(self) -> None:
        """Run what was to be called soon."""
        soon, self._soon = self._soon, []
        for call in soon:
            call()

    def turns(self) -> None:
        """Turn until nothing is to be called soon."""
        while self._soon:
            self.turn()

    def run_until(self, when: float) -> None:
        """Let time pass, and every timer run at its time."""
        self.turn()
        while self._timers and self._timers[0][0] <= when:
            at, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, at)
            if not timer.cancelled:
                timer.call()
                self.turn()
        self.now = max(self.now, when)
