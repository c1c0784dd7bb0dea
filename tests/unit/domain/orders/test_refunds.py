"""Money that goes back."""

import pytest

from server.domain.orders import Order, OrderState, RefundState
from server.domain.payments import Outcome, RefundAnswer, RefundOutcome, Verdict
from server.domain.refunds import (
    RefundRefusedError,
    balance,
    must_wait,
    numbers_before,
    refund,
    refunded,
    replaced,
    sending,
)
from server.domain.settlement import settle
from tests.unit.domain.orders.samples import fact, kinds, numbered, open_order

DONE = RefundAnswer(outcome=RefundOutcome.DONE, gateway_id="g2")


def paid() -> Order:
    """A paid order."""
    return settle(open_order(), fact(Outcome.PAID), now=1, new_id=numbered()).order


def sent_back(order: Order, *seats: str, amount: int | None = None, prefix: str = "r") -> Order:
    """The order with a refund asked for by staff."""
    decision = refund(
        order,
        seats=seats or None,
        amount=amount,
        reason="asked",
        by="anna",
        now=2,
        new_id=lambda: (f"{prefix}1", "0" * 32),
    )
    return decision.order


def test_everything() -> None:
    """Without seats or an amount all goes back, and every seat is free from the request on."""
    order = sent_back(paid())
    assert (order.state, order.live_seats(), order.refunds[0].amount) == (OrderState.REFUNDING, (), 150_000)
    done = refunded(order, "r1", DONE)
    assert done.order.state is OrderState.REFUNDED
    assert kinds(done) == ["notice refund_done"]


def test_one_seat() -> None:
    """A seat's price goes back and the seat is free; the other stays sold, and may go back later."""
    order = sent_back(paid(), "F7")
    assert (order.live_seats(), order.refunds[0].amount) == (("F8",), 90_000)
    order = refunded(order, "r1", DONE).order
    assert order.state is OrderState.PARTLY_REFUNDED
    order = refunded(sent_back(order, prefix="s"), "s1", DONE).order
    assert (order.state, order.live_seats(), balance(order)) == (OrderState.REFUNDED, (), 0)


def test_an_amount_frees_no_seat() -> None:
    """Goodwill leaves the tickets good."""
    order = refunded(sent_back(paid(), amount=10_000), "r1", DONE).order
    assert (order.state, order.live_seats()) == (OrderState.PARTLY_REFUNDED, ("F7", "F8"))


def test_an_amount_that_is_all_frees_every_seat() -> None:
    """Nobody keeps tickets that are paid back whole."""
    order = sent_back(paid(), amount=150_000)
    assert order.live_seats() == ()


@pytest.mark.parametrize(
    ("seats", "amount"),
    [(("F9",), None), (("F7", "F9"), None), (("F9",), 150_000), (None, 150_001), (None, 0), (None, -1)],
)
def test_what_is_refused(seats: tuple[str, ...] | None, amount: int | None) -> None:
    """Other seats, more than was paid, nothing and less than nothing."""
    with pytest.raises(RefundRefusedError):
        refund(paid(), seats=seats, amount=amount, reason="", by="anna", now=2, new_id=numbered())


def test_never_more_than_was_paid() -> None:
    """Two refunds together cannot exceed the payment, the first one's end not awaited."""
    order = sent_back(paid(), amount=100_000)
    with pytest.raises(RefundRefusedError):
        sent_back(order, "F7", prefix="s")


def test_an_open_order_has_nothing_to_refund() -> None:
    """There is no money yet."""
    with pytest.raises(RefundRefusedError):
        sent_back(open_order())


def test_a_refund_that_failed_is_sent_anew_under_another_reference() -> None:
    """The failed one stays written down, is owed no more, and the new one is."""
    order = refunded(sent_back(paid()), "r1", RefundAnswer(outcome=RefundOutcome.FAILED, code="09")).order
    assert (order.state, order.refunds[0].state) == (OrderState.REFUNDING, RefundState.FAILED)
    decision = replaced(order, "r1", new_id=lambda: ("s1", "1" * 32))
    assert kinds(decision) == ["refund s1"]
    assert [row.state for row in decision.order.refunds] == [RefundState.REPLACED, RefundState.REQUESTED]
    assert balance(decision.order) == 0
    assert refunded(decision.order, "r1", DONE).verdict is Verdict.ALREADY
    assert refunded(decision.order, "s1", DONE).order.state is OrderState.REFUNDED


def test_one_that_is_done_stays_done() -> None:
    """A later word of the gateway does not undo it, and it is not sent again."""
    order = refunded(sent_back(paid()), "r1", DONE).order
    assert refunded(order, "r1", RefundAnswer(outcome=RefundOutcome.FAILED)).order == order
    assert replaced(order, "r1", new_id=numbered()).verdict is Verdict.ALREADY
    assert sending(order, "r1") == order


def test_before_it_is_sent_nobody_knows() -> None:
    """A sender that dies leaves a refund to be asked about, not one to be sent blindly."""
    assert sending(sent_back(paid()), "r1").refunds[0].state is RefundState.UNKNOWN


@pytest.mark.parametrize("end", [RefundOutcome.DONE, RefundOutcome.FAILED])
def test_one_refund_of_a_payment_at_a_time(end: RefundOutcome) -> None:
    """While a gateway is at one the next waits; it follows from the end of the first, whichever that is."""
    order = sent_back(sent_back(paid(), "F7"), "F8", prefix="s")
    assert not must_wait(order, order.refunds[1])
    order = refunded(order, "r1", RefundAnswer(outcome=RefundOutcome.SENT, gateway_id="g2")).order
    assert must_wait(order, order.refunds[1])
    ended = refunded(order, "r1", RefundAnswer(outcome=end, gateway_id="g2"))
    assert "refund s1" in kinds(ended)
    assert not must_wait(ended.order, ended.order.refunds[1])
    assert [numbers_before(ended.order, row) for row in ended.order.refunds] == [(), ("g2",)]
