"""A database that is gone or silent: every method about orders says so, and works again when it is back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from protocol.codes import Outcome
from server.db.engine import create_engine
from server.db.monitoring import PostgresMonitoring
from server.db.order_search import PostgresOrderSearch
from server.db.orders import PostgresOrders
from server.db.outbox import PostgresOutbox
from server.db.push import PostgresPushSubscriptions
from server.db.seat_ledger import PostgresSeatLedger
from server.db.traffic import PostgresTraffic
from server.domain.errors import UnavailableError
from server.domain.holds import Once
from server.domain.ledger import SeatEvent
from server.domain.orders import Effect, EffectKind
from server.domain.staff import SYSTEM, AuditEntry
from server.ports.order_search import OrderQuery
from server.ports.outbox import Job
from server.ports.push import PushSubscription
from tests.contract.catalogue.world import World
from tests.contract.orders.world import KEPT, NOW, message, new_order
from tests.contract.traffic.world import call as gateway_call

ONCE = Once(key="k", body_hash="h")
JOB = Job(id=1, key="k", order="o1", effect=Effect(kind=EffectKind.SEATS), attempt=1, created_at=0)
RETRY = AuditEntry(actor=SYSTEM, action="outbox.retry", subject="job:1")
PUSH = PushSubscription(endpoint="https://push.example/1", p256dh="k", auth="a", locale="vi")
EVENT = SeatEvent(
    showtime="s1", epoch="e", version=1, seat=0, event="granted", holder_hash=None, order=None, reason=None, at=0
)


async def change(engine: AsyncEngine) -> None:
    """A change of nothing, with an answer to keep."""
    async with PostgresOrders(engine).change("o1") as change:
        change.answer("alice", Once(key="other", body_hash="h"), KEPT)


CALLS: dict[str, Callable[[AsyncEngine], Awaitable[object]]] = {
    "place": lambda engine: PostgresOrders(engine).place(new_order("o9", "B2", at=NOW - 1), once=ONCE),
    "change": change,
    "order": lambda engine: PostgresOrders(engine).order("o1"),
    "of_reference": lambda engine: PostgresOrders(engine).of_reference("sandbox", "r"),
    "kept": lambda engine: PostgresOrders(engine).kept("bob", ONCE, now=NOW),
    "forget": lambda engine: PostgresOrders(engine).forget(now=NOW),
    "record": lambda engine: PostgresOrders(engine).record(message()),
    "record_unverified": lambda engine: PostgresOrders(engine).record_unverified(message(), most=1, since=0),
    "overdue": lambda engine: PostgresOrders(engine).overdue(now=NOW),
    "to_ask": lambda engine: PostgresOrders(engine).to_ask(now=NOW),
    "unsettled_refunds": lambda engine: PostgresOrders(engine).unsettled_refunds(now=NOW, lease_ms=1),
    "claim": lambda engine: PostgresOutbox(engine).claim(now=NOW, lease_ms=1),
    "done": lambda engine: PostgresOutbox(engine).done(JOB),
    "failed": lambda engine: PostgresOutbox(engine).failed(JOB, "e", again_at=None),
    "dead": lambda engine: PostgresOutbox(engine).dead(),
    "revive": lambda engine: PostgresOutbox(engine).revive(1, now=NOW, audit=RETRY),
    "waiting": lambda engine: PostgresOutbox(engine).waiting(),
    "append": lambda engine: PostgresSeatLedger(engine).append([EVENT]),
    "of_seat": lambda engine: PostgresSeatLedger(engine).of_seat("s1", 0, at=NOW),
    "add": lambda engine: PostgresPushSubscriptions(engine).add("alice", PUSH),
    "remove": lambda engine: PostgresPushSubscriptions(engine).remove("x"),
    "of_holder": lambda engine: PostgresPushSubscriptions(engine).of_holder("alice"),
    "append_calls": lambda engine: PostgresTraffic(engine).append([gateway_call()]),
    "of_order": lambda engine: PostgresTraffic(engine).of_order("o1", after=None, limit=1),
    "sweep": lambda engine: PostgresTraffic(engine).sweep(before=0),
    "figures": lambda engine: PostgresMonitoring(engine).figures(since=0, now=NOW),
    "search": lambda engine: PostgresOrderSearch(engine).search(OrderQuery(), after=None, limit=1),
}

TABLES = (
    "orders, order_seats, payments, refunds, payment_events, gateway_calls, outbox, idempotency_keys, seat_ledger, "
    "push_subscriptions"
)


@asynccontextmanager
async def pool(url: str, *, timeout_ms: int = 5000) -> AsyncIterator[AsyncEngine]:
    """A connection that ends with the block."""
    engine = create_engine(url, connections=1, timeout_ms=timeout_ms)
    try:
        yield engine
    finally:
        await engine.dispose()


@pytest.mark.parametrize("call", CALLS)
async def test_nobody_listens(call: str) -> None:
    """Without a server every method is unavailable, and nothing changed."""
    async with pool("postgresql://u:p@127.0.0.1:1/d") as engine:
        with pytest.raises(UnavailableError) as caught:
            await CALLS[call](engine)
    assert caught.value.outcome is Outcome.NONE


async def test_nothing_is_answered(engine: AsyncEngine, world: World, database_url: str) -> None:
    """Every statement is given up after the time-out with nothing changed; once the lock is gone, all work."""
    await PostgresOrders(engine).place(new_order("o1"))
    async with pool(database_url, timeout_ms=100) as impatient:
        async with engine.begin() as connection:
            await connection.execute(text(f"LOCK TABLE {TABLES} IN ACCESS EXCLUSIVE MODE"))
            for name, call in CALLS.items():
                with pytest.raises(UnavailableError) as caught:
                    await asyncio.wait_for(call(impatient), 30)
                assert caught.value.outcome is Outcome.NONE, name
        for call in CALLS.values():
            await call(engine)
