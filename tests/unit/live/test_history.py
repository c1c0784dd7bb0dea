"""What a room sent lately answers those who resume, or says that it reaches back no further."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.from_server import Delta
from server.live.history import History


def of(*steps: tuple[int, int, int, str], length: int = 10, start: int = 0) -> History:
    """A history of (from, version, seat, letter)."""
    history = History(length)
    history.restart(start)
    for from_version, version, seat, letter in steps:
        history.append(Delta(from_version=from_version, version=version, changes=[(seat, letter)]))  # type: ignore[list-item]
    return history


def test_nothing_was_missed() -> None:
    """At its version, or past it by versions without a letter, nothing is missing."""
    history = of((3, 5, 1, "L"), start=3)
    assert history.since(5) == {}
    assert history.since(6) == {}
    assert of(start=3).since(3) == {}


def test_what_was_missed_is_folded() -> None:
    """The last letter of each seat that changed since."""
    history = of((0, 1, 1, "L"), (1, 2, 2, "L"), (2, 3, 1, "A"))
    assert history.since(0) == {1: "A", 2: "L"}
    assert history.since(2) == {1: "A"}


def test_a_version_inside_a_delta() -> None:
    """A client that is between two ends gets the delta that covers its version."""
    assert of((0, 5, 1, "L"), (5, 9, 2, "O")).since(3) == {1: "L", 2: "O"}


def test_before_its_reach() -> None:
    """What came before the restart, or was dropped since, is unknown."""
    assert of(start=3).since(2) is None
    history = of(*((n, n + 1, n, "L") for n in range(20)), length=5)
    assert history.since(14) is None
    assert history.since(15) == dict.fromkeys(range(15, 20), "L")


def test_a_restart_forgets() -> None:
    """Nothing of another epoch is told."""
    history = of((0, 1, 1, "L"))
    history.restart(7)
    assert history.since(0) is None
    assert history.since(7) == {}


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4), st.sampled_from("ALOB")), max_size=30), st.data())
def test_every_version_within_reach_leads_to_the_present(
    script: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    """Whatever happened: a map at any version, with what is told of since, is the present map."""
    history = History(8)
    maps = {0: dict.fromkeys(range(5), "A")}
    version = 0
    for width, seat, letter in script:
        before, version = version, version + width
        maps |= dict.fromkeys(range(before, version), maps[before])
        maps[version] = maps[before] | {seat: letter}
        history.append(Delta(from_version=before, version=version, changes=[(seat, letter)]))  # type: ignore[list-item]
    known = data.draw(st.integers(0, version))
    found = history.since(known)
    if found is None:
        assert len(script) > 8
    else:
        assert maps[known] | found == maps[version]
