"""The shared servers of the test suite."""

from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from server.embedded import EmbeddedPostgres
from tests.servers import discard


async def test_the_shared_valkey_answers(redis_url: str, key_prefix: str) -> None:
    """The fixture's URL is one that redis-py connects to."""
    client = Redis.from_url(redis_url)
    assert await client.incr(f"{key_prefix}:n") == 1
    await client.aclose()


async def test_an_empty_database_is_empty(empty_database_url: str) -> None:
    """The fixture's URL is one that SQLAlchemy connects to, and nothing is there."""
    engine = create_async_engine(empty_database_url)
    async with engine.connect() as connection:
        tables = await connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
    await engine.dispose()
    assert tables == 0


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_migrated_database_of_its_own(database_url: str, turn: int) -> None:
    """The fixture's database has the server's tables, and nothing that another test wrote."""
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        tables = set(await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
        await connection.execute(text("CREATE TABLE written_by_a_test ()"))
    await engine.dispose()
    assert "alembic_version" in tables
    assert "written_by_a_test" not in tables


def test_what_is_kept_elsewhere_is_discarded_too(folder: Path) -> None:
    """A test that ran servers on a DATA_DIR leaves nothing behind, wherever they kept their data."""
    with EmbeddedPostgres(folder / "data", durable=False, state_dir=folder / "state"):
        pass
    discard(folder / "data")
    assert not (folder / "data").exists()
    assert not list((folder / "state").glob("*/data"))
