"""A database that accepts connections and answers nothing costs who asks one time-out, and leaves nothing behind."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from protocol.codes import Outcome
from server.db.catalogue import PostgresCatalogue
from server.db.engine import create_engine, reading
from server.db.migrate import is_current
from server.db.writing import transaction, writing
from server.domain.errors import UnavailableError
from server.domain.showtimes import Limits
from tests.contract.catalogue.world import World
from tests.faults.db.freezer import Freezer
from tests.faults.db.relay import standing_before

TIMEOUT_MS = 1000
ONE_WAIT_S = 1.8
"""Less than two time-outs."""

ONE_QUERY_S = 2.9
"""More than one time-out and the second that the server has to end a query by itself; less than that and another."""

CONNECTIONS = 3
OPENED: dict[str, Callable[[AsyncEngine], AbstractAsyncContextManager[AsyncConnection]]] = {
    "reading": reading,
    "writing": writing,
}
LIMITS = Limits(max_seats=8, hold_ms=1, max_hold_ms=1)


@pytest.fixture
async def way(database_url: str) -> AsyncIterator[tuple[Freezer, AsyncEngine]]:
    """A pool whose way to the database can be frozen."""
    with tempfile.TemporaryDirectory(prefix="cinebook-freeze-", dir="/tmp") as folder:
        async with standing_before(database_url, Path(folder), Freezer) as (made, url):
            engine = create_engine(url, connections=CONNECTIONS, timeout_ms=TIMEOUT_MS)
            yield made, engine
            made.thaw()
            await engine.dispose()


async def fill(engine: AsyncEngine) -> None:
    """Have the pool hold all the connections that it may."""

    async def one(barrier: asyncio.Barrier) -> None:
        async with reading(engine) as connection:
            await connection.execute(text("SELECT 1"))
            await barrier.wait()

    barrier = asyncio.Barrier(CONNECTIONS)
    await asyncio.gather(*(one(barrier) for _ in range(CONNECTIONS)))


@pytest.mark.parametrize("pooled", [True, False], ids=["kept connections", "none yet"])
async def test_whoever_asks_waits_once(way: tuple[Freezer, AsyncEngine], pooled: bool) -> None:
    """The first and the last of many more than there are connections; once it answers again, so do all."""
    made, engine = way
    if pooled:
        await fill(engine)
    made.freeze()
    async with asyncio.timeout(ONE_WAIT_S):
        answers = await asyncio.gather(*(is_current(engine) for _ in range(4 * CONNECTIONS)), return_exceptions=True)
    for answer in answers:
        assert isinstance(answer, UnavailableError)
        assert answer.outcome is Outcome.NONE
    made.thaw()
    assert await asyncio.gather(*(is_current(engine) for _ in range(4 * CONNECTIONS))) == [True] * 4 * CONNECTIONS


async def test_one_after_the_other_waits_once(way: tuple[Freezer, AsyncEngine]) -> None:
    """Who comes while others wait already is not told to wait for them and then for itself."""
    made, engine = way
    await fill(engine)
    made.freeze()

    async def ask() -> None:
        async with asyncio.timeout(ONE_WAIT_S):
            with pytest.raises(UnavailableError):
                await is_current(engine)

    asking = []
    for _ in range(2 * CONNECTIONS):
        asking.append(asyncio.create_task(ask()))
        await asyncio.wait(asking, timeout=TIMEOUT_MS / 1000 / CONNECTIONS)
    await asyncio.gather(*asking)


async def test_keys_that_gathered_behind_a_failed_read_wait_once(
    way: tuple[Freezer, AsyncEngine], world: World
) -> None:
    """What failed the read before theirs is their answer too."""
    made, engine = way
    catalogue = PostgresCatalogue(engine, LIMITS)
    await fill(engine)
    made.freeze()
    async with asyncio.timeout(ONE_WAIT_S):
        first = asyncio.create_task(catalogue.showtime("s1"))
        await asyncio.wait({first}, timeout=0.1)
        answers = await asyncio.gather(first, *(catalogue.showtime(f"s{n}") for n in range(5)), return_exceptions=True)
    assert all(isinstance(answer, UnavailableError) for answer in answers)
    made.thaw()
    assert (await catalogue.showtime("s1")).id == "s1"


@pytest.mark.parametrize("kind", OPENED)
async def test_a_silence_within_a_transaction(way: tuple[Freezer, AsyncEngine], kind: str) -> None:
    """It is given up after the one query that nobody answered, and its connection is used by nobody else."""
    made, engine = way

    async def block() -> None:
        async with OPENED[kind](engine) as connection:
            await connection.execute(text("SELECT 1"))
            made.freeze()
            await connection.execute(text("SELECT 2"))

    async with asyncio.timeout(ONE_QUERY_S):
        with pytest.raises(UnavailableError) as caught:
            await block()
    assert caught.value.outcome is Outcome.NONE
    made.thaw()
    await fill(engine)
    for _ in range(2 * CONNECTIONS):
        assert await is_current(engine)


async def test_a_silence_after_something_else_went_wrong(way: tuple[Freezer, AsyncEngine]) -> None:
    """Where even the undoing is not answered, that is what is said; no error of the driver comes through."""
    made, engine = way

    async def block() -> None:
        async with transaction(engine) as connection:
            await connection.execute(text("SELECT 1"))
            made.freeze()
            raise ValueError("of the block's own")

    with pytest.raises(UnavailableError) as caught:
        await block()
    assert isinstance(caught.value.__cause__, OSError)
    made.thaw()
    await fill(engine)


async def test_whoever_gives_up_waiting_leaves_no_connection_behind(way: tuple[Freezer, AsyncEngine]) -> None:
    """Cancelled in the middle of a query, at once; the pool is whole afterwards."""
    made, engine = way
    await fill(engine)
    made.freeze()
    asking = [asyncio.create_task(is_current(engine)) for _ in range(2 * CONNECTIONS)]
    await asyncio.wait(asking, timeout=0.1)
    for task in asking:
        task.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait(asking)
    made.thaw()
    assert all(await asyncio.gather(*(is_current(engine) for _ in range(2 * CONNECTIONS))))


async def test_a_server_that_dies_under_many(way: tuple[Freezer, AsyncEngine]) -> None:
    """Whenever its connections end, whoever is at it is told `unavailable` or answered, and never anything else."""
    made, engine = way
    over = False
    answers: list[BaseException | bool] = []

    async def ask() -> None:
        while not over:
            try:
                answers.append(await is_current(engine))
            except UnavailableError as error:
                answers.append(error)

    asking = [asyncio.create_task(ask()) for _ in range(2 * CONNECTIONS)]
    for _ in range(20):
        made.cut()
        enough = len(answers) + 5
        while len(answers) < enough:
            await asyncio.sleep(0.001)
    over = True
    await asyncio.gather(*asking)
    assert True in answers
