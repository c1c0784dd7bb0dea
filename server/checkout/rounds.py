"""What is looked after again and again: deadlines, pins without an order, attempts and refunds without an answer."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from server.checkout.gateways import Gateways
from server.checkout.jobs import HopelessError, Jobs
from server.checkout.points import Point, Reach, pass_by
from server.checkout.settler import Settler
from server.domain.errors import OrderNotFoundError, UnavailableError
from server.domain.orders import OrderState
from server.domain.settlement import expire
from server.ports import SeatStore
from server.ports.orders import Orders
from server.ports.traffic import Traffic

ASKING_MS: Final = 60_000
"""How long a question to a gateway is one worker's."""

REFUND_EVERY_MS: Final = 300_000
"""How often a gateway is asked about a refund that it accepted."""

log = structlog.get_logger(__name__)


class Rounds:
    """Each method is one round; any worker may make it at any time, together with others.

    `traffic` with gateways is kept for `traffic_ms`.
    """

    def __init__(
        self,
        *,
        store: SeatStore,
        orders: Orders,
        gateways: Gateways,
        settler: Settler,
        jobs: Jobs,
        traffic: Traffic,
        traffic_ms: int,
        now: Callable[[], int],
        reach: Reach = pass_by,
    ) -> None:
        self._store = store
        self._orders = orders
        self._gateways = gateways
        self._settler = settler
        self._jobs = jobs
        self._traffic = traffic
        self._traffic_ms = traffic_ms
        self._now = now
        self._reach = reach

    async def expire(self) -> int:
        """Let open orders go whose deadline has passed; how many."""
        overdue = await self._orders.overdue(now=self._now())
        for order_id in overdue:
            try:
                await self._settler.decide(order_id, lambda order: expire(order, now=self._now()))
            except Exception as error:  # noqa: BLE001 - one order that cannot end must not keep the seats of all others
                log.warning("an order cannot be let go", order=order_id, error=type(error).__name__)
        return len(overdue)

    async def overdue_pin(self, showtime: str, order_id: str) -> None:
        """See to a pin whose time is over: the database says whether it stands, and how."""
        try:
            order = await self._orders.order(order_id)
        except OrderNotFoundError:
            await self._store.release(showtime, None, order_id)
            return
        if order.state is OrderState.OPEN and self._now() >= order.expires_at:
            await self._settler.decide(order_id, lambda found: expire(found, now=self._now()))
            order = await self._orders.order(order_id)
        await self._jobs.apply(order)

    async def ask(self) -> int:
        """Ask gateways about attempts that they said nothing final of; how many."""
        due = await self._orders.to_ask(now=self._now(), lease_ms=ASKING_MS)
        await asyncio.gather(*(self._ask(order_id, reference) for order_id, reference in due))
        return len(due)

    async def _ask(self, order_id: str, reference: str) -> None:
        try:
            order = await self._orders.order(order_id)
            payment = order.payment(reference)
            gateway = self._gateways.of(payment) if payment else None
            if payment is None or gateway is None:
                return
            fact = await gateway.query(await self._gateways.attempt(order, payment))
            self._reach(Point.ASKED)
            await self._settler.settle(order_id, fact, ask=True)
        except UnavailableError as error:
            log.debug("a gateway is asked later", order=order_id, reason=str(error))

    async def ask_refunds(self) -> int:
        """Ask gateways about refunds that they accepted and have not confirmed; how many."""
        due = await self._orders.unsettled_refunds(now=self._now(), lease_ms=REFUND_EVERY_MS)
        for order_id, reference in due:
            try:
                await self._jobs.query_refund(order_id, reference)
            except (HopelessError, UnavailableError) as error:
                log.warning("a refund cannot be asked about", order=order_id, reason=str(error))
        return len(due)

    async def sweep(self) -> int:
        """Remove some of what was said to gateways and by them long ago; how much."""
        return await self._traffic.sweep(before=self._now() - self._traffic_ms)
