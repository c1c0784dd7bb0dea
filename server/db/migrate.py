"""Brings the database's tables to the state that this release of the server expects.

The migrations are package data, run from code: there is no `alembic.ini`.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_lone_engine, reading, unavailable_if_gone

LOCK: Final = 0x43696E65
"""The advisory lock that lets one process migrate at a time."""


def upgrade(url: str) -> None:
    """Bring the database to the newest revision: all of the missing migrations, or none.

    Blocks, so a caller with an event loop runs it in a thread. Processes that do so at once go one after the other,
    and the later ones find nothing to do. Raises `UnavailableError`.
    """
    _run(url, lambda config: command.upgrade(config, "head"))


def downgrade(url: str, revision: str = "base") -> None:
    """Take the database back to `revision`, and with it all data that only newer tables hold; as `upgrade`."""
    _run(url, lambda config: command.downgrade(config, revision))


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database is at the revision that this release expects. Raises `UnavailableError`."""

    def read(connection: Connection) -> tuple[str, ...]:
        return MigrationContext.configure(connection).get_current_heads()

    async with reading(engine) as connection:
        return set(await connection.run_sync(read)) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "server.db:migrations")
    return config


def _run(url: str, act: Callable[[Config], object]) -> None:
    def migrate(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        config = _config()
        config.attributes["connection"] = connection
        act(config)

    async def run() -> None:
        engine = create_lone_engine(url)
        try:
            with unavailable_if_gone():
                async with engine.begin() as connection:
                    await connection.run_sync(migrate)
        finally:
            await engine.dispose()

    asyncio.run(run())
