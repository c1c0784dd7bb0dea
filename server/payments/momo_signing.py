"""What MoMo AIO v2 signs, and how: HMAC-SHA256 in lower-case hex over `name=value` in a fixed order, in UTF-8.

Values stand as they are, without any encoding; an empty one keeps its name. The access key is signed and never sent.
"""

from collections.abc import Mapping
from typing import Final

from server.payments.hashes import keyed_hash, same_hash, written

CREATE: Final = (
    "accessKey",
    "amount",
    "extraData",
    "ipnUrl",
    "orderId",
    "orderInfo",
    "partnerCode",
    "redirectUrl",
    "requestId",
    "requestType",
)
CREATE_REPLY: Final = (
    "accessKey",
    "amount",
    "orderId",
    "partnerCode",
    "payUrl",
    "requestId",
    "responseTime",
    "resultCode",
)
RESULT: Final = (
    "accessKey",
    "amount",
    "extraData",
    "message",
    "orderId",
    "orderInfo",
    "orderType",
    "partnerCode",
    "payType",
    "requestId",
    "responseTime",
    "resultCode",
    "transId",
)
"""Notifications, and what the customer's browser brings back."""

QUERY: Final = ("accessKey", "orderId", "partnerCode", "requestId")
CONFIRM: Final = ("accessKey", "amount", "description", "orderId", "partnerCode", "requestId", "requestType")
REFUND: Final = ("accessKey", "amount", "description", "orderId", "partnerCode", "requestId", "transId")


def signed_text(order: tuple[str, ...], values: Mapping[str, object]) -> str:
    """The text that is signed; an absent value is empty.

    Raises ValueError for a value that is neither text nor a whole number: it could not be written back as it was.
    """
    return "&".join(f"{name}={written(values.get(name))}" for name in order)


def momo_hash(secret: bytes, text: str) -> str:
    """MoMo's signature of a text: 64 hex digits. Raises ValueError for text that has no UTF-8."""
    return keyed_hash("sha256", secret, text)


def is_genuine(secret: bytes, access_key: str, order: tuple[str, ...], values: Mapping[str, object]) -> bool:
    """Whether `values` carry the signature that MoMo would give them; the access key is ours, whatever they say."""
    try:
        expected = momo_hash(secret, signed_text(order, {**values, "accessKey": access_key}))
    except ValueError:
        return False
    return same_hash(expected, values.get("signature"))
