"""One idempotency key, one effect, one answer: also where two sendings meet, or the first died half-way."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.checkout.asking import Answered
from server.domain.errors import IdempotencyInProgressError
from server.domain.holds import Once
from server.domain.payments import Attempt
from server.domain.staff import Actor, Role, StaffMember
from tests.faults.payments.world import DiedError, World, represent, world_of

ONCE = Once(key="again", body_hash="same")
STAFF = StaffMember(id="s1", login="linh", name="Linh", role=Role.MANAGER)


@pytest.fixture
async def world(redis_url: str, key_prefix: str, engine: AsyncEngine) -> AsyncIterator[World]:
    """A world of this test alone."""
    async with world_of(redis_url, key_prefix, engine, now=time.time_ns() // 1_000_000) as made:
        yield made


async def another_attempt(world: World, order: str) -> Answered:
    """Ask for one at a gateway that must be asked where the customer is to go."""
    return await world.worker.till.desk.pay(
        order, holder="anna", gateway="bank", client_ip=None, once=ONCE, represent=represent
    )


async def refund(world: World, order: str) -> Answered:
    """Send part of the money back."""
    return await world.worker.till.desk.refund(
        order,
        seats=None,
        amount=5000,
        reason="asked",
        by=STAFF,
        actor=Actor(id="s1", request="r1"),
        once=ONCE,
        represent=represent,
    )


def answers(results: "list[Answered | BaseException]") -> list[bytes]:
    """What was answered; whoever was not must have been told that the request is running."""
    told = [result for result in results if isinstance(result, Answered)]
    assert all(isinstance(result, Answered | IdempotencyInProgressError) for result in results), results
    return [answered.kept.body for answered in told]


async def test_sendings_that_meet_start_one_attempt(world: World) -> None:
    """Ten tabs ask for another attempt under one key: the gateway hears of one, and all who are told are told of it."""
    order = await world.buy("anna", "A1")
    results = await asyncio.gather(*(another_attempt(world, order) for _ in range(10)), return_exceptions=True)
    assert len(set(answers(results))) == 1
    assert len((await world.order(order)).payments) == 2
    assert (await another_attempt(world, order)).replayed


async def test_an_attempt_whose_sender_died_is_continued(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was written down and the gateway perhaps told of it: the next sending goes on with the very same."""
    order = await world.buy("anna", "A1")
    told: list[str] = []
    start = world.bank.start

    async def die(attempt: Attempt) -> str | None:
        told.append(attempt.request_id)
        if len(told) == 1:
            raise DiedError
        return await start(attempt)

    monkeypatch.setattr(world.bank, "start", die)
    with pytest.raises(DiedError):
        await another_attempt(world, order)
    answered = await another_attempt(world, order)
    assert not answered.replayed
    assert len(set(told)) == 1
    assert len((await world.order(order)).payments) == 2


async def test_sendings_that_meet_send_back_once(world: World) -> None:
    """Staff click twice: one refund, and whoever comes second is told that it is under way, then gets its answer."""
    order = await world.buy("anna", "A1")
    await world.pay(order)
    results = await asyncio.gather(*(refund(world, order) for _ in range(5)), return_exceptions=True)
    assert len(set(answers(results))) == 1
    assert [row.amount for row in (await world.order(order)).refunds] == [5000]
    assert (await refund(world, order)).replayed
