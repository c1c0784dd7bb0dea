"""Layouts: indexes, ids and pairs."""

import msgspec
import pytest

from server.domain.layout import Layout, Seat, SeatKind, check


def seat(index: int, name: str, pair: str | None = None) -> Seat:
    """A seat of row A."""
    return Seat(index=index, id=name, row="A", number=index, x=0.0, y=0.0, kind=SeatKind.STANDARD, zone="z", pair=pair)


def layout(*seats: Seat) -> Layout:
    """A layout of these seats."""
    return Layout(version=1, width=10.0, height=10.0, seats=seats)


COUPLES = layout(seat(0, "A1"), seat(1, "A2", "A3"), seat(2, "A3", "A2"), seat(3, "A4", "A5"), seat(4, "A5", "A4"))


def test_index_and_pair() -> None:
    """Seats are found by id, and pairs by either half."""
    assert COUPLES.index_of == {"A1": 0, "A2": 1, "A3": 2, "A4": 3, "A5": 4}
    assert COUPLES.pair_of == {1: 2, 2: 1, 3: 4, 4: 3}


@pytest.mark.parametrize(
    ("asked", "together"),
    [((), ()), ((0,), (0,)), ((2, 0), (2, 0, 1)), ((2, 1), (2, 1)), ((4, 0, 1), (4, 0, 1, 3, 2))],
)
def test_with_pairs(asked: tuple[int, ...], together: tuple[int, ...]) -> None:
    """The other halves are added once, after the seats asked for."""
    assert COUPLES.with_pairs(asked) == together


def test_unknown() -> None:
    """Negative and too large indexes are unknown; the first and the last are not."""
    assert COUPLES.unknown((-1, 0, 4, 5, 1 << 60)) == (-1, 5, 1 << 60)


def test_check_passes_a_sound_layout() -> None:
    """Nothing is wrong with mutual pairs and indexes in order."""
    assert check(COUPLES) == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (layout(seat(1, "A1")), "index 1 at place 0"),
        (layout(seat(0, "A1"), seat(1, "A1")), "same id"),
        (layout(seat(0, "A1", "A9")), "not paired with it"),
        (layout(seat(0, "A1", "A1")), "not paired with it"),
        (layout(seat(0, "A1", "A2"), seat(1, "A2")), "not paired with it"),
        (layout(seat(0, "A1", "A2"), seat(1, "A2", "A3"), seat(2, "A3", "A2")), "seat A1"),
    ],
)
def test_check_names_what_is_wrong(broken: Layout, words: str) -> None:
    """Wrong indexes, repeated ids and pairs that are not mutual are each named, once."""
    faults = check(broken)
    assert len(faults) == 1
    assert words in faults[0]


def test_encodes_without_a_pair_it_does_not_have() -> None:
    """A seat without a pair has no such field on the wire."""
    assert b"pair" not in msgspec.json.encode(COUPLES.seats[0])
    assert b'"pair":"A3"' in msgspec.json.encode(COUPLES.seats[1])
