"""Streams of events: bounded, and honest about what they lost."""

from protocol.events import EVENTS_KEPT, EventStream, Missed
from protocol.from_server import Viewers
from tests.unit.protocol.speaking import bounded


@bounded
async def test_a_slow_reader_loses_the_oldest_and_is_told() -> None:
    """The queue is bounded, and what was lost is counted."""
    stream = EventStream()
    for count in range(EVENTS_KEPT + 5):
        stream.put(Viewers(count=count))
    stream.end()
    heard = [event async for event in stream]
    assert heard[:2] == [Missed(5), Viewers(count=5)]
    assert len(heard) == EVENTS_KEPT + 1
