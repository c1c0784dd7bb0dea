"""The adapters under test, over a small hall in a fresh database."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_engine
from server.db.orders import PostgresOrders
from server.db.traffic import PostgresTraffic
from server.ports.orders import Orders
from server.ports.traffic import Traffic
from tests.contract.catalogue.world import World
from tests.contract.traffic.world import NOW


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to a fresh database at the newest migration."""
    engine = create_engine(database_url, connections=4, timeout_ms=10_000)
    yield engine
    await engine.dispose()


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
