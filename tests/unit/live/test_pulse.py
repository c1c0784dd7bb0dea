"""The wheel asks who is silent, and gives up who does not answer; nobody else is touched."""

import asyncio

import pytest

from server.live.pulse import Pulse


class Heart:
    """A connection that answers or not, and says in which tick it was asked and given up."""

    def __init__(self, pulse: Pulse, *, answers: bool) -> None:
        self.heard = self.asked = self.due = 0
        self.answers = answers
        self.pulse = pulse
        self.asked_at: list[int] = []
        self.gone_at: int | None = None
        pulse.add(self)

    def ask(self) -> None:
        self.asked_at.append(self.pulse.now)
        if self.answers:
            self.heard = self.pulse.now

    def give_up(self) -> None:
        assert self.gone_at is None
        self.gone_at = self.pulse.now
        self.pulse.remove(self)


def watched(pulse: Pulse) -> int:
    """How many are on the wheel."""
    return sum(map(len, pulse._wheel))


def turns(pulse: Pulse, count: int) -> None:
    """Let ticks pass."""
    for _ in range(count):
        pulse.turn()


LIMITS = pytest.mark.parametrize(("interval", "timeout"), [(25, 20), (5, 12), (3, 3), (1, 1), (1, 9), (9, 1)])


@LIMITS
def test_a_silent_one_is_asked_once_and_given_up(interval: int, timeout: int) -> None:
    """After the interval it is asked, after the timeout more it is given up, and forgotten."""
    pulse = Pulse(interval_s=interval, timeout_s=timeout)
    turns(pulse, 7)
    heart = Heart(pulse, answers=False)
    turns(pulse, 3 * (interval + timeout))
    assert heart.asked_at == [7 + interval]
    assert heart.gone_at == 7 + interval + timeout
    assert watched(pulse) == 0


@LIMITS
def test_one_that_answers_lives_on(interval: int, timeout: int) -> None:
    """It is asked again and again, never sooner than the interval after its last sign."""
    pulse = Pulse(interval_s=interval, timeout_s=timeout)
    heart = Heart(pulse, answers=True)
    turns(pulse, 20 * (interval + timeout))
    assert heart.gone_at is None
    gaps = [later - earlier for earlier, later in zip(heart.asked_at, heart.asked_at[1:], strict=False)]
    assert all(interval <= gap <= max(interval, timeout) for gap in gaps)
    assert watched(pulse) == 1


@LIMITS
def test_an_answer_in_the_last_tick_counts(interval: int, timeout: int) -> None:
    """A sign of life just before the end of the timeout saves it."""
    pulse = Pulse(interval_s=interval, timeout_s=timeout)
    heart = Heart(pulse, answers=False)
    turns(pulse, interval + timeout - 1)
    heart.heard = pulse.now
    turns(pulse, 1)
    assert heart.gone_at is None


@LIMITS
def test_traffic_spares_the_question(interval: int, timeout: int) -> None:
    """One that is heard in every tick is never asked."""
    pulse = Pulse(interval_s=interval, timeout_s=timeout)
    heart = Heart(pulse, answers=False)
    for _ in range(5 * (interval + timeout)):
        heart.heard = pulse.now
        pulse.turn()
        heart.heard = pulse.now
    assert heart.gone_at is None
    assert len(heart.asked_at) <= (0 if interval > 1 else 5 * (interval + timeout))


def test_one_that_left_is_left_alone() -> None:
    """Removed at whatever time, it is neither asked nor kept; removing it again is no error."""
    for passed in range(9):
        pulse = Pulse(interval_s=3, timeout_s=2)
        heart = Heart(pulse, answers=passed % 2 == 0)
        turns(pulse, passed)
        asked = list(heart.asked_at)
        pulse.remove(heart)
        pulse.remove(heart)
        gone_at = heart.gone_at
        turns(pulse, 20)
        assert (heart.asked_at, heart.gone_at) == (asked, gone_at)
        assert watched(pulse) == 0


def test_limits_are_rounded_up() -> None:
    """A client never has less time than the settings say."""
    pulse = Pulse(interval_s=1.2, timeout_s=0.1)
    heart = Heart(pulse, answers=False)
    turns(pulse, 10)
    assert (heart.asked_at, heart.gone_at) == ([2], 3)


def test_many_are_looked_after_in_their_own_time() -> None:
    """Each of a thousand that came in different ticks is asked after its own interval."""
    pulse = Pulse(interval_s=10, timeout_s=4)
    hearts: list[tuple[int, Heart]] = []
    for tick in range(100):
        hearts += [(tick, Heart(pulse, answers=number % 2 == 0)) for number in range(10)]
        pulse.turn()
    turns(pulse, 14)
    for came, heart in hearts:
        assert heart.asked_at[0] == came + 10
        assert heart.gone_at == (None if heart.answers else came + 14)
    assert watched(pulse) == 500


async def test_the_wheel_turns_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started it ticks, closed it does not."""
    monkeypatch.setattr("server.live.pulse.TICK_S", 0.001)
    pulse = Pulse(interval_s=0.003, timeout_s=0.002)
    heart = Heart(pulse, answers=False)
    await pulse.start()
    async with asyncio.timeout(30):
        while heart.gone_at is None:
            await asyncio.sleep(0)
    await pulse.close()
    assert pulse._task is not None
    assert pulse._task.done()
