"""The outbox: each effect once, each job one worker's at a time, and none lost."""

import asyncio

import msgspec
import pytest

from server.domain.orders import Effect, EffectKind, NoticeKind
from server.domain.settlement import cancel
from server.domain.staff import Actor, AuditEntry
from server.ports import Audit
from server.ports.orders import Change, Orders
from server.ports.outbox import Job, Outbox
from tests.contract.orders.world import NOW, give_up, make, new_order, new_payment

SEATS = Effect(kind=EffectKind.SEATS)
TICKETS = Effect(kind=EffectKind.NOTICE, subject=NoticeKind.TICKETS.value)
VOID = Effect(kind=EffectKind.VOID, subject="pay-1")
RETRY = AuditEntry(actor=Actor(id="ann"), action="outbox.retry", subject="job:1")


async def place(orders: Orders, *effects: Effect, order: str = "o1", seat: str = "A1") -> None:
    """An order with these effects."""
    await orders.place(new_order(order, seat), effects)


async def state(orders: Orders, *effects: Effect, change_it: bool = True, order: str = "o1") -> None:
    """Change the order, or not, and state the effects with that."""
    async with orders.change(order) as change:
        if change_it:
            payments = (*change.order.payments, new_payment(change.order))
            change.order = msgspec.structs.replace(change.order, payments=payments)
        change.effects.extend(effects)


async def claim(outbox: Outbox, now: int = NOW) -> tuple[Job, ...]:
    """What is due, for a second."""
    return await outbox.claim(now=now, lease_ms=1000)


async def test_each_job_is_one_workers(orders: Orders, outbox: Outbox) -> None:
    """Eight dispatchers at one outbox: each job goes to one of them, until its lease ends or it is done."""
    for number, seat in enumerate(("A1", "A2", "A3", "A4", "B1", "B2")):
        await place(orders, SEATS, TICKETS, order=f"o{number}", seat=seat)
    rounds = await asyncio.gather(*(outbox.claim(now=NOW, lease_ms=1000, limit=3) for _ in range(8)))
    jobs = [job for found in rounds for job in found]
    assert len(jobs) == len({job.id for job in jobs}) == 12
    assert {job.attempt for job in jobs} == {1}
    await asyncio.gather(*(outbox.done(job) for job in jobs[:5]))
    assert await claim(outbox, NOW + 999) == ()
    again = await claim(outbox, NOW + 1000)
    assert [job.id for job in again] == sorted(job.id for job in jobs[5:])
    assert {job.attempt for job in again} == {2}
    assert await outbox.waiting() == 7


async def test_the_oldest_of_a_kind_comes_first(orders: Orders, outbox: Outbox) -> None:
    """Of one order and kind only the oldest job is given out, while other kinds and orders go on beside it."""
    await place(orders, SEATS, TICKETS)
    await state(orders, SEATS)
    await place(orders, SEATS, order="o2", seat="A2")
    first = await claim(outbox)
    assert [(job.order, job.effect) for job in first] == [("o1", SEATS), ("o1", TICKETS), ("o2", SEATS)]
    await outbox.failed(first[0], "store away", again_at=NOW + 5000)
    assert await claim(outbox) == ()
    (retried,) = [job for job in await claim(outbox, NOW + 5000) if job.key == first[0].key]
    await outbox.done(retried)
    (second,) = [job for job in await claim(outbox, NOW + 5000) if job.effect == SEATS and job.order == "o1"]
    assert second.key != retried.key


async def test_a_dead_letter_holds_up_nobody(orders: Orders, outbox: Outbox) -> None:
    """What was given up is told with its reason, lets the next of its kind pass, and can be queued again."""
    await place(orders, SEATS)
    await state(orders, SEATS)
    (first,) = await claim(outbox)
    await outbox.failed(first, "no\x00such \ud800 seat", again_at=None)
    (letter,) = await outbox.dead()
    assert (letter.job.id, letter.error) == (first.id, "nosuch ? seat")
    assert [job.id for job in await claim(outbox)] != [first.id]
    assert await outbox.revive(first.id, now=NOW + 10, audit=RETRY)
    assert not await outbox.revive(first.id, now=NOW + 10, audit=RETRY)
    assert await outbox.dead() == ()
    (revived,) = await claim(outbox, NOW + 10)
    assert (revived.key, revived.attempt) == (first.key, 1)


