"""A hall in a fresh database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.orders import PostgresOrders
from tests.contract.catalogue.world import World, small_world
from tests.contract.orders.world import NOW


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    """A hall of six seats, A1 to A4 and B1, B2, with the showtime `s1`."""
    return await small_world(engine, NOW + 3_600_000, "s1")


@pytest.fixture
def orders(engine: AsyncEngine, world: World) -> PostgresOrders:
    """Orders on PostgreSQL."""
    return PostgresOrders(engine)
