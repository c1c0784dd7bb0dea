"""The demo data: entered once, added to as days pass, and never altered."""

import asyncio

import msgspec
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.catalogue import PostgresCatalogue
from server.db.demo.programme import CINEMAS, FILMS, HALLS
from server.db.seed import Seeded, seed
from server.db.tables import metadata
from server.db.tables.catalogue import cinemas, films, halls
from server.domain.layout import SeatKind
from server.domain.showtimes import Limits

NOW = 1_792_152_000_000  # 2026-10-16T12:00:00Z
DAY = 86_400_000
NOTHING = Seeded(cinemas=0, halls=0, layouts=0, films=0, showtimes=0)
LIMITS = Limits(max_seats=8, hold_ms=900_000, max_hold_ms=1_800_000)


async def dump(engine: AsyncEngine) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    async with engine.connect() as connection:
        return {
            name: sorted(map(str, (await connection.execute(select(table))).all()))
            for name, table in metadata.tables.items()
        }


async def test_a_second_run_changes_nothing(engine: AsyncEngine, database_url: str) -> None:
    """The first run adds everything, a second on the same day not a row, and none is altered."""
    first = await asyncio.to_thread(seed, database_url, NOW)
    assert first == Seeded(cinemas=2, halls=5, layouts=5, films=5, showtimes=34)
    before = await dump(engine)
    assert await asyncio.to_thread(seed, database_url, NOW + 3_600_000) == NOTHING
    assert await dump(engine) == before


async def test_days_later_the_new_days_are_added(engine: AsyncEngine, database_url: str) -> None:
    """A run on another day adds that day's showtimes and keeps all that was there."""
    await asyncio.to_thread(seed, database_url, NOW)
    before = await dump(engine)
    assert (await asyncio.to_thread(seed, database_url, NOW + DAY)).showtimes == 16
    assert (await asyncio.to_thread(seed, database_url, NOW + 9 * DAY)).showtimes == 32
    after = await dump(engine)
    for table, rows in before.items():
        assert set(rows) <= set(after[table])
    for table in ("cinemas", "halls", "layouts", "zones", "seats", "films"):
        assert after[table] == before[table]


async def test_what_was_edited_stays(engine: AsyncEngine, database_url: str) -> None:
    """A run neither takes back a changed price or name, nor blocks again a seat that was given free."""
    await asyncio.to_thread(seed, database_url, NOW)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE prices SET price = 1 WHERE showtime = 'demo'"))
        await connection.execute(text("UPDATE cinemas SET name = 'Ours'"))
        await connection.execute(text("DELETE FROM blocks WHERE showtime = 'demo'"))
    before = await dump(engine)
    assert await asyncio.to_thread(seed, database_url, NOW) == NOTHING
    assert await dump(engine) == before


async def test_two_runs_at_once(engine: AsyncEngine, database_url: str) -> None:
    """Two runs at once add everything once between them, also where nothing but the layouts makes them meet."""
    async with engine.begin() as connection:
        await connection.execute(insert(cinemas), [msgspec.to_builtins(cinema) for cinema in CINEMAS])
        await connection.execute(insert(films), [msgspec.to_builtins(film) for film in FILMS])
        rows = [{"id": hall.id, "cinema": hall.cinema.id, "name": hall.name} for hall in HALLS]
        await connection.execute(insert(halls), rows)
    both = await asyncio.gather(*(asyncio.to_thread(seed, database_url, NOW) for _ in range(2)))
    assert NOTHING in both
    assert (sum(run.layouts for run in both), sum(run.showtimes for run in both)) == (5, 34)


@pytest.mark.parametrize(("showtime", "size"), [("demo", 240), ("demo-large", 5000)])
async def test_the_fixed_showtimes(engine: AsyncEngine, database_url: str, showtime: str, size: int) -> None:
    """They are on sale, in dong, with prices for every zone and seats that are kept back."""
    await asyncio.to_thread(seed, database_url, NOW)
    catalogue = PostgresCatalogue(engine, LIMITS)
    shown = await catalogue.showtime(showtime)
    facts = await catalogue.seat_facts(showtime)
    layout = await catalogue.layout(shown.layout)
    assert len(layout.seats) == len(facts.seat_ids) == size
    assert shown.sales.opens_at < NOW < NOW + 1000 * DAY < shown.sales.closes_at
    assert {seat.zone for seat in layout.seats} == {zone.id for zone in shown.zones}
    assert {zone.currency for zone in shown.zones} == {"VND"}
    assert 0 < len(facts.blocked) < 20
    assert facts.limits == LIMITS
    if showtime == "demo":
        assert {seat.kind for seat in layout.seats} == set(SeatKind)
        assert [zone.price for zone in shown.zones] == [75_000, 95_000, 140_000]


async def test_the_list_shows_today_in_each_time_zone(engine: AsyncEngine, database_url: str) -> None:
    """Asking for a date lists each cinema's showtimes of its own day, and the cinemas are two."""
    await asyncio.to_thread(seed, database_url, NOW)
    page = await PostgresCatalogue(engine, LIMITS).showtimes(
        cinema=None, date="2026-10-16", film=None, after=None, limit=100, now=NOW
    )
    assert len(page.showtimes) == 16
    assert {shown.cinema.time_zone for shown in page.showtimes} == {"Asia/Ho_Chi_Minh", "Europe/Berlin"}
    assert all("-20261016-" in shown.id for shown in page.showtimes)
    assert len({shown.film.id for shown in page.showtimes}) >= 4
