"""How payments go, read from PostgreSQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from server.db.engine import reading
from server.db.instants import to_datetime, to_ms
from server.db.order_records import UNSETTLED
from server.db.tables.orders import orders, outbox, payments, refunds
from server.domain.orders import OrderState, PaymentState, RefundState
from server.ports.monitoring import Figures, GatewayFigures, MoneyFigures

KEEPING = (OrderState.PAID, OrderState.REVIEW, OrderState.REFUNDING, OrderState.PARTLY_REFUNDED)
"""States in which an order keeps what of its payment does not go back."""

TAKEN = (PaymentState.PAID, PaymentState.SUSPECTED)
"""States of attempts that the customer and the gateway brought to a good end."""

UNANSWERED_MS = 3_600_000
"""How long after its deadline an attempt without the gateway's last word is a trouble."""


class PostgresMonitoring:
    """`Monitoring` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def figures(self, *, since: int, now: int) -> Figures:
        """What is so at `now`, and what was since; see `Monitoring`."""
        start, end = to_datetime(since), to_datetime(now)
        async with reading(self._engine) as connection:
            gateways = await _gateways(connection, start, end)
            oldest = (await connection.execute(select(func.min(refunds.c.created_at)).where(_OPEN))).scalar_one()
            return Figures(
                gateways=gateways,
                money=await _money(connection, start, end),
                open_refunds=await _count(connection, _OPEN),
                oldest_refund_at=None if oldest is None else to_ms(oldest),
                failed_refunds=await _count(connection, refunds.c.state == RefundState.FAILED.value),
                contradictions=await _count(connection, and_(_CONTRADICTED, refunds.c.said_at >= start)),
                mismatches=sum(found.attempts.get(PaymentState.MISMATCHED.value, 0) for found in gateways),
                unanswered=await _count(
                    connection,
                    payments.c.state.in_(UNSETTLED)
                    & (payments.c.expires_at <= to_datetime(max(0, now - UNANSWERED_MS))),
                ),
                waiting_jobs=await _count(connection, outbox.c.done_at.is_(None) & outbox.c.died_at.is_(None)),
                dead_letters=await _count(connection, outbox.c.died_at.is_not(None)),
                reviews=await _count(connection, orders.c.state == OrderState.REVIEW.value),
                overdue=await _count(
                    connection, and_(orders.c.state == OrderState.OPEN.value, orders.c.expires_at <= end)
                ),
            )


_OPEN = refunds.c.state.not_in([RefundState.DONE.value, RefundState.REPLACED.value])
# What the gateway said before staff did is no surprise to them; it stands at the refund's own beginning.
_CONTRADICTED = and_(refunds.c.said != refunds.c.closed_as, refunds.c.said_at > refunds.c.begun_at)


async def _count(connection: AsyncConnection, condition: ColumnElement[bool]) -> int:
    count: int = (await connection.execute(select(func.count()).where(condition))).scalar_one()
    return count


async def _gateways(connection: AsyncConnection, start: datetime, end: datetime) -> tuple[GatewayFigures, ...]:
    window = payments.c.created_at.between(start, end)
    counts = (
        select(payments.c.gateway, payments.c.state, func.count().label("number"))
        .where(window)
        .group_by(payments.c.gateway, payments.c.state)
    )
    attempts: dict[str, dict[str, int]] = {}
    for row in await connection.execute(counts):
        attempts.setdefault(row.gateway, {})[row.state] = row.number
    took = func.greatest(func.extract("epoch", payments.c.settled_at - payments.c.created_at), 0) * 1000
    times = (
        select(
            payments.c.gateway,
            *(
                func.percentile_cont(part).within_group(took).label(name)
                for name, part in (("p50", 0.5), ("p95", 0.95))
            ),
        )
        .where(window, payments.c.state.in_([state.value for state in TAKEN]))
        .group_by(payments.c.gateway)
    )
    by_gateway = {row.gateway: row for row in await connection.execute(times)}
    return tuple(_gateway(name, attempts[name], by_gateway.get(name)) for name in sorted(attempts))


def _gateway(name: str, attempts: dict[str, int], times: Any) -> GatewayFigures:
    ended = sum(number for state, number in attempts.items() if state not in UNSETTLED)
    taken = sum(attempts.get(state.value, 0) for state in TAKEN)
    return GatewayFigures(
        gateway=name,
        attempts=attempts,
        success=taken / ended if ended else None,
        confirm_p50_ms=None if times is None else round(times.p50),
        confirm_p95_ms=None if times is None else round(times.p95),
    )


async def _money(connection: AsyncConnection, start: datetime, end: datetime) -> tuple[MoneyFigures, ...]:
    """Each payment with what of it went back, is to, or pays; the sums of a currency."""
    going = (
        select(
            refunds.c.order,
            refunds.c.payment,
            func.sum(refunds.c.amount).label("all"),
            func.coalesce(func.sum(refunds.c.amount).filter(refunds.c.state == RefundState.DONE.value), 0).label(
                "done"
            ),
        )
        .where(refunds.c.state != RefundState.REPLACED.value)
        .group_by(refunds.c.order, refunds.c.payment)
        .subquery()
    )
    back, done = func.coalesce(going.c.all, 0), func.coalesce(going.c.done, 0)
    rest = payments.c.captured - back
    pays = and_(orders.c.paid_by == payments.c.reference, orders.c.state.in_([state.value for state in KEEPING]))
    # A late payment whose seats are being asked for: neither is it kept yet, nor does it go back yet.
    waits = and_(orders.c.paid_by.is_(None), orders.c.state == OrderState.EXPIRED.value)
    query = (
        select(
            orders.c.currency,
            func.sum(payments.c.captured).label("captured"),
            func.sum(case((pays, rest), else_=0)).label("kept"),
            func.sum(done).label("refunded"),
            func.sum(back - done).label("returning"),
            func.sum(case((waits, rest), else_=0)).label("waiting"),
        )
        .join_from(payments, orders, orders.c.id == payments.c.order)
        .outerjoin(going, and_(going.c.order == payments.c.order, going.c.payment == payments.c.reference))
        .where(orders.c.created_at.between(start, end))
        .group_by(orders.c.currency)
        .order_by(literal_column("1"))
    )
    return tuple(
        MoneyFigures(
            currency=row.currency,
            captured=int(row.captured),
            kept=int(row.kept),
            refunded=int(row.refunded),
            returning=int(row.returning),
            waiting=int(row.waiting),
        )
        for row in await connection.execute(query)
    )
