"""How each effect of a change is done: at least once, and the same however often."""

from collections.abc import Callable
from typing import Final

import structlog

from server.checkout.gateways import Gateways
from server.checkout.ids import new_pair
from server.checkout.points import Point, Reach, pass_by
from server.checkout.settler import Settler
from server.domain.decisions import Decision
from server.domain.errors import ConflictError, SeatsUnavailableError, UnavailableError
from server.domain.orders import EffectKind, NoticeKind, Order, OrderState, Payment, PaymentState, Refund, RefundState
from server.domain.payments import ABSENT, Outcome, RefundAnswer, RefundOrder, RefundOutcome, Verdict
from server.domain.refunds import awaits_word, must_wait, numbers_before, refunded, replaced, sending
from server.domain.settlement import reseat
from server.ports import Catalogue, PaymentGateway, SeatStore
from server.ports.notices import Notice, Notifier
from server.ports.orders import Orders
from server.ports.outbox import Job

RESEAT_MS: Final = 60_000
"""How long a late payment waits for a seat store that does not answer, before its money goes back."""

log = structlog.get_logger(__name__)


class NotYetError(Exception):
    """The effect could not be done now; `after_ms` is when to try again, None for the usual back-off."""

    def __init__(self, reason: str, *, after_ms: int | None = None) -> None:
        super().__init__(reason)
        self.after_ms = after_ms


class HopelessError(Exception):
    """The effect cannot be done, however often it is tried: a person must look at it."""


