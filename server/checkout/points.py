"""Places in the payment path at which a worker may die; tests let it die at each."""

from collections.abc import Callable
from enum import StrEnum


class Point(StrEnum):
    """Named by what has just been done."""

    PINNED = "pinned"
    PLACED = "placed"
    STARTED = "started"
    ANSWER_KEPT = "answer_kept"
    CALLBACK_READ = "callback_read"
    SETTLED = "settled"
    CLAIMED = "claimed"
    OCCUPIED = "occupied"
    RESEATED = "reseated"
    APPLIED = "applied"
    CAPTURED = "captured"
    REFUND_MARKED = "refund_marked"
    REFUND_SENT = "refund_sent"
    REFUND_RECORDED = "refund_recorded"
    NOTICE_SENT = "notice_sent"
    DONE = "done"
    ASKED = "asked"


Reach = Callable[[Point], None]
"""Called at each point."""


def pass_by(_point: Point) -> None:
    """What a worker does at every point outside tests: nothing."""
