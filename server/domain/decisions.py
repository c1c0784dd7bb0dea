"""What is decided about an order: how it shall be, and what follows from that."""

from collections.abc import Callable

import msgspec

from server.domain.orders import Effect, EffectKind, NoticeKind, Order
from server.domain.payments import Verdict

NewId = Callable[[], tuple[str, str]]
"""Gives a fresh reference and request id for a refund."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it shall be, what follows from it, and what the gateway is answered.

    `needs_seats`: nothing was decided, because the order's seats must be had again first, or be known to be gone.
    """

    order: Order
    effects: tuple[Effect, ...] = ()
    verdict: Verdict = Verdict.RECORDED
    needs_seats: bool = False


SEATS = Effect(kind=EffectKind.SEATS)


def notice(kind: NoticeKind) -> Effect:
    """Tell the customer this."""
    return Effect(kind=EffectKind.NOTICE, subject=kind.value)
