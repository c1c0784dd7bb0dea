"""What was said to gateways and by them, in PostgreSQL."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.cursor import Cursor
from server.db.engine import reading
from server.db.instants import to_datetime, to_ms
from server.db.slugs import SLUG
from server.db.tables.orders import orders, payment_events, payments, refunds
from server.db.tables.traffic import gateway_calls
from server.db.writing import writing
from server.domain.orders import OrderState, PaymentState, RefundState
from server.ports.traffic import Failure, GatewayCall, Message, TrafficPage

LIMIT: Final = 100
"""The greatest number of calls and messages on a page."""

UNFINISHED: Final = (OrderState.OPEN.value, OrderState.REVIEW.value, OrderState.REFUNDING.value)
"""States of orders whose money has not come to rest."""

ENDED: Final = (RefundState.DONE.value, RefundState.REPLACED.value)
"""States of refunds that nobody waits for."""


class PostgresTraffic:
    """`Traffic` on PostgreSQL; a cursor is the instant and the id of what was shown last."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def append(self, calls: Sequence[GatewayCall]) -> None:
        """Write calls down in one transaction; see `Traffic`."""
        if not calls:
            return
        rows = [msgspec.structs.asdict(call) | {"sent_at": to_datetime(call.sent_at)} for call in calls]
        async with writing(self._engine) as connection:
            await connection.execute(insert(gateway_calls).on_conflict_do_nothing(), rows)

    async def of_order(self, order: str, *, after: str | None, limit: int) -> TrafficPage:
        """What was said about an order's money, the newest first; see `Traffic`."""
        if not 1 <= limit <= LIMIT:
            raise ValueError(f"the limit is 1 to {LIMIT}")
        cursor = None if after is None else Cursor.decode(after)
        if not SLUG.fullmatch(order):
            return TrafficPage(said=(), next=None)
        said = _said_about(order).subquery()
        place = tuple_(said.c.at, said.c.id)
        statement = select(said).order_by(said.c.at.desc(), said.c.id.desc()).limit(limit + 1)
        if cursor is not None:
            statement = statement.where(place < tuple_(to_datetime(cursor.at), cursor.id))
        async with reading(self._engine) as connection:
            rows = (await connection.execute(statement)).all()
        page = rows[:limit]
        last = Cursor(to_ms(page[-1].at), page[-1].id).encode() if len(rows) > limit else None
        return TrafficPage(said=tuple(map(_entry, page)), next=last)

    async def sweep(self, *, before: int, limit: int = 1000) -> int:
        """Remove what is old, of orders that have come to rest; see `Traffic`."""
        calls, events = gateway_calls.c, payment_events.c
        until = to_datetime(max(0, before))
        old_calls = select(calls.id).where(calls.sent_at < until, ~_unfinished()).order_by(calls.sent_at)
        old_events = select(events.id).where(~events.verified, events.last_at < until).order_by(events.last_at)
        removed = 0
        for table, old in ((gateway_calls, old_calls), (payment_events, old_events)):
            # Each worker sweeps: what another is removing is left to it.
            chosen = old.limit(limit).with_for_update(skip_locked=True, of=table)
            async with writing(self._engine) as connection:
                removed += (await connection.execute(delete(table).where(table.c.id.in_(chosen)))).rowcount
        return removed


def _unfinished() -> ColumnElement[bool]:
    """Whether the order that a call is about has money that did not come to rest."""
    calls, paying, returning = gateway_calls.c, payments.alias(), refunds.alias()
    return or_(
        exists().where(
            paying.c.gateway == calls.gateway, paying.c.reference == calls.reference, _at_work(paying.c.order)
        ),
        exists().where(returning.c.reference == calls.reference, _at_work(returning.c.order)),
    )


def _at_work(order: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether an order is open or under review, or money of it is reserved or owed."""
    found, reserved, owed = orders.alias(), payments.alias(), refunds.alias()
    return or_(
        exists().where(found.c.id == order, found.c.state.in_(UNFINISHED)),
        exists().where(reserved.c.order == order, reserved.c.state == PaymentState.AUTHORISED.value),
        exists().where(owed.c.order == order, owed.c.state.not_in(ENDED)),
    )


def _said_about(order: str) -> CompoundSelect[Any]:
    """Messages and calls with the references of an order, in the same columns."""
    of_payments = select(payments.c.gateway, payments.c.reference).where(payments.c.order == order)
    of_refunds = (
        select(payments.c.gateway, refunds.c.reference)
        .join(payments, and_(payments.c.order == refunds.c.order, payments.c.reference == refunds.c.payment))
        .where(refunds.c.order == order)
    )
    known = union(of_payments, of_refunds).subquery()
    events, calls = payment_events.c, gateway_calls.c
    messages: Select[Any] = select(
        func.concat("m", events.id).label("id"),
        events.received_at.label("at"),
        *(events.gateway, events.kind, events.reference, events.raw),
        *(events.verified, events.verdict, events.address, events.last_address, events.last_at, events.seen),
        *(null().label(name) for name in ("took_ms", "failure", "status", "answer")),
    ).join(known, and_(known.c.gateway == events.gateway, known.c.reference == events.reference))
    asked: Select[Any] = select(
        calls.id,
        calls.sent_at,
        *(calls.gateway, calls.kind, calls.reference, calls.request),
        *(null() for _ in range(6)),
        *(calls.took_ms, calls.failure, calls.status, calls.answer),
    ).join(known, and_(known.c.gateway == calls.gateway, known.c.reference == calls.reference))
    return union_all(messages, asked)


def _entry(row: Row[Any]) -> GatewayCall | Message:
    if row.seen is None:
        return GatewayCall(
            id=row.id,
            gateway=row.gateway,
            kind=row.kind,
            reference=row.reference,
            sent_at=to_ms(row.at),
            took_ms=row.took_ms,
            request=row.raw,
            failure=None if row.failure is None else Failure(row.failure),
            status=row.status,
            answer=row.answer,
        )
    return Message(
        id=row.id,
        gateway=row.gateway,
        kind=row.kind,
        reference=row.reference,
        received_at=to_ms(row.at),
        raw=row.raw,
        verified=row.verified,
        verdict=row.verdict,
        address=row.address,
        last_address=row.last_address,
        last_at=to_ms(row.last_at),
        seen=row.seen,
    )
