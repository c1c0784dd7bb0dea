"""Folds the deltas of one room that arrive within a tick into one frame."""

import asyncio
from collections.abc import Callable
from typing import Final

from protocol.from_server import Delta
from protocol.scalars import Letter


class Coalescer:
    """Sends a lone delta at once; after one was sent, what comes within the interval is folded and sent at its end.

    The interval is `interval_s`, or as long as the last flush took if that is more: the loop must breathe. With an
    interval of 0 every delta is sent on its own.
    """

    def __init__(self, send: Callable[[Delta], None], *, interval_s: float) -> None:
        self._send = send
        self._interval: Final = interval_s
        self._loop = asyncio.get_running_loop()
        self._sent = 0
        self._reached = 0
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.unsent: dict[int, Letter] = {}
        """Letters that members have not been sent yet, by seat."""

    def restart(self, version: int) -> None:
        """Members were sent the whole map at `version`."""
        self.unsent = {}
        self._sent = self._reached = version
        self._stop_timer()

    def add(self, delta: Delta) -> None:
        """Take changes that lead to `delta.version`, and send them now or with others soon."""
        self.unsent.update(delta.changes)
        self._reached = delta.version
        if self._timer is None:
            if self._loop.time() >= self._next_at:
                self._flush()
            else:
                self._timer = self._loop.call_at(self._next_at, self._flush)

    def close(self) -> None:
        """Send nothing more."""
        self._stop_timer()

    def _flush(self) -> None:
        self._stop_timer()
        began = self._loop.time()
        delta = Delta(from_version=self._sent, version=self._reached, changes=list(self.unsent.items()))
        self._sent, self.unsent = self._reached, {}
        self._send(delta)
        if self._interval:
            self._next_at = began + self._interval
            # Some transports write only when this turn of the loop ends, so the next one knows what the flush cost.
            self._loop.call_soon(self._account, began)

    def _account(self, began: float) -> None:
        ended = self._loop.time()
        self._next_at = max(self._next_at, ended + (ended - began))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
