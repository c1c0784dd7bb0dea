"""MoMo's own side of its signatures, written from its rules alone."""

import hashlib
import hmac
from typing import Any

CREATE = (
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
CREATE_REPLY = ("amount", "orderId", "partnerCode", "payUrl", "requestId", "responseTime", "resultCode")
RESULT = (
    *("amount", "extraData", "message", "orderId", "orderInfo", "orderType", "partnerCode", "payType", "requestId"),
    *("responseTime", "resultCode", "transId"),
)
QUERY = ("orderId", "partnerCode", "requestId")
CONFIRM = ("amount", "description", "orderId", "partnerCode", "requestId", "requestType")
REFUND = ("amount", "description", "orderId", "partnerCode", "requestId", "transId")


def text(access_key: str, names: tuple[str, ...], fields: dict[str, Any]) -> str:
    """The text that is signed: the access key first, then the fields by name."""
    return "&".join([f"accessKey={access_key}", *(f"{name}={fields[name]}" for name in sorted(names))])


def signature(secret: str, signed: str) -> str:
    """64 hex digits."""
    return hmac.new(secret.encode("utf-8"), signed.encode("utf-8"), hashlib.sha256).hexdigest()
