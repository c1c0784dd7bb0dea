"""Transactions that write, and what is known of them when the database is lost on the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from protocol.codes import Outcome
from server.db.engine import connected, unavailable_if_gone
from server.domain.errors import UnavailableError

PASSING: Final = ("40001", "40P01")
"""SQLSTATEs of a transaction that lost against others, and may well succeed if it is run again."""

TRIES: Final = 5
"""How often a transaction that lost is run."""


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection whose transaction is committed when the block ends, and undone if it raises.

    What the block raises passes as it is. Raises `UnavailableError`: outcome unknown if a commit was sent and not
    answered, else none.
    """
    async with connected(engine) as connection:
        yield connection
        await _commit(connection)


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """As `transaction`, for a block that does nothing but ask the database: its losses are `UnavailableError` too."""
    with unavailable_if_gone():
        async with transaction(engine) as connection:
            yield connection


async def _commit(connection: AsyncConnection) -> None:
    try:
        with unavailable_if_gone():
            await connection.commit()
    except UnavailableError as error:
        if lost(error):
            raise
        raise UnavailableError(Outcome.UNKNOWN) from error.__cause__


def lost(error: UnavailableError) -> bool:
    """Whether the transaction was undone because of others that ran beside it."""
    return sqlstate(error.__cause__) in PASSING


def sqlstate(error: BaseException | None) -> str | None:
    """The SQLSTATE that the server gave, if it gave one."""
    origin = error.orig if isinstance(error, exc.DBAPIError) else error
    return getattr(origin, "sqlstate", None)


def constraint(error: exc.IntegrityError) -> str | None:
    """The name of the constraint or unique index that refused."""
    return getattr(error.orig.__cause__ if error.orig else None, "constraint_name", None)
