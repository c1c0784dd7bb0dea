"""A hall in a fresh database, and one database for all tests that leave nothing behind."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_lone_engine
from server.embedded import EmbeddedPostgres
from tests.contract.catalogue.world import World


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    """A cinema with a hall of six seats, and a showtime `s1`."""
    return await _world(engine)


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
    await _world(engine)
    await engine.dispose()


async def _world(engine: AsyncEngine) -> World:
    world = World(engine)
    await world.cinema("hanoi", "Asia/Ho_Chi_Minh")
    await world.film("film-a")
    await world.showtime("s1", 1_800_000_000_000)
    return world
