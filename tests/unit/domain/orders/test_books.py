"""Whatever happens in whatever order, the books are right."""

from datetime import date

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from server.domain.decisions import Decision
from server.domain.orders import LIVE_STATES, EffectKind, Order, OrderState, RefundState
from server.domain.payments import Outcome, RefundAnswer, RefundOutcome
from server.domain.refunds import BY_HAND_MS, RefundRefusedError, balance, close, refund, refunded, replaced, sending
from server.domain.settlement import approve, cancel, expire, reseat, settle
from tests.unit.domain.orders.samples import DEADLINE, fact, numbered, open_order

REFERENCES = st.sampled_from(["p1", "p2", "p3"])


class Books(RuleBasedStateMachine):
    """Callbacks, staff, clocks and answers to refunds, in any order and any number."""

    def __init__(self) -> None:
        super().__init__()
        self.order: Order = open_order("p1", "p2", "p3")
        self.new_id = numbered()
        self.reseats: list[str] = []
        self.tickets = 0
        self.by_hand: set[str] = set()

    def take(self, decision: Decision) -> None:
        """Go on with a decision, and remember what follows from it."""
        self.order = decision.order
        self.reseats += [effect.subject for effect in decision.effects if effect.kind is EffectKind.RESEAT]
        self.tickets += sum(effect.subject == "tickets" for effect in decision.effects)

    @rule(
        reference=REFERENCES,
        outcome=st.sampled_from(Outcome),
        amount=st.sampled_from([150_000, 150_000, 150_000, 7, None]),
        heard=st.booleans(),
    )
    def callback(self, reference: str, outcome: Outcome, amount: int | None, *, heard: bool) -> None:
        """A gateway says something, asked or by itself."""
        self.take(settle(self.order, fact(outcome, reference, amount), now=1, new_id=self.new_id, heard=heard))

    @rule()
    def expire(self) -> None:
        """The deadline passes."""
        self.take(expire(self.order, now=DEADLINE))

    @rule()
    def cancel(self) -> None:
        """The customer gives up."""
        self.take(cancel(self.order))

    @precondition(lambda self: self.reseats)
    @rule(free=st.booleans(), again=st.booleans())
    def reseat(self, *, free: bool, again: bool) -> None:
        """A late payment is seen to, perhaps twice."""
        reference = self.reseats[0] if again else self.reseats.pop(0)
        self.take(reseat(self.order, reference, seats_free=free, now=1, new_id=self.new_id))

    @rule()
    def approve(self) -> None:
        """Staff clear the order."""
        self.take(approve(self.order))

    @rule(
        seats=st.sampled_from([None, ("F7",), ("F8",)]),
        amount=st.sampled_from([None, None, 5000, 60_000, 90_000, 150_000]),
    )
    def refund(self, seats: tuple[str, ...] | None, amount: int | None) -> None:
        """Staff send money back, where there is some."""
        try:
            decision = refund(self.order, seats=seats, amount=amount, reason="", by="anna", now=1, new_id=self.new_id)
        except RefundRefusedError:
            return
        self.take(decision)

    @precondition(lambda self: self.order.refunds)
    @rule(data=st.data(), outcome=st.sampled_from(RefundOutcome))
    def answer(self, data: st.DataObject, outcome: RefundOutcome) -> None:
        """A gateway answers a refund."""
        row = data.draw(st.sampled_from(self.order.refunds))
        self.order = sending(self.order, row.reference, now=1)
        self.take(refunded(self.order, row.reference, RefundAnswer(outcome=outcome), now=1))

    @precondition(lambda self: self.order.refunds)
    @rule(data=st.data(), done_on=st.sampled_from([None, date(1970, 1, 1)]))
    def end_by_hand(self, data: st.DataObject, done_on: date | None) -> None:
        """Staff say how a refund ended, be it that nobody else does, that it failed, or that it was never sent."""
        row = data.draw(st.sampled_from(self.order.refunds))
        now = 1 + BY_HAND_MS
        try:
            decision = close(self.order, row.reference, done_on=done_on, reason="statement", by="anna", now=now)
        except RefundRefusedError:
            return
        self.take(decision)
        self.by_hand |= {row.reference} if done_on else set()
        assert sending(self.order, row.reference, now=now) == self.order

    @precondition(lambda self: self.order.refunds)
    @rule(data=st.data())
    def send_anew(self, data: st.DataObject) -> None:
        """A refund is sent once more."""
        row = data.draw(st.sampled_from(self.order.refunds))
        self.take(replaced(self.order, row.reference, now=1, new_id=self.new_id))

    @invariant()
    def no_money_is_kept_for_nothing(self) -> None:
        """Captured money pays for the order, goes back, or waits for its seats: never neither, never two of them."""
        waiting = sum(
            payment.captured
            for payment in self.order.payments
            if payment.reference in self.reseats
            and payment.reference != self.order.paid_by
            and not self.order.returning(payment.reference)
        )
        assert balance(self.order) == waiting

    @invariant()
    def nothing_is_sent_back_twice(self) -> None:
        """No more goes back of a payment than was captured."""
        for payment in self.order.payments:
            assert self.order.returning(payment.reference) <= payment.captured

    @invariant()
    def what_was_paid_by_hand_is_paid(self) -> None:
        """Staff's money is out: none other is sent for it, and no word of a gateway makes it owed again."""
        assert all(row.state is RefundState.DONE for row in self.order.refunds if row.reference in self.by_hand)

    @invariant()
    def seats_follow_the_state(self) -> None:
        """Every seat is live while the order owns them, none where it does not; a seat that went back is free."""
        returned = {seat for row in self.order.owed() for seat in row.seats}
        live = set(self.order.live_seats())
        if self.order.state in LIVE_STATES:
            assert live == {"F7", "F8"}
        elif self.order.state in {OrderState.EXPIRED, OrderState.CANCELLED, OrderState.REFUNDED}:
            assert not live
        assert not live & returned

    @invariant()
    def tickets_go_out_once(self) -> None:
        """A customer is sent tickets for one payment at most."""
        assert self.tickets <= 1

    @invariant()
    def the_end_is_the_end(self) -> None:
        """`refunded` means that everything of the payment went back, and was done."""
        if self.order.state is OrderState.REFUNDED:
            own = [row for row in self.order.owed() if row.payment == self.order.paid_by]
            assert all(row.state is RefundState.DONE for row in own)


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
