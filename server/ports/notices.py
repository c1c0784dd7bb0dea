"""Telling customers."""

from typing import Protocol

import msgspec

from server.domain.orders import NoticeKind, Order
from server.domain.showtimes import Showtime


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer is to be told, with all that the text needs; `key` is the same whenever it is sent again.

    `seats` are (printed id, zone name) of the order's live seats, `order_url` leads to the order's page with its access
    token in the fragment.
    """

    kind: NoticeKind
    key: str
    order: Order
    showtime: Showtime
    seats: tuple[tuple[str, str], ...]
    order_url: str


class Notifier(Protocol):
    """Sends one notice by every way that the customer gave: e-mail always, SMS, push."""

    async def send(self, notice: Notice) -> None:
        """Send it; sending it again under the same key is not seen twice where the way allows that.

        Raises `DeliveryError`, whose `permanent` says whether trying again is of use.
        """
        ...
