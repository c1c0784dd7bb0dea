"""Streams of a client's events, each with a bound: a reader that falls behind loses the oldest, and is told so."""

import asyncio
from collections import deque
from typing import Final, Self

import msgspec

from protocol.effects import Event

EVENTS_KEPT: Final = 1000
"""How many events wait for one reader; the client's own `map` and `holds` are up to date whatever was lost."""


class Missed(msgspec.Struct, frozen=True):
    """Event: the reader was too slow, and the oldest `count` events were thrown away."""

    count: int


class EventStream:
    """The events of a client from the moment the stream was made; ends when the client stops for good."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._missed = 0
        self._ended = False
        self._something = asyncio.Event()

    def put(self, event: Event) -> None:
        """Hand an event to the reader."""
        if len(self._waiting) == EVENTS_KEPT:
            self._missed += 1
        self._waiting.append(event)
        self._something.set()

    def end(self) -> None:
        """Let the reader finish what is waiting, and no more."""
        self._ended = True
        self._something.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event | Missed:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._something.clear()
            await self._something.wait()
        if self._missed:
            missed, self._missed = self._missed, 0
            return Missed(missed)
        return self._waiting.popleft()
