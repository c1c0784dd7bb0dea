"""What VNPay 2.1.0 signs, and how: HMAC-SHA512 in lower-case hex.

Pay addresses, return addresses and notifications sign their parameters as a form would write them; calls of the API
and their replies sign raw values in a fixed order, with `|` between them.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus

from server.payments.hashes import keyed_hash, same_hash, written

SIGNATURE: Final = "vnp_SecureHash"
UNSIGNED: Final = frozenset({SIGNATURE, "vnp_SecureHashType"})

QUERY_REQUEST: Final = (
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_TransactionDate",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
)
REFUND_REQUEST: Final = (
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TransactionType",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_TransactionNo",
    "vnp_TransactionDate",
    "vnp_CreateBy",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
)
REFUND_REPLY: Final = (
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
)
QUERY_REPLY: Final = (*REFUND_REPLY, "vnp_PromotionCode", "vnp_PromotionAmount")


def signed_form(parameters: Mapping[str, str]) -> str:
    """The text that is signed of a pay address, a return address or a notification.

    Every `vnp_` parameter counts, known or not, but for the hash, its type and empty ones; any other does not.
    """
    return "&".join(
        f"{_encoded(name)}={_encoded(value)}"
        for name, value in sorted(parameters.items())
        if value and name.startswith("vnp_") and name not in UNSIGNED
    )


def _encoded(text: str) -> str:
    # As Java's URLEncoder, which VNPay's own samples sign with: it differs from Python in these two characters alone.
    return quote_plus(text, safe="*").replace("~", "%7E")


def signed_fields(order: tuple[str, ...], values: Mapping[str, object]) -> str:
    """The text that is signed of a call or its reply; an absent value is empty.

    Raises ValueError for a value that is neither text nor a whole number: it could not be written back as it was.
    """
    return "|".join(written(values.get(name)) for name in order)


def vnpay_hash(secret: bytes, text: str) -> str:
    """VNPay's signature of a text: 128 hex digits. Raises ValueError for text that has no UTF-8."""
    return keyed_hash("sha512", secret, text)


def form_is_genuine(secret: bytes, parameters: Mapping[str, str]) -> bool:
    """Whether these decoded parameters carry the hash that VNPay would give them."""
    try:
        expected = vnpay_hash(secret, signed_form(parameters))
    except ValueError:
        return False
    return same_hash(expected, parameters.get(SIGNATURE))


def reply_is_genuine(secret: bytes, order: tuple[str, ...], reply: Mapping[str, object]) -> bool:
    """Whether a reply of the API carries the hash that VNPay would give it."""
    try:
        expected = vnpay_hash(secret, signed_fields(order, reply))
    except ValueError:
        return False
    return same_hash(expected, reply.get(SIGNATURE))
