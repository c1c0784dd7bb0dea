"""One showtime, its layout, and what the seat store needs to open it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from server.db.layouts import Plan
from server.domain.errors import NotFoundError, ShowtimeNotFoundError
from server.domain.layout import Layout
from server.domain.showtimes import Cinema, Film, Hall, Limits, Sales, SeatFacts, Showtime, Zone
from server.ports import Catalogue
from tests.contract.catalogue.conftest import DEFAULTS, Clock
from tests.contract.catalogue.world import DAY, PLAN, SEATS, World

STARTS = 1_800_000_000_123
STRANGE = ["", "no such", "a" * 65, "a\x00b", "\ud800", "'; DROP TABLE showtimes; --", "%", "phở"]


async def test_a_showtime_whole(catalogue: Catalogue, world: World) -> None:
    """Everything about a showtime is told, to the millisecond, zones in the order of the hall."""
    await world.showtime("s1", STARTS, closes_at=STARTS + 5)
    assert await catalogue.showtime("s1") == Showtime(
        id="s1",
        cinema=Cinema(id="hanoi", name="Hanoi", time_zone="Asia/Ho_Chi_Minh"),
        hall=Hall(id="hanoi-hall", name="Hall"),
        film=Film(id="film-a", title="Film-A", duration_minutes=90, rating="T13"),
        starts_at=STARTS,
        layout=world.versions["hanoi-hall"],
        sales=Sales(opens_at=STARTS - 365 * DAY, closes_at=STARTS + 5),
        zones=(
            Zone(id="front", name="Front", price=100, currency="VND"),
            Zone(id="back", name="Back", price=200, currency="VND"),
        ),
        limits=DEFAULTS,
    )


@pytest.mark.parametrize(
    ("own", "limits"),
    [
        ({"max_seats": 3}, Limits(max_seats=3, hold_ms=900_000, max_hold_ms=1_800_000)),
        ({"hold_ms": 5, "max_hold_ms": 7}, Limits(max_seats=8, hold_ms=5, max_hold_ms=7)),
        ({"max_seats": 1, "hold_ms": 1, "max_hold_ms": 1}, Limits(max_seats=1, hold_ms=1, max_hold_ms=1)),
    ],
)
async def test_own_limits(catalogue: Catalogue, world: World, own: dict[str, Any], limits: Limits) -> None:
    """A showtime's own limits stand, and the default fills in those it does not set, for the seat store too."""
    await world.showtime("s1", STARTS, **own)
    assert (await catalogue.showtime("s1")).limits == limits
    assert (await catalogue.seat_facts("s1")).limits == limits


async def test_unknown_showtimes(catalogue: Catalogue) -> None:
    """An id that is unknown, or cannot be one, is not found; the error names it."""
    for showtime in ("unknown", *STRANGE):
        for ask in (catalogue.showtime, catalogue.seat_facts):
            with pytest.raises(ShowtimeNotFoundError) as caught:
                await ask(showtime)
            assert caught.value.showtime == showtime


async def test_a_showtime_is_told_anew_after_two_seconds(catalogue: Catalogue, world: World, clock: Clock) -> None:
    """A showtime is kept for 2 s, and so is the knowledge that there is none."""
    await world.showtime("s1", STARTS, hold_ms=5, max_hold_ms=5)
    with pytest.raises(ShowtimeNotFoundError):
        await catalogue.showtime("s2")
    assert (await catalogue.showtime("s1")).limits.hold_ms == 5
    await world.showtime("s2", STARTS)
    async with world._engine.begin() as connection:
        await connection.execute(text("UPDATE showtimes SET hold_ms = 4 WHERE id = 's1'"))
    clock.now = 1999
    assert (await catalogue.showtime("s1")).limits.hold_ms == 5
    with pytest.raises(ShowtimeNotFoundError):
        await catalogue.showtime("s2")
    assert (await catalogue.seat_facts("s1")).limits.hold_ms == 4
    clock.now = 2000
    assert (await catalogue.showtime("s1")).limits.hold_ms == 4
    assert (await catalogue.showtime("s2")).id == "s2"


