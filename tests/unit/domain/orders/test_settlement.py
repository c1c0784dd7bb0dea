"""What a gateway's word makes of an order."""

import pytest

from server.domain.decisions import Decision
from server.domain.orders import TRANSITIONS, Order, OrderState, PaymentState
from server.domain.payments import Outcome, Verdict
from server.domain.refunds import balance
from server.domain.settlement import approve, ask_soon, asked, cancel, expire, reseat, settle
from tests.unit.domain.orders.samples import DEADLINE, fact, kinds, numbered, open_order


def told(order: Order, outcome: Outcome, reference: str = "p1", amount: int | None = 150_000) -> Decision:
    """The decision about one statement that the gateway was asked for."""
    return settle(order, fact(outcome, reference, amount), now=1000, new_id=numbered())


def heard(order: Order, outcome: Outcome, amount: int | None = 150_000) -> Decision:
    """The decision about one that it made by itself."""
    return settle(order, fact(outcome, "p1", amount), now=1000, new_id=numbered(), heard=True)


def test_a_payment_in_time_buys_the_seats() -> None:
    """An open order that is paid has its seats, and the store and the customer are told."""
    decision = told(open_order(), Outcome.PAID)
    assert (decision.order.state, decision.order.paid_by) == (OrderState.PAID, "p1")
    assert decision.order.live_seats() == ("F7", "F8")
    assert kinds(decision) == ["seats", "notice tickets"]
    assert decision.verdict is Verdict.RECORDED


def test_the_same_word_again_changes_nothing() -> None:
    """A callback that comes twice has one effect."""
    paid = told(open_order(), Outcome.PAID).order
    again = told(paid, Outcome.PAID)
    assert (again.order, again.effects, again.verdict) == (paid, (), Verdict.ALREADY)


@pytest.mark.parametrize("late", [Outcome.FAILED, Outcome.PENDING, Outcome.SUSPECTED, Outcome.UNKNOWN])
def test_money_taken_stays_taken(late: Outcome) -> None:
    """Out of order: what says less than an earlier word changes nothing."""
    paid = told(open_order(), Outcome.PAID).order
    assert told(paid, late).order == paid


def test_paid_after_failed() -> None:
    """A payment that failed and then was made after all buys the seats."""
    failed = told(open_order(), Outcome.FAILED)
    assert failed.order.state is OrderState.OPEN
    assert failed.verdict is Verdict.RECORDED
    assert told(failed.order, Outcome.PAID).order.state is OrderState.PAID


def test_a_late_payment_waits_for_its_seats() -> None:
    """After expiry nothing is decided before the seats were asked for; the money is written down at once."""
    expired = expire(open_order(), now=DEADLINE).order
    decision = told(expired, Outcome.PAID)
    assert decision.order.state is OrderState.EXPIRED
    assert decision.order.captured() == 150_000
    assert kinds(decision) == ["reseat p1"]
    assert told(decision.order, Outcome.PAID).effects == ()


def test_late_with_free_seats() -> None:
    """The same seats again, and tickets."""
    late = told(expire(open_order(), now=DEADLINE).order, Outcome.PAID).order
    decision = reseat(late, "p1", seats_free=True, now=1000, new_id=numbered())
    assert decision.order.state is OrderState.PAID
    assert decision.order.live_seats() == ("F7", "F8")
    assert kinds(decision) == ["seats", "notice tickets"]
    again = reseat(decision.order, "p1", seats_free=True, now=1000, new_id=numbered())
    assert again.effects == ()


def test_late_with_a_seat_gone() -> None:
    """All of the money goes back, and the customer is told."""
    late = told(expire(open_order(), now=DEADLINE).order, Outcome.PAID).order
    decision = reseat(late, "p1", seats_free=False, now=1000, new_id=numbered())
    assert decision.order.state is OrderState.REFUNDING
    assert decision.order.live_seats() == ()
    assert decision.order.refunds[0].amount == 150_000
    assert kinds(decision) == ["seats", "refund r1", "notice refund_started"]
    assert reseat(decision.order, "p1", seats_free=False, now=1000, new_id=numbered()).effects == ()


def test_two_late_payments() -> None:
    """One buys the seats, the other goes back, whichever is seen to first."""
    late = told(expire(open_order("p1", "p2"), now=DEADLINE).order, Outcome.PAID).order
    both = told(late, Outcome.PAID, "p2").order
    first = reseat(both, "p2", seats_free=True, now=1000, new_id=numbered()).order
    second = reseat(first, "p1", seats_free=False, now=1000, new_id=numbered())
    assert second.order.state is OrderState.PAID
    assert second.order.live_seats() == ("F7", "F8")
    assert kinds(second) == ["seats", "refund r1", "notice refund_started"]
    assert balance(second.order) == 0


def test_paid_after_cancellation() -> None:
    """The seats are not taken back; the money is sent back."""
    decision = told(cancel(open_order()).order, Outcome.PAID)
    assert decision.order.state is OrderState.REFUNDING
    assert kinds(decision) == ["refund r1", "notice refund_started"]


