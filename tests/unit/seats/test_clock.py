"""The store's clock as a worker estimates it."""

import time

import pytest

from server.seats.clock import StoreClock


@pytest.fixture
def monotonic(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The worker's monotonic clock (ms), moved by hand in its one place."""
    now = [5000]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now[0] * 1_000_000)
    return now


def test_it_goes_on_from_the_last_answer(monotonic: list[int]) -> None:
    """The store's time as last heard, and what has passed since on the monotonic clock."""
    clock = StoreClock()
    clock.learn(1_800_000_000_000)
    monotonic[0] += 250
    assert clock.now() == 1_800_000_000_250
    clock.learn(1_700_000_000_000)
    assert clock.now() == 1_700_000_000_000


def test_it_ignores_jumps_of_the_workers_wall_clock(monotonic: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's own wall clock counts only until the store was heard."""
    monkeypatch.setattr(time, "time_ns", lambda: 42_000_000)
    clock = StoreClock()
    assert clock.now() == 42
    clock.learn(1000)
    monkeypatch.setattr(time, "time_ns", lambda: 99_000_000_000)
    assert clock.now() == 1000


def test_an_injected_clock_is_the_only_one(monotonic: list[int]) -> None:
    """Tests that move the time themselves are not disturbed by what the store tells."""
    clock = StoreClock(lambda: 7)
    clock.learn(1000)
    assert clock.now() == 7
