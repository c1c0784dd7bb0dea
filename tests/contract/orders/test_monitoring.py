"""Monitoring: every attempt and every coin is in exactly one figure."""

from datetime import date
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.monitoring import PostgresMonitoring
from server.domain.orders import Effect, EffectKind, Order
from server.domain.payments import Fact, Outcome, RefundAnswer, RefundOutcome
from server.domain.refunds import close, refund, refunded, replaced
from server.domain.settlement import cancel, expire, settle
from server.ports.monitoring import Figures, GatewayFigures, MoneyFigures, Monitoring
from server.ports.orders import Orders
from server.ports.outbox import Outbox
from tests.contract.orders.world import (
    NOW,
    PAYMENT_MS,
    make,
    message,
    new_id,
    new_order,
    paid,
    place_paid,
    with_payment,
)

LATER = NOW + 3_600_000


@pytest.fixture
def monitoring(engine: AsyncEngine) -> Monitoring:
    """Monitoring on PostgreSQL."""
    return PostgresMonitoring(engine)


async def pay(orders: Orders, order: Order, *, after_ms: int, outcome: Outcome = Outcome.PAID) -> None:
    """Place an order, and have its gateway say so much later what became of its payment."""
    await orders.place(with_payment(order, f"pay-{order.id}"))
    async with orders.change(order.id) as change:
        decision = paid(change.order, f"pay-{order.id}", outcome=outcome)
        change.order = decision.order
        change.callback = message(order.id.encode(), received_at=NOW + after_ms)


async def test_nothing(monitoring: Monitoring, orders: Orders) -> None:
    """Without orders there is nothing to tell."""
    assert await monitoring.figures(since=0, now=LATER) == Figures(
        gateways=(),
        money=(),
        open_refunds=0,
        oldest_refund_at=None,
        failed_refunds=0,
        contradictions=0,
        mismatches=0,
        unanswered=0,
        waiting_jobs=0,
        dead_letters=0,
        reviews=0,
        overdue=0,
    )


async def test_attempts(monitoring: Monitoring, orders: Orders) -> None:
    """Attempts by gateway and state, the part of those with an end that took money, and how long the word took."""
    for number, (seat, after_ms) in enumerate((("A1", 1000), ("A2", 2000), ("A3", 9000))):
        await pay(orders, new_order(f"o{number}", seat), after_ms=after_ms)
    await pay(orders, new_order("o3", "A4"), after_ms=1, outcome=Outcome.FAILED)
    await orders.place(with_payment(new_order("o4", "B1"), gateway="momo"))
    figures = await monitoring.figures(since=NOW, now=LATER)
    assert figures.gateways == (
        GatewayFigures(gateway="momo", attempts={"started": 1}, success=None, confirm_p50_ms=None, confirm_p95_ms=None),
        GatewayFigures(
            gateway="sandbox",
            attempts={"paid": 3, "failed": 1},
            success=0.75,
            confirm_p50_ms=2000,
            confirm_p95_ms=8300,
        ),
    )
    assert (await monitoring.figures(since=NOW + 1, now=LATER)).gateways == ()


async def test_money_is_somewhere(monitoring: Monitoring, orders: Orders) -> None:
    """What was captured is kept, gone back, going back, or waiting for seats, and nothing is counted twice."""
    ask = partial(refund, reason="ill", by="ann", now=NOW, new_id=new_id)
    done = RefundAnswer(outcome=RefundOutcome.DONE)
    await place_paid(orders, new_order("o1", "A1", "A2"))
    order = await make(orders, "o1", partial(ask, seats=("A1",), amount=None))
    await make(orders, "o1", partial(refunded, reference=order.refunds[0].reference, answer=done, now=NOW))
    await place_paid(orders, new_order("o2", "A3"))
    await make(orders, "o2", partial(ask, seats=None, amount=None))
    await pay(orders, new_order("o3", "A4"), after_ms=1, outcome=Outcome.SUSPECTED)
    await orders.place(with_payment(new_order("o4", "B1", "B2"), "pay-o4"))
    await make(orders, "o4", partial(expire, now=NOW + PAYMENT_MS))
    await make(orders, "o4", lambda found: paid(found, "pay-o4"))
    figures = await monitoring.figures(since=0, now=LATER)
    assert figures.money == (
        MoneyFigures(currency="VND", captured=600, kept=200, refunded=100, returning=100, waiting=200),
    )
    assert figures.money[0].unexplained == 0
    assert figures.reviews == 1


