"""The catalogue in PostgreSQL."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Date as DateType
from sqlalchemy import Row, Select, cast, func, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.db.cursor import Cursor
from server.db.engine import reading
from server.db.instants import to_datetime, to_ms
from server.db.lookup import FOREVER, Lookup, monotonic_ms
from server.db.slugs import SLUG
from server.db.tables.catalogue import blocks, cinemas, films, halls, layouts, prices, seats, showtimes, zones
from server.db.tables.orders import order_seats, orders
from server.db.writing import writing
from server.domain.errors import CinemaNotFoundError, NotFoundError, ShowtimeNotFoundError
from server.domain.layout import Layout, Seat, SeatKind
from server.domain.orders import OrderState
from server.domain.showtimes import (
    Cinema,
    Film,
    Hall,
    Limits,
    Occupation,
    Sales,
    SeatFacts,
    Showtime,
    ShowtimePage,
    Zone,
)

SHOWTIME_FRESH_MS: Final = 2000
"""How old a showtime may be that is told without asking the database again; also how long it stays unknown."""

LIMIT: Final = 100
"""The greatest number of showtimes on a page."""

DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class PostgresCatalogue:
    """`Catalogue` on PostgreSQL. Layouts are kept; a showtime is at most 2 s old, and `seat_facts` never is.

    `default_limits` are those of showtimes that set none; `clock` counts milliseconds and never jumps.
    """

    def __init__(self, engine: AsyncEngine, default_limits: Limits, *, clock: Callable[[], int] = monotonic_ms) -> None:
        self._engine = engine
        self._default_limits = default_limits
        self._showtimes = Lookup[str, Showtime](
            self._load_showtimes,
            size=4096,
            batch=500,
            keep_ms=SHOWTIME_FRESH_MS,
            absent_ms=SHOWTIME_FRESH_MS,
            clock=clock,
        )
        self._layouts = Lookup[int, Layout](
            self._load_layouts, size=64, batch=4, keep_ms=FOREVER, absent_ms=SHOWTIME_FRESH_MS, clock=clock
        )

    async def showtimes(
        self, *, cinema: str | None, date: str | None, film: str | None, after: str | None, limit: int, now: int
    ) -> ShowtimePage:
        """Showtimes in order of start and id, at most `limit` (1 to 100) of them; see `Catalogue`.

        With a `date` all of that day are told, those whose sales have closed too.
        """
        if not 1 <= limit <= LIMIT:
            raise ValueError(f"the limit is 1 to {LIMIT}")
        query = _showtime_query().order_by(showtimes.c.starts_at, showtimes.c.id).limit(limit + 1)
        day = None if date is None else _day(date)
        query = query.where(showtimes.c.closes_at > to_datetime(now)) if day is None else _on_day(query, day)
        if after is not None:
            cursor = Cursor.decode(after)
            query = query.where(
                tuple_(showtimes.c.starts_at, showtimes.c.id) > tuple_(to_datetime(cursor.at), cursor.id)
            )
        if cinema is not None:
            if not SLUG.fullmatch(cinema):
                raise CinemaNotFoundError(cinema)
            query = query.where(cinemas.c.id == cinema)
        if film is not None:
            if not SLUG.fullmatch(film):
                return ShowtimePage(showtimes=(), next=None)
            query = query.where(films.c.id == film)
        async with reading(self._engine) as connection:
            if cinema is not None and not await _exists(connection, cinema):
                raise CinemaNotFoundError(cinema)
            rows = (await connection.execute(query)).all()
            page = await self._complete(connection, rows[:limit])
        if len(rows) <= limit:
            return ShowtimePage(showtimes=page, next=None)
        return ShowtimePage(showtimes=page, next=Cursor(page[-1].starts_at, page[-1].id).encode())

    async def showtime(self, showtime: str) -> Showtime:
        """One showtime, at most 2 s old; see `Catalogue`."""
        found = await self._showtimes.get(showtime) if SLUG.fullmatch(showtime) else None
        if found is None:
            raise ShowtimeNotFoundError(showtime)
        return found

    async def layout(self, version: int) -> Layout:
        """The layout under this version; see `Catalogue`."""
        found = await self._layouts.get(version) if 0 < version < 1 << 63 else None
        if found is None:
            raise NotFoundError(f"no layout {version}")
        return found

    async def seat_facts(self, showtime: str) -> SeatFacts:
        """What the seat store needs to open the showtime, always from the database; see `Catalogue`."""
        if not SLUG.fullmatch(showtime):
            raise ShowtimeNotFoundError(showtime)
        async with reading(self._engine) as connection:
            row = (await connection.execute(_showtime_query().where(showtimes.c.id == showtime))).one_or_none()
            if row is None:
                raise ShowtimeNotFoundError(showtime)
            ids = select(seats.c.id).where(seats.c.layout == row.layout).order_by(seats.c.index)
            blocked = select(blocks.c.seat).where(blocks.c.showtime == showtime).order_by(blocks.c.seat)
            return SeatFacts(
                showtime=showtime,
                layout=row.layout,
                seat_ids=tuple((await connection.execute(ids)).scalars()),
                sales=_sales(row),
                limits=self._limits(row),
                occupations=tuple(map(_occupation, (await connection.execute(_occupations(showtime))).all())),
                blocked=tuple((await connection.execute(blocked)).scalars()),
            )

    async def next_ordinal(self) -> int:
        """The next number of the sequence that orders epochs; see `Catalogue`."""
        # The transaction gets an id, so that its commit waits for the disk: a number taken from a batch that another
        # connection logged would otherwise be given out before the log is safe, and again after a crash.
        query = text("SELECT nextval('epoch_ordinals') AS ordinal, pg_current_xact_id() AS written")
        async with writing(self._engine) as connection:
            ordinal: int = (await connection.execute(query)).one().ordinal
        return ordinal

    async def _load_showtimes(self, ids: tuple[str, ...]) -> Mapping[str, Showtime]:
        async with reading(self._engine) as connection:
            rows = (await connection.execute(_showtime_query().where(showtimes.c.id.in_(ids)))).all()
            return {showtime.id: showtime for showtime in await self._complete(connection, rows)}

    async def _load_layouts(self, versions: tuple[int, ...]) -> Mapping[int, Layout]:
        found = {}
        async with reading(self._engine) as connection:
            for head in (await connection.execute(select(layouts).where(layouts.c.version.in_(versions)))).all():
                query = _seat_query().where(seats.c.layout == head.version).order_by(seats.c.index)
                found[head.version] = Layout(
                    version=head.version,
                    width=head.width,
                    height=head.height,
                    seats=tuple(map(_seat, (await connection.execute(query)).all())),
                )
        return found

    async def _complete(self, connection: AsyncConnection, rows: "list[Row[Any]]") -> tuple[Showtime, ...]:
        """The showtimes of `rows`, in their order, with their zones in the order of the hall."""
        by_showtime: dict[str, list[Zone]] = {row.id: [] for row in rows}
        if rows:
            currencies = {row.id: row.currency for row in rows}
            query = (
                select(prices.c.showtime, zones.c.id, zones.c.name, prices.c.price)
                .join_from(prices, zones, (zones.c.layout == prices.c.layout) & (zones.c.id == prices.c.zone))
                .where(prices.c.showtime.in_(by_showtime))
                .order_by(zones.c.place)
            )
            for price in (await connection.execute(query)).all():
                by_showtime[price.showtime].append(
                    Zone(id=price.id, name=price.name, price=price.price, currency=currencies[price.showtime])
                )
        return tuple(
            Showtime(
                id=row.id,
                cinema=Cinema(id=row.cinema_id, name=row.cinema_name, time_zone=row.time_zone),
                hall=Hall(id=row.hall, name=row.hall_name),
                film=Film(id=row.film, title=row.title, duration_minutes=row.duration_minutes, rating=row.rating),
                starts_at=to_ms(row.starts_at),
                layout=row.layout,
                sales=_sales(row),
                zones=tuple(by_showtime[row.id]),
                limits=self._limits(row),
            )
            for row in rows
        )

    def _limits(self, row: "Row[Any]") -> Limits:
        default = self._default_limits
        return Limits(
            max_seats=default.max_seats if row.max_seats is None else row.max_seats,
            hold_ms=default.hold_ms if row.hold_ms is None else row.hold_ms,
            max_hold_ms=default.max_hold_ms if row.max_hold_ms is None else row.max_hold_ms,
        )


def _showtime_query() -> "Select[Any]":
    return (
        select(
            showtimes,
            halls.c.name.label("hall_name"),
            cinemas.c.id.label("cinema_id"),
            cinemas.c.name.label("cinema_name"),
            cinemas.c.time_zone,
            films.c.title,
            films.c.duration_minutes,
            films.c.rating,
        )
        .join_from(showtimes, halls, halls.c.id == showtimes.c.hall)
        .join(cinemas, cinemas.c.id == halls.c.cinema)
        .join(films, films.c.id == showtimes.c.film)
    )


def _on_day(query: "Select[Any]", day: dt.date) -> "Select[Any]":
    """Those that start on `day` by the clock on the cinema's wall, whatever the clocks do that day."""
    local = func.timezone(cinemas.c.time_zone, showtimes.c.starts_at)
    asked = literal(day, DateType)
    return query.where(
        cast(local, DateType) == asked,
        # No zone is more than a day from UTC: what the index can answer, before the exact rule.
        showtimes.c.starts_at >= func.timezone("UTC", asked - literal(1)),
        showtimes.c.starts_at < func.timezone("UTC", asked + literal(2)),
    )


