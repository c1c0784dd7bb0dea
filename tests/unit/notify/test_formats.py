"""Money, times and names as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notify.formats import Locale, addressable, ascii_only, moment, money, one_line, short_moment
from tests.notices import STARTS_AT


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        (1_700_000, "VND", "vi", "1.700.000\u00a0₫"),
        (1_700_000, "VND", "en", "₫1,700,000"),
        (123_456, "EUR", "vi", "1.234,56\u00a0€"),
        (1_205, "EUR", "en", "€12.05"),
        (5, "CHF", "en", "CHF\u00a00.05"),
        (0, "VND", "vi", "0\u00a0₫"),
    ],
)
def test_money_is_written_as_its_country_does(amount: int, currency: str, locale: Locale, text: str) -> None:
    """From whole minor units, with no fraction where the currency has none."""
    assert money(amount, currency, locale) == text


def test_times_are_the_cinemas() -> None:
    """By the clock on its wall, in both languages."""
    assert moment(STARTS_AT, "Asia/Ho_Chi_Minh", "vi") == "20:45, Thứ Năm, 26 tháng 11, 2026"
    assert moment(STARTS_AT, "Europe/Berlin", "en") == "Thursday, 26 November 2026, 14:45"
    assert short_moment(STARTS_AT, "Asia/Ho_Chi_Minh") == "20:45 26/11"


@pytest.mark.parametrize(
    "name", ["Nguyễn Thị Lan", "O'Brien", "Anne-Marie d’Été", "J. R. Hoàng", "Ng. Văn A.", "Ông Ích Khiêm", "李小龙"]
)
def test_people_are_called_by_their_names(name: str) -> None:
    """Of any script, with what names have in them."""
    assert addressable(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *(None, "", "  ", "<b>Lan</b>", "Lan\r\nBcc: x@y.vn", "x'; DROP TABLE orders;--", "{{ 7*7 }}", "{film}"),
        *("http://evil.example", "evil.example", "www.evil.vn", "a@b.vn", "win 1000 USD", "a" * 61, "Lan!"),
    ],
)
def test_what_is_no_name_is_not_repeated(name: str | None) -> None:
    """Links, sentences and markup of a stranger do not go out over our name."""
    assert addressable(name) is None


@given(st.text(max_size=300))
def test_a_line_is_a_line(text: str) -> None:
    """Whatever came in: no line end, no letter that cannot be seen, bounded."""
    line = one_line(text)
    assert len(line) <= 200
    assert line.isprintable() or not text.isprintable()
    assert len(line.splitlines()) <= 1


def test_sms_have_plain_letters() -> None:
    """Vietnamese without its marks, as is usual there."""
    assert ascii_only("Chuyến Phà Lúc Đêm: 95.000\u00a0₫ – €5") == "Chuyen Pha Luc Dem: 95.000 VND - EUR5"
