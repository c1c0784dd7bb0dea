"""What is sent to many leaves in slices, in its order, and whole."""

import asyncio

import pytest

from protocol.codec import MSGPACK
from protocol.from_server import Viewers
from server.live import fanout
from server.live.fanout import Fanout
from server.live.frames import Broadcast
from tests.unit.live.loops import ManualLoop
from tests.unit.live.recording import RecordingOutgoing

COUNT = 2 * fanout.SLICE + 1


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> ManualLoop:
    """The loop that a fan-out finds."""
    loop = ManualLoop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def send(to: Fanout, outgoings: list[RecordingOutgoing], count: int) -> None:
    """Send one message to all of them."""
    to.send(Broadcast(Viewers(count=count)), outgoings[0].way, tuple(outgoings))


def test_few_are_written_to_at_once(loop: ManualLoop) -> None:
    """Nothing is left for later, and who waits for the end is told now."""
    sender, outgoings, told = Fanout(), [RecordingOutgoing(MSGPACK) for _ in range(3)], list[str]()
    send(sender, outgoings, 1)
    sender.then(lambda: told.append("left"))
    assert [outgoing.take() for outgoing in outgoings] == [[Viewers(count=1)]] * 3
    assert told == ["left"]
    loop.turns()
    assert [outgoing.take() for outgoing in outgoings] == [[]] * 3


def test_many_are_written_to_in_slices(loop: ManualLoop) -> None:
    """A turn of the loop writes to so many and no more; a second message follows the first at each."""
    sender, outgoings, told = Fanout(), [RecordingOutgoing(MSGPACK) for _ in range(COUNT)], list[str]()
    send(sender, outgoings, 1)
    send(sender, outgoings, 2)
    sender.then(lambda: told.append("left"))
    written = []
    taken: list[list[object]] = [[] for _ in outgoings]
    for _ in range(6):
        found = [outgoing.take() for outgoing in outgoings]
        for known, new in zip(taken, found, strict=True):
            known.extend(new)
        written.append(sum(map(len, found)))
        loop.turn()
    assert written == [fanout.SLICE] * 4 + [2, 0]
    assert taken == [[Viewers(count=1), Viewers(count=2)]] * COUNT
    assert told == ["left"]


def test_what_waits_can_be_finished(loop: ManualLoop) -> None:
    """All of it is written now, and nothing twice."""
    sender, outgoings, told = Fanout(), [RecordingOutgoing(MSGPACK) for _ in range(COUNT)], list[str]()
    send(sender, outgoings, 1)
    sender.then(lambda: told.append("left"))
    sender.finish()
    assert [outgoing.take() for outgoing in outgoings] == [[Viewers(count=1)]] * COUNT
    loop.turns()
    assert [outgoing.take() for outgoing in outgoings] == [[]] * COUNT
    assert told == ["left"]
