"""The adapters under test, over a small hall in a fresh database."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.audit import PostgresAudit
from server.db.catalogue import PostgresCatalogue
from server.db.orders import PostgresOrders
from server.db.outbox import PostgresOutbox
from server.ports import Audit, Catalogue
from server.ports.orders import Orders
from server.ports.outbox import Outbox
from tests.contract.catalogue.conftest import DEFAULTS
from tests.contract.catalogue.world import World, small_world
from tests.contract.orders.world import NOW


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    """A hall of six seats, A1 to A4 and B1, B2, with the showtimes `s1` and `s2`."""
    return await small_world(engine, NOW + 3_600_000, "s1", "s2")


@pytest.fixture
def orders(engine: AsyncEngine, world: World) -> Orders:
    """Orders on PostgreSQL."""
    return PostgresOrders(engine)


@pytest.fixture
def outbox(engine: AsyncEngine) -> Outbox:
    """The outbox on PostgreSQL."""
    return PostgresOutbox(engine)


@pytest.fixture
def audit(engine: AsyncEngine) -> Audit:
    """The audit on PostgreSQL."""
    return PostgresAudit(engine)


@pytest.fixture
def catalogue(engine: AsyncEngine) -> Catalogue:
    """The catalogue on PostgreSQL."""
    return PostgresCatalogue(engine, DEFAULTS)
