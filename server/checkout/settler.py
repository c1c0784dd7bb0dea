"""Writes down what a gateway says of a payment, and what follows from that, in one transaction."""

from collections.abc import Callable

from server.checkout.ids import new_pair
from server.checkout.points import Point, Reach, pass_by
from server.domain.decisions import Decision
from server.domain.orders import Order
from server.domain.payments import Fact, Verdict
from server.domain.settlement import asked, settle
from server.ports.orders import CallbackRecord, Orders


class Settler:
    """The one way by which a gateway's word changes an order: callback, question, capture and void alike."""

    def __init__(
        self, orders: Orders, *, now: Callable[[], int], nudge: Callable[[], None], reach: Reach = pass_by
    ) -> None:
        self._orders = orders
        self._now = now
        self._nudge = nudge
        self._reach = reach

    async def settle(
        self, order_id: str, fact: Fact, *, record: Callable[[Verdict], CallbackRecord] | None = None, ask: bool = False
    ) -> Verdict:
        """Settle a verified fact, keep the message that stated it, and say what became of it.

        `ask`: this answers a question of ours, and the next one is due later. Raises `OrderNotFoundError` and
        `UnavailableError`; then nothing was written, or what was written is met again by the next message.
        """
        async with self._orders.change(order_id) as change:
            heard = record is not None
            decision = settle(change.order, fact, now=self._now(), new_id=new_pair, heard=heard)
            change.order = asked(decision.order, fact.reference, now=self._now()) if ask else decision.order
            change.effects.extend(decision.effects)
            change.callback = record(decision.verdict) if record else None
        self._reach(Point.SETTLED)
        self._nudge()
        return decision.verdict

    async def decide(self, order_id: str, decision: Callable[[Order], Decision]) -> Decision:
        """Take any other decision about an order, in one transaction."""
        async with self._orders.change(order_id) as change:
            decided = decision(change.order)
            change.order = decided.order
            change.effects.extend(decided.effects)
        self._nudge()
        return decided
