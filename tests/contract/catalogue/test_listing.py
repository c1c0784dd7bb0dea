"""The list of showtimes: order, pages, filters, and days as each cinema counts them."""

import asyncio
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.db.catalogue import PostgresCatalogue
from server.db.engine import create_engine
from server.db.instants import to_ms
from server.domain.errors import CinemaNotFoundError
from server.ports import Catalogue
from tests.contract.catalogue.conftest import DEFAULTS
from tests.contract.catalogue.world import World

HOUR = 3_600_000
NOW = 1_800_000_000_000

ZONES = (
    "Africa/Cairo",  # summer time begins and ends at midnight
    "America/Havana",  # at midnight as well
    "America/St_Johns",  # at one minute past midnight until 2011: an hour of yesterday came after today had begun
    "Asia/Beirut",
    "Asia/Ho_Chi_Minh",
    "Asia/Kathmandu",  # +5:45
    "Australia/Lord_Howe",  # by half an hour
    "Europe/Berlin",
    "Pacific/Apia",  # had no 30 December 2011
    "Pacific/Kiritimati",  # +14
    "Pacific/Niue",  # -11
    "UTC",
)


async def ids(
    catalogue: Catalogue,
    *,
    cinema: str | None = None,
    date: str | None = None,
    film: str | None = None,
    now: int = NOW,
    limit: int = 100,
) -> list[str]:
    """The ids on all pages."""
    found: list[str] = []
    after = None
    while True:
        page = await catalogue.showtimes(cinema=cinema, date=date, film=film, after=after, limit=limit, now=now)
        assert len(page.showtimes) <= limit
        found += [showtime.id for showtime in page.showtimes]
        if page.next is None:
            return found
        assert len(page.showtimes) == limit
        after = page.next
        assert len(found) < 1000, "the pages do not end"


async def test_order_and_pages(catalogue: Catalogue, world: World) -> None:
    """Order is by start, then id; pages of any size make up the whole, with no showtime twice or left out."""
    for showtime, hours in (("d", 1), ("b", 2), ("a", 2), ("c", 2), ("e", 1)):
        await world.showtime(showtime, NOW + hours * HOUR, cinema="berlin" if showtime == "a" else "hanoi")
    for limit in range(1, 7):
        assert await ids(catalogue, limit=limit) == ["d", "e", "a", "b", "c"]


async def test_nothing_to_show(catalogue: Catalogue, world: World) -> None:
    """An empty catalogue is one empty page."""
    page = await catalogue.showtimes(cinema=None, date=None, film=None, after=None, limit=10, now=NOW)
    assert (page.showtimes, page.next) == ((), None)


async def test_a_listed_showtime_is_the_showtime(catalogue: Catalogue, world: World) -> None:
    """The list tells the same of a showtime as asking for it."""
    await world.showtime("s1", NOW, cinema="berlin", currency="EUR")
    page = await catalogue.showtimes(cinema=None, date="2027-01-15", film=None, after=None, limit=1, now=NOW)
    assert page.showtimes == (await catalogue.showtime("s1"),)


async def test_a_new_showtime_before_the_cursor_disturbs_nothing(catalogue: Catalogue, world: World) -> None:
    """What is added or removed before the cursor shifts nothing after it."""
    for number in range(4):
        await world.showtime(f"s{number}", NOW + number * HOUR, closes_at=NOW + 9 * HOUR)
    page = await catalogue.showtimes(cinema=None, date=None, film=None, after=None, limit=2, now=NOW)
    await world.showtime("early", NOW - HOUR, closes_at=NOW + 9 * HOUR)
    page = await catalogue.showtimes(cinema=None, date=None, film=None, after=page.next, limit=2, now=NOW)
    assert [showtime.id for showtime in page.showtimes] == ["s2", "s3"]
    assert page.next is None


async def test_closed_sales_are_left_out_unless_a_day_is_asked_for(catalogue: Catalogue, world: World) -> None:
    """Sales that have closed, to the millisecond, are not listed; a day asked for is told whole."""
    await world.showtime("closed", NOW - 1, closes_at=NOW)
    await world.showtime("open", NOW - 2, closes_at=NOW + 1)
    assert await ids(catalogue) == ["open"]
    assert await ids(catalogue, date="2027-01-15") == ["open", "closed"]


async def test_filters(catalogue: Catalogue, world: World) -> None:
    """Cinema, film and day each narrow the list, and together."""
    await world.showtime("ha", NOW, film="film-a", closes_at=NOW + HOUR)
    await world.showtime("hb", NOW, film="film-b", closes_at=NOW + HOUR)
    await world.showtime("ba", NOW, film="film-a", cinema="berlin", closes_at=NOW + HOUR)
    assert await ids(catalogue, cinema="hanoi") == ["ha", "hb"]
    assert await ids(catalogue, film="film-a") == ["ba", "ha"]
    assert await ids(catalogue, cinema="hanoi", film="film-a", date="2027-01-15") == ["ha"]
    assert await ids(catalogue, cinema="hanoi", date="2027-01-16") == []
    assert await ids(catalogue, film="unknown") == []
    assert await ids(catalogue, film="\x00") == []