def test_paid_twice() -> None:
    """The second attempt that is paid goes back; the order stays paid by the first."""
    paid = told(open_order("p1", "p2"), Outcome.PAID).order
    decision = told(paid, Outcome.PAID, "p2")
    assert (decision.order.state, decision.order.paid_by) == (OrderState.PAID, "p1")
    assert decision.order.refunds[0].payment == "p2"
    assert kinds(decision) == ["refund r1", "notice refund_started"]


def test_suspected_fraud() -> None:
    """The seats are kept and nothing is sent until staff decide."""
    decision = told(open_order(), Outcome.SUSPECTED)
    assert decision.order.state is OrderState.REVIEW
    assert decision.order.live_seats() == ("F7", "F8")
    assert kinds(decision) == ["seats", "notice review"]
    cleared = approve(decision.order)
    assert cleared.order.state is OrderState.PAID
    assert kinds(cleared) == ["seats", "notice tickets"]
    assert approve(cleared.order).verdict is Verdict.ALREADY


def test_suspected_after_expiry_goes_back() -> None:
    """Nobody holds seats for a payment that is late and suspect."""
    decision = told(expire(open_order(), now=DEADLINE).order, Outcome.SUSPECTED)
    assert decision.order.state is OrderState.REFUNDING


@pytest.mark.parametrize("amount", [149_999, 150_001, 1])
def test_another_amount_buys_nothing(amount: int) -> None:
    """What was taken goes back, the order stays open, and the gateway is told that the amount is wrong."""
    decision = told(open_order(), Outcome.PAID, amount=amount)
    assert decision.verdict is Verdict.MISMATCH
    assert decision.order.state is OrderState.OPEN
    assert [(row.amount, row.payment) for row in decision.order.refunds] == [(amount, "p1")]
    again = told(decision.order, Outcome.PAID, amount=amount)
    assert (again.effects, again.order) == ((), decision.order)


@pytest.mark.parametrize("before", [None, Outcome.FAILED, Outcome.AUTHORISED])
@pytest.mark.parametrize("outcome", [Outcome.PAID, Outcome.SUSPECTED, Outcome.AUTHORISED])
def test_another_amount_is_asked_about_before_it_goes_back(outcome: Outcome, before: Outcome | None) -> None:
    """Heard by itself it moves no money: the gateway is asked, at once, and the right amount still buys the seats."""
    order = open_order() if before is None else heard(open_order(), before).order
    decision = heard(order, outcome, 150_001)
    if before is outcome:
        assert (decision.order, decision.verdict) == (order, Verdict.MISMATCH)
        return
    assert (decision.verdict, decision.effects) == (Verdict.MISMATCH, ())
    [was], [payment] = order.payments, decision.order.payments
    assert (payment.state, payment.captured, payment.ask_at, decision.order.refunds) == (was.state, 0, 1000, ())
    assert heard(decision.order, Outcome.PAID).order.state is OrderState.PAID
    confirmed = told(decision.order, Outcome.PAID, amount=150_001)
    assert [(row.amount, row.payment) for row in confirmed.order.refunds] == [(150_001, "p1")]
    assert balance(confirmed.order) == 0


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.PAID, Outcome.AUTHORISED])
@pytest.mark.parametrize("amount", [0, -1, None])
def test_no_amount_changes_nothing_not_even_a_failure(outcome: Outcome, amount: int | None) -> None:
    """A gateway that speaks by itself always names the amount."""
    order = open_order()
    decision = heard(order, outcome, amount)
    assert (decision.order, decision.effects, decision.verdict) == (order, (), Verdict.MISMATCH)


@pytest.mark.parametrize("amount", [150_000, 7])
def test_what_may_have_been_taken_is_asked_about(amount: int) -> None:
    """A gateway that does not know yet is heard, and asked at once; an attempt that had failed too."""
    verdict = Verdict.RECORDED if amount == 150_000 else Verdict.MISMATCH
    for order in (open_order(), heard(open_order(), Outcome.FAILED).order):
        decision = heard(order, Outcome.PENDING, amount)
        [was], [payment] = order.payments, decision.order.payments
        assert (decision.verdict, payment.state, payment.ask_at) == (verdict, was.state, 1000)


def test_a_failure_that_was_asked_about_and_stands_is_asked_about_no_more() -> None:
    """Else a gateway that once hesitated would be asked for ever."""
    failed = heard(open_order(), Outcome.FAILED).order
    again = told(heard(failed, Outcome.PENDING).order, Outcome.FAILED, amount=None)
    assert (again.order, again.verdict) == (failed, Verdict.ALREADY)
    reserved = ask_soon(told(open_order(), Outcome.AUTHORISED).order, "p1", now=1000)
    assert told(reserved, Outcome.AUTHORISED).order.payments[0].ask_at == 1000


