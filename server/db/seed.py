"""Enters the demo data: what is missing is added, and what is there stays as it is."""

import asyncio
from typing import Any, Final

import msgspec
from sqlalchemy import Table, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.demo.programme import CINEMAS, FILMS, HALLS, DemoShowtime, fixed, regular
from server.db.engine import create_lone_engine, unavailable_if_gone
from server.db.instants import to_datetime
from server.db.layouts import enter
from server.db.tables import catalogue as tables

LOCK: Final = 0x43696E66
"""The advisory lock that lets one process seed at a time."""


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """How much a run of `seed` has added."""

    cinemas: int
    halls: int
    layouts: int
    films: int
    showtimes: int


def seed(url: str, now: int) -> Seeded:
    """Enter the demo data into a migrated database, in one transaction: the fixed showtimes, and two days of others.

    The days are today and tomorrow at `now` (ms), in each cinema's own time zone. A second run on the same day adds
    nothing. Blocks, so a caller with an event loop runs it in a thread. Raises `UnavailableError`.
    """

    async def run() -> Seeded:
        engine = create_lone_engine(url)
        try:
            with unavailable_if_gone():
                async with engine.begin() as connection:
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
                    return await _enter_all(connection, now)
        finally:
            await engine.dispose()

    return asyncio.run(run())


async def _enter_all(connection: AsyncConnection, now: int) -> Seeded:
    cinemas = await _add(connection, tables.cinemas, [msgspec.to_builtins(cinema) for cinema in CINEMAS])
    films = await _add(connection, tables.films, [msgspec.to_builtins(film) for film in FILMS])
    halls = await _add(
        connection, tables.halls, [{"id": hall.id, "cinema": hall.cinema.id, "name": hall.name} for hall in HALLS]
    )
    versions = {}
    layouts = 0
    for hall in HALLS:
        versions[hall.id], new = await enter(connection, hall.id, hall.plan())
        layouts += new
    showtimes = await _add_showtimes(connection, (*fixed(), *regular(now)), versions)
    return Seeded(cinemas=len(cinemas), halls=len(halls), layouts=layouts, films=len(films), showtimes=showtimes)


async def _add(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> set[str]:
    """Insert those of `rows` whose id is not there yet, and return their ids."""
    query = insert(table).values(rows).on_conflict_do_nothing(index_elements=["id"]).returning(table.c.id)
    return set((await connection.execute(query)).scalars())


async def _add_showtimes(
    connection: AsyncConnection, showtimes: tuple[DemoShowtime, ...], versions: dict[str, int]
) -> int:
    """Insert the showtimes that are missing, with prices and blocks; those that are there may have been edited."""
    rows = [
        {
            "id": showtime.id,
            "hall": showtime.hall.id,
            "layout": versions[showtime.hall.id],
            "film": showtime.film.id,
            "starts_at": to_datetime(showtime.starts_at),
            "opens_at": to_datetime(showtime.sales.opens_at),
            "closes_at": to_datetime(showtime.sales.closes_at),
            "currency": showtime.hall.currency,
        }
        for showtime in showtimes
    ]
    new = await _add(connection, tables.showtimes, rows)
    if not new:
        return 0
    prices, blocks = [], []
    for showtime in showtimes:
        if showtime.id not in new:
            continue
        hall = showtime.hall
        common = {"showtime": showtime.id, "layout": versions[hall.id]}
        prices += [{**common, "zone": zone, "price": price} for zone, price in hall.prices.items()]
        seats = await _seat_indexes(connection, versions[hall.id], tuple(hall.blocked))
        blocks += [{**common, "seat": seats[seat], "reason": reason} for seat, reason in hall.blocked.items()]
    await connection.execute(insert(tables.prices), prices)
    await connection.execute(insert(tables.blocks), blocks)
    return len(new)


async def _seat_indexes(connection: AsyncConnection, layout: int, seats: tuple[str, ...]) -> dict[str, int]:
    columns = tables.seats.c
    query = select(columns.id, columns["index"]).where(columns.layout == layout, columns.id.in_(seats))
    return {identity: index for identity, index in await connection.execute(query)}  # noqa: C416 - dict() takes a Result for a mapping
