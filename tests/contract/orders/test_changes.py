"""Changes: one order at a time, written together or not at all."""

import asyncio
from functools import partial

import msgspec
import pytest

from server.domain.errors import ConflictError
from server.domain.orders import Effect, EffectKind, NoticeKind, OrderState, PaymentState, RefundState
from server.domain.payments import RefundAnswer, RefundOutcome
from server.domain.refunds import BY_HAND_MS, close, refund, refunded, replaced
from server.domain.settlement import asked, cancel, expire, reseat
from server.domain.staff import Actor, AuditEntry
from server.ports.orders import Change, Keeping, Orders
from server.ports.outbox import Outbox
from tests.contract.orders.world import (
    NOW,
    PAYMENT_MS,
    give_up,
    make,
    message,
    new_id,
    new_order,
    new_payment,
    paid,
    place_paid,
    with_payment,
)

SEATS = Effect(kind=EffectKind.SEATS)


async def test_a_payment_is_written_with_what_follows(orders: Orders, outbox: Outbox) -> None:
    """The order, its payment and every effect are written together, and the order is one row version on."""
    order = await place_paid(orders, new_order("o1", "A1", "A2"))
    assert await orders.order("o1") == order
    assert (order.state, order.paid_by, order.row_version) == (OrderState.PAID, "pay-o1", 2)
    jobs = await outbox.claim(now=NOW, lease_ms=1000)
    tickets = Effect(kind=EffectKind.NOTICE, subject=NoticeKind.TICKETS.value)
    assert [job.effect for job in jobs] == [SEATS, tickets]


async def test_a_block_that_raises_changes_nothing(orders: Orders, outbox: Outbox) -> None:
    """What a block sets is undone if it raises, and its own error comes out as it is, whatever it is like."""
    await orders.place(new_order("o1"))
    for error in (RuntimeError("mine"), TimeoutError("mine"), OSError("mine")):

        def fail(change: Change, error: Exception = error) -> None:
            change.effects.append(SEATS)
            change.callback = message()
            raise error

        with pytest.raises(type(error), match="mine"):
            await give_up(orders, "o1", fail)
    assert await orders.order("o1") == new_order("o1")
    assert await outbox.waiting() == 0
    assert await orders.record(message())


async def test_a_change_of_nothing(orders: Orders) -> None:
    """An order that stays as it is keeps its row version, whatever row version the block gave it."""
    await orders.place(new_order("o1"))
    async with orders.change("o1") as change:
        change.order = msgspec.structs.replace(change.order, row_version=99)
    assert change.order.row_version == 1
    assert await orders.order("o1") == new_order("o1")


async def test_one_change_at_a_time(orders: Orders) -> None:
    """Twenty changes of one order at once follow one another: none is lost."""
    await orders.place(new_order("o1"))

    async def attempt() -> None:
        async with orders.change("o1") as change:
            payments = (*change.order.payments, new_payment(change.order))
            change.order = msgspec.structs.replace(change.order, payments=payments)

    await asyncio.gather(*(attempt() for _ in range(20)))
    order = await orders.order("o1")
    assert (len(order.payments), order.row_version) == (20, 21)


async def test_late_seats_that_are_free(orders: Orders) -> None:
    """An expired order whose late payment gets its seats again owns them again."""
    await orders.place(with_payment(new_order("o1", "A1", "A2"), "pay-o1"))
    deadline = NOW + PAYMENT_MS
    await make(orders, "o1", lambda order: expire(order, now=deadline))
    assert (await orders.order("o1")).live_seats() == ()
    await make(orders, "o1", lambda order: paid(order, "pay-o1"))
    await make(orders, "o1", lambda order: reseat(order, "pay-o1", seats_free=True, now=deadline, new_id=new_id))
    order = await orders.order("o1")
    assert (order.state, order.live_seats()) == (OrderState.PAID, ("A1", "A2"))


