"""What customers and staff do with an order that is there."""

from collections.abc import Callable
from datetime import date

from server.checkout.asking import Answered, Represent
from server.checkout.gateways import MAX_ATTEMPTS, Gateways, new_payment
from server.checkout.ids import new_pair, pair_for
from server.domain.decisions import Decision
from server.domain.errors import Conflict, ConflictError
from server.domain.holds import Once
from server.domain.orders import Order, OrderState, RefundState
from server.domain.payments import Verdict
from server.domain.refunds import close, refund, replaced
from server.domain.settlement import approve, cancel, redirected, with_attempt
from server.domain.staff import Actor, AuditEntry, StaffMember
from server.ports.orders import Change, Orders


class OrderDesk:
    """Acts on orders, each in one transaction with its effects, its audit entry and its kept answer.

    Whoever calls has made sure that the caller may; `holder` owns the idempotency keys.
    """

    def __init__(
        self, *, orders: Orders, gateways: Gateways, now: Callable[[], int], nudge: Callable[[], None]
    ) -> None:
        self._orders = orders
        self._gateways = gateways
        self._now = now
        self._nudge = nudge

    async def order(self, order_id: str) -> Order:
        """The order as committed; raises `OrderNotFoundError`."""
        return await self._orders.order(order_id)

    async def pay(
        self,
        order_id: str,
        *,
        holder: str,
        gateway: str,
        client_ip: str | None,
        once: Once | None,
        represent: Represent,
    ) -> Answered:
        """Start another attempt to pay an open order, whose deadline stays; `ConflictError` where it is not open.

        One request is one attempt, however often it is sent: who died after writing it down is continued.
        """
        if replay := await self._replay(holder, once):
            return replay
        found = await self._orders.order(order_id)
        chosen = self._gateways.taking(gateway, found.amount, found.currency)
        pair = pair_for(holder, order_id, once)
        payment = found.payment(pair[0]) or new_payment(found, gateway, now=self._now(), client_ip=client_ip, pair=pair)
        attempt = await self._gateways.attempt(found, payment)
        url = await chosen.start(attempt) if chosen.offline else None
        async with self._orders.change(order_id) as change:
            order = change.order
            if order.payment(payment.reference) is None:
                self._check_payable(order)
                order = with_attempt(order, payment)
            change.order = redirected(order, payment.reference, url)
            if chosen.offline:
                return self._answer(change, change.order, holder, once, represent)
        url = await chosen.start(attempt)
        async with self._orders.change(order_id) as change:
            return self._answer(change, redirected(change.order, payment.reference, url), holder, once, represent)

    def _check_payable(self, order: Order) -> None:
        if order.state is not OrderState.OPEN or self._now() >= order.expires_at:
            raise ConflictError(Conflict.NOT_OPEN, order=order.id)
        if len(order.payments) >= MAX_ATTEMPTS:
            raise ConflictError(Conflict.ATTEMPTS, order=order.id)

    async def cancel(self, order_id: str, *, holder: str, once: Once | None, represent: Represent) -> Answered:
        """Give an open order up. One that is cancelled stays so; raises `ConflictError` for any other."""
        if replay := await self._replay(holder, once):
            return replay
        async with self._orders.change(order_id) as change:
            decision = cancel(change.order)
            if decision.verdict is Verdict.ALREADY and change.order.state is not OrderState.CANCELLED:
                raise ConflictError(Conflict.NOT_OPEN, order=order_id)
            change.effects.extend(decision.effects)
            answered = self._answer(change, decision.order, holder, once, represent)
        self._nudge()
        return answered

    async def refund(
        self,
        order_id: str,
        *,
        seats: tuple[str, ...] | None,
        amount: int | None,
        reason: str,
        by: StaffMember,
        actor: Actor,
        once: Once | None,
        represent: Represent,
    ) -> Answered:
        """Send money back, for seats that are freed or an amount that frees none; raises `RefundRefusedError`.

        One request sends money back once, however late it comes again: who comes with a key that is forgotten is shown
        the order as it is by then.
        """
        if replay := await self._replay(by.id, once):
            return replay
        pair = pair_for(by.id, order_id, once)
        answered: Answered | None = None
        async with self._orders.change(order_id) as change:
            if change.order.refund(pair[0]) is None:
                decision = refund(
                    change.order,
                    seats=seats,
                    amount=amount,
                    reason=reason,
                    by=by.login,
                    now=self._now(),
                    new_id=lambda: pair,
                )
                row = decision.order.refunds[-1]
                change.effects.extend(decision.effects)
                change.audit.append(
                    AuditEntry(
                        actor=actor,
                        action="order.refund",
                        subject=f"order:{order_id}",
                        details={"refund": row.reference, "amount": row.amount, "seats": " ".join(row.seats)},
                    )
                )
                answered = self._answer(change, decision.order, by.id, once, represent)
        if answered is None:
            # A twin of this request was quicker; or its key is forgotten, and the money was sent back long ago.
            return await self._replay(by.id, once) or Answered(kept=represent(change.order), replayed=True)
        self._nudge()
        return answered

    async def approve(self, order_id: str, *, actor: Actor) -> Order:
        """Clear an order under review; raises `ConflictError` for any other."""

        def cleared(order: Order) -> Decision:
            decision = approve(order)
            if decision.verdict is Verdict.ALREADY:
                raise ConflictError(Conflict.NOT_IN_REVIEW, order=order.id)
            return decision

        return await self._act(order_id, cleared, actor, "order.approve", {})

    async def retry_refund(self, order_id: str, reference: str, *, actor: Actor) -> Order:
        """Send a refund that failed once more; raises `ConflictError` for one that did not fail."""
        return await self._act(
            order_id, lambda order: self._resent(order, reference), actor, "order.refund_retry", {"refund": reference}
        )

    def _resent(self, order: Order, reference: str) -> Decision:
        row = order.refund(reference)
        if row is None or row.state is not RefundState.FAILED:
            raise ConflictError(Conflict.NOT_FAILED, order=order.id)
        return replaced(order, reference, now=self._now(), new_id=new_pair)

    async def close_refund(
        self, order_id: str, reference: str, *, done_on: date | None, reason: str, by: StaffMember, actor: Actor
    ) -> Order:
        """Write down how a refund ended that did not go its way; None: it failed.

        Raises `RefundRefusedError`.
        """

        def ended(order: Order) -> Decision:
            return close(order, reference, done_on=done_on, reason=reason, by=by.login, now=self._now())

        outcome = RefundState.FAILED if done_on is None else RefundState.DONE
        details: dict[str, str | int | bool | None] = {"refund": reference, "outcome": outcome.value}
        if done_on is not None:
            details["on"] = done_on.isoformat()
        return await self._act(order_id, ended, actor, "order.refund_close", details)

    async def _act(
        self,
        order_id: str,
        act: Callable[[Order], Decision],
        actor: Actor,
        action: str,
        details: dict[str, str | int | bool | None],
    ) -> Order:
        async with self._orders.change(order_id) as change:
            decision = act(change.order)
            change.order = decision.order
            change.effects.extend(decision.effects)
            change.audit.append(AuditEntry(actor=actor, action=action, subject=f"order:{order_id}", details=details))
        self._nudge()
        return change.order

    async def _replay(self, holder: str, once: Once | None) -> Answered | None:
        """The answer that was kept; an act that died unfinished is simply done again, under its order's lock."""
        kept = await self._orders.kept(holder, once, now=self._now()) if once else None
        return None if kept is None or isinstance(kept, str) else Answered(kept=kept, replayed=True)

    def _answer(self, change: Change, order: Order, holder: str, once: Once | None, represent: Represent) -> Answered:
        change.order = order
        kept = represent(order)
        if once is not None:
            change.answer(holder, once, kept)
        return Answered(kept=kept, order=order)
