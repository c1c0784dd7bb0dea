"""Fills a database with cinemas and showtimes, a sentence a time."""

from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.instants import to_datetime
from server.db.layouts import Plan, enter
from server.db.tables import catalogue as tables
from server.domain.layout import Seat, SeatKind

DAY = 86_400_000

SEATS = (
    Seat(index=0, id="A1", row="A", number=1, x=1.0, y=2.0, kind=SeatKind.STANDARD, zone="front"),
    Seat(index=1, id="A2", row="A", number=2, x=2.0, y=2.0, kind=SeatKind.VIP, zone="front"),
    Seat(index=2, id="A3", row="A", number=3, x=3.0, y=2.0, kind=SeatKind.WHEELCHAIR, zone="front", pair="A4"),
    Seat(index=3, id="A4", row="A", number=4, x=4.0, y=2.0, kind=SeatKind.COMPANION, zone="front", pair="A3"),
    Seat(index=4, id="B1", row="B", number=1, x=1.5, y=3.25, kind=SeatKind.COUPLE, zone="back", pair="B2"),
    Seat(index=5, id="B2", row="B", number=2, x=2.5, y=3.25, kind=SeatKind.COUPLE, zone="back", pair="B1"),
)
PLAN = Plan(width=5.0, height=5.0, zones=(("front", "Front"), ("back", "Back")), seats=SEATS)
"""Six seats of every kind; shown front first, though the alphabet says otherwise."""


class World:
    """What stands in the database; `versions` are the layouts by hall."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.versions: dict[str, int] = {}

    async def add(self, table: Table, *rows: dict[str, Any]) -> None:
        """Insert `rows` in a transaction of their own."""
        async with self._engine.begin() as connection:
            await connection.execute(insert(table), list(rows))

    async def cinema(self, cinema: str, time_zone: str) -> None:
        """A cinema with one hall, `<cinema>-hall`, of `PLAN`."""
        await self.add(tables.cinemas, {"id": cinema, "name": cinema.title(), "time_zone": time_zone})
        await self.add(tables.halls, {"id": f"{cinema}-hall", "cinema": cinema, "name": "Hall"})
        await self.layout(f"{cinema}-hall", PLAN)

    async def layout(self, hall: str, plan: Plan) -> int:
        """The version of this plan of the hall, which its next showtimes sell."""
        async with self._engine.begin() as connection:
            self.versions[hall], _ = await enter(connection, hall, plan)
        return self.versions[hall]

    async def film(self, film: str) -> None:
        """A film."""
        await self.add(tables.films, {"id": film, "title": film.title(), "duration_minutes": 90, "rating": "T13"})

    async def showtime(
        self,
        showtime: str,
        starts_at: int,
        *,
        cinema: str = "hanoi",
        film: str = "film-a",
        closes_at: int | None = None,
        **more: object,
    ) -> None:
        """A showtime on sale for a year before its start, front 100 and back 200 VND; `more` are its columns."""
        hall = f"{cinema}-hall"
        layout = self.versions[hall]
        row = {
            "id": showtime,
            "hall": hall,
            "layout": layout,
            "film": film,
            "starts_at": to_datetime(starts_at),
            "opens_at": to_datetime(max(0, starts_at - 365 * DAY)),
            "closes_at": to_datetime(starts_at if closes_at is None else closes_at),
            "currency": "VND",
            **more,
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(tables.showtimes).values(row))
            await connection.execute(
                insert(tables.prices),
                [
                    {"showtime": showtime, "layout": layout, "zone": zone, "price": price}
                    for zone, price in (("back", 200), ("front", 100))
                ],
            )

    async def block(self, showtime: str, *seats: int, cinema: str = "hanoi") -> None:
        """Keep seats of a showtime back."""
        layout = self.versions[f"{cinema}-hall"]
        await self.add(
            tables.blocks,
            *({"showtime": showtime, "layout": layout, "seat": seat, "reason": "House seat"} for seat in seats),
        )


async def small_world(engine: AsyncEngine, starts_at: int, *showtimes: str) -> World:
    """A cinema in Hanoi with its hall, a film, and these showtimes of it, all at `starts_at` (ms)."""
    world = World(engine)
    await world.cinema("hanoi", "Asia/Ho_Chi_Minh")
    await world.film("film-a")
    for showtime in showtimes:
        await world.showtime(showtime, starts_at)
    return world
