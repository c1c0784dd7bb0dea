"""The seat map: whatever the grouping of deltas and the moment of joining, it ends as the same map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.from_server import Delta, Snapshot
from protocol.seatmap import Applied, SeatMap, SeatStatus, fold
from tests.unit.protocol.strategies import histories


def _map(letters: str, version: int = 0) -> SeatMap:
    return SeatMap(epoch="e", version=version, layout=1, letters=letters)


def _states(first: str, deltas: list[Delta]) -> list[str]:
    """The letters at every version, worked out without `SeatMap`."""
    letters, states = list(first), [first]
    for delta in deltas:
        for index, letter in delta.changes:
            letters[index] = letter
        states.append("".join(letters))
    return states


def _grouped(deltas: list[Delta], cuts: list[int]) -> list[Delta]:
    """The deltas folded between the cuts."""
    ends = sorted({cut for cut in cuts if 0 < cut < len(deltas)} | {len(deltas)})
    starts = [0, *ends[:-1]]
    return [fold(deltas[start:end]) for start, end in zip(starts, ends, strict=True) if start < end]


@given(history=histories(), cuts=st.lists(st.integers(0, 25)), joined=st.integers(0, 25))
def test_any_grouping_and_any_moment_of_joining_give_the_same_map(
    history: tuple[str, list[Delta]], cuts: list[int], joined: int
) -> None:
    """A client that joins by a snapshot at any version and hears deltas in any groups ends as the server does."""
    first, deltas = history
    states = _states(first, deltas)
    joined = min(joined, len(deltas))
    seats = SeatMap.of(Snapshot(epoch="e", version=joined, layout=1, seats=states[joined]))
    for delta in _grouped(deltas, cuts):
        # A group that spans the moment of joining overlaps what the snapshot held; letters are absolute.
        assert seats.apply(delta) is (Applied.STALE if delta.version <= joined else Applied.APPLIED)
    assert (seats.letters, seats.version) == (states[-1], len(deltas))


@given(history=histories(), cuts=st.lists(st.integers(0, 25)), at=st.integers(0, 25))
def test_a_resumed_client_needs_only_what_it_missed(history: tuple[str, list[Delta]], cuts: list[int], at: int) -> None:
    """All changes after a position, folded into one delta or several, bring a map at that position to the end."""
    first, deltas = history
    states = _states(first, deltas)
    at = min(at, len(deltas))
    seats = _map(states[at], at)
    for delta in _grouped(deltas[at:], cuts):
        assert seats.apply(delta) is Applied.APPLIED
    assert seats.letters == states[-1]


@given(history=histories(), order=st.lists(st.integers(0, 24), max_size=60))
def test_lost_repeated_and_reordered_deltas_never_make_a_wrong_map(
    history: tuple[str, list[Delta]], order: list[int]
) -> None:
    """After any of them the map is the server's at the map's own version; a gap is noticed and changes nothing."""
    first, deltas = history
    states = _states(first, deltas)
    seats = _map(first)
    for number in order:
        if number >= len(deltas):
            continue
        before = seats.version
        outcome = seats.apply(deltas[number])
        expected = Applied.STALE if number < before else Applied.APPLIED if number == before else Applied.GAP
        assert outcome is expected
        assert seats.letters == states[seats.version]


@given(history=histories())
def test_a_fold_names_no_seat_twice(history: tuple[str, list[Delta]]) -> None:
    """It holds the last letter of each seat, from the first version to the last."""
    _, deltas = history
    if not deltas:
        return
    folded = fold(deltas)
    named = [index for index, _ in folded.changes]
    assert len(named) == len(set(named))
    assert (folded.from_version, folded.version) == (0, len(deltas))


def test_a_fold_of_nothing_or_with_a_hole_is_refused() -> None:
    """Folding loses no version: deltas have to follow each other."""
    with pytest.raises(ValueError, match="no delta"):
        fold([])
    with pytest.raises(ValueError, match="does not follow"):
        fold([Delta(from_version=0, version=1, changes=[]), Delta(from_version=2, version=3, changes=[])])


def test_a_seat_beyond_the_hall_changes_nothing() -> None:
    """A delta that names one is a gap: only a snapshot can mend a map of another size."""
    seats = _map("AA")
    for stray in (2, -1):
        outcome = seats.apply(Delta(from_version=0, version=1, changes=[(0, "L"), (stray, "L")]))
        assert outcome is Applied.GAP
    assert (seats.letters, seats.version) == ("AA", 0)


def test_a_snapshot_replaces_and_tells_the_difference() -> None:
    """Only letters that differ, or all of them where the hall has another size."""
    seats = _map("AALO", 7)
    assert seats.replace(Snapshot(epoch="f", version=1, layout=2, seats="AAOO")) == [(2, "O")]
    assert seats.snapshot() == Snapshot(epoch="f", version=1, layout=2, seats="AAOO")
    assert seats.replace(Snapshot(epoch="f", version=2, layout=2, seats="AAOO")) == []
    assert seats.replace(Snapshot(epoch="f", version=3, layout=3, seats="AB")) == [(0, "A"), (1, "B")]


def test_seats_are_read_by_index() -> None:
    """From 0 to the end, with the words that REST uses; nothing lies before the first."""
    seats = _map("ALOB")
    assert [seats[index].word for index in range(len(seats))] == ["available", "locked", "occupied", "blocked"]
    assert seats[1] is SeatStatus.LOCKED
    for outside in (-1, 4):
        with pytest.raises(IndexError):
            seats[outside]
