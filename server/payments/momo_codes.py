"""MoMo's result codes, and what they mean for a payment, a question and a refund."""

from typing import Final

from server.domain.payments import Outcome, RefundOutcome

DONE: Final = 0
NOT_FOUND: Final = 42
AUTHORISED: Final = 9000
AGAIN_LATER: Final = 1080
"""A refund that failed and may be sent again after about an hour, which happens to payments older than a month."""

AGAIN_AFTER_MS: Final = 3_600_000

_PENDING: Final = frozenset({1000, 7000, 7002, 8000})
"""Started, waiting for the customer, in process at MoMo or at who issued the money."""

_FAILED: Final = frozenset(
    {98, 99, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1017, 1026, 2019, 4001, 4002, 4100},
)
"""Final: no money was taken, and none will be."""

_REFUND_SENT: Final = frozenset({40, 41, 1000, 7000, 7002})
"""In process, or known already by these ids: to be asked for, not to be sent under others."""

_REFUND_REFUSED: Final = frozenset({11, 12, 13, 20, 21, 22, 42, 47, 99, 1080, 1081, 1088, 4001, 4002})


def payment_outcome(code: int, *, two_step: bool) -> Outcome | None:
    """What a code says of a payment; None if it says nothing of it.

    A payment that is authorised is pending where MoMo captures by itself: it is asked until it says paid.
    """
    if code == DONE:
        return Outcome.PAID
    if code == AUTHORISED:
        return Outcome.AUTHORISED if two_step else Outcome.PENDING
    if code in _PENDING:
        return Outcome.PENDING
    return Outcome.FAILED if code in _FAILED else None


def refund_outcome(code: int) -> RefundOutcome:
    """What a code says of a refund."""
    if code == DONE:
        return RefundOutcome.DONE
    if code in _REFUND_SENT:
        return RefundOutcome.SENT
    return RefundOutcome.FAILED if code in _REFUND_REFUSED else RefundOutcome.UNKNOWN
