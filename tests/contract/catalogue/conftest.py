"""A catalogue on a fresh database, and a world to fill it with."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.catalogue import PostgresCatalogue
from server.domain.showtimes import Limits
from server.ports import Catalogue
from tests.contract.catalogue.world import World

DEFAULTS = Limits(max_seats=8, hold_ms=900_000, max_hold_ms=1_800_000)


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        """The present millisecond."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock by which the catalogue forgets."""
    return Clock()


@pytest.fixture
def catalogue(engine: AsyncEngine, clock: Clock) -> Catalogue:
    """The catalogue under test."""
    return PostgresCatalogue(engine, DEFAULTS, clock=clock)


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    """Two cinemas in two time zones, a hall and a film each, and no showtimes."""
    world = World(engine)
    await world.cinema("hanoi", "Asia/Ho_Chi_Minh")
    await world.cinema("berlin", "Europe/Berlin")
    await world.film("film-a")
    await world.film("film-b")
    return world
