"""What the database itself refuses about orders and money, whoever writes to it."""

from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Executable, Table, delete, exc, insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import create_lone_engine
from server.db.instants import to_datetime
from server.db.tables import orders as tables
from server.db.tables.ledger import seat_ledger
from server.db.tables.push import push_subscriptions
from server.db.tables.traffic import gateway_calls
from tests.contract.catalogue.world import World

NOW = to_datetime(1_800_000_000_000)
LATER = to_datetime(1_800_000_600_000)

BASE: dict[Table, dict[str, Any]] = {
    tables.orders: {
        "id": "o1",
        "showtime": "s1",
        "holder": "alice",
        "email": "a@mail.example",
        "locale": "vi",
        "currency": "VND",
        "amount": 100,
        "created_at": NOW,
        "expires_at": LATER,
        "state": "paid",
        "paid_by": "p1",
        "row_version": 1,
    },
    tables.order_seats: {
        "order": "o1",
        "seat": "A1",
        "place": 0,
        "showtime": "s1",
        "zone": "front",
        "price": 100,
        "ordinal": 1,
        "fence": 1,
        "live": True,
    },
    tables.payments: {
        "order": "o1",
        "reference": "p1",
        "place": 0,
        "request_id": "1",
        "gateway": "sandbox",
        "amount": 100,
        "created_at": NOW,
        "expires_at": LATER,
        "state": "paid",
        "captured": 100,
        "asked": 0,
        "settled_at": LATER,
    },
    tables.refunds: {
        "reference": "r1",
        "order": "o1",
        "payment": "p1",
        "place": 0,
        "request_id": "1",
        "amount": 60,
        "reason": "",
        "by": "ann",
        "created_at": NOW,
        "seats": [],
        "state": "requested",
    },
    tables.payment_events: {
        "gateway": "sandbox",
        "kind": "ipn",
        "raw": b"a=1",
        "verified": True,
        "verdict": "recorded",
        "received_at": NOW,
        "last_at": NOW,
        "seen": 1,
    },
    gateway_calls: {
        "id": "c1",
        "gateway": "vnpay",
        "kind": "querydr",
        "reference": "p1",
        "sent_at": NOW,
        "took_ms": 0,
        "request": b"{}",
        "status": 200,
        "answer": b"{}",
    },
    tables.outbox: {"key": "k1", "order": "o1", "kind": "seats", "subject": "", "attempt": 0, "lease": 0},
    tables.idempotency_keys: {
        "holder": "alice",
        "key": "k1",
        "body_hash": "h",
        "order": "o1",
        "created_at": NOW,
        "status": 201,
        "body": b"{}",
    },
    seat_ledger: {
        "showtime": "s1",
        "epoch": "e",
        "version": 1,
        "seat": 0,
        "event": "granted",
        "holder_hash": "a",
        "at": NOW,
    },
    push_subscriptions: {
        "endpoint": "https://push.example/1",
        "holder": "alice",
        "p256dh": "key",
        "auth": "auth",
        "locale": "vi",
        "created_at": NOW,
    },
}
"""A row of each table, all of which agree."""

OTHER: dict[str, dict[str, Any]] = {
    "orders": {"id": "o2", "state": "open", "paid_by": None},
    "order_seats": {"seat": "A2", "place": 1},
    "payments": {"reference": "p2", "place": 1},
    "refunds": {"reference": "r2", "place": 1, "amount": 40},
    "payment_events": {"raw": b"a=2"},
    "gateway_calls": {"id": "c2"},
    "outbox": {"key": "k2"},
    "idempotency_keys": {"key": "k2"},
    "seat_ledger": {"version": 2},
    "push_subscriptions": {"endpoint": "https://push.example/2"},
}
"""What makes a second row of each, which agrees too but for an order without seats."""


CLOSED: dict[str, Any] = {"state": "failed", "closed_as": "failed", "closed_by": "ann", "closed_why": "statement"}
"""What a refund is that staff say failed."""


def another(table: Table, **wrong: object) -> Executable:
    """A second row, with something wrong in it."""
    return insert(table).values(BASE[table] | OTHER[table.name] | wrong)


def order(state: str = "open", *, live: bool = True, seat: str = "A2", **more: object) -> tuple[Executable, ...]:
    """A second order with one seat."""
    return (
        another(tables.orders, state=state, **more),
        another(tables.order_seats, order="o2", live=live, seat=seat),
    )


def on(table: Table, **columns: object) -> Executable:
    """A change of every row."""
    return update(table).values(columns)


