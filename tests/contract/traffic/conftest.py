"""The adapters under test, over a small hall in a fresh database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.orders import PostgresOrders
from server.db.traffic import PostgresTraffic
from server.ports.orders import Orders
from server.ports.traffic import Traffic
from tests.contract.catalogue.world import small_world
from tests.contract.traffic.world import NOW


@pytest.fixture
async def orders(engine: AsyncEngine) -> Orders:
    """Orders on PostgreSQL, for a hall of six seats and the showtime `s1`."""
    await small_world(engine, NOW + 3_600_000, "s1")
    return PostgresOrders(engine)


@pytest.fixture
def traffic(engine: AsyncEngine) -> Traffic:
    """The record on PostgreSQL."""
    return PostgresTraffic(engine)