async def test_a_flood_of_unknown_ids_costs_few_queries(
    catalogue: Catalogue, world: World, engine: AsyncEngine
) -> None:
    """A thousand unknown ids at once, among them a known one, take a handful of queries on one connection."""
    await world.showtime("s1", STARTS)
    statements = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def record(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    asked = [catalogue.showtime(f"no-{number}") for number in range(1000)]
    results = await asyncio.gather(*asked, catalogue.showtime("s1"), return_exceptions=True)
    assert [type(result) for result in results] == [ShowtimeNotFoundError] * 1000 + [Showtime]
    assert len(statements) <= 6


async def test_a_layout_whole(catalogue: Catalogue, world: World) -> None:
    """A layout has its seats in order, with every field; and it is read once."""
    version = world.versions["hanoi-hall"]
    layout = await catalogue.layout(version)
    assert layout == Layout(version=version, width=5.0, height=5.0, seats=SEATS)
    assert await catalogue.layout(version) is layout


async def test_versions_are_never_shared(catalogue: Catalogue, world: World) -> None:
    """Two halls with the same seats have two versions, and a changed plan gets a greater one; the old one stays."""
    first, other = world.versions["hanoi-hall"], world.versions["berlin-hall"]
    assert first != other
    await world.showtime("old", STARTS)
    changed = await world.layout("hanoi-hall", Plan(width=6.0, height=5.0, zones=PLAN.zones, seats=SEATS))
    assert changed > max(first, other)
    assert await world.layout("hanoi-hall", PLAN) == first
    assert (await catalogue.showtime("old")).layout == first
    assert (await catalogue.layout(first)).width == 5.0
    assert (await catalogue.layout(changed)).width == 6.0


async def test_unknown_layouts(catalogue: Catalogue) -> None:
    """A version that is unknown, or larger than any, is not found."""
    for version in (0, -1, 999, (1 << 63) - 1, 1 << 63, 1 << 200):
        with pytest.raises(NotFoundError):
            await catalogue.layout(version)


async def test_seat_facts(catalogue: Catalogue, world: World) -> None:
    """The seat store gets the ids in order, the window, and the seats kept back of this showtime alone."""
    await world.showtime("s1", STARTS)
    await world.showtime("s2", STARTS)
    await world.block("s1", 5, 1)
    await world.block("s2", 3)
    assert await catalogue.seat_facts("s1") == SeatFacts(
        showtime="s1",
        layout=world.versions["hanoi-hall"],
        seat_ids=("A1", "A2", "A3", "A4", "B1", "B2"),
        sales=Sales(opens_at=STARTS - 365 * DAY, closes_at=STARTS),
        limits=DEFAULTS,
        occupations=(),
        blocked=(1, 5),
    )


async def test_seat_facts_are_of_one_moment(catalogue: Catalogue, world: World, engine: AsyncEngine) -> None:
    """A block that is committed while the facts are read is in none of them: all queries see one state."""
    await world.showtime("s1", STARTS)
    interrupted = False

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def interrupt(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal interrupted
        if "FROM showtimes" in statement and not interrupted:
            interrupted = True
            await_only(world.block("s1", 2))

    assert (await catalogue.seat_facts("s1")).blocked == ()
    assert interrupted
    assert (await catalogue.seat_facts("s1")).blocked == (2,)


async def test_ordinals_grow(catalogue: Catalogue) -> None:
    """However many ask at once, each ordinal is new, and greater than all that were given before."""
    first = await catalogue.next_ordinal()
    together = await asyncio.gather(*(catalogue.next_ordinal() for _ in range(20)))
    last = await catalogue.next_ordinal()
    assert len(set(together)) == 20
    assert first < min(together)
    assert max(together) < last