REFUSED: dict[str, tuple[Executable, ...]] = {
    "orders_id": (another(tables.orders, id="o 2"),),
    "orders_holder": (another(tables.orders, holder=""),),
    "orders_email": (another(tables.orders, email=""),),
    "orders_locale": (another(tables.orders, locale="de"),),
    "orders_currency": (another(tables.orders, currency="vnd"),),
    "orders_amount": (another(tables.orders, amount=-1),),
    "orders_expires_at": (another(tables.orders, expires_at=NOW),),
    "orders_state": (another(tables.orders, state="lost", paid_by="p1"),),
    "orders_paid_by": (another(tables.orders, state="open", paid_by="p1"),),
    "orders_row_version": (another(tables.orders, row_version=0),),
    "order_seats_seat": (another(tables.order_seats, seat="A 1"),),
    "order_seats_place": (another(tables.order_seats, place=-1),),
    "order_seats_zone": (another(tables.order_seats, zone="a b"),),
    "order_seats_price": (another(tables.order_seats, price=-1),),
    "order_seats_fence": (another(tables.order_seats, fence=-1),),
    "payments_reference": (another(tables.payments, reference="a b"),),
    "payments_request_id": (another(tables.payments, request_id=""),),
    "payments_place": (another(tables.payments, place=-1),),
    "payments_gateway": (another(tables.payments, gateway=""),),
    "payments_amount": (another(tables.payments, amount=1 << 53),),
    "payments_captured": (another(tables.payments, captured=-1),),
    "payments_expires_at": (another(tables.payments, expires_at=NOW),),
    "payments_asked": (another(tables.payments, asked=-1),),
    "payments_state": (another(tables.payments, state="lost", captured=0),),
    "payments_captured_state": (another(tables.payments, state="failed", captured=1),),
    "payments_settled_at": (another(tables.payments, settled_at=None),),
    "refunds_reference": (another(tables.refunds, reference="a b"),),
    "refunds_request_id": (another(tables.refunds, request_id=""),),
    "refunds_place": (another(tables.refunds, place=-1),),
    "refunds_amount": (another(tables.refunds, amount=0),),
    "refunds_by": (another(tables.refunds, by=""),),
    "refunds_state": (another(tables.refunds, state="lost"),),
    "refunds_closed": (another(tables.refunds, closed_by="ann"),),
    "refunds_closed_as": (another(tables.refunds, **CLOSED | {"closed_as": "lost"}),),
    "refunds_closed_state": (another(tables.refunds, **CLOSED | {"state": "sent"}),),
    "refunds_closed_on": (another(tables.refunds, **CLOSED | {"closed_as": "done", "state": "done"}),),
    "refunds_said": (another(tables.refunds, **CLOSED, said="lost", said_at=NOW),),
    "refunds_said_at": (another(tables.refunds, **CLOSED, said="done"),),
    "refunds_said_of": (another(tables.refunds, said="done", said_at=NOW),),
    "payment_events_gateway": (another(tables.payment_events, gateway=""),),
    "payment_events_kind": (another(tables.payment_events, kind="mail"),),
    "payment_events_verdict": (another(tables.payment_events, verdict="fine"),),
    "payment_events_last_at": (another(tables.payment_events, received_at=LATER),),
    "payment_events_seen": (another(tables.payment_events, seen=0),),
    "gateway_calls_id": (another(gateway_calls, id="c 2"),),
    "gateway_calls_gateway": (another(gateway_calls, gateway=""),),
    "gateway_calls_kind": (another(gateway_calls, kind="/Create"),),
    "gateway_calls_reference": (another(gateway_calls, reference=""),),
    "gateway_calls_took_ms": (another(gateway_calls, took_ms=-1),),
    "gateway_calls_failure": (another(gateway_calls, failure="rain"),),
    "gateway_calls_status": (another(gateway_calls, status=0),),
    "gateway_calls_answer": (another(gateway_calls, status=None),),
    "gateway_calls_outcome": (another(gateway_calls, status=None, answer=None),),
    "gateway_calls_bound": (another(gateway_calls, answer=b" " * 65_537),),
    "outbox_kind": (another(tables.outbox, kind="dance"),),
    "outbox_attempt": (another(tables.outbox, attempt=-1),),
    "outbox_lease": (another(tables.outbox, attempt=1),),
    "outbox_end": (another(tables.outbox, done_at=NOW, died_at=NOW, error="e"),),
    "outbox_error": (another(tables.outbox, died_at=NOW),),
    "idempotency_keys_holder": (another(tables.idempotency_keys, holder=""),),
    "idempotency_keys_key": (another(tables.idempotency_keys, key="k" * 256),),
    "idempotency_keys_body_hash": (another(tables.idempotency_keys, body_hash=""),),
    "idempotency_keys_status": (another(tables.idempotency_keys, status=99),),
    "idempotency_keys_answer": (another(tables.idempotency_keys, status=None),),
    "idempotency_keys_leased_until": (another(tables.idempotency_keys, leased_until=NOW),),
    "seat_ledger_showtime": (another(seat_ledger, showtime="s 1"),),
    "seat_ledger_version": (another(seat_ledger, version=-1),),
    "seat_ledger_seat": (another(seat_ledger, seat=-1),),
    "seat_ledger_event": (another(seat_ledger, event="?"),),
    "push_subscriptions_endpoint": (another(push_subscriptions, endpoint=""),),
    "push_subscriptions_holder": (another(push_subscriptions, holder=""),),
    "push_subscriptions_keys": (another(push_subscriptions, auth=""),),
    "push_subscriptions_locale": (another(push_subscriptions, locale="de"),),
    "orders_showtime_fk": (another(tables.orders, showtime="s9"),),
    "orders_id_paid_by_fk": order("paid", paid_by="p1"),
    "order_seats_live": order(seat="A1"),
    "order_seats_order_showtime_fk": (another(tables.order_seats, showtime="s9"),),
    "payments_gateway_reference_key": (*order(), another(tables.payments, order="o2", reference="p1")),
    "refunds_pk": (another(tables.refunds, reference="r1"),),
    "refunds_order_payment_fk": (*order(), another(tables.refunds, order="o2")),
    "payment_events_gateway_kind_digest_key": (another(tables.payment_events, raw=b"a=1"),),
    "gateway_calls_pk": (another(gateway_calls, id="c1"),),
    "outbox_key_key": (another(tables.outbox, key="k1"),),
    "idempotency_keys_pk": (another(tables.idempotency_keys, key="k1"),),
    "seat_ledger_changes": (another(seat_ledger, version=1, at=LATER),),
    "seat_ledger_refusals": (another(seat_ledger, event="refused"),) * 2,
    "order o2 has no seats": (another(tables.orders),),
    "order o2 is open with 0 of 1 seats live": order(live=False),
    "order o2 is expired with 1 of 1 seats live": order("expired"),
    "a seat of order o1 does not agree with its state paid": (
        # What was there before agrees; from here on each statement is judged at once.
        text("SET CONSTRAINTS ALL IMMEDIATE"),
        on(tables.order_seats, live=False),
    ),
    "order o2 is paid by less than its amount": (
        *order("paid", paid_by="p2"),
        another(tables.payments, order="o2", captured=99),
    ),
    "more of payment p1 goes back than was captured": (another(tables.refunds, amount=41),),
    "what was agreed in an order stays": (on(tables.orders, expires_at=to_datetime(1_900_000_000_000)),),
}
"""By the words of the refusal, what is refused."""

