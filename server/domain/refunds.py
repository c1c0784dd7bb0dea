"""Money that goes back: asked for by staff, or because it bought nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from server.domain.decisions import SEATS, Decision, NewId, notice
from server.domain.errors import CineBookError
from server.domain.orders import (
    LIVE_STATES,
    Closing,
    Effect,
    EffectKind,
    NoticeKind,
    Order,
    OrderEvent,
    OrderState,
    Refund,
    RefundState,
)
from server.domain.payments import ABSENT, RefundAnswer, RefundOutcome, Verdict

SYSTEM = "system"
"""Who asks for refunds that follow from a rule."""

BY_HAND_MS: Final = 3_600_000
"""How long after it was begun, or sent again, a refund without an end may be given one by hand.

By then its gateway was asked a dozen times, or, where it acknowledged nothing, given up on.
"""

ASKED_ON_MS: Final = 30 * 86_400_000
"""How long after its beginning the gateway goes on being asked about a refund that was ended by hand."""


def send_back(order: Order, payment: str, *, reason: str, now: int, new_id: NewId) -> tuple[Order, tuple[Effect, ...]]:
    """Return all of a payment that buys nothing. An order that nothing else paid follows it into `refunding`."""
    found = order.payment(payment)
    if found is None:
        raise LookupError(f"order {order.id} has no payment {payment}")
    owed = found.captured - order.returning(payment)
    reference, request_id = new_id()
    refund = Refund(
        reference=reference,
        request_id=request_id,
        payment=payment,
        amount=owed,
        reason=reason,
        by=SYSTEM,
        created_at=now,
        begun_at=now,
    )
    changes: dict[str, object] = {"refunds": (*order.refunds, refund)}
    if order.paid_by is None and order.can(OrderEvent.REFUND):
        changes |= {"state": order.after(OrderEvent.REFUND), "paid_by": payment}
    return msgspec.structs.replace(order, **changes), (Effect(kind=EffectKind.REFUND, subject=reference),)


class RefundRefusedError(CineBookError):
    """This cannot be done with the refunds of an order; the message is a sentence that staff may read."""


def refund(
    order: Order,
    *,
    seats: tuple[str, ...] | None,
    amount: int | None,
    reason: str,
    by: str,
    now: int,
    new_id: NewId,
) -> Decision:
    """Staff send money back: for `seats`, which are freed, or an `amount` that frees none; neither means everything.

    An amount that is all that is left frees every seat. Raises `RefundRefusedError` for seats that are not the order's
    any more, and for more than is left.
    """
    if order.paid_by is None or not order.can(OrderEvent.REFUND):
        raise RefundRefusedError(f"an order that is {order.state.value} has nothing to refund")
    paid = order.payment(order.paid_by)
    left = (paid.captured if paid else 0) - order.returning(order.paid_by)
    live = {seat.seat: seat.price for seat in order.seats if seat.live}
    named = seats or ()
    whole = (seats is None and amount is None) or amount == left
    freed = tuple(live) if whole else named
    if strangers := [seat for seat in named if seat not in live]:
        raise RefundRefusedError(f"not live seats of this order: {', '.join(strangers)}")
    prices = left if set(freed) == set(live) else sum(live[seat] for seat in freed)
    owed = prices if amount is None else amount
    if not 0 < owed <= left:
        raise RefundRefusedError(f"{owed} cannot be refunded: {left} is left")
    reference, request_id = new_id()
    row = Refund(
        reference=reference,
        request_id=request_id,
        payment=order.paid_by,
        amount=owed,
        reason=reason,
        by=by,
        created_at=now,
        begun_at=now,
        seats=freed,
    )
    order = msgspec.structs.replace(
        order,
        state=order.after(OrderEvent.REFUND),
        refunds=(*order.refunds, row),
        seats=tuple(msgspec.structs.replace(seat, live=False) if seat.seat in freed else seat for seat in order.seats),
    )
    effects = (Effect(kind=EffectKind.REFUND, subject=reference),)
    return Decision(order=order, effects=(SEATS, *effects) if freed else effects)


_AFTER = {
    RefundOutcome.DONE: RefundState.DONE,
    RefundOutcome.SENT: RefundState.SENT,
    RefundOutcome.FAILED: RefundState.FAILED,
    RefundOutcome.UNKNOWN: RefundState.UNKNOWN,
}


def refunded(order: Order, reference: str, answer: RefundAnswer, *, now: int) -> Decision:
    """What a gateway's answer about a refund makes of the order; one that is done or replaced stays so.

    Of one that staff ended by hand the gateway's first word is written down beside theirs, which stands. Only what they
    took for failed is done if the gateway says so, unless another was sent in its place. A request id that the answer
    names is the refund's from now on.
    """
    row = order.refund(reference)
    if row is None:
        return Decision(order=order, verdict=Verdict.ALREADY)
    stays, closing = row.state in {RefundState.DONE, RefundState.REPLACED}, row.closing
    if closing is not None:
        if closing.said is not None or answer.outcome not in {RefundOutcome.DONE, RefundOutcome.FAILED}:
            return Decision(order=order, verdict=Verdict.ALREADY)
        closing = msgspec.structs.replace(closing, said=_AFTER[answer.outcome], said_at=now)
    elif stays:
        return Decision(order=order, verdict=Verdict.ALREADY)
    row = msgspec.structs.replace(
        row,
        state=row.state if stays else _AFTER[answer.outcome],
        request_id=answer.request_id or row.request_id,
        gateway_id=answer.gateway_id or row.gateway_id,
        code=answer.code,
        closing=closing,
    )
    order = _with_refund(order, row)
    return Decision(order=order) if stays else _ended(order, row)


def closable_at(row: Refund) -> int | None:
    """From when on (ms) staff may say how a refund ended; None for one that is done or replaced.

    The gateway has its time first, unless it said that it failed: then it may have been paid back by other means.
    """
    if row.state in {RefundState.DONE, RefundState.REPLACED}:
        return None
    return row.begun_at if _gateway_failed(row) else row.begun_at + BY_HAND_MS


def _gateway_failed(row: Refund) -> bool:
    """Whether a refund failed by its gateway's word, be it beside that of staff."""
    return row.state is RefundState.FAILED and (row.closing is None or row.closing.said is not None)


