"""One seeded database for all of these tests, which only read it; a fresh key prefix for each."""

import time
from collections.abc import AsyncIterator

import pytest

from server.db.seed import seed
from server.embedded import EmbeddedPostgres
from tests.integration.rest.place import Place, open_place


@pytest.fixture(scope="session")
def seeded_url(postgres: EmbeddedPostgres, migrated_template: str) -> str:
    """A database with the demo data."""
    postgres.sql(f"CREATE DATABASE seeded_for_rest TEMPLATE {migrated_template}")
    url = postgres.url_of("seeded_for_rest")
    seed(url, time.time_ns() // 1_000_000)
    return url


@pytest.fixture
async def place(redis_url: str, key_prefix: str, seeded_url: str) -> AsyncIterator[Place]:
    """An application over the demo data and a store without any seats yet."""
    async with open_place(redis_url, key_prefix, seeded_url) as opened:
        yield opened
