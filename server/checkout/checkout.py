"""From held seats to an open order, and the customer on the way to the gateway."""

from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from server.checkout.asking import Answered, Ask, Represent
from server.checkout.gateways import Gateways, new_payment
from server.checkout.ids import order_id
from server.checkout.points import Point, Reach, pass_by
from server.domain.decisions import SEATS
from server.domain.errors import (
    Conflict,
    ConflictError,
    IdempotencyInProgressError,
    IdempotencyMismatchError,
    OrderExistsError,
    OrderNotFoundError,
    RefusedError,
    UnavailableError,
    UnknownSeatError,
)
from server.domain.holds import Holder, Once, Pinned
from server.domain.layout import Layout
from server.domain.orders import Order, OrderSeat
from server.domain.settlement import redirected, with_attempt
from server.domain.showtimes import Showtime
from server.ports import Catalogue, SeatStore
from server.ports.orders import KeptAnswer, Orders

Rule = Callable[[Showtime, Layout, tuple[int, ...]], None]
"""A rule of the hall: raises the `RefusedError` that says why these seats cannot be bought together."""

log = structlog.get_logger(__name__)


class Checkout:
    """Pins a holder's locks to a new order and starts its first payment.

    `payment_ms` is how long a customer has to pay; `nudge` wakes the outbox after a commit. `reach` is for tests.
    """

    def __init__(
        self,
        *,
        store: SeatStore,
        catalogue: Catalogue,
        orders: Orders,
        gateways: Gateways,
        payment_ms: int,
        nudge: Callable[[], None],
        rules: tuple[Rule, ...] = (),
        reach: Reach = pass_by,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._orders = orders
        self._gateways = gateways
        self._payment_ms: Final = payment_ms
        self._nudge = nudge
        self._rules = rules
        self._reach = reach

    async def start(self, holder: Holder, ask: Ask, once: Once | None, represent: Represent) -> Answered:
        """Place the order and answer with it; the same `once` is answered the same.

        Raises `ShowtimeNotFoundError`, `UnknownSeatError`, `BadGatewayError`, `ConflictError` (with the order that has
        the seats, or with the total that is right), `SalesClosedError`, `GoneError`, `NotHeldError`, `UnavailableError`
        and the errors of idempotency. Nothing is kept of a checkout that was refused.
        """
        if replay := await self._replay(holder, once, represent):
            return replay
        showtime = await self._catalogue.showtime(ask.showtime)
        layout = await self._catalogue.layout(showtime.layout)
        indexes = _indexes(layout, ask.seats)
        wanted, turn = order_id(holder.id, showtime.id, once), 0
        while once is not None and await self._is_there(wanted):
            # A twin of this request placed it just now; or one did whose key is forgotten, and this is another order.
            if replay := await self._replay(holder, once, represent):
                return replay
            turn += 1
            wanted = order_id(holder.id, showtime.id, once, turn)
        draft = self._draft(wanted, holder, ask, showtime, layout)
        gateway = self._gateways.taking(ask.gateway, draft.amount, draft.currency)
        if ask.expected_total is not None and ask.expected_total != draft.amount:
            raise ConflictError(Conflict.PRICE, total=draft.amount)
        for rule in self._rules:
            rule(showtime, layout, indexes)
        pinned = await self._store.pin(showtime.id, holder, indexes, draft.id, deadline=draft.expires_at)
        self._reach(Point.PINNED)
        payment = new_payment(draft, ask.gateway, now=draft.created_at, client_ip=ask.client_ip)
        order = with_attempt(_with_fences(draft, pinned), payment)
        kept = None
        if gateway.offline:
            url = await gateway.start(await self._gateways.attempt(order, payment))
            order = redirected(order, payment.reference, url)
            kept = represent(order)
        try:
            await self._place(order, indexes, once, kept)
        except OrderExistsError as error:
            # A twin of this request placed it meanwhile.
            if replay := await self._replay(holder, once, represent):
                return replay
            raise ConflictError(Conflict.ORDERED, order=order.id) from error
        if kept is not None:
            return Answered(kept=kept, order=order)
        return await self._go_on(order, holder, once, represent)

    async def _replay(self, holder: Holder, once: Once | None, represent: Represent) -> Answered | None:
        """The answer to the same request before; one that died unfinished is finished."""
        kept = await self._orders.kept(holder.id, once, now=self._store.now()) if once else None
        if isinstance(kept, str):
            return await self._go_on(await self._orders.order(kept), holder, once, represent)
        return None if kept is None else Answered(kept=kept, replayed=True)

    async def _is_there(self, order: str) -> bool:
        try:
            await self._orders.order(order)
        except OrderNotFoundError:
            return False
        return True

    def _draft(self, wanted: str, holder: Holder, ask: Ask, showtime: Showtime, layout: Layout) -> Order:
        zones = {zone.id: zone for zone in showtime.zones}
        now = self._store.now()
        seats = []
        for seat in ask.seats:
            zone = zones[layout.seats[layout.index_of[seat]].zone]
            seats.append(OrderSeat(seat=seat, zone=zone.id, price=zone.price, ordinal=0, fence=0))
        return Order(
            id=wanted,
            showtime=showtime.id,
            holder=holder.id,
            customer=ask.customer,
            currency=showtime.zones[0].currency,
            amount=sum(seat.price for seat in seats),
            created_at=now,
            expires_at=now + self._payment_ms,
            seats=tuple(seats),
        )

    async def _place(self, order: Order, indexes: tuple[int, ...], once: Once | None, kept: KeptAnswer | None) -> None:
        try:
            await self._orders.place(order, (SEATS,), once=once, kept=kept)
        except (IdempotencyMismatchError, IdempotencyInProgressError, OrderExistsError, UnavailableError):
            # The order may be there, by this request or by its twin: the pin is kept until that is known.
            raise
        except RefusedError:
            await self._unpin(order, indexes)
            raise
        self._reach(Point.PLACED)
        self._nudge()

    async def _unpin(self, order: Order, indexes: tuple[int, ...]) -> None:
        try:
            await self._store.release(order.showtime, indexes, order.id)
        except UnavailableError as error:
            log.info("a pin ends by itself", order=order.id, reason=str(error))

    async def _go_on(self, order: Order, holder: Holder, once: Once | None, represent: Represent) -> Answered:
        """Ask the gateway where to send the customer, for an order that is written. May be done again after a death."""
        payment = order.payments[-1]
        gateway = self._gateways.of(payment)
        url = await gateway.start(await self._gateways.attempt(order, payment)) if gateway else None
        self._reach(Point.STARTED)
        async with self._orders.change(order.id) as change:
            change.order = redirected(change.order, payment.reference, url)
            kept = represent(change.order)
            if once is not None:
                change.answer(holder.id, once, kept)
        self._reach(Point.ANSWER_KEPT)
        return Answered(kept=kept, order=change.order)


def _indexes(layout: Layout, seats: tuple[str, ...]) -> tuple[int, ...]:
    if any(seat not in layout.index_of for seat in seats):
        raise UnknownSeatError
    return tuple(layout.index_of[seat] for seat in seats)


def _with_fences(order: Order, pinned: Pinned) -> Order:
    seats = tuple(
        msgspec.structs.replace(seat, ordinal=ordinal, fence=fence)
        for seat, (ordinal, fence) in zip(order.seats, pinned.fences, strict=True)
    )
    return msgspec.structs.replace(order, seats=seats)
