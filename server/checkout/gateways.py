"""The gateways on offer, and how they are told of an attempt."""

from collections.abc import Mapping
from typing import Final

from server.checkout.asking import BadGatewayError
from server.checkout.ids import new_pair
from server.domain.orders import Order, Payment
from server.domain.payments import Attempt
from server.ports import Catalogue, PaymentGateway

MAX_ATTEMPTS: Final = 20
"""Attempts to pay one order; a customer who needs more needs a person."""


class Gateways:
    """Finds gateways by name; `by_name` in the order in which customers are offered them."""

    def __init__(self, by_name: Mapping[str, PaymentGateway], catalogue: Catalogue) -> None:
        self.by_name: Final = by_name
        self._catalogue = catalogue

    def taking(self, name: str, amount: int, currency: str) -> PaymentGateway:
        """The gateway, if it takes payments of this amount; raises `BadGatewayError`."""
        gateway = self.by_name.get(name)
        if gateway is None:
            raise BadGatewayError(f"there is no gateway {name!r}" if name.isprintable() else "there is no such gateway")
        if not gateway.accepts(amount, currency):
            raise BadGatewayError(f"{name} does not take payments of {amount} {currency}")
        return gateway

    def of(self, payment: Payment) -> PaymentGateway | None:
        """The gateway of an attempt; None if it is not configured any more."""
        return self.by_name.get(payment.gateway)

    async def attempt(self, order: Order, payment: Payment) -> Attempt:
        """What a gateway is told of an attempt to pay this order."""
        showtime = await self._catalogue.showtime(order.showtime)
        return Attempt(
            order=order.id,
            reference=payment.reference,
            request_id=payment.request_id,
            amount=payment.amount,
            currency=order.currency,
            created_at=payment.created_at,
            expires_at=payment.expires_at,
            title=f"{showtime.film.title} {' '.join(seat.seat for seat in order.seats)}",
            locale=order.customer.locale,
            client_ip=payment.client_ip,
            gateway_id=payment.gateway_id,
        )


def new_payment(
    order: Order, gateway: str, *, now: int, client_ip: str | None, pair: tuple[str, str] | None = None
) -> Payment:
    """A fresh attempt, under this reference and request id if they are given; it ends with the order's deadline.

    It is asked about from then on.
    """
    reference, request_id = pair or new_pair()
    return Payment(
        reference=reference,
        request_id=request_id,
        gateway=gateway,
        amount=order.amount,
        created_at=now,
        expires_at=order.expires_at,
        client_ip=client_ip,
        ask_at=order.expires_at,
    )
