"""What becomes of an order: each function takes it as it is and returns it as it shall be, with what follows from that.

Nothing here asks a clock or a database. The rule that all keep: money that a gateway took pays for live seats, or is on
its way back; none is counted twice.
"""

import msgspec

from server.domain.decisions import SEATS, Decision, NewId, notice
from server.domain.orders import (
    Effect,
    EffectKind,
    NoticeKind,
    Order,
    OrderEvent,
    OrderSeat,
    OrderState,
    Payment,
    PaymentState,
)
from server.domain.payments import Fact, Outcome, Verdict
from server.domain.refunds import send_back

QUESTIONS_MS = (0, 60_000, 300_000, 900_000, 3_600_000)
"""When a gateway is asked about an attempt that it said nothing final of, after the attempt's deadline.

From then on each question comes when twice the time has passed, without an end: money may have been taken, and a
gateway that was away for hours is the one that told nobody.
"""

_TAKEN = frozenset({PaymentState.PAID, PaymentState.MISMATCHED, PaymentState.SUSPECTED})


def settle(order: Order, fact: Fact, *, now: int, new_id: NewId, heard: bool = False) -> Decision:
    """What a verified fact about one of the order's payments makes of the order.

    A payment that came after expiry waits for `reseat`; after a cancellation it goes back, and so does that of a second
    attempt. What was captured once stays captured, whatever a later fact says. `heard`: nobody asked, so that it may be
    older than what is known. It then lets no reserved money go, and sends none of another amount back: what stands is
    asked for soon, and until that is answered the right amount still pays.
    """
    payment = order.payment(fact.reference)
    if payment is None:
        return Decision(order=order, verdict=Verdict.UNKNOWN_REFERENCE)
    if fact.outcome is Outcome.UNKNOWN:
        return Decision(order=order, verdict=Verdict.ALREADY)
    failed, pending = fact.outcome is Outcome.FAILED, fact.outcome is Outcome.PENDING
    # Asked, a gateway need not name the amount of what it did not take.
    matches = fact.amount == payment.amount or (fact.amount is None and (failed or pending) and not heard)
    if _is_final(payment, fact):
        known = order if heard else _with_payment(order, _answered(payment))
        return Decision(order=known, verdict=Verdict.ALREADY if matches else Verdict.MISMATCH)
    doubtful = pending or (failed and payment.state is PaymentState.AUTHORISED) or (not matches and _took_some(fact))
    if heard and doubtful:
        verdict = Verdict.RECORDED if matches else Verdict.MISMATCH
        return Decision(order=ask_soon(order, payment.reference, now=now), verdict=verdict)
    if pending:
        return Decision(order=order, verdict=Verdict.ALREADY)
    if not matches:
        return _mismatched(order, payment, fact, now=now, new_id=new_id)
    if failed:
        state = PaymentState.VOIDED if payment.state is PaymentState.AUTHORISED else PaymentState.FAILED
        return Decision(order=_with_payment(order, _told(payment, fact, state=state)))
    if fact.outcome is Outcome.AUTHORISED:
        order = _with_payment(order, _told(payment, fact, state=PaymentState.AUTHORISED))
        kind = EffectKind.CAPTURE if order.state is OrderState.OPEN else EffectKind.VOID
        return Decision(order=order, effects=(Effect(kind=kind, subject=payment.reference),))
    return _captured(order, payment, fact, now=now, new_id=new_id)


def reseat(order: Order, reference: str, *, seats_free: bool, now: int, new_id: NewId) -> Decision:
    """What becomes of a payment that came after its order had expired.

    `seats_free`: all the order's seats were occupied for it anew, and it is paid. Else the money goes back, as it does
    if another payment was quicker. A payment that was seen to already stays as it is, with verdict `already`.
    """
    payment = order.payment(reference)
    if payment is None or reference == order.paid_by or payment.captured == order.returning(reference):
        return Decision(order=order, verdict=Verdict.ALREADY)
    if seats_free and order.paid_by is None and order.can(OrderEvent.PAY):
        return _paid(order, OrderEvent.PAY, reference, NoticeKind.TICKETS)
    order, effects = send_back(order, reference, reason=_why_sent_back(order), now=now, new_id=new_id)
    return Decision(order=order, effects=(SEATS, *effects, notice(NoticeKind.REFUND_STARTED)))


