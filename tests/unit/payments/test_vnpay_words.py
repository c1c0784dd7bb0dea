"""How VNPay writes times, amounts, texts and addresses."""

import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.payments.vnpay_signing import signed_form
from server.payments.vnpay_words import customer_address, plain_text, read_amount, vnpay_amount, vnpay_date
from tests.unit.payments.samples import ATTEMPT, vnpay

ENCODED = {
    " ": "+",
    ":": "%3A",
    "/": "%2F",
    "*": "*",
    "~": "%7E",
    "!": "%21",
    "'": "%27",
    "(": "%28",
    ")": "%29",
    "-": "-",
    "_": "_",
    ".": ".",
    "é": "%C3%A9",
    "Đ": "%C4%90",
    "ộ": "%E1%BB%99",
    "😀": "%F0%9F%98%80",
}
"""How Java writes a form, which is what VNPay signs."""


@pytest.fixture(params=["UTC", "Asia/Ho_Chi_Minh", "America/New_York", "Etc/GMT+7"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's time zone, one after the other."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_times_are_those_of_vietnam() -> None:
    """An instant is written in GMT+7 whatever the machine's zone, and across midnight."""
    assert vnpay_date(1_785_587_400_999) == "20260801193000"
    assert vnpay_date(1_767_200_399_000) == "20251231235959"
    assert vnpay_date(1_767_200_400_000) == "20260101000000"


@pytest.mark.parametrize(("character", "written"), ENCODED.items())
def test_forms_are_written_as_java_writes_them(character: str, written: str) -> None:
    """Each character in which languages differ is written as VNPay's own samples write it."""
    assert signed_form({"vnp_OrderInfo": f"a{character}b"}) == f"vnp_OrderInfo=a{written}b"


def test_forms_leave_out_what_is_not_signed() -> None:
    """The hash, its type, empty values and foreign parameters are not signed; unknown `vnp_` ones are."""
    form = {"vnp_b": "2", "vnp_B": "1", "vnp_SecureHash": "x", "vnp_SecureHashType": "y", "vnp_c": "", "lang": "vi"}
    assert signed_form({**form, "vnp_New": "3"}) == "vnp_B=1&vnp_New=3&vnp_b=2"


@given(st.integers(0, 9_999_999_999))
def test_amounts_are_whole_and_come_back(amount: int) -> None:
    """What is written times 100 is read as the same whole number."""
    written = vnpay_amount(amount)
    assert written.isdigit()
    assert read_amount(written) == amount
    assert read_amount(int(written)) == amount


@pytest.mark.parametrize(
    "amount", ["", "18000001", "-100", "+100", "100.0", "1e4", " 100", "１００", "1" * 13, None, True, 100.0, []]
)
def test_other_amounts_are_none(amount: object) -> None:
    """Parts of a dong, signs, floats and foreign digits are no amounts."""
    assert read_amount(amount) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Vé xem phim: Mắt Biếc F7, F8", "Ve xem phim Mat Biec F7 F8"),
        ("Đừng đốt — ĐẮNG & ngọt #1/2?", "Dung dot DANG ngot 1 2"),
        ("A+B=100%", "A B 100"),
        ("Phở 'ngon' <b>", "Pho ngon b"),
        ("電影", ""),
        ("x" * 300, "x" * 255),
    ],
)
def test_texts_lose_what_vnpay_cannot_keep(text: str, plain: str) -> None:
    """Diacritics and signs go, in composed and in decomposed letters."""
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    ("address", "written"),
    [
        (None, "127.0.0.1"),
        ("::1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::42", "2001:db8::42"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::2", "127.0.0.1"),
        ("nonsense", "127.0.0.1"),
    ],
)
def test_addresses_fit(address: str | None, written: str) -> None:
    """Every customer's address has the 7 characters that VNPay wants, at least."""
    assert customer_address(address) == written


async def test_the_pay_address_has_what_vnpay_wants() -> None:
    """The address holds each parameter once, times in GMT+7, the amount times 100, and no diacritics."""
    url = await vnpay().start(ATTEMPT)
    assert url is not None
    assert url.startswith("https://vnpay.example/pay?")
    sent = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
    signature = sent.pop("vnp_SecureHash")
    assert len(signature) == 128
    assert sent == {
        "vnp_Amount": "18000000",
        "vnp_Command": "pay",
        "vnp_CreateDate": "20260801193000",
        "vnp_CurrCode": "VND",
        "vnp_ExpireDate": "20260801194000",
        "vnp_IpAddr": "203.0.113.7",
        "vnp_Locale": "vn",
        "vnp_OrderInfo": "Mat Biec F7 F8",
        "vnp_OrderType": "190000",
        "vnp_ReturnUrl": "https://tickets.example/api/v1/payments/vnpay/return",
        "vnp_TmnCode": "CINEMA01",
        "vnp_TxnRef": ATTEMPT.reference,
        "vnp_Version": "2.1.0",
    }


async def test_a_title_that_cannot_be_written_is_replaced() -> None:
    """Where nothing of a title is left, the text names the reference."""
    url = await vnpay().start(msgspec.structs.replace(ATTEMPT, title="電影"))
    assert url is not None
    assert f"vnp_OrderInfo=Ve+xem+phim+{ATTEMPT.reference}" in url
