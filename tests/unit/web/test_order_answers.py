"""What customers are told of an order."""

import msgspec

from server.domain.orders import RefundState
from server.domain.payments import Outcome
from server.domain.refunds import refund
from server.domain.settlement import settle
from server.web.orders.representations import refund_answers
from tests.unit.domain.orders.samples import fact, numbered, open_order


def test_a_refund_that_was_sent_anew_is_told_once() -> None:
    """The one that another took the place of is not shown: its money went back, and comes back, once."""
    order = settle(open_order(), fact(Outcome.PAID), now=1, new_id=numbered()).order
    order = refund(order, seats=None, amount=None, reason="asked", by="anna", now=2, new_id=numbered()).order
    [first] = order.refunds
    former = msgspec.structs.replace(first, reference="former", state=RefundState.REPLACED)
    order = msgspec.structs.replace(order, refunds=(former, first))
    assert [(row.reference, row.amount) for row in refund_answers(order)] == [(first.reference, 150_000)]
