"""The demo halls and their programme, before they are entered."""

import math
import re
from collections import Counter
from collections.abc import Callable
from itertools import islice

import pytest

from server.db.demo.plans import arena, large_hall, row_names, small_hall
from server.db.demo.programme import BERLIN, CINEMAS, HALLS, HANOI, fixed, local_day, regular
from server.db.layouts import Plan
from server.domain.layout import Layout, SeatKind, check

NOON = 1_792_152_000_000  # 2026-10-16T12:00:00Z
HOUR = 3_600_000

plans = pytest.mark.parametrize("make", [large_hall, small_hall, arena])


def test_row_names() -> None:
    """Rows have neither I nor O, and go on with two letters."""
    names = list(islice(row_names(), 50))
    assert "".join(names[:24]) == "ABCDEFGHJKLMNPQRSTUVWXYZ"
    assert names[24:27] == ["AA", "AB", "AC"]
    assert len(set(names)) == 50


@plans
def test_plans_are_sound(make: Callable[[], Plan]) -> None:
    """Indexes, ids and pairs are right, zones are known and used, all seats lie on the plan behind the screen."""
    plan = make()
    assert check(Layout(version=1, width=plan.width, height=plan.height, seats=plan.seats)) == []
    assert {seat.zone for seat in plan.seats} == {zone for zone, _ in plan.zones}
    for seat in plan.seats:
        assert re.fullmatch(r"[A-Za-z0-9-]{1,16}", seat.id)
        assert seat.id == f"{seat.row}{seat.number}"
        assert 1 <= seat.x <= plan.width - 1
        assert 2 <= seat.y <= plan.height - 1


@plans
def test_pairs_are_of_a_kind_and_side_by_side(make: Callable[[], Plan]) -> None:
    """Halves of couples, and wheelchair spaces with their companions, are neighbours; others have no pair."""
    plan = make()
    by_id = {seat.id: seat for seat in plan.seats}
    kinds = {
        SeatKind.COUPLE: SeatKind.COUPLE,
        SeatKind.WHEELCHAIR: SeatKind.COMPANION,
        SeatKind.COMPANION: SeatKind.WHEELCHAIR,
    }
    for seat in plan.seats:
        if seat.kind not in kinds:
            assert seat.pair is None
            continue
        assert seat.pair is not None
        mate = by_id[seat.pair]
        assert mate.kind is kinds[seat.kind]
        assert (mate.row, abs(mate.number - seat.number)) == (seat.row, 1)
        assert math.dist((mate.x, mate.y), (seat.x, seat.y)) < 1.1


@plans
def test_seats_do_not_overlap(make: Callable[[], Plan]) -> None:
    """No two seats are nearer than the halves of a couple seat, and others keep a seat's width."""
    cells: dict[tuple[int, int], list[tuple[float, float, SeatKind]]] = {}
    for seat in make().seats:
        cells.setdefault((int(seat.x), int(seat.y)), []).append((seat.x, seat.y, seat.kind))
    for (column, line), here in cells.items():
        near = [other for dx in (-1, 0, 1) for dy in (-1, 0, 1) for other in cells.get((column + dx, line + dy), [])]
        for one in here:
            for other in near:
                if one is not other:
                    room = 0.79 if one[2] is other[2] is SeatKind.COUPLE else 0.95
                    assert math.dist(one[:2], other[:2]) > room


def test_sizes() -> None:
    """`demo` has some 240 seats with every kind and three zones, `demo-large` 5,000."""
    large = large_hall()
    assert len(large.seats) == 240
    assert set(Counter(seat.kind for seat in large.seats)) == set(SeatKind)
    assert len(large.zones) == 3
    assert len(arena().seats) == 5000


def test_halls_have_all_prices_and_block_seats_that_they_have() -> None:
    """Each zone of each hall has a price and nothing else has; blocked seats exist and leave no half of a pair."""
    for hall in HALLS:
        plan = hall.plan()
        assert set(hall.prices) == {zone for zone, _ in plan.zones}
        by_id = {seat.id: seat for seat in plan.seats}
        assert all(by_id[seat].pair is None for seat in hall.blocked)


def test_two_cinemas_in_two_time_zones() -> None:
    """There are two cinemas, and their days begin at different instants."""
    assert len(CINEMAS) == 2
    assert local_day(HANOI, NOON + 6 * HOUR) > local_day(BERLIN, NOON + 6 * HOUR)


def test_fixed_showtimes_outlive_everybody() -> None:
    """`demo` and `demo-large` are on sale now and for decades."""
    assert [showtime.id for showtime in fixed()] == ["demo", "demo-large"]
    for showtime in fixed():
        assert showtime.sales.opens_at < NOON
        assert showtime.sales.closes_at - NOON > 50 * 365 * 24 * HOUR
        assert showtime.starts_at >= showtime.sales.closes_at


def test_regular_showtimes_are_of_today_and_tomorrow() -> None:
    """Each hall's showtimes lie on two of its cinema's days, under ids that say when, and several films run."""
    shown = list(regular(NOON))
    assert len({showtime.id for showtime in shown}) == len(shown) == 32
    assert len({showtime.film.id for showtime in shown}) >= 4
    for showtime in shown:
        day = local_day(showtime.hall.cinema, showtime.starts_at)
        assert (day - local_day(showtime.hall.cinema, NOON)).days in {0, 1}
        assert f"-{day:%Y%m%d}-" in showtime.id
        assert showtime.sales.opens_at < NOON


def test_regular_times_follow_the_wall_clock_through_summer_time() -> None:
    """The same slot is 25 hours later on the day when the clocks go back."""
    before = 1_792_828_800_000  # 2026-10-24T08:00:00Z, the eve of the change in Berlin
    starts = {showtime.id: showtime.starts_at for showtime in regular(before)}
    assert starts["berlin-1-20261025-1400"] - starts["berlin-1-20261024-1400"] == 25 * HOUR
    assert starts["ha-noi-1-20261025-1400"] - starts["ha-noi-1-20261024-1400"] == 24 * HOUR