async def test_late_seats_that_are_gone(orders: Orders, outbox: Outbox) -> None:
    """Seats that became another order's are not had again: nothing is written, the effects neither."""
    await orders.place(with_payment(new_order("o1", "A1", "A2"), "pay-o1"))
    deadline = NOW + PAYMENT_MS
    await make(orders, "o1", lambda order: expire(order, now=deadline))
    before = await make(orders, "o1", lambda order: paid(order, "pay-o1"))
    await orders.place(new_order("o2", "A2", at=deadline, fence=(1, 2)))
    waiting = await outbox.waiting()
    with pytest.raises(ConflictError):
        await make(orders, "o1", lambda order: reseat(order, "pay-o1", seats_free=True, now=deadline, new_id=new_id))
    assert await orders.order("o1") == before
    assert await outbox.waiting() == waiting
    await make(orders, "o1", lambda order: reseat(order, "pay-o1", seats_free=False, now=deadline, new_id=new_id))
    assert (await orders.order("o1")).state is OrderState.REFUNDING


async def test_refunds_free_their_seats(orders: Orders) -> None:
    """A seat is another's to buy once its refund is asked for; one refund in the place of another counts once."""
    await place_paid(orders, new_order("o1", "A1", "A2"))
    order = await make(
        orders,
        "o1",
        lambda found: refund(found, seats=("A1",), amount=None, reason="ill", by="ann", now=NOW, new_id=new_id),
    )
    first = order.refunds[0].reference
    assert (await orders.order("o1")).live_seats() == ("A2",)
    await orders.place(new_order("o2", "A1", holder="bob"))
    failed = RefundAnswer(outcome=RefundOutcome.FAILED, code="91")
    await make(orders, "o1", lambda found: refunded(found, first, failed, now=NOW))
    order = await make(orders, "o1", lambda found: replaced(found, first, now=NOW, new_id=new_id))
    second = order.refunds[1].reference
    done = RefundAnswer(outcome=RefundOutcome.DONE, gateway_id="g-9")
    await make(orders, "o1", lambda found: refunded(found, second, done, now=NOW))
    order = await orders.order("o1")
    assert order.state is OrderState.PARTLY_REFUNDED
    assert [row.state for row in order.refunds] == [RefundState.REPLACED, RefundState.DONE]
    assert {row.created_at for row in order.refunds} == {NOW}


async def test_parts_are_never_taken_away(orders: Orders) -> None:
    """A payment or a seat that a block leaves out, or a seat that it adds, is a mistake, and changes nothing."""
    await orders.place(with_payment(new_order("o1", "A1", "A2"), "pay-o1"))
    before = await orders.order("o1")
    more = (*before.seats, msgspec.structs.replace(before.seats[0], seat="A3"))
    for wrong in ({"payments": ()}, {"seats": before.seats[:1]}, {"seats": more}):
        with pytest.raises(ValueError, match="order"):
            async with orders.change("o1") as change:
                change.order = msgspec.structs.replace(before, **wrong)
    assert await orders.order("o1") == before


async def test_acts_of_staff_are_written_with_the_change(orders: Orders) -> None:
    """An audit entry that the audit refuses undoes the change that it is of."""
    await orders.place(new_order("o1"))
    wrong = AuditEntry(actor=Actor(id="ann"), action="no action", subject="order:o1")
    with pytest.raises(Exception, match="audit_action"):
        await give_up(orders, "o1", lambda change: change.audit.append(wrong))
    assert (await orders.order("o1")).state is OrderState.OPEN
    right = msgspec.structs.replace(wrong, action="order.cancel")
    await give_up(orders, "o1", lambda change: change.audit.append(right))
    assert (await orders.order("o1")).state is OrderState.CANCELLED


async def test_messages_are_kept_once(orders: Orders) -> None:
    """The same message is new once: for its gateway, its kind and its bytes, whether an order changed by it or not."""
    await orders.place(new_order("o1"))
    async with orders.change("o1") as change:
        change.callback = message()
    assert not await orders.record(message(verdict="already"))
    assert await orders.record(message(kind="query"))
    assert await orders.record(message(gateway="momo"))
    assert await orders.record(message(b"a=2\x00\xff", verified=False, verdict="forged", reference="\x00" * 70))
    assert not await orders.record(message(b"a=2\x00\xff", verified=False, verdict="forged", reference=None))


