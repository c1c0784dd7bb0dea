"""The cases of `seatmap.json`: a name, a snapshot, and the deltas that are laid on it in this order."""

from typing import Final

from protocol.from_server import Delta, Snapshot
from protocol.scalars import MAX_INTEGER, Change


def _snapshot(version: int, seats: str) -> Snapshot:
    return Snapshot(epoch="k3J9", version=version, layout=1, seats=seats)


def _delta(from_version: int, version: int, *changes: Change) -> Delta:
    return Delta(from_version=from_version, version=version, changes=list(changes))


SEAT_MAPS: Final[list[tuple[str, Snapshot, list[Delta]]]] = [
    ("nothing happens", _snapshot(0, "AALOB"), []),
    ("an empty hall", _snapshot(4, ""), [_delta(4, 5)]),
    ("one change after another", _snapshot(0, "AAAA"), [_delta(0, 1, (0, "L")), _delta(1, 2, (3, "O"))]),
    ("every letter", _snapshot(7, "AAAA"), [_delta(7, 8, (0, "A"), (1, "L"), (2, "O"), (3, "B"))]),
    ("a version without a change of letters", _snapshot(1, "AL"), [_delta(1, 2)]),
    ("folded versions", _snapshot(10, "AAAAAA"), [_delta(10, 17, (5, "L"), (1, "O")), _delta(17, 18, (5, "A"))]),
    ("the same delta twice", _snapshot(3, "AAA"), [_delta(3, 4, (2, "L")), _delta(3, 4, (2, "L"))]),
    ("a delta that ends at the snapshot", _snapshot(5, "LAA"), [_delta(3, 5, (0, "A"))]),
    ("a delta that ends before the snapshot", _snapshot(5, "LAA"), [_delta(0, 2, (0, "O"))]),
    (
        "a delta that begins before the snapshot and ends after it",
        _snapshot(5, "LAA"),
        [_delta(2, 6, (0, "L"), (2, "O"))],
    ),
    ("a gap", _snapshot(5, "AAA"), [_delta(6, 7, (0, "L"))]),
    (
        "a gap is closed by the answer to resync, and what followed is stale",
        _snapshot(1, "AAA"),
        [_delta(2, 3, (1, "L")), _delta(1, 3, (0, "L"), (1, "L")), _delta(2, 3, (1, "L")), _delta(3, 4, (1, "O"))],
    ),
    (
        "out of order: the early one is a gap, the late one is applied",
        _snapshot(1, "AA"),
        [_delta(2, 3, (1, "L")), _delta(1, 2, (0, "L")), _delta(2, 3, (1, "L"))],
    ),
    ("the empty delta of a resumed connection", _snapshot(9, "OB"), [_delta(9, 9), _delta(9, 10, (0, "A"))]),
    ("taken and given back", _snapshot(0, "A"), [_delta(0, 1, (0, "L")), _delta(1, 2, (0, "A"))]),
    (
        "the greatest version",
        _snapshot(MAX_INTEGER - 2, "AA"),
        [_delta(MAX_INTEGER - 2, MAX_INTEGER - 1, (0, "L")), _delta(MAX_INTEGER - 1, MAX_INTEGER, (1, "B"))],
    ),
]
