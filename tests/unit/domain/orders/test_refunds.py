"""Money that goes back."""

from datetime import date

import pytest

from server.domain.decisions import Decision
from server.domain.orders import Order, OrderState, RefundState
from server.domain.payments import ABSENT, Outcome, RefundAnswer, RefundOutcome, Verdict
from server.domain.refunds import (
    BY_HAND_MS,
    RefundRefusedError,
    awaits_word,
    balance,
    closable_at,
    close,
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
FAILED = RefundAnswer(outcome=RefundOutcome.FAILED, code="09")
TODAY = date(1970, 1, 1)
LATER = 2 + BY_HAND_MS
"""An hour after the refunds of `sent_back`."""


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


def waiting(outcome: RefundOutcome = RefundOutcome.SENT, *seats: str) -> Order:
    """The order with a refund of which the gateway says no end."""
    return refunded(sent_back(paid(), *seats), "r1", RefundAnswer(outcome=outcome), now=3).order


def by_hand(order: Order, done_on: date | None = TODAY, *, reference: str = "r1", now: int = LATER) -> Decision:
    """Staff say how it ended."""
    return close(order, reference, done_on=done_on, reason="statement", by="anna", now=now)


def test_everything() -> None:
    """Without seats or an amount all goes back, and every seat is free from the request on."""
    order = sent_back(paid())
    assert (order.state, order.live_seats(), order.refunds[0].amount) == (OrderState.REFUNDING, (), 150_000)
    done = refunded(order, "r1", DONE, now=3)
    assert done.order.state is OrderState.REFUNDED
    assert kinds(done) == ["notice refund_done"]


def test_one_seat() -> None:
    """A seat's price goes back and the seat is free; the other stays sold, and may go back later."""
    order = sent_back(paid(), "F7")
    assert (order.live_seats(), order.refunds[0].amount) == (("F8",), 90_000)
    order = refunded(order, "r1", DONE, now=3).order
    assert order.state is OrderState.PARTLY_REFUNDED
    order = refunded(sent_back(order, prefix="s"), "s1", DONE, now=3).order
    assert (order.state, order.live_seats(), balance(order)) == (OrderState.REFUNDED, (), 0)


def test_an_amount_frees_no_seat() -> None:
    """Goodwill leaves the tickets good."""
    order = refunded(sent_back(paid(), amount=10_000), "r1", DONE, now=3).order
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
    order = refunded(sent_back(paid()), "r1", RefundAnswer(outcome=RefundOutcome.FAILED, code="09"), now=3).order
    assert (order.state, order.refunds[0].state) == (OrderState.REFUNDING, RefundState.FAILED)
    decision = replaced(order, "r1", now=4, new_id=lambda: ("s1", "1" * 32))
    assert kinds(decision) == ["refund s1"]
    assert [row.state for row in decision.order.refunds] == [RefundState.REPLACED, RefundState.REQUESTED]
    assert balance(decision.order) == 0
    assert refunded(decision.order, "r1", DONE, now=3).verdict is Verdict.ALREADY
    assert refunded(decision.order, "s1", DONE, now=3).order.state is OrderState.REFUNDED


def test_one_that_is_done_stays_done() -> None:
    """A later word of the gateway does not undo it, and it is not sent again."""
    order = refunded(sent_back(paid()), "r1", DONE, now=3).order
    assert refunded(order, "r1", RefundAnswer(outcome=RefundOutcome.FAILED), now=4).order == order
    assert replaced(order, "r1", now=4, new_id=numbered()).verdict is Verdict.ALREADY
    assert sending(order, "r1", now=4) == order


def test_before_it_is_sent_nobody_knows() -> None:
    """A sender that dies leaves a refund to be asked about, not one to be sent blindly."""
    assert sending(sent_back(paid()), "r1", now=3).refunds[0].state is RefundState.UNKNOWN


def test_a_request_id_that_is_spent_is_left() -> None:
    """For the one that the gateway's answer names, and for none where it names none; the reference stays."""
    order = sending(sent_back(paid()), "r1", now=3)
    spent = RefundAnswer(outcome=RefundOutcome.UNKNOWN, code="99", request_id="1" * 32)
    order = refunded(order, "r1", spent, now=3).order
    assert (order.refunds[0].reference, order.refunds[0].request_id) == ("r1", "1" * 32)
    order = refunded(order, "r1", RefundAnswer(outcome=RefundOutcome.UNKNOWN), now=4).order
    assert order.refunds[0].request_id == "1" * 32


@pytest.mark.parametrize("end", [RefundOutcome.DONE, RefundOutcome.FAILED])
def test_one_refund_of_a_payment_at_a_time(end: RefundOutcome) -> None:
    """While a gateway is at one the next waits; it follows from the end of the first, whichever that is."""
    order = sent_back(sent_back(paid(), "F7"), "F8", prefix="s")
    assert not must_wait(order, order.refunds[1])
    order = refunded(order, "r1", RefundAnswer(outcome=RefundOutcome.SENT, gateway_id="g2"), now=3).order
    assert must_wait(order, order.refunds[1])
    ended = refunded(order, "r1", RefundAnswer(outcome=end, gateway_id="g2"), now=4)
    assert "refund s1" in kinds(ended)
    assert not must_wait(ended.order, ended.order.refunds[1])
    assert [numbers_before(ended.order, row) for row in ended.order.refunds] == [(), ("g2",)]


@pytest.mark.parametrize("outcome", [RefundOutcome.SENT, RefundOutcome.UNKNOWN])
def test_an_end_by_hand_is_an_end(outcome: RefundOutcome) -> None:
    """What staff say that the bank did is done: the order is refunded, the customer told, and the books are right."""
    ended = by_hand(waiting(outcome))
    row = ended.order.refunds[0]
    assert (ended.order.state, row.state, balance(ended.order)) == (OrderState.REFUNDED, RefundState.DONE, 0)
    assert kinds(ended) == ["notice refund_done"]
    assert row.closing is not None
    assert (row.closing.by, row.closing.reason, row.closing.on) == ("anna", "statement", TODAY)


def test_what_staff_say_failed_is_owed_still() -> None:
    """It may be sent anew, and what waited for it goes on."""
    order = sent_back(waiting(RefundOutcome.SENT, "F7"), "F8", prefix="s")
    ended = by_hand(order, None)
    assert ended.order.refunds[0].state is RefundState.FAILED
    assert kinds(ended) == ["refund s1"]
    assert (ended.order.state, balance(ended.order)) == (OrderState.REFUNDING, 0)
    anew = replaced(ended.order, "r1", now=LATER, new_id=lambda: ("t1", "1" * 32)).order
    assert balance(anew) == 0


def test_ends_are_said_by_hand_only_after_the_gateway_had_its_time() -> None:
    """An hour from when this very refund was begun, also where it took the place of an older one."""
    with pytest.raises(RefundRefusedError, match=r"01:00 UTC"):
        by_hand(waiting(), now=LATER - 1)
    failed = refunded(sent_back(paid()), "r1", FAILED, now=3).order
    anew = replaced(failed, "r1", now=LATER, new_id=lambda: ("s1", "1" * 32)).order
    again = refunded(anew, "s1", RefundAnswer(outcome=RefundOutcome.UNKNOWN), now=LATER).order
    assert closable_at(again.refunds[1]) == LATER + BY_HAND_MS
    with pytest.raises(RefundRefusedError):
        by_hand(again, reference="s1", now=LATER)


def test_what_has_an_end_is_not_ended_by_hand() -> None:
    """Done and replaced ones, by whoever's word, and those of nobody."""
    failed = refunded(waiting(), "r1", FAILED, now=4).order
    others = (
        refunded(waiting(), "r1", DONE, now=4).order,
        replaced(failed, "r1", now=4, new_id=lambda: ("s1", "1" * 32)).order,
        by_hand(waiting()).order,
        by_hand(failed).order,
        by_hand(sent_back(paid())).order,
    )
    for order in others:
        with pytest.raises(RefundRefusedError, match="does not wait"):
            by_hand(order)
    with pytest.raises(RefundRefusedError, match="none of this order"):
        by_hand(waiting(), reference="r9")


def test_what_failed_by_the_gateways_word_is_paid_back_otherwise() -> None:
    """At once, because the gateway has said its word: it stays beside theirs, and nothing is sent again."""
    failed = refunded(waiting(), "r1", FAILED, now=4).order
    ended = by_hand(failed, now=4)
    row = ended.order.refunds[0]
    assert (ended.order.state, row.state, row.code) == (OrderState.REFUNDED, RefundState.DONE, "09")
    assert (kinds(ended), balance(ended.order)) == (["notice refund_done"], 0)
    assert row.closing is not None
    assert (row.closing.said, row.closing.said_at, row.closing.contradicted) == (RefundState.FAILED, 2, True)
    assert not awaits_word(ended.order, row)
    assert replaced(ended.order, "r1", now=5, new_id=numbered()).verdict is Verdict.ALREADY
    assert refunded(ended.order, "r1", DONE, now=5).order == ended.order


def test_what_failed_does_not_fail_again() -> None:
    """Neither by the gateway's word before theirs, nor after another's."""
    for order in (refunded(waiting(), "r1", FAILED, now=4).order, by_hand(waiting(), None).order):
        with pytest.raises(RefundRefusedError, match="is failed"):
            by_hand(order, None)


@pytest.mark.parametrize("done_on", [TODAY, None])
def test_what_was_never_sent_is_ended_by_hand_and_never_sent(done_on: date | None) -> None:
    """After an hour; then a sender finds it ended, and no gateway is asked about it."""
    order = sent_back(paid())
    with pytest.raises(RefundRefusedError, match=r"01:00 UTC"):
        by_hand(order, done_on, now=LATER - 1)
    ended = by_hand(order, done_on).order
    row = ended.refunds[0]
    assert (row.state, row.code) == (RefundState.DONE if done_on else RefundState.FAILED, ABSENT)
    assert sending(ended, "r1", now=LATER) == ended
    assert not awaits_word(ended, row)
    assert balance(ended) == 0


def test_what_is_just_being_sent_has_its_hour_before_it() -> None:
    """However long it waited: who saw it wait cannot end it while it is on its way."""
    order = sending(sent_back(paid()), "r1", now=LATER)
    assert (order.refunds[0].created_at, closable_at(order.refunds[0])) == (2, LATER + BY_HAND_MS)
    with pytest.raises(RefundRefusedError, match=r"02:00 UTC"):
        by_hand(order)


@pytest.mark.parametrize("said", [None, RefundOutcome.UNKNOWN])
def test_what_is_sent_again_has_its_hour_before_it(said: RefundOutcome | None) -> None:
    """Whether its sender died or nobody answered: its end cannot be said while it is on its way once more."""
    order = sending(sent_back(paid()), "r1", now=3)
    order = order if said is None else refunded(order, "r1", RefundAnswer(outcome=said), now=4).order
    again = sending(order, "r1", now=LATER)
    assert (again.refunds[0].state, closable_at(again.refunds[0])) == (RefundState.UNKNOWN, LATER + BY_HAND_MS)
    with pytest.raises(RefundRefusedError, match=r"02:00 UTC"):
        by_hand(again)


def test_what_was_accepted_is_not_sent_again() -> None:
    """Its hour runs on from its sending."""
    order = waiting()
    assert sending(order, "r1", now=LATER) == order


def test_what_waited_for_one_that_was_paid_back_otherwise_goes_on() -> None:
    """Also where that one was never sent."""
    order = sent_back(sent_back(paid(), "F7"), "F8", prefix="s")
    assert kinds(by_hand(order)) == ["notice refund_done", "refund s1"]


@pytest.mark.parametrize("day", [date(1969, 12, 30), date(1970, 1, 3), date(2070, 1, 1)])
def test_a_day_that_cannot_be(day: date) -> None:
    """The bank did it on no day before the refund was asked for, nor on one to come."""
    with pytest.raises(RefundRefusedError, match=str(day)):
        by_hand(waiting(), day)


def test_a_gateway_that_agrees_at_last() -> None:
    """Its word is written down and changes nothing: nobody is told twice, and it is not asked again."""
    order = by_hand(waiting()).order
    assert awaits_word(order, order.refunds[0])
    heard = refunded(order, "r1", DONE, now=LATER + 5)
    closing = heard.order.refunds[0].closing
    assert closing is not None
    assert (closing.said, closing.said_at, closing.contradicted) == (RefundState.DONE, LATER + 5, False)
    assert (kinds(heard), heard.order.state) == ([], OrderState.REFUNDED)
    assert not awaits_word(heard.order, heard.order.refunds[0])
    assert refunded(heard.order, "r1", FAILED, now=LATER + 6).order == heard.order


def test_a_gateway_that_says_failed_of_what_is_done() -> None:
    """It contradicts staff, whose word stands: the money is not sent a second time."""
    heard = refunded(by_hand(waiting()).order, "r1", FAILED, now=LATER + 5)
    row = heard.order.refunds[0]
    assert (row.state, row.code, kinds(heard)) == (RefundState.DONE, "09", [])
    assert row.closing is not None
    assert row.closing.contradicted
    assert balance(heard.order) == 0


def test_a_gateway_that_says_done_of_what_failed() -> None:
    """It contradicts staff, and the money has gone back: nobody can send it again."""
    heard = refunded(by_hand(waiting(), None).order, "r1", DONE, now=LATER + 5)
    row = heard.order.refunds[0]
    assert (row.state, heard.order.state, kinds(heard)) == (
        RefundState.DONE,
        OrderState.REFUNDED,
        ["notice refund_done"],
    )
    assert row.closing is not None
    assert row.closing.contradicted


def test_a_gateway_that_says_done_of_what_was_sent_again() -> None:
    """It contradicts staff and is written down; what was sent in its place is what counts."""
    order = by_hand(waiting(), None).order
    order = replaced(order, "r1", now=LATER, new_id=lambda: ("s1", "1" * 32)).order
    assert not awaits_word(order, order.refunds[0])
    heard = refunded(order, "r1", DONE, now=LATER + 5).order
    closing = heard.refunds[0].closing
    assert closing is not None
    assert closing.contradicted
    assert [row.state for row in heard.refunds] == [RefundState.REPLACED, RefundState.REQUESTED]
    assert balance(heard) == 0


@pytest.mark.parametrize("outcome", [RefundOutcome.SENT, RefundOutcome.UNKNOWN])
def test_no_word_of_the_gateway_opens_it_again(outcome: RefundOutcome) -> None:
    """That it is under way, or nothing, is not an end."""
    for order in (by_hand(waiting()).order, by_hand(waiting(), None).order):
        assert refunded(order, "r1", RefundAnswer(outcome=outcome), now=LATER).order == order


def test_what_was_taken_for_failed_may_be_corrected() -> None:
    """By staff, who are on their own while the gateway is silent; once it agreed, its word stands beside theirs."""
    order = by_hand(waiting(), None).order
    corrected = by_hand(order).order.refunds[0]
    agreed = by_hand(refunded(order, "r1", FAILED, now=LATER).order).order.refunds[0]
    assert corrected.state is agreed.state is RefundState.DONE
    assert corrected.closing is not None
    assert agreed.closing is not None
    assert (corrected.closing.said, agreed.closing.said) == (None, RefundState.FAILED)
    with pytest.raises(RefundRefusedError):
        by_hand(refunded(order, "r1", DONE, now=LATER).order)
