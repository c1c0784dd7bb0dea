"""Orders of a small hall, a sentence a time."""

import itertools
from collections.abc import Callable
from typing import Any

import msgspec

from server.domain.decisions import Decision
from server.domain.orders import Customer, Order, OrderSeat, Payment
from server.domain.payments import Fact, Outcome
from server.domain.settlement import cancel, settle, with_attempt
from server.ports.orders import CallbackRecord, Change, KeptAnswer, Orders

NOW = 1_800_000_000_000
PAYMENT_MS = 600_000
KEPT = KeptAnswer(status=201, body=b'{"id":"o1"}')

_numbers = itertools.count(1)


def new_id() -> tuple[str, str]:
    """A fresh reference and request id."""
    number = next(_numbers)
    return f"reference-{number}", f"{number:032x}"


def new_order(
    order: str = "o1",
    *seats: str,
    holder: str = "alice",
    at: int = NOW,
    fence: tuple[int, int] = (1, 1),
    showtime: str = "s1",
    **more: Any,
) -> Order:
    """An open order of `seats` (`A1` without any) at 100 each, granted under one fence."""
    return Order(
        id=order,
        showtime=showtime,
        holder=holder,
        customer=Customer(email=f"{holder}@mail.example", phone="+84901234567", name="Hồng", locale="vi"),
        currency="VND",
        amount=100 * len(seats or ("A1",)),
        created_at=at,
        expires_at=at + PAYMENT_MS,
        seats=tuple(
            OrderSeat(seat=seat, zone="front", price=100, ordinal=fence[0], fence=fence[1]) for seat in seats or ("A1",)
        ),
        **more,
    )


def new_payment(order: Order, reference: str | None = None, *, gateway: str = "sandbox", **more: Any) -> Payment:
    """An attempt to pay the order."""
    fresh, request_id = new_id()
    values: dict[str, Any] = {
        "reference": reference or fresh,
        "request_id": request_id,
        "gateway": gateway,
        "amount": order.amount,
        "created_at": order.created_at,
        "expires_at": order.expires_at,
    }
    return Payment(**(values | more))


def with_payment(order: Order, reference: str | None = None, **more: Any) -> Order:
    """The order with one more attempt to pay it."""
    return with_attempt(order, new_payment(order, reference, **more))


def paid(order: Order, reference: str, *, now: int = NOW, outcome: Outcome = Outcome.PAID) -> Decision:
    """What becomes of the order when the gateway says that the attempt is paid."""
    payment = order.payment(reference)
    assert payment is not None
    fact = Fact(
        gateway=payment.gateway,
        reference=reference,
        outcome=outcome,
        amount=payment.amount,
        gateway_id=f"g-{reference}",
    )
    return settle(order, fact, now=now, new_id=new_id)


async def make(orders: Orders, order: str, decision: Callable[[Order], Decision]) -> Order:
    """Take a decision about an order; the order after it."""
    async with orders.change(order) as change:
        decided = decision(change.order)
        change.order = decided.order
        change.effects.extend(decided.effects)
    return change.order


async def place_paid(orders: Orders, order: Order) -> Order:
    """Place an order and pay it by the attempt `pay-<order>`."""
    await orders.place(with_payment(order, f"pay-{order.id}"))
    return await make(orders, order.id, lambda found: paid(found, f"pay-{order.id}"))


async def give_up(orders: Orders, order: str, prepare: Callable[[Change], object]) -> None:
    """Cancel an order in a block that does `prepare` too."""
    async with orders.change(order) as change:
        change.order = cancel(change.order).order
        prepare(change)


def message(raw: bytes = b"a=1", **more: Any) -> CallbackRecord:
    """A gateway's message."""
    values: dict[str, Any] = {
        "gateway": "sandbox",
        "kind": "ipn",
        "raw": raw,
        "verified": True,
        "verdict": "recorded",
        "reference": "pay-o1",
        "received_at": NOW + 5000,
    }
    return CallbackRecord(**(values | more))


def plain(order: Order) -> Order:
    """The order without its row version."""
    return msgspec.structs.replace(order, row_version=0)
