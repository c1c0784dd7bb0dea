"""What VNPay wants of each field that it is sent, written from its rules alone."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

_PLAIN: Final = r"[A-Za-z0-9 ._-]{1,255}"
"""Vietnamese without its marks, and nothing special."""

_DATE: Final = "Numeric[14]"

PAY: Final = {
    "Version": r"2\.1\.0",
    "Command": r"pay",
    "TmnCode": r"[A-Za-z0-9]{8}",
    "Amount": r"[0-9]{1,12}",
    "CurrCode": r"VND",
    "CreateDate": _DATE,
    "ExpireDate": _DATE,
    "IpAddr": r"[0-9A-Fa-f.:]{7,45}",
    "Locale": r"vn|en",
    "OrderInfo": _PLAIN,
    "OrderType": r"[A-Za-z0-9]{1,100}",
    "ReturnUrl": r"https?://[!-~]{1,247}",
    "TxnRef": r"[A-Za-z0-9]{1,100}",
    "SecureHash": r"[0-9a-f]{128}",
}
QUERY: Final = {
    "RequestId": r"[A-Za-z0-9]{1,32}",
    "Version": r"2\.1\.0",
    "Command": r"querydr",
    "TmnCode": r"[A-Za-z0-9]{8}",
    "TxnRef": r"[A-Za-z0-9]{1,100}",
    "OrderInfo": _PLAIN,
    "TransactionDate": _DATE,
    "CreateDate": _DATE,
    "IpAddr": r"[0-9A-Fa-f.:]{7,45}",
    "SecureHash": r"[0-9a-f]{128}",
}
REFUND: Final = {
    **QUERY,
    "Command": r"refund",
    "TransactionType": r"02|03",
    "Amount": r"[1-9][0-9]{0,11}",
    "CreateBy": _PLAIN,
}


def wrong(rules: Mapping[str, str], fields: Mapping[str, Any], optional: Iterable[str] = ()) -> list[str]:
    """The names of fields that are missing, unknown, empty, no text, or not as `rules` say."""
    known = {f"vnp_{name}": rule for name, rule in rules.items()}
    strangers = fields.keys() - known.keys() - {f"vnp_{name}" for name in optional}
    return sorted(strangers | {name for name, rule in known.items() if not _fits(rule, fields.get(name))})


def _fits(rule: str, value: object) -> bool:
    if not isinstance(value, str):
        return False
    return _is_date(value) if rule == _DATE else bool(re.fullmatch(rule, value, re.ASCII))


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{14}", text, re.ASCII):
        return False
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - whether it is one, not when it is
    except ValueError:
        return False
    return True