def _is_final(payment: Payment, fact: Fact) -> bool:
    """Whether the attempt already is what the fact says, or more than that."""
    if payment.state in _TAKEN:
        return True
    same = {
        Outcome.FAILED: {PaymentState.FAILED, PaymentState.VOIDED},
        Outcome.AUTHORISED: {PaymentState.AUTHORISED, PaymentState.VOIDED},
    }
    return payment.state in same.get(fact.outcome, set())


def _answered(payment: Payment) -> Payment:
    """The payment after the gateway was asked and said what is known already; of reserved money that is not the end."""
    if payment.state is PaymentState.AUTHORISED:
        return payment
    return msgspec.structs.replace(payment, ask_at=None)


def _took_some(fact: Fact) -> bool:
    taking = fact.outcome in {Outcome.PAID, Outcome.SUSPECTED, Outcome.AUTHORISED}
    return taking and fact.amount is not None and fact.amount > 0


def _told(payment: Payment, fact: Fact, *, state: PaymentState, captured: int = 0) -> Payment:
    return msgspec.structs.replace(
        payment,
        state=state,
        captured=captured,
        gateway_id=fact.gateway_id or payment.gateway_id,
        code=fact.code,
        ask_at=(payment.ask_at or payment.expires_at) if state is PaymentState.AUTHORISED else None,
    )


def _mismatched(order: Order, payment: Payment, fact: Fact, *, now: int, new_id: NewId) -> Decision:
    """Another amount than was asked for: it buys nothing, and what was taken goes back."""
    if fact.amount is None or not _took_some(fact):
        return Decision(order=order, verdict=Verdict.MISMATCH)
    if fact.outcome is Outcome.AUTHORISED:
        order = _with_payment(order, _told(payment, fact, state=PaymentState.AUTHORISED))
        void = Effect(kind=EffectKind.VOID, subject=payment.reference)
        return Decision(order=order, effects=(void,), verdict=Verdict.MISMATCH)
    order = _with_payment(order, _told(payment, fact, state=PaymentState.MISMATCHED, captured=fact.amount))
    order, effects = send_back(order, payment.reference, reason="amount mismatch", now=now, new_id=new_id)
    return Decision(order=order, effects=effects, verdict=Verdict.MISMATCH)


def _captured(order: Order, payment: Payment, fact: Fact, *, now: int, new_id: NewId) -> Decision:
    suspected = fact.outcome is Outcome.SUSPECTED
    event = OrderEvent.SUSPECT if suspected else OrderEvent.PAY
    wanted = order.paid_by is None and order.can(event)
    state = PaymentState.SUSPECTED if suspected else PaymentState.PAID
    order = _with_payment(order, _told(payment, fact, state=state, captured=payment.amount))
    if wanted and order.state is OrderState.EXPIRED:
        return Decision(order=order, effects=(Effect(kind=EffectKind.RESEAT, subject=payment.reference),))
    if wanted:
        return _paid(order, event, payment.reference, NoticeKind.REVIEW if suspected else NoticeKind.TICKETS)
    order, effects = send_back(order, payment.reference, reason=_why_sent_back(order), now=now, new_id=new_id)
    return Decision(order=order, effects=(*effects, notice(NoticeKind.REFUND_STARTED)))


def _paid(order: Order, event: OrderEvent, reference: str, told: NoticeKind) -> Decision:
    order = msgspec.structs.replace(
        order, state=order.after(event), paid_by=reference, seats=_all_seats(order, live=True)
    )
    return Decision(order=order, effects=(SEATS, notice(told), *_voids(order)))