async def test_refunds_that_are_open(monitoring: Monitoring, orders: Orders) -> None:
    """Refunds count until they are done, those that failed apart; one that was replaced counts no more."""
    await place_paid(orders, new_order("o1", "A1"))
    await orders.place(with_payment(new_order("o2", "A2"), "pay-o2"))
    await make(orders, "o2", cancel)
    await make(orders, "o2", lambda found: paid(found, "pay-o2", now=NOW + 5))
    order = await make(
        orders,
        "o1",
        lambda found: refund(found, seats=None, amount=None, reason="", by="ann", now=NOW + 7, new_id=new_id),
    )
    reference = order.refunds[0].reference
    failed = RefundAnswer(outcome=RefundOutcome.FAILED)
    await make(orders, "o1", partial(refunded, reference=reference, answer=failed, now=NOW))
    figures = await monitoring.figures(since=0, now=LATER)
    assert (figures.open_refunds, figures.oldest_refund_at, figures.failed_refunds) == (2, NOW + 5, 1)
    await make(orders, "o1", partial(replaced, reference=reference, now=NOW, new_id=new_id))
    figures = await monitoring.figures(since=0, now=LATER)
    assert (figures.open_refunds, figures.failed_refunds) == (2, 0)
    assert figures.money[0].unexplained == 0


async def test_refunds_that_ended_otherwise(monitoring: Monitoring, orders: Orders) -> None:
    """A gateway that contradicts staff counts in the window in which it did; the money is explained all the while."""
    await place_paid(orders, new_order("o1", "A1"))
    ask = partial(refund, seats=None, amount=None, reason="", by="ann", now=NOW, new_id=new_id)
    reference = (await make(orders, "o1", ask)).refunds[0].reference
    answered = partial(refunded, reference=reference)
    await make(orders, "o1", partial(answered, answer=RefundAnswer(outcome=RefundOutcome.SENT), now=NOW))
    ended = partial(close, done_on=date(2027, 1, 15), reason="statement", by="ann", now=LATER)
    await make(orders, "o1", partial(ended, reference=reference))
    silent = await monitoring.figures(since=0, now=LATER)
    await make(orders, "o1", partial(answered, answer=RefundAnswer(outcome=RefundOutcome.FAILED), now=LATER + 5))
    figures = await monitoring.figures(since=LATER, now=LATER + 5)
    assert (silent.contradictions, figures.contradictions) == (0, 1)
    assert (silent.open_refunds, figures.open_refunds, figures.failed_refunds) == (0, 0, 0)
    assert (await monitoring.figures(since=LATER + 6, now=LATER + 7)).contradictions == 0
    assert [money.unexplained for money in silent.money] == [0]
    assert (await monitoring.figures(since=0, now=LATER + 7)).money == silent.money


async def test_a_refund_that_failed_and_was_paid_back_otherwise(monitoring: Monitoring, orders: Orders) -> None:
    """Staff knew what the gateway had said: it is done, by figures too, and surprises nobody."""
    await place_paid(orders, new_order("o1", "A1"))
    ask = partial(refund, seats=None, amount=None, reason="", by="ann", now=NOW, new_id=new_id)
    reference = (await make(orders, "o1", ask)).refunds[0].reference
    failed = RefundAnswer(outcome=RefundOutcome.FAILED, code="09")
    await make(orders, "o1", partial(refunded, reference=reference, answer=failed, now=NOW))
    ended = partial(close, done_on=date(2027, 1, 15), reason="cash", by="ann", now=NOW)
    await make(orders, "o1", partial(ended, reference=reference))
    figures = await monitoring.figures(since=0, now=LATER)
    assert (figures.open_refunds, figures.failed_refunds, figures.contradictions) == (0, 0, 0)
    assert [(money.refunded, money.returning, money.unexplained) for money in figures.money] == [(100, 0, 0)]


async def test_what_wants_a_person(monitoring: Monitoring, orders: Orders, outbox: Outbox) -> None:
    """Wrong amounts, dead letters, jobs that wait, and open orders whose time is over are each counted."""
    await orders.place(
        with_payment(new_order("o1"), "pay-o1"), (Effect(kind=EffectKind.SEATS), Effect(kind=EffectKind.VOID))
    )
    wrong = Fact(gateway="sandbox", reference="pay-o1", outcome=Outcome.PAID, amount=99)
    await make(orders, "o1", lambda found: settle(found, wrong, now=NOW, new_id=new_id))
    job, *_ = await outbox.claim(now=NOW, lease_ms=1)
    await outbox.failed(job, "hopeless", again_at=None)
    figures = await monitoring.figures(since=0, now=LATER)
    assert (figures.mismatches, figures.dead_letters, figures.waiting_jobs, figures.overdue) == (1, 1, 2, 1)
    assert figures.money[0] == MoneyFigures(currency="VND", captured=99, kept=0, refunded=0, returning=99, waiting=0)


async def test_attempts_that_nobody_answers(monitoring: Monitoring, orders: Orders) -> None:
    """An attempt without an end counts from an hour after its deadline, until the gateway says what became of it."""
    order = with_payment(new_order("o1"), "pay-o1")
    await orders.place(order)
    deadline = order.payments[0].expires_at
    assert (await monitoring.figures(since=0, now=deadline + 3_599_000)).unanswered == 0
    assert (await monitoring.figures(since=0, now=deadline + 3_600_000)).unanswered == 1
    await make(orders, "o1", lambda found: paid(found, "pay-o1"))
    assert (await monitoring.figures(since=0, now=deadline + 3_600_000)).unanswered == 0
