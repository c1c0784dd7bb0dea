"""What gateways tell us, believed only where it is signed."""

from collections.abc import Callable
from typing import Final

import structlog

from server.checkout.gateways import Gateways
from server.checkout.points import Point, Reach, pass_by
from server.checkout.settler import Settler
from server.domain.errors import (
    ForgedCallbackError,
    MalformedCallbackError,
    NotFoundError,
    OrderNotFoundError,
    UnavailableError,
)
from server.domain.orders import Order, PaymentState
from server.domain.payments import Callback, CallbackAnswer, Fact, Outcome, Verdict
from server.domain.settlement import ask_soon
from server.ops.metrics import CALLBACKS_DROPPED
from server.ports import PaymentGateway
from server.ports.orders import CallbackRecord, Keeping, Orders

MAX_KEPT: Final = 8192
"""Bytes that are kept of a message that nobody vouches for."""

MAX_UNVERIFIED: Final = 200
UNVERIFIED_MS: Final = 3_600_000
"""So many messages of a gateway that nobody vouches for are kept in such a time, or strangers would fill the disk."""

log = structlog.get_logger(__name__)


class Callbacks:
    """Receives callbacks and returning customers of every gateway."""

    def __init__(
        self,
        *,
        gateways: Gateways,
        orders: Orders,
        settler: Settler,
        now: Callable[[], int],
        reach: Reach = pass_by,
    ) -> None:
        self._gateways = gateways
        self._orders = orders
        self._settler = settler
        self._now = now
        self._reach = reach
        self._flooded_at: dict[str, int] = {}

    async def receive(self, name: str, callback: Callback, *, address: str | None) -> CallbackAnswer:
        """Write down what a gateway says, and answer as it wants to be answered; raises `NotFoundError` for no gateway.

        The same message may come any number of times. What cannot be written now is asked to come again.
        """
        gateway = self._gateway(name)
        known = gateway.allowed(address)
        try:
            verdict = await (self._receive if known else self._turn_away)(gateway, callback, address)
        except UnavailableError as error:
            log.warning("a callback could not be written down", gateway=name, reason=str(error))
            verdict = Verdict.ERROR if known else Verdict.FORGED
        return gateway.answer(verdict)

    async def _turn_away(self, gateway: PaymentGateway, callback: Callback, address: str | None) -> Verdict:
        """Believe nothing of what came from an address that is not the gateway's."""
        why = "a callback came from an address that is not the gateway's"
        await self._refuse(gateway, self._record(gateway, callback, None, address)(Verdict.FORGED), why)
        return Verdict.FORGED

    async def _refuse(self, gateway: PaymentGateway, record: CallbackRecord, why: str) -> None:
        """Keep what nobody vouches for while there is room, and say so in the log when it comes first."""
        now = self._now()
        kept = await self._orders.record_unverified(record, most=MAX_UNVERIFIED, since=now - UNVERIFIED_MS)
        if kept is Keeping.NEW:
            log.warning(why, gateway=gateway.name, verdict=record.verdict)
        elif kept is Keeping.NO_ROOM:
            CALLBACKS_DROPPED.labels(gateway.name).inc()
            if now - self._flooded_at.get(gateway.name, -UNVERIFIED_MS) >= UNVERIFIED_MS:
                self._flooded_at[gateway.name] = now
                log.error("callbacks are refused that are too many to be kept", gateway=gateway.name)

    async def _receive(self, gateway: PaymentGateway, callback: Callback, address: str | None) -> Verdict:
        try:
            fact = gateway.read_callback(callback)
        except (ForgedCallbackError, MalformedCallbackError) as error:
            verdict = Verdict.FORGED if isinstance(error, ForgedCallbackError) else Verdict.MALFORMED
            refused = self._record(gateway, callback, None, address)(verdict)
            await self._refuse(gateway, refused, "a callback was refused")
            return verdict
        self._reach(Point.CALLBACK_READ)
        record = self._record(gateway, callback, fact, address)
        order_id = await self._orders.of_reference(gateway.name, fact.reference)
        if order_id is None:
            await self._orders.record(record(Verdict.UNKNOWN_REFERENCE))
            return Verdict.UNKNOWN_REFERENCE
        return await self._settler.settle(order_id, fact, record=record)

    async def returned(self, name: str, callback: Callback) -> str | None:
        """The order to show a customer who comes back; None where what the browser brings cannot be believed.

        It changes no order. Where the gateway's own word is still missing, the gateway is asked for it soon.
        """
        gateway = self._gateway(name)
        try:
            fact = gateway.read_return(callback)
        except (ForgedCallbackError, MalformedCallbackError):
            return None
        order_id = await self._orders.of_reference(name, fact.reference)
        if order_id is None:
            return None
        order = await self._orders.order(order_id)
        if _unanswered(order, fact):
            await self._ask_soon(order_id, fact.reference)
        return order_id

    async def _ask_soon(self, order_id: str, reference: str) -> None:
        try:
            async with self._orders.change(order_id) as change:
                change.order = ask_soon(change.order, reference, now=self._now())
        except (UnavailableError, OrderNotFoundError) as error:
            log.info("a gateway is asked no sooner than planned", order=order_id, reason=str(error))

    def _gateway(self, name: str) -> PaymentGateway:
        gateway = self._gateways.by_name.get(name)
        if gateway is None:
            raise NotFoundError("no such gateway")
        return gateway

    def _record(
        self, gateway: PaymentGateway, callback: Callback, fact: Fact | None, address: str | None
    ) -> Callable[[Verdict], CallbackRecord]:
        raw = b"\n".join(part for part in (callback.query_string, callback.body) if part)

        def record(verdict: Verdict) -> CallbackRecord:
            return CallbackRecord(
                gateway=gateway.name,
                kind="ipn",
                raw=raw if fact else raw[:MAX_KEPT],
                verified=fact is not None,
                verdict=verdict.value,
                reference=fact.reference if fact else None,
                received_at=self._now(),
                address=address,
            )

        return record


def _unanswered(order: Order, fact: Fact) -> bool:
    """Whether the gateway's own word is missing, or says less than what the browser brings: it may be on its way."""
    payment = order.payment(fact.reference)
    if payment is None:
        return False
    surprising = payment.state is PaymentState.FAILED and fact.outcome is not Outcome.FAILED
    return surprising or payment.state is PaymentState.STARTED