@pytest.mark.parametrize("outcome", [Outcome.PAID, Outcome.SUSPECTED])
def test_what_was_taken_is_not_asked_about(outcome: Outcome) -> None:
    """Whatever comes later: it is answered by what is known."""
    paid = heard(open_order(), outcome).order
    for late in (Outcome.PENDING, Outcome.FAILED, Outcome.PAID):
        assert heard(paid, late).order == heard(paid, late, 7).order == paid
        assert (heard(paid, late).verdict, heard(paid, late, 7).verdict) == (Verdict.ALREADY, Verdict.MISMATCH)
    assert ask_soon(paid, "p1", now=1) == paid


@pytest.mark.parametrize("amount", [0, -150_000, None])
def test_no_amount_is_no_payment(amount: int | None) -> None:
    """Nothing was taken, so nothing goes back, and nothing is bought."""
    order = open_order()
    decision = told(order, Outcome.PAID, amount=amount)
    assert (decision.order, decision.verdict) == (order, Verdict.MISMATCH)


def test_a_failure_with_another_amount_is_not_recorded() -> None:
    """The amount is checked before the outcome."""
    order = open_order()
    decision = told(order, Outcome.FAILED, amount=1)
    assert (decision.order, decision.verdict) == (order, Verdict.MISMATCH)


def test_an_unknown_reference() -> None:
    """A fact about a payment of another order is none of this one."""
    assert told(open_order(), Outcome.PAID, "p9").verdict is Verdict.UNKNOWN_REFERENCE


def test_reserved_money_is_captured_only_for_held_seats() -> None:
    """While the order is open it is captured, also where it had failed before; else let go, with nothing to refund."""
    reserved = told(open_order(), Outcome.AUTHORISED)
    assert kinds(reserved) == ["capture p1"]
    assert reserved.order.captured() == 0
    assert kinds(expire(reserved.order, now=DEADLINE)) == ["seats", "void p1"]
    assert kinds(told(expire(open_order(), now=DEADLINE).order, Outcome.AUTHORISED)) == ["void p1"]
    again = told(told(open_order(), Outcome.FAILED).order, Outcome.AUTHORISED).order
    assert again.payments == reserved.order.payments
    let_go = told(reserved.order, Outcome.FAILED).order
    assert let_go.payments[0].state is PaymentState.VOIDED


def test_an_old_failure_does_not_let_reserved_money_go() -> None:
    """A failure that comes by itself after the reservation may be older than it: the gateway is asked what stands."""
    reserved = told(open_order(), Outcome.AUTHORISED).order
    stale = settle(reserved, fact(Outcome.FAILED), now=1000, new_id=numbered(), heard=True)
    [payment] = stale.order.payments
    assert (payment.state, payment.ask_at, stale.effects) == (PaymentState.AUTHORISED, 1000, ())


def test_reserved_money_beside_a_payment_is_let_go() -> None:
    """Whoever pays by another attempt does not pay twice."""
    reserved = told(open_order("p1", "p2"), Outcome.AUTHORISED).order
    assert kinds(told(reserved, Outcome.PAID, "p2")) == ["seats", "notice tickets", "void p1"]


def test_only_open_orders_expire_and_only_after_their_deadline() -> None:
    """A paid order stays paid; an open one has its time."""
    assert expire(open_order(), now=DEADLINE - 1).verdict is Verdict.ALREADY
    paid = told(open_order(), Outcome.PAID).order
    assert expire(paid, now=DEADLINE).order == paid
    assert cancel(paid).verdict is Verdict.ALREADY
    assert expire(open_order(), now=DEADLINE).order.live_seats() == ()


def test_questions_are_asked_after_the_deadline_and_then_ever_later() -> None:
    """At the deadline, 1, 5, 15 and 60 minutes after it; then each time after twice as long, without an end."""
    order, times = open_order(), []
    for _ in range(12):
        at = order.payments[0].ask_at
        assert at is not None
        times.append((at - DEADLINE) // 60_000)
        order = asked(order, "p1", now=at)
    assert times == [0, 1, 5, 15, 60, 120, 240, 480, 960, 1920, 3840, 7680]
    assert order.payments[0].asked == 12


def test_a_question_out_of_turn_uses_up_no_planned_one() -> None:
    """A customer who comes back early or late has the gateway asked, and it is asked as planned all the same."""
    soon = ask_soon(open_order(), "p1", now=5000)
    assert soon.payments[0].ask_at == 5000
    order = asked(soon, "p1", now=5000)
    assert order.payments[0].ask_at == DEADLINE
    order = asked(order, "p1", now=DEADLINE)
    for seconds in range(1, 31):
        now = DEADLINE + 1000 * seconds
        order = asked(ask_soon(order, "p1", now=now), "p1", now=now)
        assert order.payments[0].ask_at == DEADLINE + 60_000


def test_questions_that_nobody_could_ask_are_not_made_up_for_in_a_row() -> None:
    """After two hours without a worker the gateway is asked once, and the next time is another two hours later."""
    order = asked(open_order(), "p1", now=DEADLINE + 7_200_001)
    assert order.payments[0].ask_at == DEADLINE + 14_400_000


def test_one_end_alone() -> None:
    """Every state can be left by some event, but that of an order that was refunded whole."""
    assert set(OrderState) - {state for state, _ in TRANSITIONS} == {OrderState.REFUNDED}
