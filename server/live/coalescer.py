"""Folds the deltas of one room that arrive within a tick into one frame."""

import asyncio
from collections.abc import Callable
from typing import Final

from protocol.from_server import Delta
from protocol.scalars import Letter


class Coalescer:
    """Sends a lone delta at once; after one was sent, what comes within `interval_s` is folded and sent at its end.

    Nor is anything sent before the last flush has left: whoever sends calls `sent` then. With an interval of 0 every
    delta is sent on its own.
    """

    def __init__(self, send: Callable[[Delta], None], *, interval_s: float) -> None:
        self._send = send
        self._interval: Final = interval_s
        self._loop = asyncio.get_running_loop()
        self._sent = 0
        self._reached = 0
        self._began = 0.0
        self._next_at = 0.0
        self._sending = False
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
        if not self._sending and self._timer is None:
            self._flush_when_due()

    def sent(self) -> None:
        """The last flush has left."""
        if not self._sending:
            return
        self._sending = False
        self._next_at = self._began + self._interval
        if self.unsent:
            self._flush_when_due()

    def close(self) -> None:
        """Send nothing more."""
        self._stop_timer()

    def _flush_when_due(self) -> None:
        if self._loop.time() >= self._next_at:
            self._flush()
        else:
            self._timer = self._loop.call_at(self._next_at, self._flush)

    def _flush(self) -> None:
        self._stop_timer()
        self._began = self._loop.time()
        delta = Delta(from_version=self._sent, version=self._reached, changes=list(self.unsent.items()))
        self._sent, self.unsent = self._reached, {}
        self._sending = self._interval > 0
        self._send(delta)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
