"""The supervisor's patience with workers that die."""

from server.supervisor import LONGEST_PAUSE_S, STEADY_S, Pauses


def test_early_deaths_are_answered_ever_more_slowly() -> None:
    """The first costs no pause, each after it twice the last one's, up to a bound."""
    pauses = Pauses()
    assert [pauses.after(0.1) for _ in range(7)] == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE_S]
    assert pauses.after(0.1) == LONGEST_PAUSE_S


def test_a_long_life_makes_up_for_it() -> None:
    """A worker that served for a while is replaced at once, whatever was before."""
    pauses = Pauses()
    for _ in range(5):
        pauses.after(0.1)
    assert pauses.after(STEADY_S) == 0.0
    assert pauses.after(0.1) == 0.5
