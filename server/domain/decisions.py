"""What is decided about an order: how it shall be, and what follows from that."""

from collections.abc import Callable

import msgspec

from server.domain.orders import Effect, EffectKind, NoticeKind, Order
from server.domain.payments import Verdict

NewId = Callable[[], tuple[str, str]]
"""Gives a fresh reference and request id for a refund."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it shall be, what follows from it, and what the gateway is answered."""

    order: Order
    effects: tuple[Effect, ...] = ()
    verdict: Verdict = Verdict.RECORDED


SEATS = Effect(kind=EffectKind.SEATS)


def notice(kind: NoticeKind) -> Effect:
    """Tell the customer this."""
    return Effect(kind=EffectKind.NOTICE, subject=kind.value)
