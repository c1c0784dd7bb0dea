"""Whatever is sold to whom: what the gateways are sent has the shape that they want, and their signature."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.payments import Attempt
from server.payments.vnpay_words import customer_address, plain_text
from tests.gateways import momo_rules, momo_wire, vnpay_rules, vnpay_wire
from tests.unit.payments.recorder import recorded
from tests.unit.payments.samples import (
    ATTEMPT,
    MOMO,
    MOMO_SECRET,
    REFUND,
    TWO_STEP,
    VNPAY,
    VNPAY_SECRET,
    momo,
    vnpay,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
ADDRESSES = st.ip_addresses().map(str) | st.none() | st.text(max_size=60)
HOUR = 3_600_000


@st.composite
def attempts(draw: st.DrawFn, least: int, most: int) -> Attempt:
    """Any attempt to pay that a gateway accepts."""
    created_at = draw(st.integers(1_700_000_000_000, 4_000_000_000_000))
    return msgspec.structs.replace(
        ATTEMPT,
        amount=draw(st.integers(least, most)),
        created_at=created_at,
        expires_at=created_at + draw(st.integers(1, 24 * HOUR)),
        title=draw(TEXTS),
        locale=draw(st.sampled_from(["vi", "en"])),
        client_ip=draw(ADDRESSES),
        gateway_id=draw(st.none() | st.integers(1, 10**12).map(str)),
    )


@given(attempts(5_000, 999_999_999))
async def test_the_address_of_vnpay(attempt: Attempt) -> None:
    """Each parameter once, none but those wanted, of the right length and letters, and no type of the hash."""
    url = await VNPAY.start(attempt)
    pairs = parse_qsl(urlsplit(url or "").query, strict_parsing=True)
    fields = dict(pairs)
    assert len(pairs) == len(fields)
    assert vnpay_rules.wrong(vnpay_rules.PAY, fields) == []
    assert fields["vnp_SecureHash"] == vnpay_wire.signature(VNPAY_SECRET, vnpay_wire.form(fields))
    assert fields["vnp_ExpireDate"] >= fields["vnp_CreateDate"]


@given(attempts(5_000, 999_999_999), TEXTS, st.booleans())
async def test_the_calls_of_vnpay(attempt: Attempt, by: str, full: bool) -> None:
    """Questions and refunds repeat the time of the pay address to the second, whoever asks for them."""
    gateway = VNPAY
    sent = recorded(gateway).sent
    await gateway.query(attempt)
    await gateway.refund(msgspec.structs.replace(REFUND, attempt=attempt, amount=attempt.amount, by=by, full=full))
    [(_, question), (_, refund)] = sent
    optional = ("TransactionNo",)
    assert vnpay_rules.wrong(vnpay_rules.QUERY, question) == []
    assert vnpay_rules.wrong(vnpay_rules.REFUND, refund, optional) == []
    assert refund.get("vnp_TransactionNo") == attempt.gateway_id
    assert refund["vnp_TransactionType"] == ("02" if full else "03")
    assert refund["vnp_Amount"] == f"{attempt.amount}00"
    for fields, names in ((question, vnpay_wire.QUERY), (refund, vnpay_wire.REFUND)):
        assert fields["vnp_SecureHash"] == vnpay_wire.signature(VNPAY_SECRET, vnpay_wire.piped(names, fields))
        assert fields["vnp_TransactionDate"] == vnpay_wire.date(attempt.created_at)


@given(attempts(1_000, 50_000_000), st.booleans())
async def test_the_calls_of_momo(attempt: Attempt, two_step: bool) -> None:
    """Every call has what MoMo wants of it, under ids of its own, and amounts without any factor."""
    gateway = TWO_STEP if two_step else MOMO
    sent = recorded(gateway).sent
    known = msgspec.structs.replace(attempt, gateway_id=attempt.gateway_id or "4088878653")
    await gateway.start(attempt)
    await gateway.query(attempt)
    await gateway.capture(attempt)
    await gateway.void(attempt)
    await gateway.refund(msgspec.structs.replace(REFUND, attempt=known, amount=attempt.amount))
    await gateway.query_refund(msgspec.structs.replace(REFUND, attempt=attempt))
    orders = (
        *(momo_wire.CREATE, momo_wire.QUERY, momo_wire.CONFIRM, momo_wire.CONFIRM),
        *(momo_wire.REFUND, momo_wire.QUERY),
    )
    calls = [url.partition("/v2/gateway/api/")[2] for url, _ in sent]
    assert calls == ["create", "query", "confirm", "confirm", "refund", "refund/query"]
    for call, order, (_, fields) in zip(calls, orders, sent, strict=True):
        assert momo_rules.wrong(call, fields) == []
        assert fields["signature"] == momo_wire.signature(MOMO_SECRET, momo_wire.text("MOMOACCESS", order, fields))
        assert fields.get("amount", attempt.amount) == attempt.amount
    assert len({fields["requestId"] for _, fields in sent}) == len(sent)
    assert sent[0][1]["autoCapture"] is not two_step
    assert sent[4][1]["orderId"] != attempt.reference


async def test_a_server_on_loopback_has_an_address_that_fits() -> None:
    """`::1` is shorter than VNPay takes it, ours as well as a customer's."""
    gateway = vnpay(server_ip="::1")
    sent = recorded(gateway).sent
    await gateway.query(ATTEMPT)
    assert sent[0][1]["vnp_IpAddr"] == "127.0.0.1"


