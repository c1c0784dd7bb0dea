"""VNPay's own side of its signatures, written from its rules alone."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

_KEPT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-*_")

QUERY = "RequestId Version Command TmnCode TxnRef TransactionDate CreateDate IpAddr OrderInfo"
REFUND = (
    "RequestId Version Command TmnCode TransactionType TxnRef Amount TransactionNo TransactionDate CreateBy CreateDate "
    "IpAddr OrderInfo"
)
REFUND_REPLY = (
    "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo TransactionType "
    "TransactionStatus OrderInfo"
)
QUERY_REPLY = f"{REFUND_REPLY} PromotionCode PromotionAmount"


def encoded(text: str) -> str:
    """A value as java.net.URLEncoder writes it in UTF-8."""
    return "".join(chr(byte) if byte in _KEPT else "+" if byte == 0x20 else f"%{byte:02X}" for byte in text.encode())


def form(fields: dict[str, str]) -> str:
    """The text that is signed of a pay address or a notification."""
    names = sorted(name for name, value in fields.items() if value and name.startswith("vnp_"))
    skipped = ("vnp_SecureHash", "vnp_SecureHashType")
    return "&".join(f"{encoded(name)}={encoded(fields[name])}" for name in names if name not in skipped)


def piped(names: str, fields: dict[str, Any]) -> str:
    """The text that is signed of a call or a reply."""
    return "|".join(str(fields.get(f"vnp_{name}", "")) for name in names.split())


def signature(secret: str, text: str) -> str:
    """128 hex digits."""
    return hmac.new(secret.encode("utf-8"), text.encode("utf-8"), hashlib.sha512).hexdigest()


def date(ms: int) -> str:
    """An instant as VNPay writes it."""
    return (datetime.fromtimestamp(ms / 1000, UTC) + timedelta(hours=7)).strftime("%Y%m%d%H%M%S")
