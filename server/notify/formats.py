"""Money, times and names as people read them, in the languages of the notices; nothing depends on the machine."""

import datetime as dt
import re
import unicodedata
from typing import Final, Literal
from zoneinfo import ZoneInfo

Locale = Literal["vi", "en"]

_DIGITS: Final = {"VND": 0, "JPY": 0, "KRW": 0, "LAK": 0}
"""Currencies whose minor unit is not a hundredth, of those that a cinema near us may take."""

_SYMBOLS: Final = {"VND": "₫", "EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}

_DAYS: Final[dict[Locale, tuple[str, ...]]] = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NAME: Final = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f ''’-]|\.(?= |\Z))+")
_MAX_NAME: Final = 60
_MAX_LINE: Final = 200


def locale_of(text: str) -> Locale:
    """The language of a customer; what is not one of ours counts as English."""
    return "vi" if text == "vi" else "en"


def money(amount: int, currency: str, locale: Locale) -> str:
    """An amount in the currency's minor unit: `95.000 ₫` or `₫95,000`."""
    digits = _DIGITS.get(currency, 2)
    whole, rest = divmod(amount, 10**digits)
    text = f"{whole:,}" + (f".{rest:0{digits}}" if digits else "")
    symbol = _SYMBOLS.get(currency)
    if locale == "vi":
        return f"{text.translate(str.maketrans(',.', '.,'))}\u00a0{symbol or currency}"
    return f"{symbol}{text}" if symbol else f"{currency}\u00a0{text}"


def moment(at: int, time_zone: str, locale: Locale) -> str:
    """Day and time of an instant (ms) by the cinema's clock."""
    local = dt.datetime.fromtimestamp(at / 1000, ZoneInfo(time_zone))
    day = _DAYS[locale][local.weekday()]
    if locale == "vi":
        return f"{local:%H:%M}, {day}, {local.day} tháng {local.month}, {local.year}"
    return f"{day}, {local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M}"


def short_moment(at: int, time_zone: str) -> str:
    """The same in few letters, for SMS: `20:45 27/11`."""
    return f"{dt.datetime.fromtimestamp(at / 1000, ZoneInfo(time_zone)):%H:%M %d/%m}"


def one_line(text: str) -> str:
    """`text` in one line of bounded length, without letters that steer a terminal or turn the direction of writing."""
    visible = "".join(" " if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} else letter for letter in text)
    line = " ".join(visible.split())
    return line if len(line) <= _MAX_LINE else f"{line[: _MAX_LINE - 1]}…"


def addressable(name: str | None) -> str | None:
    """A customer's name if it looks like one, else None.

    Whoever pays may enter another's address and any name: no link and no sentence of theirs goes out over ours.
    """
    line = unicodedata.normalize("NFC", one_line(name or ""))
    return line if line and len(line) <= _MAX_NAME and _NAME.fullmatch(line) else None


def ascii_only(text: str) -> str:
    """`text` in the letters that every SMS has: diacritics are left out, as is usual in Vietnamese SMS."""
    spelled = text.replace("đ", "d").replace("Đ", "D").replace("₫", "VND").replace("€", "EUR").replace("£", "GBP")
    spelled = spelled.replace("’", "'").replace("–", "-").replace("\u00a0", " ")
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