class Jobs:
    """Does one job of the outbox: `do` returns when it is done, and raises `NotYetError` or `HopelessError`.

    A worker may die at any line: whoever does the job again finds out what was done, and repeats nothing that shows.
    `order_url` makes the link to an order's page for its customer.
    """

    def __init__(
        self,
        *,
        store: SeatStore,
        catalogue: Catalogue,
        orders: Orders,
        gateways: Gateways,
        settler: Settler,
        notifier: Notifier,
        order_url: Callable[[str], str],
        reach: Reach = pass_by,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._orders = orders
        self._gateways = gateways
        self._settler = settler
        self._notifier = notifier
        self._order_url = order_url
        self._reach = reach
        self._by_kind = {
            EffectKind.SEATS: self._tell_store,
            EffectKind.RESEAT: self._reseat,
            EffectKind.REFUND: self._refund,
            EffectKind.CAPTURE: self._capture,
            EffectKind.VOID: self._void,
            EffectKind.NOTICE: self._notify,
        }

    async def do(self, job: Job) -> None:
        """Do what the job says about its order as the order is now."""
        await self._by_kind[job.effect.kind](job, await self._orders.order(job.order))

    async def apply(self, order: Order) -> None:
        """Tell the seat store what an order is now; older news than it has are ignored by it."""
        layout = await self._catalogue.layout((await self._catalogue.showtime(order.showtime)).layout)
        places = {seat.seat: layout.index_of[seat.seat] for seat in order.seats if seat.seat in layout.index_of}
        await self._store.apply(
            order.showtime,
            order.id,
            order.holder,
            tuple(places[seat] for seat in order.live_seats() if seat in places),
            deadline=order.expires_at if order.state is OrderState.OPEN else None,
            row_version=order.row_version,
            all_seats=tuple(places.values()),
            keep_locks=order.state is not OrderState.CANCELLED,
        )
        self._reach(Point.APPLIED)

    async def _tell_store(self, _job: Job, order: Order) -> None:
        await self.apply(order)

    async def _reseat(self, job: Job, order: Order) -> None:
        free = await self._occupied_anew(job, order)
        self._reach(Point.OCCUPIED)

        def decide(seats_free: bool) -> Callable[[Order], Decision]:
            return lambda found: reseat(
                found, job.effect.subject, seats_free=seats_free, now=self._store.now(), new_id=new_pair
            )

        try:
            await self._settler.decide(order.id, decide(free))
        except ConflictError:
            await self._settler.decide(order.id, decide(False))  # noqa: FBT003 - the parameter's name is a line above
        self._reach(Point.RESEATED)

    async def _occupied_anew(self, job: Job, order: Order) -> bool:
        """Whether all seats of an expired order were pinned for it again."""
        if order.state is not OrderState.EXPIRED or order.paid_by is not None:
            return False
        showtime = await self._catalogue.showtime(order.showtime)
        now = self._store.now()
        if now >= showtime.starts_at:
            return False
        layout = await self._catalogue.layout(showtime.layout)
        if any(seat.seat not in layout.index_of for seat in order.seats):
            return False
        seats = tuple(layout.index_of[seat.seat] for seat in order.seats)
        try:
            await self._store.occupy(order.showtime, order.holder, seats, order.id, deadline=now)
        except SeatsUnavailableError:
            return False
        except UnavailableError as error:
            if now - job.created_at < RESEAT_MS:
                raise NotYetError("the seat store does not answer", after_ms=1000) from error
            log.warning("a late payment goes back, because the seat store does not answer", order=order.id)
            return False
        return True

    async def _refund(self, job: Job, order: Order) -> None:
        reference = job.effect.subject
        row = order.refund(reference)
        if row is None or row.state not in {RefundState.REQUESTED, RefundState.UNKNOWN} or must_wait(order, row):
            return
        gateway, ask = await self._refund_order(order, row)
        answer = RefundAnswer(outcome=RefundOutcome.FAILED, code=ABSENT)
        if row.state is RefundState.UNKNOWN:
            answer = await gateway.query_refund(ask)
        if answer.outcome is RefundOutcome.FAILED and answer.code == ABSENT:
            async with self._orders.change(order.id) as change:
                change.order = sending(change.order, reference, now=self._store.now())
            marked = change.order.refund(reference)
            if marked is None or marked.state is not RefundState.UNKNOWN:
                return  # staff said meanwhile how it ended
            self._reach(Point.REFUND_MARKED)
            answer = await gateway.refund(ask)
            self._reach(Point.REFUND_SENT)
        if answer.again_after_ms is not None:
            if row.state is RefundState.REQUESTED:
                raise NotYetError(f"the gateway answered {answer.code}", after_ms=answer.again_after_ms)
            await self._settler.decide(order.id, lambda found: self._anew(found, reference))
            return
        await self.record_refund(order.id, reference, answer)
        if answer.outcome is RefundOutcome.UNKNOWN:
            raise NotYetError("the gateway did not say")

    async def record_refund(self, order_id: str, reference: str, answer: RefundAnswer) -> None:
        """Write down what a gateway said of a refund."""
        decided = await self._settler.decide(
            order_id, lambda order: refunded(order, reference, answer, now=self._store.now())
        )
        self._reach(Point.REFUND_RECORDED)
        row = decided.order.refund(reference)
        if row is not None and row.closing is not None and row.closing.contradicted:
            log.warning("a gateway contradicts staff about a refund", order=order_id, code=answer.code)
        elif answer.outcome is RefundOutcome.FAILED:
            log.warning("a refund failed and waits for a person", order=order_id, code=answer.code)

    def _anew(self, order: Order, reference: str) -> Decision:
        """Another refund in the place of one that the gateway refused for a while, unless staff ended it meanwhile."""
        row = order.refund(reference)
        if row is None or row.closing is not None:
            return Decision(order=order, verdict=Verdict.ALREADY)
        return replaced(order, reference, now=self._store.now(), new_id=new_pair)

    async def query_refund(self, order_id: str, reference: str) -> None:
        """Ask the gateway what became of a refund that it accepted, or that staff ended by hand, and write it down."""
        order = await self._orders.order(order_id)
        row = order.refund(reference)
        if row is None or not awaits_word(order, row):
            return
        gateway, ask = await self._refund_order(order, row)
        answer = await gateway.query_refund(ask)
        if answer.outcome in {RefundOutcome.DONE, RefundOutcome.FAILED}:
            await self.record_refund(order_id, reference, answer)

    async def _refund_order(self, order: Order, row: Refund) -> tuple[PaymentGateway, RefundOrder]:
        payment = order.payment(row.payment)
        gateway = self._gateways.of(payment) if payment else None
        if payment is None or gateway is None:
            raise HopelessError("the gateway of this payment is not configured")
        ask = RefundOrder(
            attempt=await self._gateways.attempt(order, payment),
            reference=row.reference,
            request_id=row.request_id,
            amount=row.amount,
            full=row.amount == payment.captured,
            by=row.by,
            reason=row.reason,
            created_at=row.created_at,
            gateway_id=row.gateway_id,
            earlier=numbers_before(order, row),
        )
        return gateway, ask

    async def _capture(self, job: Job, order: Order) -> None:
        """Take reserved money only while the seats are held for it; else let it go."""
        payment, gateway = self._reserved(job, order)
        if payment is None or gateway is None:
            return
        if order.state is not OrderState.OPEN:
            await self._void(job, order)
            return
        fact = await gateway.capture(await self._gateways.attempt(order, payment))
        self._reach(Point.CAPTURED)
        if fact.outcome in {Outcome.UNKNOWN, Outcome.PENDING, Outcome.AUTHORISED}:
            raise NotYetError("the gateway did not say", after_ms=2000)
        await self._settler.settle(order.id, fact)

    async def _void(self, job: Job, order: Order) -> None:
        payment, gateway = self._reserved(job, order)
        if payment is None or gateway is None:
            return
        fact = await gateway.void(await self._gateways.attempt(order, payment))
        if fact.outcome in {Outcome.UNKNOWN, Outcome.PENDING, Outcome.AUTHORISED}:
            raise NotYetError("the gateway did not say")
        await self._settler.settle(order.id, fact)

    def _reserved(self, job: Job, order: Order) -> tuple[Payment | None, PaymentGateway | None]:
        payment = order.payment(job.effect.subject)
        if payment is None or payment.state is not PaymentState.AUTHORISED:
            return None, None
        gateway = self._gateways.of(payment)
        if gateway is None:
            raise HopelessError("the gateway of this payment is not configured")
        return payment, gateway

    async def _notify(self, job: Job, order: Order) -> None:
        kind = NoticeKind(job.effect.subject)
        if kind is NoticeKind.TICKETS and not order.live_seats():
            return  # all was given back before it could be told: what is told of the refund is true
        showtime = await self._catalogue.showtime(order.showtime)
        names = {zone.id: zone.name for zone in showtime.zones}
        await self._notifier.send(
            Notice(
                kind=kind,
                key=job.key,
                order=order,
                showtime=showtime,
                seats=tuple((seat.seat, names.get(seat.zone, seat.zone)) for seat in order.seats if seat.live),
                order_url=self._order_url(order.id),
            )
        )
        self._reach(Point.NOTICE_SENT)
