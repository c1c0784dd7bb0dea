"""What is asked of checkout, and what it answers."""

from collections.abc import Callable

import msgspec

from server.domain.errors import CineBookError
from server.domain.orders import Customer, Order
from server.ports.orders import KeptAnswer

Represent = Callable[[Order], KeptAnswer]
"""How an order is written as an answer; it is kept with the idempotency key as it was sent."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout: the holder's locked `seats` by printed id, who buys, and through which gateway.

    `expected_total` is what the customer was shown, in the minor unit; `client_ip` is told to the gateway.
    """

    showtime: str
    seats: tuple[str, ...]
    customer: Customer
    gateway: str
    expected_total: int | None = None
    client_ip: str | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, word for word; `replayed` if it was sent before. `order` is None then."""

    kept: KeptAnswer
    replayed: bool = False
    order: Order | None = None


class BadGatewayError(CineBookError):
    """There is no such gateway, or it does not take this amount; the message is a sentence for the customer."""
