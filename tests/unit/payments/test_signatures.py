"""What we sign the gateways verify by rules of their own, and nothing that was changed is taken for genuine."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import ForgedCallbackError, MalformedCallbackError
from server.domain.payments import Callback, Outcome
from server.payments.hashes import same_hash
from server.payments.momo_signing import RESULT, momo_hash, signed_text
from server.payments.vnpay_signing import QUERY_REQUEST, signed_fields, signed_form, vnpay_hash
from tests.gateways import momo_wire, vnpay_wire
from tests.unit.payments.samples import ATTEMPT, MOMO, MOMO_SECRET, VNPAY, VNPAY_SECRET, momo, posted, query, vnpay

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.from_regex(r"vnp_[A-Za-z]{1,12}", fullmatch=True)

PAID = {
    "vnp_Amount": "18000000",
    "vnp_BankCode": "NCB",
    "vnp_OrderInfo": "Mat Biec F7 F8",
    "vnp_ResponseCode": "00",
    "vnp_TmnCode": "CINEMA01",
    "vnp_TransactionNo": "14422574",
    "vnp_TransactionStatus": "00",
    "vnp_TxnRef": "abcdefghijklmnopqrstuvw2",
}
DONE: dict[str, Any] = {
    "amount": 180_000,
    "extraData": "",
    "message": "Thành công.",
    "orderId": "abcdefghijklmnopqrstuvw2",
    "orderInfo": "Mắt Biếc F7 F8",
    "orderType": "momo_wallet",
    "partnerCode": "MOMO",
    "payType": "qr",
    "requestId": "00112233445566778899aabbccddeeff",
    "responseTime": 1_785_000_123_456,
    "resultCode": 0,
    "transId": 4_088_878_653,
}


def vnpay_told(**changes: str) -> dict[str, str]:
    """A notification that VNPay signed, by its own rules."""
    fields = {**PAID, **changes}
    return {**fields, "vnp_SecureHash": vnpay_wire.signature(VNPAY_SECRET, vnpay_wire.form(fields))}


def momo_told(**changes: Any) -> dict[str, Any]:
    """A notification that MoMo signed, by its own rules."""
    fields = {**DONE, **changes}
    text = momo_wire.text("MOMOACCESS", momo_wire.RESULT, fields)
    return {**fields, "signature": momo_wire.signature(MOMO_SECRET, text)}


@given(st.dictionaries(NAMES, TEXTS, max_size=8), TEXTS)
def test_vnpay_signs_forms_as_we_do(fields: dict[str, str], secret: str) -> None:
    """Any parameters, in any script, have the same text and the same hash on both sides."""
    assert signed_form(fields) == vnpay_wire.form(fields)
    key = secret or "x"
    assert vnpay_hash(key.encode(), signed_form(fields)) == vnpay_wire.signature(key, vnpay_wire.form(fields))


@given(st.dictionaries(st.sampled_from(QUERY_REQUEST), TEXTS | st.integers()))
def test_vnpay_signs_calls_as_we_do(fields: dict[str, Any]) -> None:
    """Any call has the same text on both sides, absent fields too."""
    assert signed_fields(QUERY_REQUEST, fields) == vnpay_wire.piped(vnpay_wire.QUERY, fields)


@given(st.fixed_dictionaries({name: TEXTS | st.integers() for name in momo_wire.RESULT}))
def test_momo_signs_as_we_do(fields: dict[str, Any]) -> None:
    """Any result has the same text and the same signature on both sides."""
    ours = signed_text(RESULT, {**fields, "accessKey": "key"})
    assert ours == momo_wire.text("key", momo_wire.RESULT, fields)
    assert momo_hash(b"secret", ours) == momo_wire.signature("secret", ours)


@given(TEXTS, st.integers(5_000, 999_999_999), st.ip_addresses() | st.none())
async def test_vnpay_verifies_every_address_of_ours(title: str, amount: int, address: object) -> None:
    """Whatever a film is called and wherever its customer is, VNPay finds the address genuine and in shape."""
    ip = None if address is None else str(address)
    url = await VNPAY.start(msgspec.structs.replace(ATTEMPT, title=title, amount=amount, client_ip=ip))
    fields = dict(parse_qsl(urlsplit(url or "").query, strict_parsing=True))
    assert fields["vnp_SecureHash"] == vnpay_wire.signature(VNPAY_SECRET, vnpay_wire.form(fields))
    assert fields["vnp_Amount"] == f"{amount}00"
    assert 7 <= len(fields["vnp_IpAddr"]) <= 45
    assert fields["vnp_OrderInfo"]
    assert fields["vnp_OrderInfo"].isascii()


@given(st.data())
def test_no_byte_of_a_notification_of_vnpay_can_be_changed(data: st.DataObject) -> None:
    """A query string with one byte replaced is the same fact, or none at all."""
    raw = urlencode(vnpay_told())
    place = data.draw(st.integers(0, len(raw) - 1))
    new = chr(data.draw(st.integers(33, 126)))
    pairs = tuple(parse_qsl(raw[:place] + new + raw[place + 1 :], keep_blank_values=True))
    gateway, callback = VNPAY, Callback(query=pairs, body=b"", content_type="")
    try:
        fact = gateway.read_callback(callback)
    except (ForgedCallbackError, MalformedCallbackError):
        return
    assert fact == gateway.read_callback(query(vnpay_told()))


@given(st.data())
def test_no_byte_of_a_notification_of_momo_can_be_changed(data: st.DataObject) -> None:
    """A body with one byte replaced is the same fact, or none at all."""
    raw = json.dumps(momo_told(), ensure_ascii=False).encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    new = data.draw(st.binary(min_size=1, max_size=1))
    gateway = MOMO
    try:
        fact = gateway.read_callback(posted(raw[:place] + new + raw[place + 1 :]))
    except (ForgedCallbackError, MalformedCallbackError):
        return
    assert fact == gateway.read_callback(posted(raw))


def test_what_is_not_signed_does_not_matter_to_vnpay() -> None:
    """Others' parameters and the hash's type may stand beside a notification; an unknown `vnp_` one must be signed."""
    gateway = vnpay()
    plain = gateway.read_callback(query(vnpay_told()))
    assert gateway.read_callback(query({**vnpay_told(), "lang": "vi", "vnp_SecureHashType": "HmacSHA512"})) == plain
    assert gateway.read_callback(query(vnpay_told(vnp_New="1"))) == plain
    upper = vnpay_told()
    assert gateway.read_callback(query({**upper, "vnp_SecureHash": upper["vnp_SecureHash"].upper()})) == plain
    with pytest.raises(ForgedCallbackError):
        gateway.read_callback(query({**vnpay_told(), "vnp_New": "1"}))


def test_other_fields_do_not_matter_to_momo() -> None:
    """MoMo sends more than it signs; what is not signed changes nothing."""
    gateway = momo()
    more = {"partnerUserId": "u", "paymentOption": "momo", "userFee": 0, "promotionInfo": [{"amount": 1.5}]}
    assert gateway.read_callback(posted({**momo_told(), **more})) == gateway.read_callback(posted(momo_told()))


def test_a_callback_for_another_merchant_is_forged() -> None:
    """A right signature over another merchant's code does not count."""
    with pytest.raises(ForgedCallbackError):
        vnpay().read_callback(query(vnpay_told(vnp_TmnCode="CINEMA02")))
    with pytest.raises(ForgedCallbackError):
        momo().read_callback(posted(momo_told(partnerCode="MOMO2")))