def _day(date: str) -> dt.date:
    if not DAY.fullmatch(date):
        raise ValueError("a date is written YYYY-MM-DD")
    return dt.date.fromisoformat(date)


async def _exists(connection: AsyncConnection, cinema: str) -> bool:
    found = await connection.execute(select(cinemas.c.id).where(cinemas.c.id == cinema))
    return found.one_or_none() is not None


def _occupations(showtime: str) -> "Select[Any]":
    """The seats of live orders, by their place in the layout that the showtime sells."""
    return (
        select(
            seats.c.index.label("place"),
            order_seats.c.ordinal,
            order_seats.c.fence,
            orders.c.id,
            orders.c.holder,
            orders.c.state,
            orders.c.expires_at,
            orders.c.row_version,
        )
        .join_from(order_seats, orders, orders.c.id == order_seats.c.order)
        .join(showtimes, showtimes.c.id == order_seats.c.showtime)
        .join(seats, (seats.c.layout == showtimes.c.layout) & (seats.c.id == order_seats.c.seat))
        .where(order_seats.c.showtime == showtime, order_seats.c.live)
        .order_by(seats.c.index)
    )


def _occupation(row: "Row[Any]") -> Occupation:
    return Occupation(
        seat=row.place,
        order=row.id,
        holder=row.holder,
        deadline=to_ms(row.expires_at) if row.state == OrderState.OPEN.value else None,
        row_version=row.row_version,
        ordinal=row.ordinal,
        fence=row.fence,
    )


def _sales(row: "Row[Any]") -> Sales:
    return Sales(opens_at=to_ms(row.opens_at), closes_at=to_ms(row.closes_at))


def _seat_query() -> "Select[Any]":
    columns = seats.c
    return select(
        columns.index,
        columns.id,
        columns.row,
        columns.number,
        columns.x,
        columns.y,
        columns.kind,
        columns.zone,
        columns.pair,
    )


def _seat(row: "Row[*tuple[Any, ...]]") -> Seat:
    # By place: `row.index` is a method of every tuple.
    index, seat, letter, number, x, y, kind, zone, pair = row
    return Seat(index=index, id=seat, row=letter, number=number, x=x, y=y, kind=SeatKind(kind), zone=zone, pair=pair)
