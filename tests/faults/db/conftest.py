"""A hall in a fresh database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.orders import PostgresOrders
from tests.contract.catalogue.world import World
from tests.contract.orders.world import NOW


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    """A hall of six seats, A1 to A4 and B1, B2, with the showtime `s1`."""
    world = World(engine)
    await world.cinema("hanoi", "Asia/Ho_Chi_Minh")
    await world.film("film-a")
    await world.showtime("s1", NOW + 3_600_000)
    return world


@pytest.fixture
def orders(engine: AsyncEngine, world: World) -> PostgresOrders:
    """Orders on PostgreSQL."""
    return PostgresOrders(engine)