@pytest.mark.parametrize("missing", ["vnp_TxnRef", "vnp_ResponseCode", "vnp_TransactionStatus"])
def test_a_signed_notification_of_vnpay_must_be_whole(missing: str) -> None:
    """Signed, and still without what it is about or what it says."""
    with pytest.raises(MalformedCallbackError):
        vnpay().read_callback(query(vnpay_told(**{missing: ""})))


@pytest.mark.parametrize(
    "amount", ["18000050", "1e9", "18000000.0", "180,000", "-18000000", "+18000000", " 18000000", "1" * 13, "x", ""]
)
def test_what_is_no_amount_is_told_as_none(amount: str) -> None:
    """Signed floats, signs, parts of a dong: none of them equals an order's amount, and VNPay hears that."""
    fact = vnpay().read_callback(query(vnpay_told(vnp_Amount=amount)))
    assert (fact.outcome, fact.amount, fact.reference) == (Outcome.PAID, None, PAID["vnp_TxnRef"])


@pytest.mark.parametrize("number", ["", "0", "000", "-1", "1.5", "x", "１２", "9" * 5000])
def test_what_is_no_number_of_a_transaction_is_told_as_none(number: str) -> None:
    """VNPay writes 0 where there was none; nothing else that is no number is kept for one."""
    assert vnpay().read_callback(query(vnpay_told(vnp_TransactionNo=number))).gateway_id is None


def test_the_access_key_is_ours_whatever_is_sent() -> None:
    """Who signs with another access key, and sends it along, is not believed."""
    text = momo_wire.text("EVIL", momo_wire.RESULT, DONE)
    given = {**DONE, "accessKey": "EVIL", "signature": momo_wire.signature(MOMO_SECRET, text)}
    with pytest.raises(ForgedCallbackError):
        momo().read_callback(posted(given))
    with pytest.raises(ForgedCallbackError):
        momo().read_return(query(given))


NO_AMOUNTS: list[Any] = [180_000.0, "180000.0", "0180000", "1e5", -180_000, True, None, [], 1 << 53]
NO_RESULT: list[dict[str, Any]] = [
    *[{"amount": amount} for amount in NO_AMOUNTS],
    *[{"resultCode": code} for code in ("x", "", "00", 0.0, False, None, -1)],
    *[{"transId": number} for number in (None, 4_088_878_653.0, 1 << 63, "")],
    {"responseTime": 1.785e12},
    {"message": 7},
    {"orderInfo": ["a"]},
]


@pytest.mark.parametrize("wrong", NO_RESULT)
def test_a_notification_of_momo_has_whole_numbers(wrong: dict[str, Any]) -> None:
    """A float, a truth value, too much or nothing where a whole number belongs is malformed; so is no text."""
    with pytest.raises(MalformedCallbackError):
        momo().read_callback(posted(momo_told(**wrong)))


@pytest.mark.parametrize("given_hash", [None, "", "0" * 63, "0" * 65, "g" * 64, "０" * 64, 0, b"0" * 64])
def test_what_is_no_hash_is_never_the_same(given_hash: object) -> None:
    """Only text of the right length in hex is compared at all."""
    assert not same_hash("0" * 64, given_hash)
    assert same_hash("a" * 64, "A" * 64)