def _why_sent_back(order: Order) -> str:
    if order.paid_by is not None:
        return "paid twice"
    return {OrderState.CANCELLED: "paid after cancellation", OrderState.EXPIRED: "paid late, seats gone"}.get(
        order.state, "paid late"
    )


def expire(order: Order, *, now: int) -> Decision:
    """Let an open order go whose deadline has passed; its seats become free. Any other stays as it is."""
    if order.state is not OrderState.OPEN or now < order.expires_at:
        return Decision(order=order, verdict=Verdict.ALREADY)
    return _let_go(order, OrderEvent.EXPIRE)


def cancel(order: Order) -> Decision:
    """Give an open order up; its seats become free. Any other stays as it is, with verdict `already`."""
    if not order.can(OrderEvent.CANCEL):
        return Decision(order=order, verdict=Verdict.ALREADY)
    return _let_go(order, OrderEvent.CANCEL)


def _let_go(order: Order, event: OrderEvent) -> Decision:
    order = msgspec.structs.replace(order, state=order.after(event), seats=_all_seats(order, live=False))
    return Decision(order=order, effects=(SEATS, *_voids(order)))


def _voids(order: Order) -> tuple[Effect, ...]:
    """Money that is reserved and not wanted any more is let go."""
    return tuple(
        Effect(kind=EffectKind.VOID, subject=payment.reference)
        for payment in order.payments
        if payment.state is PaymentState.AUTHORISED
    )


def with_attempt(order: Order, payment: Payment) -> Order:
    """The order with one more attempt to pay it. The deadline stays."""
    return msgspec.structs.replace(order, payments=(*order.payments, payment))


def redirected(order: Order, reference: str, url: str | None) -> Order:
    """The order after the gateway was asked where to send the customer; None: it did not say, and may still be paid."""
    payment = order.payment(reference)
    if payment is None or payment.state is not PaymentState.STARTED or payment.redirect_url == url:
        return order
    return _with_payment(order, msgspec.structs.replace(payment, redirect_url=url))


def asked(order: Order, reference: str, *, now: int) -> Order:
    """The order after its gateway was asked about a payment: when to ask next, if it said nothing final.

    Questions out of turn, and those that came late because nobody was there to ask, use up no later one.
    """
    payment = order.payment(reference)
    if payment is None or payment.ask_at is None:
        return order
    over, wait = now - payment.expires_at, QUESTIONS_MS[-1]
    while wait <= over:
        wait *= 2
    wait = next((planned for planned in QUESTIONS_MS if planned > over), wait)
    after = msgspec.structs.replace(payment, asked=payment.asked + 1, ask_at=payment.expires_at + wait)
    return _with_payment(order, after)


def ask_soon(order: Order, reference: str, *, now: int) -> Order:
    """The order with its gateway to be asked about a payment now, beside the questions that are planned.

    Of one whose money was taken there is nothing more to ask; one that failed may have been paid after all.
    """
    payment = order.payment(reference)
    if payment is None or payment.state in _TAKEN:
        return order
    return _with_payment(order, msgspec.structs.replace(payment, ask_at=min(now, payment.ask_at or now)))


def approve(order: Order) -> Decision:
    """Staff clear an order under review: it is paid, and gets its tickets."""
    if order.state is not OrderState.REVIEW:
        return Decision(order=order, verdict=Verdict.ALREADY)
    order = msgspec.structs.replace(order, state=order.after(OrderEvent.PAY))
    return Decision(order=order, effects=(SEATS, notice(NoticeKind.TICKETS)))


def _with_payment(order: Order, payment: Payment) -> Order:
    rows = tuple(payment if other.reference == payment.reference else other for other in order.payments)
    return msgspec.structs.replace(order, payments=rows)


def _all_seats(order: Order, *, live: bool) -> tuple[OrderSeat, ...]:
    return tuple(msgspec.structs.replace(seat, live=live) for seat in order.seats)
