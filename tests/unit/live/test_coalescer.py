"""Deltas of a room leave one by one when there are few, and folded when there are many."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from protocol.from_server import Delta
from server.live.coalescer import Coalescer
from tests.unit.live.loops import ManualLoop


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> ManualLoop:
    """The loop that coalescers find."""
    loop = ManualLoop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


class Sent(list[Delta]):
    """What was sent; each flush leaves `cost` seconds later, at once if that is 0."""

    def __init__(self, loop: ManualLoop) -> None:
        super().__init__()
        self.loop = loop
        self.cost = 0.0
        self.times: list[float] = []
        self.left: Callable[[], None] = lambda: None

    def __call__(self, delta: Delta) -> None:
        self.append(delta)
        self.times.append(self.loop.now)
        if self.cost:
            self.loop.call_at(self.loop.now + self.cost, self.left)
        else:
            self.left()


def coalescer_to(sent: Sent, interval_s: float = 0.025) -> Coalescer:
    """A coalescer that is told when a flush has left."""
    coalescer = Coalescer(sent, interval_s=interval_s)
    sent.left = coalescer.sent
    return coalescer


def step(version: int, seat: int = 0, letter: Any = "L") -> Delta:
    """One change, to `version`."""
    return Delta(from_version=version - 1, version=version, changes=[(seat, letter)])


def test_a_lone_delta_leaves_at_once(loop: ManualLoop) -> None:
    """Also the next one, once the interval is over."""
    sent = Sent(loop)
    coalescer = coalescer_to(sent)
    for version in (1, 2, 3):
        coalescer.add(step(version))
        assert len(sent) == version
        loop.run_until(loop.now + 0.025)
    assert [delta.from_version for delta in sent] == [0, 1, 2]


def test_a_burst_is_folded(loop: ManualLoop) -> None:
    """The first leaves at once; the others leave as one when the interval ends, no seat twice, the last letter."""
    sent = Sent(loop)
    coalescer = coalescer_to(sent)
    coalescer.add(step(1, 0))
    coalescer.add(step(2, 1))
    coalescer.add(step(3, 2))
    coalescer.add(step(4, 1, "A"))
    assert len(sent) == 1
    assert coalescer.unsent == {1: "A", 2: "L"}
    loop.run_until(loop.now + 0.024)
    assert len(sent) == 1
    loop.run_until(loop.now + 0.001)
    assert sent[1:] == [Delta(from_version=1, version=4, changes=[(1, "A"), (2, "L")])]
    assert coalescer.unsent == {}


def test_versions_without_a_letter_are_spanned(loop: ManualLoop) -> None:
    """The next delta starts where the last one ended."""
    sent = Sent(loop)
    coalescer = coalescer_to(sent)
    coalescer.add(step(1))
    loop.run_until(loop.now + 1)
    coalescer.add(step(7))
    assert [(delta.from_version, delta.version) for delta in sent] == [(0, 1), (1, 7)]


def test_no_more_flushes_than_the_interval_allows(loop: ManualLoop) -> None:
    """At 500 deltas a second there are at most 41 flushes in a second, and none is late."""
    sent = Sent(loop)
    coalescer = coalescer_to(sent)
    began = loop.now
    for version in range(1, 501):
        coalescer.add(step(version, version % 7))
        loop.run_until(began + version * 0.002)
    assert 39 <= len(sent) <= 41
    assert all(later - earlier >= 0.0249 for earlier, later in itertools.pairwise(sent.times))


def test_one_flush_leaves_after_the_other(loop: ManualLoop) -> None:
    """Where a flush takes 100 ms, the next one begins when it has left, with all that came meanwhile."""
    sent = Sent(loop)
    sent.cost = 0.1
    coalescer = coalescer_to(sent)
    began = loop.now
    version = 0
    while loop.now < began + 2:
        version += 1
        coalescer.add(step(version))
        loop.run_until(loop.now + 0.002)
    assert 19 <= len(sent) <= 21
    assert all(later - earlier >= 0.0999 for earlier, later in itertools.pairwise(sent.times))
    assert all(later.from_version == earlier.version for earlier, later in itertools.pairwise(sent))


def test_the_interval_shrinks_again(loop: ManualLoop) -> None:
    """One slow flush delays the next one; after that the interval is the usual one, and a lone delta leaves at once."""
    sent = Sent(loop)
    sent.cost = 0.1
    coalescer = coalescer_to(sent)
    coalescer.add(step(1))
    sent.cost = 0.0
    for version in range(2, 5):
        coalescer.add(step(version))
        loop.run_until(loop.now + 0.1)
    assert [round(later - earlier, 3) for earlier, later in itertools.pairwise(sent.times)] == [0.1, 0.025, 0.075]


def test_an_interval_of_zero_is_off(loop: ManualLoop) -> None:
    """Every delta is sent on its own, at once, whatever a flush costs."""
    sent = Sent(loop)
    sent.cost = 0.1
    coalescer = coalescer_to(sent, interval_s=0)
    for version in range(1, 11):
        coalescer.add(step(version))
    assert [(delta.from_version, delta.version) for delta in sent] == [(n, n + 1) for n in range(10)]


def test_a_snapshot_in_the_middle(loop: ManualLoop) -> None:
    """What members were sent as a whole is not sent again; the next delta starts there."""
    sent = Sent(loop)
    coalescer = coalescer_to(sent)
    coalescer.add(step(1))
    coalescer.add(step(2, 1))
    coalescer.restart(9)
    assert coalescer.unsent == {}
    loop.run_until(loop.now + 1)
    assert len(sent) == 1
    coalescer.add(step(10, 3))
    assert sent[1:] == [Delta(from_version=9, version=10, changes=[(3, "L")])]


def test_a_closed_one_sends_nothing(loop: ManualLoop) -> None:
    """What was waiting is dropped."""
    sent = Sent(loop)
    coalescer = coalescer_to(sent)
    coalescer.add(step(1))
    coalescer.add(step(2))
    coalescer.close()
    loop.run_until(loop.now + 1)
    assert len(sent) == 1
