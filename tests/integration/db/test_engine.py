"""Connections: the pool waits, queries end, and a database that is gone is `unavailable`, never a crash."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import exc, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from protocol.codes import Outcome
from server.db.catalogue import PostgresCatalogue
from server.db.engine import create_engine, durability_findings, reading
from server.db.migrate import is_current, upgrade
from server.db.seed import seed
from server.domain.errors import UnavailableError
from server.domain.showtimes import Limits
from server.embedded import EmbeddedPostgres
from tests.contract.catalogue.world import World

LIMITS = Limits(max_seats=8, hold_ms=1, max_hold_ms=1)
NOWHERE = "postgresql://u:p@127.0.0.1:1/d"
"""Nothing listens there."""

SOON_MS = 1000
"""A time-out that is soon over, and longer than a connection takes on a busy machine."""

CALLS: dict[str, Callable[[PostgresCatalogue], Awaitable[object]]] = {
    "showtime": lambda catalogue: catalogue.showtime("s1"),
    "showtimes": lambda catalogue: catalogue.showtimes(
        cinema="hanoi", date=None, film=None, after=None, limit=1, now=0
    ),
    "layout": lambda catalogue: catalogue.layout(1),
    "seat_facts": lambda catalogue: catalogue.seat_facts("s1"),
    "next_ordinal": lambda catalogue: catalogue.next_ordinal(),
}


@asynccontextmanager
async def pool(url: str, *, connections: int = 1, timeout_ms: int = 5000) -> AsyncIterator[AsyncEngine]:
    """An engine that ends with the block."""
    engine = create_engine(url, connections=connections, timeout_ms=timeout_ms)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def everything_locked(engine: AsyncEngine) -> AsyncIterator[None]:
    """While the block lasts, no query on the catalogue is answered."""
    async with engine.begin() as connection:
        tables = "cinemas, layouts, showtimes"
        await connection.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
        await connection.execute(text("ALTER SEQUENCE epoch_ordinals CACHE 1"))
        yield


def changed(url: str, *, password: str | None = None, database: str | None = None) -> str:
    """The URL with another password or database."""
    return make_url(url).set(password=password, database=database).render_as_string(hide_password=False)


@pytest.mark.parametrize("call", CALLS)
async def test_nobody_listens(call: str) -> None:
    """Without a server every method is unavailable, with nothing changed and the cause attached."""
    async with pool(NOWHERE) as engine:
        with pytest.raises(UnavailableError) as caught:
            await CALLS[call](PostgresCatalogue(engine, LIMITS))
    assert caught.value.outcome is Outcome.NONE
    assert caught.value.retry_after_ms is not None
    assert isinstance(caught.value.__cause__, ConnectionError)


@pytest.mark.parametrize("call", CALLS)
async def test_a_query_that_is_not_answered(engine: AsyncEngine, world: World, database_url: str, call: str) -> None:
    """Every query is ended by the server after the time-out, and works again once the database answers."""
    async with pool(database_url, timeout_ms=SOON_MS) as impatient, pool(database_url) as patient:
        async with everything_locked(engine):
            with pytest.raises(UnavailableError) as caught:
                await CALLS[call](PostgresCatalogue(impatient, LIMITS))
            waiting = asyncio.ensure_future(CALLS[call](PostgresCatalogue(patient, LIMITS)))
        assert caught.value.outcome is Outcome.NONE
        assert "statement timeout" in str(caught.value.__cause__)
        await waiting
        await CALLS[call](PostgresCatalogue(impatient, LIMITS))


async def test_no_such_folder() -> None:
    """A socket that is not there is unavailable."""
    async with pool("postgresql://u@/d?host=/tmp/cinebook-no-such-folder") as engine:
        with pytest.raises(UnavailableError):
            await is_current(engine)


@pytest.mark.parametrize("part", [{"password": "wrong"}, {"database": "no_such_database"}])
async def test_a_database_that_does_not_let_us_in(database_url: str, part: dict[str, str]) -> None:
    """A wrong password or database name is unavailable, since a person may mend it while the server runs."""
    async with pool(changed(database_url, **part)) as engine:
        with pytest.raises(UnavailableError):
            await durability_findings(engine)


@pytest.mark.parametrize("run", [upgrade, lambda url: seed(url, 0)], ids=["upgrade", "seed"])
def test_migrating_and_seeding_without_a_server(run: Callable[[str], object]) -> None:
    """Migrating and seeding say the same of a database that is gone."""
    with pytest.raises(UnavailableError):
        run(NOWHERE)


async def test_the_pool_waits(database_url: str) -> None:
    """With one connection, thirty callers at once all get their turn on it."""
    async with pool(database_url) as engine:

        async def backend() -> int:
            async with reading(engine) as connection:
                pid: int = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                return pid

        assert len(set(await asyncio.gather(*(backend() for _ in range(30))))) == 1


async def test_the_wait_is_bounded(database_url: str) -> None:
    """Who gets no connection in time is told so, and the pool is as good as before."""
    async with pool(database_url, timeout_ms=SOON_MS) as engine:
        async with engine.connect():
            with pytest.raises(UnavailableError) as caught:
                await is_current(engine)
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert await is_current(engine)


async def test_connections_that_died_are_replaced(engine: AsyncEngine, world: World, database_url: str) -> None:
    """After the server has ended all sessions, the very next call succeeds."""
    async with pool(database_url, connections=3) as victim:
        catalogue = PostgresCatalogue(victim, LIMITS)
        await asyncio.gather(*(catalogue.seat_facts("s1") for _ in range(9)))
        await end_other_sessions(engine)
        assert (await catalogue.seat_facts("s1")).showtime == "s1"


async def test_a_session_that_ends_during_a_query(engine: AsyncEngine, world: World, database_url: str) -> None:
    """A query whose session the server ends is unavailable."""
    async with pool(database_url) as victim, everything_locked(engine):
        waiting = asyncio.ensure_future(PostgresCatalogue(victim, LIMITS).seat_facts("s1"))
        async with asyncio.timeout(30):
            while not await end_other_sessions(engine):
                await asyncio.sleep(0.01)
        with pytest.raises(UnavailableError):
            await waiting


async def end_other_sessions(engine: AsyncEngine) -> int:
    """End the sessions of other engines on this database that wait for something to do, or for a lock."""
    query = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
        " AND (wait_event_type = 'Lock' OR query NOT LIKE 'LOCK%' AND state = 'idle') AND pid <> pg_backend_pid()"
    )
    async with engine.connect() as connection:
        ended: int = (await connection.execute(query)).scalar_one()
        return ended


async def test_mistakes_of_ours_are_not_called_unavailable(engine: AsyncEngine) -> None:
    """A query that is wrong is an error of its own, however often it is tried; and its values are not told."""
    with pytest.raises(exc.DBAPIError) as caught:
        async with reading(engine) as connection:
            await connection.execute(text("SELECT CAST(:secret AS text) FROM no_such_table"), {"secret": "hush"})
    assert "hush" not in str(caught.value)


async def test_reading_does_not_write(engine: AsyncEngine, world: World) -> None:
    """A transaction for reading refuses to write."""
    with pytest.raises(exc.DBAPIError, match="read-only"):
        async with reading(engine) as connection:
            await connection.execute(text("DELETE FROM blocks"))


async def test_durability_findings(postgres: EmbeddedPostgres, database_url: str) -> None:
    """Settings that forget acknowledged data are each named; the others are not."""
    async with pool(database_url) as engine:
        findings = await durability_findings(engine)
    assert ["fsync" in finding for finding in findings] == [True, False]
    assert "full_page_writes" in findings[1]
    name = make_url(database_url).database
    postgres.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    async with pool(database_url) as engine:
        assert any("synchronous_commit=off" in finding for finding in await durability_findings(engine))
