"""Commits that nobody answered: their outcome is unknown, and whoever looks again finds all or nothing."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from protocol.codes import Outcome
from server.db.engine import create_engine
from server.db.orders import PostgresOrders
from server.db.outbox import PostgresOutbox
from server.db.placing import place
from server.domain.errors import OrderNotFoundError, UnavailableError
from server.domain.holds import Once
from server.domain.orders import Effect, EffectKind, OrderState
from server.domain.settlement import cancel
from tests.contract.catalogue.world import World
from tests.contract.orders.world import KEPT, NOW, make, new_order
from tests.faults.db.books import count_seats
from tests.faults.db.cutter import Cut, Cutter
from tests.faults.db.relay import standing_before

SEATS = Effect(kind=EffectKind.SEATS)
ONCE = Once(key="k", body_hash="h")

DIE_AT_COMMIT = (
    """
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER die AFTER INSERT OR UPDATE ON orders
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()
    """,
)


@pytest.fixture
async def cut(database_url: str, world: World) -> AsyncIterator[tuple[Cutter, PostgresOrders]]:
    """Orders whose connections can be cut."""
    with tempfile.TemporaryDirectory(prefix="cinebook-cut-", dir="/tmp") as folder:
        async with standing_before(database_url, Path(folder), Cutter) as (made, url):
            engine = create_engine(url, connections=2, timeout_ms=5000)
            yield made, PostgresOrders(engine)
            await engine.dispose()


@pytest.mark.parametrize(("when", "there"), [("before", False), ("after", True)])
async def test_a_placing_that_was_cut_off(
    cut: tuple[Cutter, PostgresOrders], orders: PostgresOrders, engine: AsyncEngine, when: Cut, there: bool
) -> None:
    """The outcome of a placing that lost its connection at the commit is unknown; a second look tells."""
    made, through = cut
    made.cut = when
    with pytest.raises(UnavailableError) as caught:
        await through.place(new_order("o1"), (SEATS,), once=ONCE, kept=KEPT)
    assert caught.value.outcome is Outcome.UNKNOWN
    if there:
        assert await orders.order("o1") == new_order("o1")
        assert await orders.kept("alice", ONCE, now=NOW) == KEPT
    else:
        with pytest.raises(OrderNotFoundError):
            await orders.order("o1")
        assert await orders.kept("alice", ONCE, now=NOW) is None
    assert await PostgresOutbox(engine).waiting() == int(there)
    assert await count_seats(engine) == int(there)


@pytest.mark.parametrize(("when", "state"), [("before", OrderState.OPEN), ("after", OrderState.CANCELLED)])
async def test_a_change_that_was_cut_off(
    cut: tuple[Cutter, PostgresOrders], orders: PostgresOrders, when: Cut, state: OrderState
) -> None:
    """The same of a change; making it again does no harm, whatever became of the first."""
    await orders.place(new_order("o1"))
    made, through = cut
    made.cut = when
    with pytest.raises(UnavailableError) as caught:
        await make(through, "o1", cancel)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert (await orders.order("o1")).state is state
    await make(through, "o1", cancel)
    after = await orders.order("o1")
    assert (after.state, after.row_version) == (OrderState.CANCELLED, 2)


async def test_a_backend_that_dies_at_the_commit(orders: PostgresOrders, engine: AsyncEngine) -> None:
    """A session that the server ends within the commit leaves an unknown outcome, and nothing behind."""
    async with engine.begin() as connection:
        for statement in DIE_AT_COMMIT:
            await connection.execute(text(statement))
    with pytest.raises(UnavailableError) as caught:
        await orders.place(new_order("o1"), once=ONCE)
    assert caught.value.outcome is Outcome.UNKNOWN
    with pytest.raises(OrderNotFoundError):
        await orders.order("o1")
    assert await orders.kept("alice", ONCE, now=NOW) is None


async def test_a_backend_that_dies_before_the_commit(orders: PostgresOrders, engine: AsyncEngine) -> None:
    """A session that ends before a commit was sent changed nothing, and that is known."""
    await orders.place(new_order("o1"))

    async def end_the_others() -> None:
        ended = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with engine.connect() as connection:
            await connection.execute(ended)

    async def cancel_late() -> None:
        async with orders.change("o1") as change:
            change.order = cancel(change.order).order
            await end_the_others()

    with pytest.raises(UnavailableError) as caught:
        await cancel_late()
    assert caught.value.outcome is Outcome.NONE
    assert (await orders.order("o1")).state is OrderState.OPEN


async def test_a_deadlock_is_tried_again(orders: PostgresOrders, engine: AsyncEngine) -> None:
    """A placing that the server chose to end a deadlock is run again, and succeeds once the other is gone."""
    async with engine.connect() as other:
        await other.execute(text("SET LOCAL deadlock_timeout = '1min'"))
        await place(other, new_order("x1", "A2", holder="eve"), ())
        placing = asyncio.ensure_future(orders.place(new_order("o1", "A1", "A2")))
        await _until_waiting(engine, 1)
        await place(other, new_order("x2", "A1", holder="eve"), ())
        await other.rollback()
    await placing
    assert (await orders.order("o1")).live_seats() == ("A1", "A2")


async def _until_waiting(engine: AsyncEngine, count: int) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(30), engine.connect() as connection:
        while (await connection.execute(waiting)).scalar_one() < count:
            await connection.rollback()
            await asyncio.sleep(0.01)
