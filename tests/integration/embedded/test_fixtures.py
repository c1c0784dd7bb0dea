"""The shared servers of the test suite."""

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


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