async def test_messages_that_nobody_vouches_for_are_bounded(orders: Orders) -> None:
    """So many of a gateway and a time; one that is kept counts on, and verified ones are kept whatever came before."""

    async def keep(raw: bytes, *, at: int = 0, since: int = -1, gateway: str = "sandbox") -> Keeping:
        said = {"verified": False, "verdict": "forged", "reference": None, "gateway": gateway}
        unverified = message(raw, **said, received_at=NOW + at)
        return await orders.record_unverified(unverified, most=2, since=NOW + since)

    assert await orders.record(message(b"genuine"))
    assert [await keep(raw) for raw in (b"1", b"2", b"3", b"2")] == [
        *(Keeping.NEW, Keeping.NEW, Keeping.NO_ROOM, Keeping.KNOWN),
    ]
    assert await keep(b"3", gateway="momo") is Keeping.NEW
    assert await keep(b"3", at=11, since=1) is Keeping.NEW
    assert await keep(b"4", at=12, since=1) is Keeping.NEW
    assert await keep(b"5", at=13, since=1) is Keeping.NO_ROOM
    assert await orders.record(message(b"also genuine"))
    assert await keep(b"genuine", at=13, since=1) is Keeping.KNOWN


async def test_references(orders: Orders) -> None:
    """A payment's reference leads to its order at its own gateway alone."""
    await orders.place(with_payment(new_order("o1"), "pay-o1", gateway="momo"))
    assert await orders.of_reference("momo", "pay-o1") == "o1"
    assert await orders.of_reference("vnpay", "pay-o1") is None


async def test_overdue_orders(orders: Orders) -> None:
    """Open orders from their deadline on, the oldest first; those that are not open never."""
    await orders.place(new_order("o1", "A1", at=NOW + 2))
    await orders.place(new_order("o2", "A2", at=NOW + 1))
    await orders.place(new_order("o3", "A3"))
    await make(orders, "o3", cancel)
    assert await orders.overdue(now=NOW + PAYMENT_MS) == ()
    assert await orders.overdue(now=NOW + PAYMENT_MS + 2) == ("o2", "o1")
    assert await orders.overdue(now=NOW + PAYMENT_MS + 2, limit=1) == ("o2",)


async def test_questions_are_one_workers(orders: Orders) -> None:
    """A payment to ask about goes to one of many workers, until its lease ends or it is to be asked about anew."""
    deadline = NOW + PAYMENT_MS
    for order, seat in (("o1", "A1"), ("o2", "A2")):
        await orders.place(with_payment(new_order(order, seat), f"pay-{order}", ask_at=deadline))
    assert await orders.to_ask(now=deadline - 1) == ()
    rounds = await asyncio.gather(*(orders.to_ask(now=deadline, lease_ms=5_000_000, limit=1) for _ in range(4)))
    assert sorted(pair for found in rounds for pair in found) == [("o1", "pay-o1"), ("o2", "pay-o2")]
    async with orders.change("o1") as change:
        change.order = asked(change.order, "pay-o1", now=deadline)
    assert await orders.to_ask(now=deadline + 60_000) == (("o1", "pay-o1"),)
    assert set(await orders.to_ask(now=deadline + 5_000_000)) == {("o1", "pay-o1"), ("o2", "pay-o2")}


async def test_refunds_without_an_answer(orders: Orders) -> None:
    """Refunds that are sent or unknown go to one worker a lease; those that wait, failed or are done do not."""
    await place_paid(orders, new_order("o1"))
    order = await make(
        orders, "o1", lambda found: refund(found, seats=None, amount=None, reason="", by="ann", now=NOW, new_id=new_id)
    )
    reference = order.refunds[0].reference
    for outcome, due in ((None, False), ("sent", True), ("unknown", True), ("failed", False), ("done", False)):
        if outcome:
            answer = RefundAnswer(outcome=RefundOutcome(outcome))
            await make(orders, "o1", partial(refunded, reference=reference, answer=answer, now=NOW))
        ask_at = NOW + 1000 * len(outcome or "")
        found = await orders.unsettled_refunds(now=ask_at, lease_ms=1)
        assert found == ((("o1", reference),) if due else ())
        if due:
            assert await orders.unsettled_refunds(now=ask_at, lease_ms=1) == ()


