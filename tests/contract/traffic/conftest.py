"""The adapters under test, over a small hall in a fresh database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.orders import PostgresOrders
from server.db.traffic import PostgresTraffic
from server.ports.orders import Orders
from server.ports.traffic import Traffic
from tests.contract.catalogue.world import World
from tests.contract.traffic.world import NOW


@pytest.fixture
async def orders(engine: AsyncEngine) -> Orders:
    """Orders on PostgreSQL, for a hall of six seats and the showtime `s1`."""
    world = World(engine)
    await world.cinema("hanoi", "Asia/Ho_Chi_Minh")
    await world.film("film-a")
    await world.showtime("s1", NOW + 3_600_000)
    return PostgresOrders(engine)


@pytest.fixture
def traffic(engine: AsyncEngine) -> Traffic:
    """The record on PostgreSQL."""
    return PostgresTraffic(engine)
