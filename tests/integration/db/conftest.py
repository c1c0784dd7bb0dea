"""A hall in a fresh database, and one database for all tests that leave nothing behind."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_lone_engine
from server.embedded import EmbeddedPostgres
from tests.contract.catalogue.world import World, small_world

STARTS_AT = 1_800_000_000_000


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    """A cinema with a hall of six seats, and a showtime `s1`."""
    return await small_world(engine, STARTS_AT, "s1")


@pytest.fixture(scope="module")
def shared_world_url(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """A database with the same world, for tests whose every transaction is refused."""
    postgres.sql(f"CREATE DATABASE shared_world TEMPLATE {migrated_template}")
    url = postgres.url_of("shared_world")
    asyncio.run(_fill(url))
    yield url
    postgres.sql("DROP DATABASE shared_world WITH (FORCE)")


async def _fill(url: str) -> None:
    engine = create_lone_engine(url)
    await small_world(engine, STARTS_AT, "s1")
    await engine.dispose()