async def test_refunds_that_were_ended_by_hand_are_asked_about(orders: Orders) -> None:
    """Until the gateway has said it too, or something else; for thirty days, and not once another took its place."""
    day, refunding = 86_400_000, partial(refund, seats=None, amount=None, reason="", by="ann", now=NOW, new_id=new_id)
    ended_at = NOW + BY_HAND_MS
    found: dict[str, str] = {}
    for order, seat in (("o1", "A1"), ("o2", "A2")):
        await place_paid(orders, new_order(order, seat))
        found[order] = (await make(orders, order, refunding)).refunds[0].reference
        unknown = RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        await make(orders, order, partial(refunded, reference=found[order], answer=unknown, now=NOW))
        await make(
            orders,
            order,
            partial(close, reference=found[order], done_on=None, reason="statement", by="ann", now=ended_at),
        )
    assert set(await orders.unsettled_refunds(now=ended_at, lease_ms=1)) == set(found.items())
    assert await orders.unsettled_refunds(now=NOW + 30 * day, lease_ms=1) == ()
    await make(orders, "o2", partial(replaced, reference=found["o2"], now=ended_at, new_id=new_id))
    assert await orders.unsettled_refunds(now=NOW + 29 * day, lease_ms=1) == (("o1", found["o1"]),)
    done = RefundAnswer(outcome=RefundOutcome.DONE)
    said = await make(orders, "o1", partial(refunded, reference=found["o1"], answer=done, now=ended_at))
    assert (await orders.order("o1")).refunds == said.refunds
    assert await orders.unsettled_refunds(now=NOW + 29 * day + 5, lease_ms=1) == ()


async def test_refunds_that_were_never_sent_are_not_asked_about(orders: Orders) -> None:
    """Nor when staff ended them: no gateway knows of them."""
    await place_paid(orders, new_order("o1", "A1"))
    asking = partial(refund, seats=None, amount=None, reason="", by="ann", now=NOW, new_id=new_id)
    reference = (await make(orders, "o1", asking)).refunds[0].reference
    ended_at = NOW + BY_HAND_MS
    ended = partial(close, reference=reference, done_on=None, reason="no gateway", by="ann", now=ended_at)
    said = await make(orders, "o1", ended)
    assert (await orders.order("o1")).refunds == said.refunds
    assert await orders.unsettled_refunds(now=ended_at, lease_ms=1) == ()


async def test_refunds_are_asked_about_in_turn(orders: Orders) -> None:
    """Old refunds that get no answer for days keep nobody from asking about younger ones."""
    for order, seat in (("o1", "A1"), ("o2", "A2"), ("o3", "A3")):
        await place_paid(orders, new_order(order, seat))
        refunding = partial(refund, seats=None, amount=None, reason="", by="ann", now=NOW, new_id=new_id)
        row = (await make(orders, order, refunding)).refunds[0]
        sent = RefundAnswer(outcome=RefundOutcome.SENT)
        await make(orders, order, partial(refunded, reference=row.reference, answer=sent, now=NOW))
    found = [await orders.unsettled_refunds(now=NOW + turn, lease_ms=1, limit=1) for turn in range(6)]
    first = [order for ((order, _),) in found[:3]]
    assert sorted(first) == ["o1", "o2", "o3"]
    assert [order for ((order, _),) in found[3:]] == first


async def test_failed_payments_stay_as_attempts(orders: Orders) -> None:
    """An attempt that failed and another that paid stand side by side."""
    await orders.place(with_payment(with_payment(new_order("o1"), "first"), "second"))
    async with orders.change("o1") as change:
        rows = tuple(
            msgspec.structs.replace(row, state=PaymentState.FAILED, code="24") if row.reference == "first" else row
            for row in change.order.payments
        )
        change.order = msgspec.structs.replace(change.order, payments=rows)
    await make(orders, "o1", lambda order: paid(order, "second"))
    assert [row.state for row in (await orders.order("o1")).payments] == [PaymentState.FAILED, PaymentState.PAID]
