"""Finding orders, for staff."""

from typing import Protocol

import msgspec

from server.domain.orders import Order, OrderState


class OrderQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What an order must be to be found; None asks nothing.

    `email` is compared without case; `reference` and `gateway_id` may be those of a payment or of a refund.
    """

    order: str | None = None
    email: str | None = None
    phone: str | None = None
    reference: str | None = None
    gateway_id: str | None = None
    showtime: str | None = None
    state: OrderState | None = None


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some orders, the newest first, and the cursor of the next page, None on the last."""

    orders: tuple[Order, ...]
    next: str | None


class OrderSearch(Protocol):
    """All orders, whoever they are of: whoever asks has made sure that the caller may."""

    async def search(self, query: OrderQuery, *, after: str | None, limit: int) -> OrderPage:
        """At most `limit` (1 to 100) orders; `after` is a cursor that this method returned.

        Raises `UnavailableError`, and ValueError for a cursor that is none.
        """
        ...