def close(order: Order, reference: str, *, done_on: date | None, reason: str, by: str, now: int) -> Decision:
    """Staff say how a refund ended that did not go its way: the money went back on a day; None: it failed.

    One that was not sent yet never will be, and no word of its gateway is awaited; what the gateway said of one that
    failed is kept beside theirs. Raises `RefundRefusedError` for one that has its end, or not waited for long enough,
    and for a day that cannot be.
    """
    row = order.refund(reference)
    opens = None if row is None else closable_at(row)
    if row is None or opens is None or (done_on is None and row.state is RefundState.FAILED):
        what = "is none of this order's" if row is None else f"is {row.state.value}: it does not wait for an end"
        raise RefundRefusedError(f"this refund {what}")
    if now < opens:
        raise RefundRefusedError(f"the gateway has its time; from {_moment(opens):%H:%M} UTC on its end can be told")
    # A day's grace at both ends: banks have clocks and calendars of their own.
    first, last = (_moment(row.created_at) - _DAY).date(), (_moment(now) + _DAY).date()
    if done_on is not None and not first <= done_on <= last:
        raise RefundRefusedError(f"{done_on} is not between the day of the refund and today")
    outcome = RefundState.FAILED if done_on is None else RefundState.DONE
    closing = Closing(outcome=outcome, by=by, reason=reason, on=done_on)
    if _gateway_failed(row):
        closing = msgspec.structs.replace(closing, said=RefundState.FAILED, said_at=row.begun_at)
    code = ABSENT if row.state is RefundState.REQUESTED else row.code
    row = msgspec.structs.replace(row, state=outcome, code=code, closing=closing)
    return _ended(_with_refund(order, row), row)


_DAY = timedelta(days=1)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def awaits_word(order: Order, row: Refund) -> bool:
    """Whether a gateway is to be asked how a refund ended: it accepted it, or staff said it in its place.

    In the latter case not about one that was never sent, and only about the last one of a payment: some gateways tell
    of no other.
    """
    if row.closing is None:
        return row.state is RefundState.SENT
    last = [other for other in order.refunds if other.payment == row.payment][-1]
    return row.closing.said is None and row.code != ABSENT and row == last


