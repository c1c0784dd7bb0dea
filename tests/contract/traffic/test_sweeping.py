"""What is swept: what is old enough and of orders that have come to rest, and nothing else."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.domain.orders import OrderState, PaymentState
from server.domain.payments import Outcome, RefundAnswer, RefundOutcome
from server.domain.refunds import refunded
from server.domain.settlement import cancel
from server.ports.orders import Orders
from server.ports.traffic import Traffic
from tests.contract.orders.world import make, new_order, paid, place_paid, with_payment
from tests.contract.traffic.world import DAY, NOW, call, forged, message

BEFORE = NOW - 90 * DAY
OLD = BEFORE - 1


async def calls_kept(engine: AsyncEngine) -> int:
    """How many calls there are."""
    async with engine.connect() as connection:
        count: int = (await connection.execute(text("SELECT count(*) FROM gateway_calls"))).scalar_one()
        return count


async def test_old_calls_go(orders: Orders, traffic: Traffic) -> None:
    """Calls about orders that are over, or about none, go when they are old, and not a millisecond before."""
    await place_paid(orders, new_order("o1", "A1"))
    await traffic.append([call(at=OLD, gateway="sandbox"), call("nobodys", at=OLD)])
    young = call(at=BEFORE, gateway="sandbox")
    await traffic.append([young])
    assert await traffic.sweep(before=BEFORE) == 2
    assert (await traffic.of_order("o1", after=None, limit=10)).said == (young,)
    assert await traffic.sweep(before=BEFORE) == 0


async def test_what_nobody_vouches_for_goes(orders: Orders, traffic: Traffic, engine: AsyncEngine) -> None:
    """Old messages that were never verified go; one that came again lately stays, and verified ones always do."""
    for record in (forged(b"old", at=OLD), forged(b"again", at=OLD), forged(b"again", at=BEFORE)):
        await orders.record(record)
    await orders.record(message(b"genuine", at=OLD))
    assert await traffic.sweep(before=BEFORE) == 1
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT raw FROM payment_events ORDER BY id"))
        assert list(rows.scalars()) == [b"again", b"genuine"]


async def open_order(orders: Orders) -> None:
    """Nobody has paid yet."""
    await orders.place(with_payment(new_order("o1", "A1"), "pay-o1"))


async def suspected(orders: Orders) -> None:
    """Under review."""
    await open_order(orders)
    order = await make(orders, "o1", lambda found: paid(found, "pay-o1", outcome=Outcome.SUSPECTED))
    assert order.state is OrderState.REVIEW


async def reserved(orders: Orders) -> None:
    """Cancelled, with money that is reserved still."""
    await open_order(orders)
    await make(orders, "o1", cancel)
    async with orders.change("o1") as change:
        [payment] = change.order.payments
        held = msgspec.structs.replace(payment, state=PaymentState.AUTHORISED)
        change.order = msgspec.structs.replace(change.order, payments=(held,))


async def owed(orders: Orders) -> None:
    """Cancelled, and the money that came after it goes back."""
    await open_order(orders)
    await make(orders, "o1", cancel)
    await make(orders, "o1", lambda order: paid(order, "pay-o1"))


async def paid_twice(orders: Orders) -> None:
    """Paid, by a second attempt too, whose money goes back."""
    await orders.place(with_payment(with_payment(new_order("o1", "A1"), "pay-o1"), "again-o1"))
    await make(orders, "o1", lambda found: paid(found, "pay-o1"))
    order = await make(orders, "o1", lambda found: paid(found, "again-o1"))
    assert order.state is OrderState.PAID


async def failing(orders: Orders) -> None:
    """As `owed`, with a refund that failed and waits for a person."""
    await owed(orders)
    await end_refund(orders, RefundOutcome.FAILED)


async def end_refund(orders: Orders, outcome: RefundOutcome) -> None:
    """What the gateway says of the one refund."""
    [refund] = (await orders.order("o1")).refunds
    answer = RefundAnswer(outcome=outcome)
    await make(orders, "o1", lambda order: refunded(order, refund.reference, answer, now=NOW))


@pytest.mark.parametrize("prepare", [open_order, suspected, reserved, owed, paid_twice, failing])
async def test_what_is_told_of_money_that_is_under_way_stays(
    orders: Orders, traffic: Traffic, engine: AsyncEngine, prepare: Callable[[Orders], Awaitable[None]]
) -> None:
    """However old: of an order that is open, under review, reserved or owed, calls about payments and refunds stay."""
    await prepare(orders)
    order = await orders.order("o1")
    references = ["pay-o1", *(refund.reference for refund in order.refunds)]
    await traffic.append([call(reference, gateway="sandbox", at=OLD) for reference in references])
    assert await traffic.sweep(before=BEFORE) == 0
    assert await calls_kept(engine) == len(references)


async def test_what_was_owed_goes_when_it_was_sent_back(orders: Orders, traffic: Traffic) -> None:
    """The end of the refund is the end of the order's evidence, once it is old."""
    await owed(orders)
    [refund] = (await orders.order("o1")).refunds
    await traffic.append([call(each, gateway="sandbox", at=OLD) for each in ("pay-o1", refund.reference)])
    await end_refund(orders, RefundOutcome.DONE)
    assert await traffic.sweep(before=BEFORE) == 2


async def test_a_sweep_is_bounded(orders: Orders, traffic: Traffic, engine: AsyncEngine) -> None:
    """So many of each at a time, the oldest first."""
    calls = [call("nobodys", at=OLD - number) for number in range(5)]
    await traffic.append(calls)
    for number in range(5):
        await orders.record(forged(b"%d" % number, at=OLD - number))
    assert await traffic.sweep(before=BEFORE, limit=2) == 4
    async with engine.connect() as connection:
        left = await connection.execute(text("SELECT id FROM gateway_calls ORDER BY sent_at"))
        assert list(left.scalars()) == [calls[2].id, calls[1].id, calls[0].id]
        raws = await connection.execute(text("SELECT raw FROM payment_events ORDER BY last_at"))
        assert list(raws.scalars()) == [b"2", b"1", b"0"]


async def test_two_months_are_the_databases_own(orders: Orders, traffic: Traffic, engine: AsyncEngine) -> None:
    """Whatever a worker's clock says, nothing that is younger than 62 days is removed."""
    await traffic.append([call("nobodys", at=NOW - 61 * DAY)])
    with pytest.raises(exc.IntegrityError, match="never taken away"):
        await traffic.sweep(before=NOW)
    assert await calls_kept(engine) == 1
    await orders.record(forged(b"new", at=NOW - 61 * DAY))
    async with engine.begin() as connection:
        with pytest.raises(exc.IntegrityError, match="never taken away"):
            await connection.execute(text("DELETE FROM payment_events"))
