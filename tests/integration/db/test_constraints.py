"""What the database itself refuses, whoever writes to it."""
# ruff: noqa: S608 - the statements are put together from this file alone

import pytest
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_lone_engine
from server.db.layouts import Plan, enter
from server.domain.layout import Seat, SeatKind
from tests.contract.catalogue.world import PLAN, World

ENTER_LAYOUT = "INSERT INTO layouts (hall, width, height, seat_count, fingerprint)"
LAYOUT = "(SELECT min(version) FROM layouts)"


def new_layout(seats: int = 1) -> tuple[str, ...]:
    """A layout of one zone that announces so many seats."""
    return (
        f"{ENTER_LAYOUT} VALUES ('hanoi-hall', 5, 5, {seats}, 'f')",
        "INSERT INTO zones (layout, id, place, name) SELECT max(version), 'z', 0, 'Z' FROM layouts",
    )


def seat(
    index: str = "0", seat: str = "C1", *, kind: str = "standard", zone: str = "z", pair: str = "NULL", x: str = "1"
) -> str:
    """A seat of the newest layout."""
    return (
        'INSERT INTO seats (layout, index, id, "row", number, x, y, kind, zone, pair)'
        f" SELECT max(version), {index}, '{seat}', 'C', 1, {x}, 1, '{kind}', '{zone}', {pair} FROM layouts"
    )


def showtime(
    showtime: str = "s9", *, currency: str = "VND", opens: str = "2026-01-01", more: str = ""
) -> tuple[str, str]:
    """A showtime with all of its prices; `more` are columns and values such as `max_seats=0`."""
    names = "".join(f", {item.split('=')[0]}" for item in more.split())
    values = "".join(f", {item.split('=')[1]}" for item in more.split())
    return (
        (
            f"INSERT INTO showtimes (id, hall, layout, film, starts_at, opens_at, closes_at, currency{names})"
            f" VALUES ('{showtime}', 'hanoi-hall', {LAYOUT}, 'film-a', '2027-01-01Z', '{opens}Z', '2027-01-01Z',"
            f" '{currency}'{values})"
        ),
        (
            "INSERT INTO prices (showtime, layout, zone, price)"
            f" SELECT '{showtime}', layout, id, 1 FROM zones WHERE layout = {LAYOUT}"
        ),
    )


NONSENSE: dict[str, tuple[str, tuple[str, ...]]] = {
    "a zone without price": ("has no price", showtime()[:1]),
    "a price taken away": ("has no price", ("DELETE FROM prices WHERE showtime = 's1' AND zone = 'back'",)),
    "a price moved away": (
        "has no price",
        (*showtime(), "DELETE FROM prices WHERE showtime = 's9'", "UPDATE prices SET showtime = 's9'"),
    ),
    "a zone added to what is sold": (
        "has no price",
        (f"INSERT INTO zones (layout, id, place, name) VALUES ({LAYOUT}, 'new', 9, 'New')",),
    ),
    "a price of no zone": (
        "prices_layout_zone_fk",
        (f"INSERT INTO prices (showtime, layout, zone, price) VALUES ('s1', {LAYOUT}, 'roof', 1)",),
    ),
    "a price below zero": ("prices_price", ("UPDATE prices SET price = -1",)),
    "a price beyond the wire": ("prices_price", ("UPDATE prices SET price = 9007199254740992",)),
    "a seat id twice": ("seats_layout_id_key", (*new_layout(2), seat(), seat("1"))),
    "a seat index twice": ("seats_pk", (*new_layout(), seat(), seat("0", "C2"))),
    "a seat of no zone": ("seats_layout_zone_fk", (*new_layout(), seat(zone="roof"))),
    "a seat of no kind": ("seats_kind", (*new_layout(), seat(kind="sofa"))),
    "a seat id of too many letters": ("seats_id", (*new_layout(), seat(seat="A" * 17))),
    "a seat id with a space": ("seats_id", (*new_layout(), seat(seat="A 1"))),
    "a seat nowhere": ("seats_place", (*new_layout(), seat(x="'NaN'"))),
    "a seat infinitely far": ("seats_place", (*new_layout(), seat(x="'Infinity'"))),
    "half a couple": ("seats_paired_kinds", (*new_layout(), seat(kind="couple"))),
    "a companion of nobody": ("seats_paired_kinds", (*new_layout(), seat(kind="companion"))),
    "a pair with nobody": ("seats_layout_pair_id_fk", (*new_layout(), seat(pair="'C2'"))),
    "a pair with itself": ("seats_pair", (*new_layout(), seat(pair="'C1'"))),
    "a pair that is not mutual": ("seats_layout_pair_id_fk", (*new_layout(2), seat(pair="'C2'"), seat("1", "C2"))),
    "a pair of three": (
        "seats_layout_pair_id_fk",
        (*new_layout(3), seat(pair="'C2'"), seat("1", "C2", pair="'C3'"), seat("2", "C3", pair="'C2'")),
    ),
    "a layout without its seats": ("does not have its 1 seats", new_layout()),
    "a gap in a layout": ("no seat beyond its count", (*new_layout(), seat("1"))),
    "a seat added later": ("no seat beyond its count", (seat("6", zone="front"),)),
    "a seat moved": ("never changes", ("UPDATE seats SET x = 9 WHERE id = 'A1'",)),
    "a seat taken away": ("never changes", ("DELETE FROM seats WHERE id = 'A1'",)),
    "a layout resized": ("never changes", ("UPDATE layouts SET width = 9",)),
    "the same layout twice": (
        "layouts_hall_fingerprint_key",
        (f"{ENTER_LAYOUT} SELECT hall, 1, 1, 1, fingerprint FROM layouts",),
    ),
    "a layout of another hall": (
        "showtimes_hall_layout_fk",
        ("INSERT INTO halls VALUES ('other', 'hanoi', 'Other')", "UPDATE showtimes SET hall = 'other'"),
    ),
    "sales that close before they open": ("showtimes_sales", showtime(opens="2027-01-02")),
    "a currency of four letters": ("showtimes_currency", showtime(currency="DONG")),
    "a currency in small letters": ("showtimes_currency", showtime(currency="vnd")),
    "no seats at all": ("showtimes_max_seats", showtime(more="max_seats=0")),
    "a hold of no time": ("showtimes_hold_ms", showtime(more="hold_ms=0 max_hold_ms=1")),
    "a cap below the hold": ("showtimes_max_hold_ms", showtime(more="hold_ms=2 max_hold_ms=1")),
    "a hold without its cap": ("showtimes_hold_limits", showtime(more="hold_ms=2")),
    "a showtime twice": ("showtimes_pk", showtime("s1")),
    "a showtime under no id": ("showtimes_id", showtime("s 1")),
    "a block on no seat": (
        "blocks_layout_seat_fk",
        (f"INSERT INTO blocks (showtime, layout, seat, reason) VALUES ('s1', {LAYOUT}, 6, 'House')",),
    ),
    "a block without reason": (
        "blocks_reason",
        (f"INSERT INTO blocks (showtime, layout, seat, reason) VALUES ('s1', {LAYOUT}, 0, '')",),
    ),
    "a seat blocked twice": (
        "blocks_pk",
        (f"INSERT INTO blocks (showtime, layout, seat, reason) SELECT 's1', {LAYOUT}, 0, 'House' FROM zones",),
    ),
    "a time zone of three letters": ("cinemas_time_zone", ("INSERT INTO cinemas VALUES ('c', 'C', 'EST')",)),
    "a time zone by rule": ("cinemas_time_zone", ("INSERT INTO cinemas VALUES ('c', 'C', 'CET-1CEST')",)),
}