BROKEN: list[tuple[str, Any]] = [
    ("vnp_Amount", "180000.00"),
    ("vnp_CreateDate", "20260230000000"),
    ("vnp_ExpireDate", "2026080119400"),
    ("vnp_IpAddr", "::1"),
    ("vnp_OrderInfo", "Mắt Biếc"),
    ("vnp_OrderInfo", ""),
    ("vnp_ReturnUrl", "/return"),
    ("vnp_SecureHashType", "HmacSHA512"),
    ("vnp_TmnCode", "SHORT"),
    ("vnp_Version", "2.0.1"),
]


@pytest.mark.parametrize(("name", "value"), BROKEN)
async def test_the_local_vnpay_minds_the_shape(name: str, value: str) -> None:
    """Else it would be no wonder that it takes everything."""
    url = await vnpay().start(ATTEMPT)
    fields = dict(parse_qsl(urlsplit(url or "").query, strict_parsing=True))
    assert vnpay_rules.wrong(vnpay_rules.PAY, {**fields, name: value}) == [name]
    del fields["vnp_TxnRef"]
    assert vnpay_rules.wrong(vnpay_rules.PAY, fields) == ["vnp_TxnRef"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", 180_000.0),
        ("amount", "180000"),
        ("orderId", "-o1"),
        ("orderId", "a" * 51),
        ("requestId", ""),
        ("orderInfo", ""),
        ("orderInfo", "a" * 256),
        ("ipnUrl", "https://tickets.example/ipn?x=1"),
        ("lang", "vn"),
        ("autoCapture", "true"),
        ("orderExpireTime", 15.0),
        ("signature", "A" * 64),
        ("accessKey", "MOMOACCESS"),
    ],
)
async def test_the_local_momo_minds_the_shape(name: str, value: object) -> None:
    """Floats, other letters, too much, and what it never asked for."""
    gateway = momo()
    sent = recorded(gateway).sent
    await gateway.start(ATTEMPT)
    assert momo_rules.wrong("create", {**sent[0][1], name: value}) == [name]


@given(TEXTS)
def test_plain_texts_are_plain(text: str) -> None:
    """Letters, digits, single blanks and `-_.`, 255 at most; what is plain already stays as it is."""
    plain = plain_text(text)
    assert plain == "" or vnpay_rules.wrong({"OrderInfo": r"[A-Za-z0-9 ._-]{1,255}"}, {"vnp_OrderInfo": plain}) == []
    assert plain == plain_text(plain) == " ".join(plain.split())


@given(ADDRESSES)
def test_addresses_fit_whatever_they_are(address: str | None) -> None:
    """What is written is an address of 7 to 45 characters, and stays as it is."""
    written = customer_address(address)
    assert 7 <= len(written) <= 45
    assert customer_address(written) == written
