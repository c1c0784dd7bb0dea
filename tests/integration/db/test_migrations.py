"""Migrations: they build what the tables say, all or nothing, whoever else runs them."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, exc, text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_engine
from server.db.migrate import LOCK, downgrade, is_current, upgrade
from server.db.tables import metadata

SHAPE = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 't'
    UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT table_name, column_name, concat_ws(' ', data_type, datetime_precision, is_nullable,
            column_default, is_identity, identity_generation)
        FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT sequencename, data_type::text, concat_ws(' ', start_value, increment_by, cycle, cache_size)
        FROM pg_sequences WHERE schemaname = 'public'
    ORDER BY 1, 2, 3
"""
"""Every constraint, index, column and sequence, as PostgreSQL itself writes them."""

REMAINS = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic_version%'
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to a database with nothing in it."""
    engine = create_engine(empty_database_url, connections=2, timeout_ms=5000)
    yield engine
    await engine.dispose()


async def rows(engine: AsyncEngine, query: str) -> list[tuple[object, ...]]:
    """What the query returns, without what belongs to Alembic."""
    async with engine.connect() as connection:
        found = [tuple(row) for row in await connection.execute(text(query))]
    return [row for row in found if not str(row[0]).startswith("alembic_version")]


async def test_migrations_build_the_tables(engine: AsyncEngine, empty: AsyncEngine) -> None:
    """A migrated database has, to the letter, the constraints, indexes, columns and sequences of the tables."""
    async with empty.begin() as connection:
        await connection.run_sync(metadata.create_all)
    built, declared = await rows(engine, SHAPE), await rows(empty, SHAPE)
    assert built == declared
    assert len(built) > 100


async def test_alembic_sees_no_difference(engine: AsyncEngine) -> None:
    """Alembic's own comparison finds nothing to migrate."""

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_down_and_up_again(database_url: str, engine: AsyncEngine) -> None:
    """Going down leaves no table, sequence or function; going up again builds the same."""
    before = await rows(engine, SHAPE)
    await asyncio.to_thread(downgrade, database_url)
    assert await rows(engine, REMAINS) == []
    assert not await is_current(engine)
    await asyncio.to_thread(upgrade, database_url)
    assert await rows(engine, SHAPE) == before
    assert await is_current(engine)


async def test_upgrading_twice_changes_nothing(database_url: str, engine: AsyncEngine) -> None:
    """A database that is current stays as it is."""
    before = await rows(engine, SHAPE)
    await asyncio.to_thread(upgrade, database_url)
    assert await rows(engine, SHAPE) == before


async def test_is_current(engine: AsyncEngine, empty: AsyncEngine) -> None:
    """Neither an empty database nor one at another revision is current."""
    assert await is_current(engine)
    assert not await is_current(empty)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    assert not await is_current(engine)


async def test_all_or_nothing(empty_database_url: str, empty: AsyncEngine) -> None:
    """A migration that fails half-way leaves nothing of itself behind."""
    async with empty.begin() as connection:
        await connection.execute(text("CREATE TABLE blocks ()"))
    with pytest.raises(exc.ProgrammingError, match="blocks"):
        await asyncio.to_thread(upgrade, empty_database_url)
    assert await rows(empty, REMAINS) == [("blocks",)]
    assert not await is_current(empty)


async def test_processes_that_migrate_at_once(empty_database_url: str, empty: AsyncEngine) -> None:
    """Three processes that begin together all succeed: one migrates, the others wait and find nothing to do."""
    program = "import sys; from server.db.migrate import upgrade; upgrade(sys.argv[1])"
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = :key")
    async with empty.connect() as watcher:
        await watcher.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        processes = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty_database_url) for _ in range(3)
        ]
        try:
            async with asyncio.timeout(120):
                while (await watcher.execute(waiting, {"key": LOCK})).scalar_one() < 3:
                    await asyncio.sleep(0.02)
        finally:
            await watcher.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
            codes = [await process.wait() for process in processes]
    assert codes == [0, 0, 0]
    assert await is_current(empty)
