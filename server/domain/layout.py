"""The seats of a hall in a fixed order, under a layout version."""

from enum import StrEnum
from functools import cached_property

import msgspec


class SeatKind(StrEnum):
    """What a seat is. A couple seat is two seats named as a pair; so are a wheelchair space and its companion seat."""

    STANDARD = "standard"
    VIP = "vip"
    COUPLE = "couple"
    WHEELCHAIR = "wheelchair"
    COMPANION = "companion"


class Seat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One seat: its `index` in the layout's order and the `id` printed on it; `x`, `y` is its centre in layout units.

    A seat is about one unit wide; the screen is at y = 0. `pair` is the id of the other half of a couple seat, or of
    the wheelchair space or companion seat that belongs to it.
    """

    index: int
    id: str
    row: str
    number: int
    x: float
    y: float
    kind: SeatKind
    zone: str
    pair: str | None = None


class Layout(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All seats of a hall under a version that is never used for another layout, of this hall or any other.

    `seats[i].index == i`, ids are unique, pairs are mutual; `check` says what is wrong where they are not.
    """

    version: int
    width: float
    height: float
    seats: tuple[Seat, ...]

    @cached_property
    def index_of(self) -> dict[str, int]:
        """Seat index by seat id."""
        return {seat.id: seat.index for seat in self.seats}

    @cached_property
    def pair_of(self) -> dict[int, int]:
        """Index of the seat that belongs with a seat, both ways; seats without one are not in it."""
        return {seat.index: self.index_of[seat.pair] for seat in self.seats if seat.pair is not None}

    def with_pairs(self, seats: tuple[int, ...]) -> tuple[int, ...]:
        """`seats` and the seats that belong with them, in the order given, none twice."""
        named = dict.fromkeys(seats)
        for seat in seats:
            if seat in self.pair_of:
                named[self.pair_of[seat]] = None
        return tuple(named)

    def unknown(self, seats: tuple[int, ...]) -> tuple[int, ...]:
        """Those of `seats` that the layout does not have."""
        return tuple(seat for seat in seats if not 0 <= seat < len(self.seats))


def check(layout: Layout) -> list[str]:
    """What is wrong with a layout, a sentence each; empty if nothing is."""
    faults = [
        f"seat {seat.id} has index {seat.index} at place {place}"
        for place, seat in enumerate(layout.seats)
        if seat.index != place
    ]
    by_id = {seat.id: seat for seat in layout.seats}
    if len(by_id) != len(layout.seats):
        faults.append("two seats have the same id")
    for seat in layout.seats:
        if seat.pair is None:
            continue
        other = by_id.get(seat.pair)
        if other is None or other.pair != seat.id or other is seat:
            faults.append(f"seat {seat.id} is paired with {seat.pair}, which is not paired with it")
    return faults
