"""Links to an order's page, for people without the session that bought: who has the link may see the order."""

import hashlib
import hmac
from typing import Final
from urllib.parse import quote

from server.domain import base64url

_PURPOSE: Final = b"order page "


class OrderTokens:
    """Access tokens of orders; `key` is derived for them alone. A token is 128 bits, the same for ever."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, order: str) -> str:
        """The token of an order: 22 letters of base64url."""
        mac = hmac.digest(self._key, _PURPOSE + order.encode(), hashlib.sha256)[:16]
        return base64url.encode(mac)

    def check(self, order: str, token: str) -> bool:
        """Whether this is the order's token; takes as long for a near miss as for any other."""
        return hmac.compare_digest(self.issue(order).encode(), token.encode(errors="replace"))


def order_url(base: str, order: str, token: str) -> str:
    """The address of an order's page. The token stands in the fragment, which browsers keep to themselves."""
    return f"{base}{order_path(order)}#token={token}"


def order_path(order: str) -> str:
    """The page's path, for those who have the session that bought."""
    return f"/orders/{quote(order, safe='')}"