def _ended(order: Order, row: Refund) -> Decision:
    """What follows for an order from what one of its refunds is now."""
    if row.state is RefundState.FAILED:
        return Decision(order=order, effects=_next(order, row))
    if row.state is not RefundState.DONE:
        return Decision(order=order)
    own = [other for other in order.owed() if other.payment == order.paid_by]
    if order.state is OrderState.REFUNDING and all(other.state is RefundState.DONE for other in own):
        paid = order.payment(order.paid_by or "")
        left = (paid.captured if paid else 0) - sum(other.amount for other in own)
        event = OrderEvent.RETURNED_PART if left else OrderEvent.RETURNED
        order = msgspec.structs.replace(order, state=order.after(event))
    return Decision(order=order, effects=(notice(NoticeKind.REFUND_DONE), *_next(order, row)))


def must_wait(order: Order, row: Refund) -> bool:
    """Whether a refund may not be sent yet: a gateway that is at another one of the payment would refuse it."""
    others = (other for other in order.refunds if other.payment == row.payment)
    return row.state is RefundState.REQUESTED and any(other.state is RefundState.SENT for other in others)


def _next(order: Order, ended: Refund) -> tuple[Effect, ...]:
    """The refund that waited for this one."""
    rows = (row for row in order.refunds if row.payment == ended.payment and row.state is RefundState.REQUESTED)
    return tuple(Effect(kind=EffectKind.REFUND, subject=row.reference) for row in rows)[:1]


def numbers_before(order: Order, row: Refund) -> tuple[str, ...]:
    """The gateway's numbers of the payment's refunds that were asked for before this one."""
    before = order.refunds[: order.refunds.index(row)]
    return tuple(other.gateway_id for other in before if other.payment == row.payment and other.gateway_id)


def replaced(order: Order, reference: str, *, now: int, new_id: NewId) -> Decision:
    """Send a refund that failed once more, as a new one: gateways answer the old one as they did.

    The new one is as old as the first: so long has the customer waited. Any other than a failed or an unknown one
    stays as it is, with verdict `already`.
    """
    row = order.refund(reference)
    if row is None or row.state not in {RefundState.FAILED, RefundState.UNKNOWN}:
        return Decision(order=order, verdict=Verdict.ALREADY)
    order = _with_refund(order, msgspec.structs.replace(row, state=RefundState.REPLACED))
    reference, request_id = new_id()
    anew = Refund(
        reference=reference,
        request_id=request_id,
        payment=row.payment,
        amount=row.amount,
        reason=row.reason,
        by=row.by,
        created_at=row.created_at,
        begun_at=now,
        seats=row.seats,
    )
    order = msgspec.structs.replace(order, refunds=(*order.refunds, anew))
    return Decision(order=order, effects=(Effect(kind=EffectKind.REFUND, subject=reference),))


def sending(order: Order, reference: str, *, now: int) -> Order:
    """The order before a refund is sent: should the sender die, nobody knows whether it arrived.

    It begins now, however long it waited or was tried, so that nobody says its end while it is on its way. One that
    has an end, or that its gateway accepted, stays as it is.
    """
    row = order.refund(reference)
    if row is None or row.state not in {RefundState.REQUESTED, RefundState.UNKNOWN}:
        return order
    return _with_refund(order, msgspec.structs.replace(row, state=RefundState.UNKNOWN, begun_at=now))


def balance(order: Order) -> int:
    """Captured money that neither pays for the order nor is going back: 0, or the books are wrong.

    What an order keeps is what it captured from the payment that paid it, less what of that goes back.
    """
    kept = 0
    if order.paid_by is not None and order.state in {*LIVE_STATES, OrderState.REFUNDING, OrderState.PARTLY_REFUNDED}:
        paid = order.payment(order.paid_by)
        kept = (paid.captured if paid else 0) - order.returning(order.paid_by)
    return order.captured() - kept - sum(refund.amount for refund in order.owed())


def _with_refund(order: Order, refund: Refund) -> Order:
    rows = tuple(refund if other.reference == refund.reference else other for other in order.refunds)
    return msgspec.structs.replace(order, refunds=rows)