async def write(engine: AsyncEngine, statements: tuple[str, ...]) -> None:
    """Run the statements in one transaction and commit it."""
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


@pytest.mark.parametrize("name", NONSENSE)
async def test_nonsense_is_refused(shared_world_url: str, name: str) -> None:
    """The database refuses it, for that reason."""
    reason, statements = NONSENSE[name]
    engine = create_lone_engine(shared_world_url)
    with pytest.raises(exc.IntegrityError, match=reason):
        await write(engine, statements)


async def test_a_time_zone_that_is_none(engine: AsyncEngine, world: World) -> None:
    """A name that looks like a time zone is refused if PostgreSQL does not know it."""
    with pytest.raises(exc.DBAPIError, match=r'time zone "Nowhere/City" not recognized'):
        await write(engine, ("INSERT INTO cinemas VALUES ('c', 'C', 'Nowhere/City')",))


async def test_sense_is_taken(engine: AsyncEngine, world: World) -> None:
    """What the refused examples are variations of is taken: the refusals are not for another reason."""
    await write(engine, (*new_layout(), seat()))
    await write(engine, showtime())
    await write(engine, showtime("s8", more="max_seats=1 hold_ms=1 max_hold_ms=1"))
    await world.block("s1", 0)
    await write(engine, ("INSERT INTO cinemas VALUES ('c', 'C', 'America/Argentina/Buenos_Aires')",))


async def test_a_showtime_goes_with_its_prices_and_blocks(engine: AsyncEngine, world: World) -> None:
    """A showtime that is deleted takes along what is only about it."""
    await world.block("s1", 0)
    await write(engine, ("DELETE FROM showtimes",))
    async with engine.connect() as connection:
        left = "SELECT (SELECT count(*) FROM prices) + (SELECT count(*) FROM blocks)"
        assert (await connection.execute(text(left))).scalar_one() == 0


async def test_a_broken_plan_is_told_before_it_is_entered(engine: AsyncEngine, world: World) -> None:
    """Entering a layout names everything that is wrong with it."""
    lonely = Seat(index=7, id="A1", row="A", number=1, x=1, y=1, kind=SeatKind.COUPLE, zone="front", pair="A2")
    async with engine.begin() as connection:
        with pytest.raises(ValueError, match=r"index 7 at place 0; seat A1 is paired with A2"):
            await enter(connection, "hanoi-hall", Plan(width=1, height=1, zones=PLAN.zones, seats=(lonely,)))
