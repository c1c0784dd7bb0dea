"""Signs of life from one timer: a wheel of seconds instead of two timers for each connection."""

import asyncio
import math
from typing import Final, Protocol

from server.ops.ending import ended

TICK_S: Final = 1.0
"""How fine the wheel is; limits are rounded up to it."""

NEVER: Final = -1


class Beating(Protocol):
    """A connection on the wheel: `heard` is written by the connection, `asked` and `due` by the wheel, all in ticks."""

    heard: int
    asked: int
    due: int

    def ask(self) -> None:
        """Send a ping."""
        ...

    def give_up(self) -> None:
        """End a connection that gave no sign of life."""
        ...


class Pulse:
    """Asks a connection that was silent for `interval_s` for a sign of life, and gives it up after `timeout_s` more.

    A connection sets `heard` to `now` whenever something arrives; nothing else is done for it until its turn comes.
    """

    def __init__(self, *, interval_s: float, timeout_s: float) -> None:
        self._interval = max(1, math.ceil(interval_s / TICK_S))
        self._timeout = max(1, math.ceil(timeout_s / TICK_S))
        self._wheel: list[set[Beating]] = [set() for _ in range(max(self._interval, self._timeout) + 1)]
        self._task: asyncio.Task[None] | None = None
        self.now = 0
        """Ticks since the start."""

    async def start(self) -> None:
        """Begin to turn."""
        self._task = asyncio.create_task(self._run(), name="pulse")

    async def close(self) -> None:
        """Stop turning."""
        await ended(self._task)

    def add(self, beating: Beating) -> None:
        """Watch over a connection that was heard just now."""
        beating.heard = self.now
        beating.asked = NEVER
        self._schedule(beating, self._interval)

    def remove(self, beating: Beating) -> None:
        """Forget a connection; one that is not watched is no error."""
        self._wheel[beating.due % len(self._wheel)].discard(beating)

    def turn(self) -> None:
        """Let one tick pass."""
        self.now += 1
        place = self.now % len(self._wheel)
        due, self._wheel[place] = self._wheel[place], set()
        for beating in due:
            silence = self.now - beating.heard
            if silence < self._interval:
                self._schedule(beating, self._interval - silence)
            elif beating.asked > beating.heard:
                beating.give_up()
            else:
                beating.asked = self.now
                beating.ask()
                self._schedule(beating, self._timeout)

    def _schedule(self, beating: Beating, ticks: int) -> None:
        beating.due = self.now + ticks
        self._wheel[beating.due % len(self._wheel)].add(beating)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.turn()
