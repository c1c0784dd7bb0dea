"""Writes one message to many connections, in slices: requests are served in between."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from server.live.frames import Broadcast, Way
from server.live.outgoing import Outgoing
from server.ops import metrics

SLICE: Final = 250
"""Connections written to in one turn of the loop: a few milliseconds, for which others wait."""


class Fanout:
    """Broadcasts leave in the order in which they were sent, each to the connections that there were when it was.

    A few connections are written to at once. Of many the rest follows in the next turns; what is sent to one of them
    alone may overtake it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[bytes, Iterator[Outgoing]]] = deque()
        self._then: list[Callable[[], None]] = []
        self._turning = False

    def send(self, broadcast: Broadcast, way: Way, outgoings: tuple[Outgoing, ...]) -> None:
        """Write to every connection of a way."""
        data = broadcast.encoded(way)
        metrics.FRAMES.inc(len(outgoings))
        metrics.BYTES.inc(len(outgoings) * len(data))
        self._waiting.append((data, iter(outgoings)))
        if not self._turning:
            self._turn()

    def then(self, action: Callable[[], None]) -> None:
        """Call `action` when everything sent so far was written."""
        if self._turning:
            self._then.append(action)
        else:
            action()

    def finish(self) -> None:
        """Write all that waits now."""
        while self._waiting:
            data, outgoings = self._waiting.popleft()
            for outgoing in outgoings:
                outgoing.write(data)

    def _turn(self) -> None:
        room = SLICE
        while self._waiting and room > 0:
            data, outgoings = self._waiting[0]
            part = tuple(islice(outgoings, room))
            for outgoing in part:
                outgoing.write(data)
            if len(part) < room:
                self._waiting.popleft()
            room -= len(part)
        self._turning = bool(self._waiting)
        if self._turning:
            self._loop.call_soon(self._turn)
        else:
            then, self._then = self._then, []
            for action in then:
                action()
