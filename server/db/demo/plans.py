"""The plans of the demo halls: rows of seats on arcs around the screen, with aisles between the groups of a row.

Rows are lettered from the screen as halls do it, without I and O, which are read as digits; seats are numbered from
the left as one faces the screen.
"""

import math
from collections.abc import Iterator
from itertools import count, product
from typing import Final

import msgspec

from server.db.layouts import Plan
from server.domain.layout import Seat, SeatKind

AISLE: Final = 1.4
"""Between two groups of seats, in units of a seat, beside the seats' own spacing."""

MARGIN: Final = 1.5
"""From the outermost seats' centres to the edges of the plan."""

SNUGGLE: Final = 0.1
"""How far either half of a couple seat is moved towards the other."""

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the seats of its `groups` from left to right, `y` of its middle, and the radius that it is bent by.

    `couple` makes pairs of all of them; else `wheelchairs` are the numbers of wheelchair spaces, each with the number
    of its companion seat.
    """

    groups: tuple[int, ...]
    y: float
    radius: float
    zone: str
    kind: SeatKind = SeatKind.STANDARD
    wheelchairs: tuple[tuple[int, int], ...] = ()


def row_names() -> Iterator[str]:
    """A to Z without I and O, then AA, AB and so on, without end."""
    for length in count(1):
        yield from map("".join, product(LETTERS, repeat=length))


def plan(zones: tuple[tuple[str, str], ...], lines: tuple[Line, ...]) -> Plan:
    """The plan of these rows, from the screen backwards, moved to where all coordinates are positive."""
    placed = [
        (name, number, line, x, y)
        for name, line in zip(row_names(), lines, strict=False)
        for number, (x, y) in enumerate(_places(line), 1)
    ]
    left = min(x for _, _, _, x, _ in placed) - MARGIN
    right = max(x for _, _, _, x, _ in placed) + MARGIN
    seats = []
    for index, (name, number, line, x, y) in enumerate(placed):
        kind, mate = _role(line, number)
        seats.append(
            Seat(
                index=index,
                id=f"{name}{number}",
                row=name,
                number=number,
                x=round(x - left, 3),
                y=round(y, 3),
                kind=kind,
                zone=line.zone,
                pair=None if mate is None else f"{name}{mate}",
            )
        )
    height = max(seat.y for seat in seats) + MARGIN
    return Plan(width=round(right - left, 3), height=round(height, 3), zones=zones, seats=tuple(seats))


def _places(line: Line) -> Iterator[tuple[float, float]]:
    """The centre of each seat of the row, with the row's middle at x = 0; the ends bend towards the screen."""
    length = sum(line.groups) - 1 + AISLE * (len(line.groups) - 1)
    along = -length / 2
    for seats in line.groups:
        for place in range(seats):
            nudge = 0.0
            if line.kind is SeatKind.COUPLE:
                nudge = SNUGGLE if place % 2 == 0 else -SNUGGLE
            angle = (along + nudge) / line.radius
            yield line.radius * math.sin(angle), line.y - line.radius * (1 - math.cos(angle))
            along += 1
        along += AISLE


def _role(line: Line, number: int) -> tuple[SeatKind, int | None]:
    """What the seat of this number is, and the number of the seat that belongs with it."""
    if line.kind is SeatKind.COUPLE:
        return SeatKind.COUPLE, number + 1 if number % 2 else number - 1
    for space, companion in line.wheelchairs:
        if number == space:
            return SeatKind.WHEELCHAIR, companion
        if number == companion:
            return SeatKind.COMPANION, space
    return line.kind, None


STANDARD, VIP, COUPLE = ("standard", "Standard"), ("vip", "VIP"), ("couple", "Couple")


def large_hall() -> Plan:
    """240 seats with every kind among them: wheelchair spaces in front, VIP rows in the middle, couples at the back."""
    rows: list[tuple[tuple[int, ...], tuple[str, str]]] = [
        ((4, 8, 4), STANDARD),
        ((4, 10, 4), STANDARD),
        ((4, 10, 4), STANDARD),
        ((5, 10, 5), STANDARD),
        *[((5, 10, 5), VIP)] * 4,
        ((5, 10, 5), STANDARD),
        ((6, 10, 6), STANDARD),
        ((6, 10, 6), COUPLE),
        ((6, 12, 6), COUPLE),
    ]
    return plan(
        (STANDARD, VIP, COUPLE),
        tuple(
            Line(
                groups=groups,
                # A little more room before the VIP rows and before the couples, where one walks across.
                y=4 + 1.2 * place + 0.6 * (place >= 4) + 0.6 * (place >= 10),
                radius=36,
                zone=zone[0],
                kind=SeatKind(zone[0]),
                wheelchairs=((1, 2), (16, 15)) if place == 0 else (),
            )
            for place, (groups, zone) in enumerate(rows)
        ),
    )


def small_hall() -> Plan:
    """86 seats in straight lines: seven rows, the last but one VIP, couples at the back."""
    rows = [*[STANDARD] * 5, VIP, COUPLE]
    return plan(
        (STANDARD, VIP, COUPLE),
        tuple(
            Line(
                groups=(2, 8, 2) if place else (2, 8, 4),
                y=3.5 + 1.2 * place,
                radius=1000,
                zone=zone[0],
                kind=SeatKind(zone[0]),
                wheelchairs=((13, 14),) if place == 0 else (),
            )
            for place, zone in enumerate(rows)
        ),
    )


def arena() -> Plan:
    """5,000 seats in fifty rows that fan out around an open-air screen, cut into five blocks by the aisles."""
    zones = (("front", "Front"), ("middle", "Middle"), ("back", "Back"))
    lines = []
    for place in range(50):
        seats = 51 + 2 * place
        side = seats // 5
        middle = seats - 4 * side
        radius = 28 + 1.1 * place
        lines.append(
            Line(
                groups=(side, side, middle, side, side),
                y=radius - 10,
                radius=radius,
                zone=zones[0 if place < 10 else 1 if place < 30 else 2][0],
                wheelchairs=((1, 2), (seats, seats - 1)) if place % 10 == 0 else (),
            )
        )
    return plan(zones, tuple(lines))
