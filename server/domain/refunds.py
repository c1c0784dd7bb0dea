"""Money that goes back: asked for by staff, or because it bought nothing."""

import msgspec

from server.domain.decisions import SEATS, Decision, NewId, notice
from server.domain.errors import CineBookError
from server.domain.orders import (
    LIVE_STATES,
    Effect,
    EffectKind,
    NoticeKind,
    Order,
    OrderEvent,
    OrderState,
    Refund,
    RefundState,
)
from server.domain.payments import RefundAnswer, RefundOutcome, Verdict

SYSTEM = "system"
"""Who asks for refunds that follow from a rule."""


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
    )
    changes: dict[str, object] = {"refunds": (*order.refunds, refund)}
    if order.paid_by is None and order.can(OrderEvent.REFUND):
        changes |= {"state": order.after(OrderEvent.REFUND), "paid_by": payment}
    return msgspec.structs.replace(order, **changes), (Effect(kind=EffectKind.REFUND, subject=reference),)


class RefundRefusedError(CineBookError):
    """This cannot be refunded; the message is a sentence that staff may read."""


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


def refunded(order: Order, reference: str, answer: RefundAnswer) -> Decision:
    """What a gateway's answer about a refund makes of the order; one that is done or replaced stays so."""
    row = order.refund(reference)
    if row is None or row.state in {RefundState.DONE, RefundState.REPLACED}:
        return Decision(order=order, verdict=Verdict.ALREADY)
    row = msgspec.structs.replace(
        row, state=_AFTER[answer.outcome], gateway_id=answer.gateway_id or row.gateway_id, code=answer.code
    )
    order = _with_refund(order, row)
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


def replaced(order: Order, reference: str, *, new_id: NewId) -> Decision:
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
        seats=row.seats,
    )
    order = msgspec.structs.replace(order, refunds=(*order.refunds, anew))
    return Decision(order=order, effects=(Effect(kind=EffectKind.REFUND, subject=reference),))


def sending(order: Order, reference: str) -> Order:
    """The order before a refund is sent: should the sender die, nobody knows whether it arrived."""
    row = order.refund(reference)
    if row is None or row.state is not RefundState.REQUESTED:
        return order
    return _with_refund(order, msgspec.structs.replace(row, state=RefundState.UNKNOWN))


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