TAKEN_AWAY: dict[str, Executable] = {
    "a payment": delete(tables.payments),
    "what was captured": on(tables.payments, captured=99),
    "a refund": delete(tables.refunds),
    "what goes back": on(tables.refunds, amount=1),
    "a message": delete(tables.payment_events),
    "the words of a message": on(tables.payment_events, raw=b"other"),
    "a call": delete(gateway_calls),
    "the answer to a call": on(gateway_calls, answer=b"other"),
    "an event": delete(seat_ledger),
    "who had a seat": on(seat_ledger, holder_hash="b"),
    "the ledger": text("TRUNCATE seat_ledger"),
}


async def write(engine: AsyncEngine, *statements: Executable) -> None:
    """Run the statements after the base, in one transaction, and commit it."""
    async with engine.begin() as connection:
        for table, row in BASE.items():
            await connection.execute(insert(table).values(row))
        for statement in statements:
            await connection.execute(statement)


@pytest.mark.parametrize("reason", REFUSED)
async def test_nonsense_is_refused(shared_world_url: str, reason: str) -> None:
    """The database refuses it, for that reason."""
    engine = create_lone_engine(shared_world_url)
    with pytest.raises(exc.IntegrityError, match=reason):
        await write(engine, *REFUSED[reason])


@pytest.mark.parametrize("what", TAKEN_AWAY)
async def test_nothing_is_taken_away(shared_world_url: str, what: str) -> None:
    """Money, what gateways said, and the ledger are only added to."""
    engine = create_lone_engine(shared_world_url)
    with pytest.raises(exc.IntegrityError, match="never taken away"):
        await write(engine, TAKEN_AWAY[what])


async def test_sense_is_taken(engine: AsyncEngine, world: World) -> None:
    """What the refused examples are variations of is taken: the refusals are not for another reason."""
    await write(engine, *order(), *(another(table) for table in BASE if table.name not in {"orders", "order_seats"}))


def test_every_check_has_its_example() -> None:
    """No rule of these tables is without an example that it refuses."""
    rules = {str(rule.name) for table in BASE for rule in table.constraints if isinstance(rule, CheckConstraint)}
    assert len(rules) > 40
    assert rules <= REFUSED.keys()
