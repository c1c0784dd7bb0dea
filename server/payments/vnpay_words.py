"""How VNPay writes what we say: times, amounts, texts without diacritics, addresses of customers."""

import ipaddress
import re
import unicodedata
from datetime import datetime, timedelta, timezone
from typing import Final

_VIETNAM: Final = timezone(timedelta(hours=7))
"""GMT+7 all year, and whatever the machine's own zone."""

_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9 _.-]+", re.ASCII)
_AMOUNT: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_LOOPBACK: Final = "127.0.0.1"
_SHORTEST_ADDRESS: Final = 7


def vnpay_date(at: int) -> str:
    """An instant (ms) as `yyyyMMddHHmmss` in GMT+7; parts of a second are dropped."""
    return datetime.fromtimestamp(at // 1000, _VIETNAM).strftime("%Y%m%d%H%M%S")


def vnpay_amount(amount: int) -> str:
    """Whole VND as VNPay writes them, times 100."""
    return str(amount * 100)


def read_amount(text: object) -> int | None:
    """Whole VND of what VNPay wrote; None for what is none, such as a part of a dong or a sign."""
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        return None
    amount, rest = divmod(int(text), 100)
    return None if rest else amount


def plain_text(text: str, longest: int = 255) -> str:
    """A text of letters without diacritics, digits, spaces and `-_.`: VNPay loses or refuses anything else.

    Empty if nothing of it can be written so.
    """
    base = text.replace("đ", "d").replace("Đ", "D")
    letters = "".join(part for part in unicodedata.normalize("NFD", base) if not unicodedata.combining(part))
    return " ".join(_OUTSIDE.sub(" ", letters).split())[:longest].strip()


def customer_address(address: str | None) -> str:
    """The customer's address as VNPay takes it: 7 to 45 characters, so that loopback `::1` becomes `127.0.0.1`.

    An address that is unknown, or none, is written as loopback too.
    """
    if address is None:
        return _LOOPBACK
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return _LOOPBACK
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    written = str(found)
    return _LOOPBACK if found.is_loopback or len(written) < _SHORTEST_ADDRESS else written