async def test_a_day_is_the_cinemas_own(catalogue: Catalogue, world: World) -> None:
    """00:30 belongs to the day that has begun at the cinema; one instant may be two dates in two cinemas."""
    half_past_midnight = to_ms(dt.datetime(2027, 3, 2, 0, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")))
    await world.showtime("h", half_past_midnight)
    await world.showtime("b", half_past_midnight, cinema="berlin")
    assert await ids(catalogue, date="2027-03-02") == ["h"]
    assert await ids(catalogue, date="2027-03-01") == ["b"]


@pytest.mark.parametrize(
    ("day", "hours"), [("2027-03-28", 23), ("2027-10-31", 25), ("2027-06-01", 24)], ids=["short", "long", "plain"]
)
async def test_days_of_23_and_25_hours(catalogue: Catalogue, world: World, day: str, hours: int) -> None:
    """A day on which the clocks change has all of its hours and none of its neighbours'."""
    midnight = to_ms(dt.datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin")))
    for hour in range(-2, 28):
        await world.showtime(f"h{hour}", midnight + hour * HOUR, cinema="berlin")
    assert await ids(catalogue, date=day) == [f"h{hour}" for hour in range(hours)]


async def test_any_day_may_be_asked_for(catalogue: Catalogue, world: World) -> None:
    """Days far away are days, on which nothing is shown."""
    await world.showtime("s1", NOW)
    for date in ("0001-01-01", "1969-12-31", "2026-02-28", "9999-12-31"):
        assert await ids(catalogue, date=date) == []


BAD_DATES = [
    "",
    "today",
    "2026-02-30",
    "2026-2-3",
    "20260203",
    "2026-W06-2",
    "2026-02-03T00:00",
    "0000-01-01",
    "２０２６-０２-０３",
]


async def test_bad_dates(catalogue: Catalogue) -> None:
    """Anything but a date of the calendar as YYYY-MM-DD is refused."""
    for date in BAD_DATES:
        with pytest.raises(ValueError, match=r"YYYY|range|month|year"):
            await ids(catalogue, date=date)


async def test_bad_cursors(catalogue: Catalogue) -> None:
    """A cursor that was not given out is refused."""
    for after in ("", "x", "MTgwMDAwMDAwMDAwMC5hYg==", "é", "A" * 100_000):
        with pytest.raises(ValueError, match="cursor"):
            await catalogue.showtimes(cinema=None, date=None, film=None, after=after, limit=1, now=NOW)


async def test_bad_limits(catalogue: Catalogue) -> None:
    """A page has 1 to 100 showtimes."""
    for limit in (-1, 0, 101):
        with pytest.raises(ValueError, match="1 to 100"):
            await catalogue.showtimes(cinema=None, date=None, film=None, after=None, limit=limit, now=NOW)


async def test_unknown_cinemas(catalogue: Catalogue, world: World) -> None:
    """A cinema that is unknown, or cannot be one, is not found."""
    for cinema in ("unknown", "", "a\x00b", "\ud800", "%"):
        with pytest.raises(CinemaNotFoundError) as caught:
            await ids(catalogue, cinema=cinema)
        assert caught.value.cinema == cinema


@st.composite
def shows(draw: st.DrawFn) -> tuple[str, dt.date, list[dt.datetime]]:
    """A time zone, a day, and instants within three hours of either of its ends."""
    zone = draw(st.sampled_from(ZONES))
    day = draw(st.dates(dt.date(2005, 1, 1), dt.date(2025, 12, 31)) | st.sampled_from(CHANGES[zone] or NEW_YEAR))
    ends = [
        dt.datetime.combine(day + dt.timedelta(days=n), dt.time(), ZoneInfo(zone)).astimezone(dt.UTC) for n in (0, 1)
    ]
    minutes = st.integers(-180, 180)
    instants = [end + dt.timedelta(minutes=draw(minutes)) for end in ends for _ in range(4)]
    return zone, day, instants


def changes(zone: str) -> list[dt.date]:
    """The days since 2005 at whose beginning and end the zone is not equally far from UTC."""
    days = [dt.date(2005, 1, 1) + dt.timedelta(days=n) for n in range(365 * 21)]
    offsets = [dt.datetime.combine(day, dt.time(12), ZoneInfo(zone)).utcoffset() for day in days]
    return [day for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after]


CHANGES = {zone: changes(zone) for zone in ZONES}
NEW_YEAR = [dt.date(2020, 1, 1)]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(show=shows())
def test_days_agree_with_the_wall_clock(database_url: str, show: tuple[str, dt.date, list[dt.datetime]]) -> None:
    """In every zone and on every day, a day's showtimes are exactly those whose local date it is."""
    zone, day, instants = show
    expected = sorted(
        (instant, f"s{place}")
        for place, instant in enumerate(instants)
        if instant.astimezone(ZoneInfo(zone)).date() == day
    )

    async def listed() -> list[str]:
        engine = create_engine(database_url, connections=1, timeout_ms=5000)
        try:
            async with engine.begin() as connection:
                await connection.exec_driver_sql(
                    "TRUNCATE cinemas, halls, layouts, zones, seats, films, showtimes, prices, blocks CASCADE"
                )
            world = World(engine)
            await world.cinema("somewhere", zone)
            await world.film("film-a")
            for place, instant in enumerate(instants):
                await world.showtime(f"s{place}", to_ms(instant), cinema="somewhere")
            return await ids(PostgresCatalogue(engine, DEFAULTS), date=day.isoformat(), cinema="somewhere")
        finally:
            await engine.dispose()

    assert asyncio.run(listed()) == [showtime for _, showtime in expected]
