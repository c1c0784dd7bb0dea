"""Any order, and any change of it, comes back as it was written."""

import asyncio
import itertools

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from server.db.engine import create_engine
from server.db.orders import PostgresOrders
from server.domain.orders import (
    LIVE_STATES,
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
from tests.contract.catalogue.world import small_world
from tests.contract.orders.world import NOW

SEATS = ("A1", "A2", "A3", "A4", "B1", "B2")
UNPAID = (OrderState.OPEN, OrderState.EXPIRED, OrderState.CANCELLED)
TAKEN = (PaymentState.PAID, PaymentState.SUSPECTED, PaymentState.MISMATCHED)
ENDS = (RefundState.DONE, RefundState.FAILED)

instants = st.integers(min_value=0, max_value=253_402_300_799_998)
amounts = st.integers(min_value=1, max_value=(1 << 53) - 1)
numbers = st.integers(min_value=0, max_value=(1 << 53) - 1)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
maybe_texts = st.none() | texts

_numbers = itertools.count()


def references() -> st.SearchStrategy[str]:
    """References that are all different."""
    return st.builds(lambda: f"r{next(_numbers)}")


@st.composite
def payments(draw: st.DrawFn, state: PaymentState | None = None) -> Payment:
    """Any attempt to pay, or any in a given state."""
    created_at = draw(instants)
    found = state or draw(st.sampled_from(PaymentState))
    return Payment(
        reference=draw(references()),
        request_id=draw(references()),
        gateway=draw(st.sampled_from(("vnpay", "momo", "sandbox"))),
        amount=draw(amounts),
        created_at=created_at,
        expires_at=created_at + 1,
        state=found,
        captured=draw(amounts) if found in TAKEN else 0,
        gateway_id=draw(maybe_texts),
        code=draw(maybe_texts),
        redirect_url=draw(maybe_texts),
        client_ip=draw(maybe_texts),
        ask_at=draw(st.none() | instants),
        asked=draw(st.integers(min_value=0, max_value=9)),
    )


@st.composite
def closings(draw: st.DrawFn) -> Closing:
    """Anything that staff may say of the end of a refund, and the gateway after them."""
    outcome, said = draw(st.sampled_from(ENDS)), draw(st.none() | st.sampled_from(ENDS))
    return Closing(
        outcome=outcome,
        by="ann",
        reason=draw(texts),
        on=draw(st.dates()) if outcome is RefundState.DONE else None,
        said=said,
        said_at=draw(instants) if said else None,
    )


@st.composite
def refunds(draw: st.DrawFn, payment: Payment) -> Refund:
    """Any refund of all that a payment took."""
    state = draw(st.sampled_from([state for state in RefundState if state is not RefundState.REPLACED]))
    return Refund(
        reference=draw(references()),
        request_id=draw(references()),
        payment=payment.reference,
        amount=payment.captured,
        reason=draw(texts),
        by="ann",
        created_at=draw(instants),
        begun_at=draw(instants),
        seats=tuple(draw(st.lists(st.sampled_from(SEATS), unique=True))),
        state=state,
        gateway_id=draw(maybe_texts),
        code=draw(maybe_texts),
        closing=draw(st.none() | closings()) if state in ENDS else None,
    )


@st.composite
def later(draw: st.DrawFn, refund: Refund) -> Refund:
    """What a refund may become."""
    state = draw(st.sampled_from(RefundState))
    closing = draw(st.none() | closings()) if state in {*ENDS, RefundState.REPLACED} else None
    return msgspec.structs.replace(refund, state=state, code=draw(maybe_texts), closing=closing)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Any order that agrees with itself."""
    state = draw(st.sampled_from(OrderState))
    created_at = draw(instants)
    attempts = draw(st.lists(payments(), max_size=3))
    if state not in UNPAID:
        attempts.append(draw(payments(state=PaymentState.PAID)))
    back = [draw(refunds(payment)) for payment in attempts[:-1] if payment.captured and draw(st.booleans())]
    amount = 0 if state in UNPAID else attempts[-1].captured
    order = Order(
        id=f"o{next(_numbers)}",
        showtime="s1",
        holder=draw(st.text("abc-_", min_size=1, max_size=10)),
        customer=Customer(
            email=draw(texts.filter(bool)),
            phone=draw(maybe_texts),
            name=draw(maybe_texts),
            locale=draw(st.sampled_from(("vi", "en"))),
        ),
        currency="VND",
        amount=amount,
        created_at=created_at,
        expires_at=created_at + 1,
        seats=tuple(
            OrderSeat(seat=seat, zone="front", price=draw(numbers), ordinal=draw(numbers), fence=draw(numbers))
            for seat in draw(st.permutations(SEATS))[: draw(st.integers(min_value=1, max_value=6))]
        ),
        state=state,
        paid_by=None if state in UNPAID else attempts[-1].reference,
        payments=tuple(attempts),
        refunds=tuple(back),
    )
    return with_live_seats(order, draw(st.booleans()))


def with_live_seats(order: Order, some: bool) -> Order:
    """The order with the seats live that its state asks for; `some` where either may be."""
    live = order.state in LIVE_STATES or (some and order.state not in UNPAID)
    return msgspec.structs.replace(order, seats=tuple(msgspec.structs.replace(seat, live=live) for seat in order.seats))


@st.composite
def changed(draw: st.DrawFn, order: Order) -> Order:
    """What the order may become: more attempts, more known of those that are there, other seats live."""
    rows = []
    for payment in order.payments:
        other = draw(payments())
        taken = max(payment.captured, other.captured)
        rows.append(
            msgspec.structs.replace(
                other,
                reference=payment.reference,
                state=PaymentState.PAID if taken else other.state,
                captured=taken,
            )
        )
    rows.extend(draw(st.lists(payments(), max_size=2)))
    order = msgspec.structs.replace(
        order,
        customer=msgspec.structs.replace(order.customer, name=draw(maybe_texts)),
        payments=tuple(rows),
        refunds=tuple(draw(later(refund)) for refund in order.refunds),
    )
    payers = [row.reference for row in rows if row.captured >= max(order.amount, 1)]
    state = draw(st.sampled_from(OrderState if payers else UNPAID))
    payer = None if state in UNPAID else draw(st.sampled_from(payers))
    return with_live_seats(msgspec.structs.replace(order, state=state, paid_by=payer), draw(st.booleans()))


@given(data=st.data())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_order_comes_back(database_url: str, hall: None, data: st.DataObject) -> None:
    """Whatever an order is, it is read as it was placed, and as it was changed, one row version on."""
    placed = data.draw(orders())
    after = data.draw(changed(placed))

    async def round_trip() -> tuple[Order, Order]:
        engine = create_engine(database_url, connections=1, timeout_ms=5000)
        try:
            adapter = PostgresOrders(engine)
            async with engine.begin() as connection:
                await connection.execute(text("TRUNCATE orders CASCADE"))
            await adapter.place(placed)
            first = await adapter.order(placed.id)
            async with adapter.change(placed.id) as change:
                change.order = after
            return first, await adapter.order(placed.id)
        finally:
            await engine.dispose()

    first, second = asyncio.run(round_trip())
    assert first == placed
    version = placed.row_version + (after != placed)
    assert second == msgspec.structs.replace(after, row_version=version)


@pytest.fixture
def hall(database_url: str) -> None:
    """A hall of six seats with the showtime `s1`."""

    async def build() -> None:
        engine = create_engine(database_url, connections=1, timeout_ms=5000)
        await small_world(engine, NOW, "s1")
        await engine.dispose()

    asyncio.run(build())
