"""The seat map that client and server hold: a string of letters at a position, changed by deltas."""

from collections.abc import Iterable
from enum import Enum, StrEnum
from typing import Final

from protocol.from_server import Delta, Snapshot
from protocol.scalars import Change, Letter


class SeatStatus(StrEnum):
    """A seat's status, by its letter on the wire."""

    AVAILABLE = "A"
    LOCKED = "L"
    OCCUPIED = "O"
    BLOCKED = "B"

    @property
    def word(self) -> str:
        """The status as REST spells it."""
        return self.name.lower()


class Applied(Enum):
    """What became of a delta."""

    APPLIED = "applied"
    STALE = "stale"
    """At or before the map's own version: ignored."""
    GAP = "gap"
    """It starts beyond the map's version: ignored, and the caller asks `resync`."""


class SeatMap:
    """The letters of one showtime's seats at (epoch, version).

    Letters are absolute, so a delta that overlaps what is known already does no harm.
    """

    __slots__ = ("_letters", "epoch", "layout", "version")

    def __init__(self, *, epoch: str, version: int, layout: int, letters: str) -> None:
        self.epoch = epoch
        self.version = version
        self.layout = layout
        self._letters = bytearray(letters, "ascii")

    @classmethod
    def of(cls, snapshot: Snapshot) -> "SeatMap":
        """A new map at the snapshot's position."""
        return cls(epoch=snapshot.epoch, version=snapshot.version, layout=snapshot.layout, letters=snapshot.seats)

    def __len__(self) -> int:
        return len(self._letters)

    def __getitem__(self, index: int) -> SeatStatus:
        """The status of the seat at `index`; raises IndexError outside of 0 to len - 1."""
        if index < 0:
            raise IndexError(index)
        return SeatStatus(chr(self._letters[index]))

    @property
    def letters(self) -> str:
        """One letter a seat, in layout order."""
        return self._letters.decode("ascii")

    def snapshot(self) -> Snapshot:
        """The map as a message."""
        return Snapshot(epoch=self.epoch, version=self.version, layout=self.layout, seats=self.letters)

    def changes(self) -> list[Change]:
        """Every seat with its letter, as a delta would name them."""
        return [(index, _letter(byte)) for index, byte in enumerate(self._letters)]

    def replace(self, snapshot: Snapshot) -> list[Change]:
        """Take the snapshot's state, whatever the map was; return the letters that differ (all if the size does)."""
        before, self._letters = self._letters, bytearray(snapshot.seats, "ascii")
        self.epoch, self.version, self.layout = snapshot.epoch, snapshot.version, snapshot.layout
        if len(before) != len(self._letters):
            return self.changes()
        if before == self._letters:
            return []
        return [
            (index, _letter(new))
            for index, (old, new) in enumerate(zip(before, self._letters, strict=True))
            if old != new
        ]

    def apply(self, delta: Delta) -> Applied:
        """Apply a delta of the map's own epoch; a delta that is stale, leaves a gap or names no seat changes nothing.

        A change of a seat that the map does not have counts as a gap: only a snapshot can mend it.
        """
        if delta.version <= self.version:
            return Applied.STALE
        if delta.from_version > self.version:
            return Applied.GAP
        size = len(self._letters)
        if any(not 0 <= index < size for index, _ in delta.changes):
            return Applied.GAP
        for index, letter in delta.changes:
            self._letters[index] = ord(letter)
        self.version = delta.version
        return Applied.APPLIED


def fold(deltas: Iterable[Delta]) -> Delta:
    """Consecutive deltas as one: from the first's `from` to the last's `version`, the last letter of each seat.

    Raises ValueError if there is none, or if one does not start where the one before it ended.
    """
    last: dict[int, Letter] = {}
    start: int | None = None
    end = 0
    for delta in deltas:
        if start is None:
            start = delta.from_version
        elif delta.from_version != end:
            raise ValueError(f"delta from {delta.from_version} does not follow version {end}")
        end = delta.version
        last.update(delta.changes)
    if start is None:
        raise ValueError("no delta to fold")
    return Delta(from_version=start, version=end, changes=list(last.items()))


_LETTERS: Final[dict[int, Letter]] = {ord(letter): letter for letter in ("A", "L", "O", "B")}


def _letter(byte: int) -> Letter:
    return _LETTERS[byte]