async def test_who_had_it_tried_again_is_recorded_with_that(orders: Orders, outbox: Outbox, audit: Audit) -> None:
    """An entry that the audit refuses leaves the letter dead; there is one for each letter that was queued again."""
    await place(orders, SEATS)
    (job,) = await claim(outbox)
    await outbox.failed(job, "hopeless", again_at=None)
    wrong = msgspec.structs.replace(RETRY, action="no action")
    with pytest.raises(Exception, match="audit_action"):
        await outbox.revive(job.id, now=NOW, audit=wrong)
    assert [letter.job.id for letter in await outbox.dead()] == [job.id]
    assert await outbox.revive(job.id, now=NOW, audit=RETRY)
    assert not await outbox.revive(job.id, now=NOW, audit=RETRY)
    records = (await audit.page(after=None, limit=10)).records
    assert [(record.actor, record.action, record.subject) for record in records] == [("ann", "outbox.retry", "job:1")]


async def test_a_lost_lease_does_not_count(orders: Orders, outbox: Outbox) -> None:
    """Who was too slow can neither finish nor fail a job that another has by now."""
    await place(orders, SEATS)
    (slow,) = await claim(outbox)
    (quick,) = await claim(outbox, NOW + 1000)
    await outbox.done(slow)
    await outbox.failed(slow, "too late", again_at=None)
    assert (await outbox.waiting(), await outbox.dead()) == (1, ())
    await outbox.done(quick)
    assert await outbox.waiting() == 0


@pytest.mark.parametrize("effect", [SEATS, TICKETS], ids=["seats", "notice"])
async def test_news_of_each_change_is_its_own(orders: Orders, outbox: Outbox, effect: Effect) -> None:
    """What the store and the customer are told of two changes is two jobs."""
    await place(orders, effect)
    await state(orders, effect)
    assert await outbox.waiting() == 2


async def test_an_effect_on_money_is_one(orders: Orders, outbox: Outbox) -> None:
    """What is said of one payment is one job, however many changes state it while it waits."""
    await place(orders, VOID)
    await state(orders, VOID)
    await state(orders, VOID)
    assert await outbox.waiting() == 1


async def test_an_effect_stated_while_it_is_done(orders: Orders, outbox: Outbox) -> None:
    """An effect that is stated again while a worker does it is done once more: that worker may have been too early."""
    await place(orders, VOID)
    (early,) = await claim(outbox)
    await state(orders, VOID)
    await outbox.done(early)
    assert await outbox.waiting() == 1
    assert await claim(outbox, NOW + 999) == ()
    (late,) = await claim(outbox, NOW + 1000)
    await outbox.done(late)
    assert (late.key, await outbox.waiting()) == (early.key, 0)


@pytest.mark.parametrize("ended", ["done", "dead"])
async def test_an_effect_stated_after_its_end(orders: Orders, outbox: Outbox, ended: str) -> None:
    """An effect that is stated again after it was done or given up is queued afresh under its old key."""
    await place(orders, VOID)
    (first,) = await claim(outbox)
    if ended == "done":
        await outbox.done(first)
    else:
        await outbox.failed(first, "hopeless", again_at=None)
    await state(orders, VOID, change_it=False)
    (second,) = await claim(outbox)
    assert (second.id, second.key, second.attempt) == (first.id, first.key, 1)
    assert await outbox.dead() == ()


async def test_a_change_that_is_undone_has_no_effects(orders: Orders, outbox: Outbox) -> None:
    """Effects stand or fall with the change that states them."""
    await place(orders)

    def fail(change: Change) -> None:
        change.effects.append(SEATS)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await give_up(orders, "o1", fail)
    assert await outbox.waiting() == 0
    await make(orders, "o1", cancel)
    assert await outbox.waiting() == 1
