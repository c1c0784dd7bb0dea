"""One seeded database for all worlds, which leave no order in it to each other."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_engine
from server.embedded import EmbeddedPostgres


@pytest.fixture(scope="module")
def shared_database_url(postgres: EmbeddedPostgres, seeded_template: str) -> Iterator[str]:
    """A database with the demo data for a module's tests; whoever uses it wipes it first."""
    name = f"test_{secrets.token_hex(6)}"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE {seeded_template}")
    yield postgres.url_of(name)
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def engine(shared_database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to it."""
    opened = create_engine(shared_database_url, connections=8, timeout_ms=10_000)
    yield opened
    await opened.dispose()
