"""Staff say how a refund ended while a worker is about to send it."""

import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.domain.orders import RefundState
from server.domain.payments import ABSENT, RefundAnswer, RefundOrder, RefundOutcome
from server.domain.refunds import BY_HAND_MS
from server.domain.staff import Actor, Role, StaffMember
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
