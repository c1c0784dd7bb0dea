"""Connections to PostgreSQL: a bounded pool that waits, a time limit on every query, one meaning for its failures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy import event, exc, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, QueuePool

from protocol.codes import Outcome
from server.domain.errors import UnavailableError

Database = AsyncEngine
"""What the adapters of this package are built on."""

UNAVAILABLE_STATES: Final = ("08", "28", "3D", "40", "53", "55P03", "57", "58", "25P03", "25P04")
"""Beginnings of the SQLSTATEs that say that the database cannot serve now, whatever it was asked."""

_DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_SILENCE: Final = (OSError, asyncio.CancelledError)
"""What a wait on a connection ends with while its answer may still come; a `TimeoutError` is an `OSError`."""

log = structlog.get_logger(__name__)


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
    seconds = timeout_ms / 1000
    connect = _connector(
        plain_url(url),
        timeout=seconds,
        command_timeout=seconds + 1,
        statement_timeout=str(timeout_ms),
        idle_in_transaction_session_timeout=str(timeout_ms * 2),
    )
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=_telling(connect),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=seconds,
        # Errors are logged, and what people typed is not.
        hide_parameters=True,
        # A connection that died with its server is replaced before it is used, not by failing a request.
        pool_pre_ping=True,
    )
    event.listen(engine.sync_engine, "handle_error", _give_up_silent)
    event.listen(engine.sync_engine, "invalidate", _drop_silent)
    return engine


def create_lone_engine(url: str) -> AsyncEngine:
    """An engine without a pool and without limits on the time of queries, for migrations and seeding."""
    connect = _connector(plain_url(url), timeout=10)
    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


def _connector(
    dsn: str, *, timeout: float, command_timeout: float | None = None, **settings: str
) -> Callable[[], Awaitable[asyncpg.Connection]]:
    """Makes connections, or raises `OSError` whatever it is that fails: the way there is wrong, and no query."""
    settings |= {"application_name": "cinebook", "timezone": "UTC"}

    async def connect() -> asyncpg.Connection:
        try:
            return await asyncpg.connect(
                dsn, timeout=timeout, command_timeout=command_timeout, server_settings=settings
            )
        except (ValueError, *_DRIVER_ERRORS) as error:
            raise ConnectionError(str(error)) from error

    return connect


def _telling(connect: Callable[[], Awaitable[asyncpg.Connection]]) -> Callable[[], Awaitable[asyncpg.Connection]]:
    """Logs that no connection can be made, and that they can again; not each attempt in between."""
    reachable = True

    async def connect_and_tell() -> asyncpg.Connection:
        nonlocal reachable
        try:
            made = await connect()
        except OSError as error:
            if reachable:
                log.warning("no connection to the database", error=str(error), kind=type(error).__name__)
            reachable = False
            raise
        if not reachable:
            log.info("connected to the database again")
        reachable = True
        return made

    return connect_and_tell


def _give_up_silent(context: ExceptionContext) -> None:
    """A connection on which an answer is still to come is of use to nobody: it must not go back to the pool."""
    if isinstance(context.original_exception, _SILENCE):
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def _drop_silent(connection: DBAPIConnection, _record: object, error: BaseException | None) -> None:
    """To take leave of a server that does not answer would be to wait for it once more."""
    if isinstance(error, _SILENCE):
        driver: Any = connection
        driver.driver_connection.terminate()


@contextmanager
def unavailable_if_gone() -> Iterator[None]:
    """Raise `UnavailableError`, outcome none, `from` an error that says that the database cannot serve now.

    Any other error is a mistake of ours and passes as it is.
    """
    try:
        yield
    except Exception as error:
        if not says_gone(error):
            raise
        raise UnavailableError(Outcome.NONE) from error


def says_gone(error: BaseException) -> bool:
    """Whether an error says that the database cannot serve now, whatever it was asked; the one place that knows."""
    match error:
        case OSError() | exc.TimeoutError():
            return True
        case exc.DBAPIError():
            state = getattr(error.orig, "sqlstate", None)
            return error.connection_invalidated or (isinstance(state, str) and state.startswith(UNAVAILABLE_STATES))
        case _:
            # What the driver itself raises comes from a connection that was being set up; that of queries is wrapped.
            return isinstance(error, _DRIVER_ERRORS)


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection, had within the engine's time-out or not at all: whether one is waited for, found dead, or made.

    What is open on it at the end is undone. Raises `UnavailableError` for what itself does.
    """
    pool = engine.pool
    with unavailable_if_gone():
        async with asyncio.timeout(pool.timeout() if isinstance(pool, QueuePool) else None):
            connection = await engine.connect()
    try:
        yield connection
    finally:
        with unavailable_if_gone():
            # Whoever gives up waiting leaves no connection behind that nobody closes.
            await asyncio.shield(asyncio.create_task(connection.close()))


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in one read-only transaction that sees one state of the database, however many queries it takes."""
    with unavailable_if_gone():
        async with connected(engine) as connection:
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
