"""Orders and their parts as rows of tables, and back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row

from server.db.instants import to_datetime, to_ms
from server.domain.orders import (
    Closing,
    Customer,
    Order,
    OrderSeat,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)

Values = dict[str, Any]
"""Columns by name."""


def with_next_version(before: Order, after: Order) -> Order:
    """`after` as it is written in place of `before`: one row version on, or `before` itself where they are the same."""
    after = msgspec.structs.replace(after, row_version=before.row_version)
    return before if after == before else msgspec.structs.replace(after, row_version=before.row_version + 1)


def order_values(order: Order) -> Values:
    """The order's own row."""
    customer = order.customer
    return {
        "id": order.id,
        "showtime": order.showtime,
        "holder": order.holder,
        "email": customer.email,
        "phone": customer.phone,
        "name": customer.name,
        "locale": customer.locale,
        "currency": order.currency,
        "amount": order.amount,
        "created_at": to_datetime(order.created_at),
        "expires_at": to_datetime(order.expires_at),
        "state": order.state.value,
        "paid_by": order.paid_by,
        "row_version": order.row_version,
    }


def seat_values(order: Order) -> list[Values]:
    """The rows of its seats."""
    return [
        {"order": order.id, "place": place, "showtime": order.showtime, **msgspec.structs.asdict(seat)}
        for place, seat in enumerate(order.seats)
    ]


def payment_values(order: Order) -> list[Values]:
    """The rows of its payments, without what only the database knows of them."""
    return [
        {
            "order": order.id,
            "place": place,
            **msgspec.structs.asdict(payment),
            "state": payment.state.value,
            "created_at": to_datetime(payment.created_at),
            "expires_at": to_datetime(payment.expires_at),
            "ask_at": None if payment.ask_at is None else to_datetime(payment.ask_at),
        }
        for place, payment in enumerate(order.payments)
    ]


def refund_values(order: Order) -> list[Values]:
    """The rows of its refunds, without what only the database knows of them."""
    return [_refund_values(order, place, refund) for place, refund in enumerate(order.refunds)]


def _refund_values(order: Order, place: int, refund: Refund) -> Values:
    values = msgspec.structs.asdict(refund)
    closing: Closing | None = values.pop("closing")
    return {
        "order": order.id,
        "place": place,
        **values,
        "state": refund.state.value,
        "seats": list(refund.seats),
        "created_at": to_datetime(refund.created_at),
        "begun_at": to_datetime(refund.begun_at),
        "closed_as": closing.outcome.value if closing else None,
        "closed_by": closing.by if closing else None,
        "closed_why": closing.reason if closing else None,
        "closed_on": closing.on if closing else None,
        "said": closing.said.value if closing and closing.said else None,
        "said_at": to_datetime(closing.said_at) if closing and closing.said_at is not None else None,
    }


def to_order(
    row: Row[Any], seats: Iterable[Row[Any]], payments: Iterable[Row[Any]], refunds: Iterable[Row[Any]]
) -> Order:
    """The order of a row and those of its parts, each in the order of their places."""
    return Order(
        id=row.id,
        showtime=row.showtime,
        holder=row.holder,
        customer=Customer(email=row.email, phone=row.phone, name=row.name, locale=row.locale),
        currency=row.currency,
        amount=row.amount,
        created_at=to_ms(row.created_at),
        expires_at=to_ms(row.expires_at),
        seats=tuple(map(_seat, seats)),
        state=OrderState(row.state),
        paid_by=row.paid_by,
        payments=tuple(map(_payment, payments)),
        refunds=tuple(map(_refund, refunds)),
        row_version=row.row_version,
    )


def _seat(row: Row[Any]) -> OrderSeat:
    return OrderSeat(seat=row.seat, zone=row.zone, price=row.price, ordinal=row.ordinal, fence=row.fence, live=row.live)


def _payment(row: Row[Any]) -> Payment:
    return Payment(
        reference=row.reference,
        request_id=row.request_id,
        gateway=row.gateway,
        amount=row.amount,
        created_at=to_ms(row.created_at),
        expires_at=to_ms(row.expires_at),
        state=PaymentState(row.state),
        captured=row.captured,
        gateway_id=row.gateway_id,
        code=row.code,
        redirect_url=row.redirect_url,
        client_ip=row.client_ip,
        ask_at=_ms_or_none(row.ask_at),
        asked=row.asked,
    )


def _refund(row: Row[Any]) -> Refund:
    return Refund(
        reference=row.reference,
        request_id=row.request_id,
        payment=row.payment,
        amount=row.amount,
        reason=row.reason,
        by=row.by,
        created_at=to_ms(row.created_at),
        begun_at=to_ms(row.begun_at),
        seats=tuple(row.seats),
        state=RefundState(row.state),
        gateway_id=row.gateway_id,
        code=row.code,
        closing=None if row.closed_as is None else _closing(row),
    )


def _closing(row: Row[Any]) -> Closing:
    return Closing(
        outcome=RefundState(row.closed_as),
        by=row.closed_by,
        reason=row.closed_why,
        on=row.closed_on,
        said=None if row.said is None else RefundState(row.said),
        said_at=_ms_or_none(row.said_at),
    )


def _ms_or_none(instant: datetime | None) -> int | None:
    return None if instant is None else to_ms(instant)
