"""Staff say how a refund ended while a worker is about to send it, and pay it back themselves."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.domain.errors import ConflictError
from server.domain.orders import Order, OrderState, Payment, RefundState
from server.domain.payments import ABSENT, Attempt, RefundAnswer, RefundOrder, RefundOutcome
from server.domain.refunds import BY_HAND_MS, RefundRefusedError
from server.domain.staff import Actor, AuditEntry, Role, StaffMember
from tests.faults.payments.books import money_of
from tests.faults.payments.world import World, represent, world_of

STAFF = StaffMember(id="s1", login="linh", name="Linh", role=Role.MANAGER)
ACTOR = Actor(id="s1", request="r1")


@pytest.fixture
async def world(redis_url: str, key_prefix: str, engine: AsyncEngine) -> AsyncIterator[World]:
    """A world of this test alone."""
    async with world_of(redis_url, key_prefix, engine, now=time.time_ns() // 1_000_000) as made:
        yield made


@pytest.mark.parametrize(
    "answer",
    [
        RefundAnswer(outcome=RefundOutcome.FAILED, code=ABSENT),
        RefundAnswer(outcome=RefundOutcome.FAILED, code="later", again_after_ms=1000),
    ],
    ids=["absent", "later"],
)
async def test_what_has_an_end_is_not_sent(world: World, monkeypatch: pytest.MonkeyPatch, answer: RefundAnswer) -> None:
    """The gateway would take it, under the old reference or a new one; staff's word came first, and no money goes."""
    sent: list[str] = []

    async def lost(refund: RefundOrder) -> RefundAnswer:
        sent.append(refund.reference)
        return RefundAnswer(outcome=RefundOutcome.UNKNOWN)

    async def ended_meanwhile(refund: RefundOrder) -> RefundAnswer:
        await world.worker.till.desk.close_refund(
            order, refund.reference, done_on=None, reason="statement", by=STAFF, actor=ACTOR
        )
        return answer

    monkeypatch.setattr(world.gateway, "refund", lost)
    monkeypatch.setattr(world.gateway, "query_refund", ended_meanwhile)
    order = await world.buy("anna", "A1")
    await world.pay(order)
    desk, dispatcher = world.worker.till.desk, world.worker.till.dispatcher
    await desk.refund(
        order, seats=None, amount=None, reason="asked", by=STAFF, actor=ACTOR, once=None, represent=represent
    )
    await dispatcher.work()
    assert (await world.order(order)).refunds[0].state is RefundState.UNKNOWN
    world.clock.now += BY_HAND_MS
    await dispatcher.work()
    [row] = (await world.order(order)).refunds
    assert (row.state, sent) == (RefundState.FAILED, [row.reference])
    assert await world.outbox.waiting() == 0


async def asked_back(world: World, *buyers: tuple[str, str], waits_ms: int = BY_HAND_MS) -> list[str]:
    """The paid orders of these holders and seats, whose money is asked back and waits so long, and is not sent yet."""
    orders = [await world.buy(name, seat) for name, seat in buyers]
    for order in orders:
        await world.pay(order)
        await world.worker.till.desk.refund(
            order, seats=None, amount=None, reason="asked", by=STAFF, actor=ACTOR, once=None, represent=represent
        )
    world.clock.now += waits_ms
    return orders


async def paid_by_hand(world: World, order: str) -> bool:
    """Whether staff, who paid the money back today, could say so."""
    [row] = (await world.order(order)).refunds[-1:]
    today = datetime.fromtimestamp(world.clock.now / 1000, UTC).date()
    try:
        await world.worker.till.desk.close_refund(
            order, row.reference, done_on=today, reason="cash", by=STAFF, actor=ACTOR
        )
    except RefundRefusedError:
        return False
    return True


async def returned(world: World, order: str) -> int:
    """What went back through the gateway."""
    [payment] = (await world.order(order)).payments
    return (await money_of(world.engine, world.bank))[payment.reference].returned


async def test_a_worker_finds_what_staff_ended_while_it_looked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It read that the refund waits to be sent; before it marks it, staff say that it is paid, and nothing is sent."""
    [order] = await asked_back(world, ("anna", "A1"))
    gateways, ended = world.worker.till.gateways, []
    attempt = gateways.attempt

    async def slowly(found: Order, payment: Payment) -> Attempt:
        ended.append(await paid_by_hand(world, order))
        return await attempt(found, payment)

    monkeypatch.setattr(gateways, "attempt", slowly)
    await world.work()
    [row] = (await world.order(order)).refunds
    assert (row.state, ended, await returned(world, order)) == (RefundState.DONE, [True], 0)
    assert await world.outbox.waiting() == 0


async def test_staff_find_that_a_worker_is_sending(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """They saw it wait for an hour, but it is on its way now: its end cannot be said, and it comes from the gateway."""
    [order] = await asked_back(world, ("anna", "A1"))
    ended = []
    send = world.gateway.refund

    async def watched(refund: RefundOrder) -> RefundAnswer:
        ended.append(await paid_by_hand(world, order))
        return await send(refund)

    monkeypatch.setattr(world.gateway, "refund", watched)
    await world.work()
    [row] = (await world.order(order)).refunds
    assert (row.state, row.closing, ended) == (RefundState.DONE, None, [False])
    assert await returned(world, order) == row.amount


async def test_staff_find_that_a_worker_is_sending_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knew for an hour whether it arrived; now it is on its way once more, and its end cannot be said."""
    [order] = await asked_back(world, ("anna", "A1"), waits_ms=0)
    ended = []
    send = world.gateway.refund

    async def lost(_: RefundOrder) -> RefundAnswer:
        return RefundAnswer(outcome=RefundOutcome.UNKNOWN)

    async def watched(refund: RefundOrder) -> RefundAnswer:
        ended.append(await paid_by_hand(world, order))
        return await send(refund)

    monkeypatch.setattr(world.gateway, "refund", lost)
    await world.worker.till.dispatcher.work()
    assert (await world.order(order)).refunds[0].state is RefundState.UNKNOWN
    world.clock.now += BY_HAND_MS
    monkeypatch.setattr(world.gateway, "refund", watched)
    await world.work()
    [row] = (await world.order(order)).refunds
    assert (row.state, row.closing, ended) == (RefundState.DONE, None, [False])
    assert await returned(world, order) == row.amount


