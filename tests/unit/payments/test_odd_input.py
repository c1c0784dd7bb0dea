"""Whatever comes from outside, signed or not: it is read, refused or not believed, and nothing breaks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import ForgedCallbackError, MalformedCallbackError
from server.domain.payments import Callback, Fact, Outcome, RefundOutcome
from server.payments.client import Reply, read_object
from server.payments.vnpay_words import read_amount
from tests.gateways import momo_wire, vnpay_wire
from tests.unit.payments.recorder import recorded
from tests.unit.payments.samples import ATTEMPT, MOMO, MOMO_SECRET, REFUND, TWO_STEP, VNPAY, VNPAY_SECRET, posted, query
from tests.unit.payments.test_signatures import DONE, PAID

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LIKELY = st.sampled_from(
    ["", "0", "00", "01", "02", "04", "07", "99", "18000000", "180000.0", "NaN", "１", "-1", "9" * 400]
)
NAMES = st.sampled_from([*PAID, "vnp_SecureHash", "vnp_SecureHashType", "lang"]) | TEXTS
SCALARS = st.none() | st.booleans() | st.integers() | st.integers(0, 10_000) | st.floats() | TEXTS | LIKELY
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)
MOST = 10**12
"""More than anybody ever pays, and less than a column holds."""


def read(callback: Callback, gateway: Any, how: str) -> Fact | None:
    """The fact, or None where it is refused as it should be."""
    try:
        fact: Fact = getattr(gateway, how)(callback)
    except (ForgedCallbackError, MalformedCallbackError):
        return None
    assert fact.reference
    assert fact.amount is None or 0 <= fact.amount < 1 << 53
    assert fact.gateway_id is None or fact.gateway_id.isascii()
    return fact


@pytest.mark.parametrize("how", ["read_callback", "read_return"])
@given(st.lists(st.tuples(NAMES, TEXTS | LIKELY), max_size=14), st.binary(max_size=40))
def test_what_nobody_signed(how: str, pairs: list[tuple[str, str]], body: bytes) -> None:
    """Of any query and any body nothing is believed, by either gateway."""
    callback = Callback(query=tuple(pairs), body=body, content_type="application/json")
    assert read(callback, VNPAY, how) is None
    assert read(callback, MOMO, how) is None


@given(
    st.dictionaries(st.sampled_from(sorted(PAID)), TEXTS | LIKELY), st.sets(st.sampled_from(sorted(PAID)), max_size=2)
)
def test_whatever_vnpay_signs(changes: dict[str, str], dropped: set[str]) -> None:
    """It is a fact or malformed; paid is only what both codes say, of the amount that was signed."""
    fields = {name: value for name, value in {**PAID, **changes}.items() if name not in dropped}
    signed = {**fields, "vnp_SecureHash": vnpay_wire.signature(VNPAY_SECRET, vnpay_wire.form(fields))}
    fact = read(query(signed), VNPAY, "read_callback")
    if fact is not None:
        both = fields["vnp_ResponseCode"] == fields["vnp_TransactionStatus"] == "00"
        assert (fact.outcome is Outcome.PAID) == both
        assert fact.amount is None or f"{fact.amount}00" == fields["vnp_Amount"].lstrip("0").rjust(3, "0")


@given(st.dictionaries(st.sampled_from(sorted(DONE)), VALUES), st.sets(st.sampled_from(sorted(DONE)), max_size=2))
def test_whatever_momo_signs(changes: dict[str, Any], dropped: set[str]) -> None:
    """It is a fact or refused; paid is only the code 0, and as a query it says the same or nothing."""
    fields = {**DONE, **changes}
    text = momo_wire.text("MOMOACCESS", momo_wire.RESULT, fields)
    signed = {**fields, "signature": momo_wire.signature(MOMO_SECRET, text)}
    for name in dropped:
        del signed[name]
    fact = read(posted(signed), MOMO, "read_callback")
    if fact is not None:
        assert (fact.outcome is Outcome.PAID) == (str(fields["resultCode"]) == "0")
        assert read(query(signed), MOMO, "read_return") in {fact, None}


REPLIES = st.dictionaries(
    st.sampled_from([f"vnp_{name}" for name in vnpay_wire.QUERY_REPLY.split()]), VALUES, max_size=15
)


@given(REPLIES, st.booleans(), st.sampled_from([200, 400, 500]))
async def test_whatever_vnpay_replies(reply: dict[str, Any], signed: bool, status: int) -> None:
    """Nothing is raised; only a signed reply to this very question is believed, and only 00, 01 and 00 is paid."""
    gateway = VNPAY

    def answer(payload: dict[str, Any]) -> Reply:
        echo = {name: payload[name] for name in ("vnp_Command", "vnp_TmnCode", "vnp_TxnRef")}
        usual = {"vnp_ResponseCode": "00", "vnp_TransactionType": "01", "vnp_TransactionStatus": "00"}
        data = {**usual, "vnp_Amount": "18000000", **reply, **echo}
        names = vnpay_wire.REFUND_REPLY if payload["vnp_Command"] == "refund" else vnpay_wire.QUERY_REPLY
        hashed = vnpay_wire.signature(VNPAY_SECRET, vnpay_wire.piped(names, data))
        return Reply(status=status, data={**data, "vnp_SecureHash": hashed if signed else "0" * 128})

    recorded(gateway, answer)
    fact, refund = await gateway.query(ATTEMPT), await gateway.refund(REFUND)
    told = await gateway.query_refund(REFUND)
    if not signed:
        assert (fact.outcome, refund.outcome, told.outcome) == (
            Outcome.UNKNOWN,
            RefundOutcome.UNKNOWN,
            RefundOutcome.UNKNOWN,
        )
    if fact.outcome is Outcome.PAID:
        assert reply.get("vnp_ResponseCode", "00") == reply.get("vnp_TransactionStatus", "00") == "00"
        assert reply.get("vnp_TransactionType", "01") == "01"
        assert fact.amount == read_amount(reply.get("vnp_Amount", "18000000"))
    assert fact.amount is None or 0 <= fact.amount < MOST


MOMO_REPLY = st.dictionaries(
    st.sampled_from(
        ["partnerCode", "orderId", "requestId", "amount", "resultCode", "transId", "payUrl", "refundTrans", "signature"]
    ),
    VALUES | st.sampled_from([0, 42, 1000, 7002, 9000]),
    max_size=9,
)


@given(MOMO_REPLY, st.sampled_from([200, 400, 422, 500]), st.booleans())
async def test_whatever_momo_replies(reply: dict[str, Any], status: int, two_step: bool) -> None:
    """Nothing is raised; what is paid, done or a page needs the code 0, our own ids and, of money, an amount."""
    gateway = TWO_STEP if two_step else MOMO

    def answer(payload: dict[str, Any]) -> Reply:
        echo = {name: payload[name] for name in ("partnerCode", "orderId", "requestId")}
        return Reply(status=status, data={**echo, "amount": 180_000, "resultCode": 0, **reply})

    recorded(gateway, answer)
    plain = status < 500 and reply.get("resultCode", 0) == 0 and not isinstance(reply.get("resultCode", 0), bool)
    url, fact = await gateway.start(ATTEMPT), await gateway.query(ATTEMPT)
    taken, let_go = await gateway.capture(ATTEMPT), await gateway.void(ATTEMPT)
    refund, told = await gateway.refund(REFUND), await gateway.query_refund(REFUND)
    assert url is None or (plain and url.startswith("http"))
    for said in (fact, taken):
        assert said.outcome is not Outcome.PAID or plain
        assert said.amount is None or 0 <= said.amount < 1 << 53
    assert let_go.outcome is not Outcome.FAILED or status < 500
    assert refund.outcome is not RefundOutcome.DONE or plain
    assert told.outcome is not RefundOutcome.DONE or plain


@given(st.binary(max_size=80) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_no_object_is_none(content: bytes) -> None:
    """Bytes are an object that can be written again, or none; NaN and names given twice are never in it."""
    found = read_object(content)
    assert found is None or read_object(json.dumps(found, allow_nan=False).encode()) == found


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":"\xff"}',
        b'{"a":1}{}',
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"",
        b"7",
        b'"a"',
    ],
)
def test_what_is_no_json_object(content: bytes) -> None:
    """Twice the same name, at any depth, other encodings, endless numbers and endless depth."""
    assert read_object(content) is None
