"""Connections to PostgreSQL: a bounded pool that waits, a time limit on every query, one meaning for its failures."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import asyncpg
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from protocol.codes import Outcome
from server.domain.errors import UnavailableError

Database = AsyncEngine
"""What the adapters of this package are built on."""

UNAVAILABLE_STATES: Final = ("08", "28", "3D", "40", "53", "55P03", "57", "58", "25P03", "25P04")
"""Beginnings of the SQLSTATEs that say that the database cannot serve now, whatever it was asked."""


def plain_url(url: str) -> str:
    """`url` as libpq and asyncpg read it: a scheme that names SQLAlchemy's driver loses it.

    Unix sockets are named as libpq names them: `postgresql://user@/name?host=/folder&port=5432`.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError("a database URL begins with postgresql://")
    return f"postgresql://{rest}"


def create_engine(url: str, *, connections: int, timeout_ms: int) -> AsyncEngine:
    """An engine whose pool has at most `connections`, and whose callers wait at most `timeout_ms` for one of them.

    A query is given up by the server after `timeout_ms`, and by the client a second later should the server not say
    so. Nothing connects before the first use. Raises ValueError for a URL that is none of PostgreSQL.
    """
    dsn = plain_url(url)
    seconds = timeout_ms / 1000

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(
            dsn,
            timeout=seconds,
            command_timeout=seconds + 1,
            server_settings={
                "application_name": "cinebook",
                "statement_timeout": str(timeout_ms),
                "idle_in_transaction_session_timeout": str(timeout_ms * 2),
                "timezone": "UTC",
            },
        )

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=seconds,
        # Errors are logged, and what people typed is not.
        hide_parameters=True,
        # A connection that died with its server is replaced before it is used, not by failing a request.
        pool_pre_ping=True,
    )


def create_lone_engine(url: str) -> AsyncEngine:
    """An engine without a pool and without limits on the time of queries, for migrations and seeding."""
    dsn = plain_url(url)

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(
            dsn, timeout=10, server_settings={"application_name": "cinebook", "timezone": "UTC"}
        )

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


@contextmanager
def unavailable_if_gone() -> Iterator[None]:
    """Raise `UnavailableError`, outcome none, `from` an error that says that the database cannot serve now.

    Any other error is a mistake of ours and passes as it is.
    """
    try:
        yield
    except (OSError, TimeoutError, exc.TimeoutError) as error:
        raise UnavailableError(Outcome.NONE) from error
    except asyncpg.PostgresError as error:
        # From the handshake, which SQLAlchemy passes on as it is.
        if not _says_unavailable(error):
            raise
        raise UnavailableError(Outcome.NONE) from error
    except exc.DBAPIError as error:
        if not (error.connection_invalidated or _says_unavailable(error.orig)):
            raise
        raise UnavailableError(Outcome.NONE) from error


def _says_unavailable(error: BaseException | None) -> bool:
    if isinstance(error, OSError | TimeoutError | asyncio.TimeoutError):
        return True
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and state.startswith(UNAVAILABLE_STATES)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in one read-only transaction that sees one state of the database, however many queries it takes."""
    with unavailable_if_gone():
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection


async def durability_findings(engine: AsyncEngine) -> list[str]:
    """What makes the database forget what it has acknowledged, a sentence each; empty if nothing does.

    Raises `UnavailableError`.
    """
    findings = []
    async with reading(engine) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            value = (await connection.execute(text("SELECT current_setting(:name)"), {"name": setting})).scalar_one()
            if value == "off":
                findings.append(f"PostgreSQL runs with {setting}=off: a crash may lose what was confirmed")
    return findings