async def test_staff_and_workers_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each refund either staff say the end, or the worker sends it: never both, and never neither.

    Half of the ends are said while the worker looks, the others when it sends the first.
    """
    sending, send = asyncio.Event(), world.gateway.refund

    async def watched(refund: RefundOrder) -> RefundAnswer:
        sending.set()
        return await send(refund)

    async def said_while_sending(order: str) -> bool:
        await sending.wait()
        return await paid_by_hand(world, order)

    monkeypatch.setattr(world.gateway, "refund", watched)
    buyers = [(f"holder-{row}{place}", f"{row}{place}") for place in range(1, 5) for row in "AB"]
    orders = await asked_back(world, *buyers)
    ended = [
        said_while_sending(order) if place % 2 else paid_by_hand(world, order) for place, order in enumerate(orders)
    ]
    *by_hand, _ = await asyncio.gather(*ended, world.work())
    assert not all(by_hand)
    for order, said in zip(orders, by_hand, strict=True):
        [row] = (await world.order(order)).refunds
        assert (row.state, row.closing is not None) == (RefundState.DONE, said)
        assert await returned(world, order) == (0 if said else row.amount)


async def test_a_refund_without_its_gateway_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken off the settings: its effect is given up; once staff ended the refund, that finds nothing to do."""
    [order] = await asked_back(world, ("anna", "A1"), waits_ms=0)
    with monkeypatch.context() as without:
        without.delitem(cast("dict[str, object]", world.worker.till.gateways.by_name), "sandbox")
        await world.work()
        [letter] = await world.outbox.dead()
        assert not await paid_by_hand(world, order)
        world.clock.now += BY_HAND_MS
        assert await paid_by_hand(world, order)
    audit = AuditEntry(actor=ACTOR, action="outbox.retry", subject=f"job:{letter.job.id}")
    assert await world.outbox.revive(letter.job.id, now=world.clock.now, audit=audit)
    await world.work()
    assert (await world.outbox.waiting(), await world.outbox.dead()) == (0, ())
    assert (await world.order(order)).state is OrderState.REFUNDED
    assert await returned(world, order) == 0


async def test_a_refund_that_waits_for_another_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """That one never ends; when it does after all, the other is not sent."""
    sent: list[str] = []
    said = RefundOutcome.SENT

    async def accept(refund: RefundOrder) -> RefundAnswer:
        sent.append(refund.reference)
        return RefundAnswer(outcome=RefundOutcome.SENT)

    async def tell(_: RefundOrder) -> RefundAnswer:
        return RefundAnswer(outcome=said)

    monkeypatch.setattr(world.gateway, "refund", accept)
    monkeypatch.setattr(world.gateway, "query_refund", tell)
    order = await world.buy("anna", "A1", "A2")
    await world.pay(order)
    for seat in ("A1", "A2"):
        await world.worker.till.desk.refund(
            order, seats=(seat,), amount=None, reason="asked", by=STAFF, actor=ACTOR, once=None, represent=represent
        )
        await world.work()
    first, second = (await world.order(order)).refunds
    assert (first.state, second.state) == (RefundState.SENT, RefundState.REQUESTED)
    world.clock.now += BY_HAND_MS
    assert await paid_by_hand(world, order)
    said = RefundOutcome.DONE
    await world.work()
    assert (await world.order(order)).state is OrderState.REFUNDED
    assert (sent, await world.outbox.waiting()) == ([first.reference], 0)


async def test_what_failed_is_sent_again_or_paid_by_hand(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two managers at once: one of them is refused, and the money goes back once."""

    async def refuse(_: RefundOrder) -> RefundAnswer:
        return RefundAnswer(outcome=RefundOutcome.FAILED, code="09")

    orders = await asked_back(world, *((f"holder-{place}", f"A{place}") for place in range(1, 5)), waits_ms=0)
    with monkeypatch.context() as refusing:
        refusing.setattr(world.gateway, "refund", refuse)
        await world.work()

    async def again(order: str) -> bool:
        [row] = (await world.order(order)).refunds[:1]
        try:
            await world.worker.till.desk.retry_refund(order, row.reference, actor=ACTOR)
        except ConflictError:
            return False
        return True

    both = (act(order) for order in orders for act in (again, lambda order: paid_by_hand(world, order)))
    results = await asyncio.gather(*both)
    await world.work()
    for order, sent, said in zip(orders, results[::2], results[1::2], strict=True):
        found = await world.order(order)
        assert (sent, found.state) == (not said, OrderState.REFUNDED)
        assert await returned(world, order) == (0 if said else found.refunds[0].amount)
