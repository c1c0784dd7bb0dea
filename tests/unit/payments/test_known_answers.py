"""Known answers of VNPay, MoMo and Stripe: what is signed, the signature, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.domain.errors import ForgedCallbackError
from server.domain.payments import Outcome
from server.payments.hashes import keyed_hash, same_hash
from server.payments.momo_signing import CONFIRM, CREATE, CREATE_REPLY, QUERY, REFUND, RESULT, is_genuine, signed_text
from server.payments.vnpay_signing import (
    QUERY_REPLY,
    QUERY_REQUEST,
    REFUND_REPLY,
    REFUND_REQUEST,
    SIGNATURE,
    form_is_genuine,
    reply_is_genuine,
    signed_fields,
    signed_form,
    vnpay_hash,
)
from tests.unit.payments.samples import momo, posted, query, vnpay

FOLDER = Path(__file__).parent.parent.parent / "vectors" / "payments"
PUBLISHED, MORE = (
    json.loads((FOLDER / name).read_text(encoding="utf-8")) for name in ("known_answers.json", "more_answers.json")
)
"""Those of the gateways and their libraries, and those of texts written by hand, their hashes by OpenSSL."""

VECTORS: list[dict[str, Any]] = [*PUBLISHED, *MORE]
POSITIVE = [vector for vector in VECTORS if vector["expected"] is not False]
NEGATIVE = [vector for vector in VECTORS if vector["expected"] is False]
ALGORITHMS: dict[str, Any] = {"HMAC-SHA256": "sha256", "HMAC-SHA512": "sha512"}

FORMS = {"pay", "ipn_or_return", "query_string"}
PIPED = {
    "querydr_request": QUERY_REQUEST,
    "querydr_response": QUERY_REPLY,
    "refund_request": REFUND_REQUEST,
    "refund_response": REFUND_REPLY,
}
LISTED = {
    "create": CREATE,
    "create_response": CREATE_REPLY,
    "ipn": RESULT,
    "ipn_or_redirect": RESULT,
    "query": QUERY,
    "refund_query": QUERY,
    "confirm": CONFIRM,
    "refund": REFUND,
}


def named(vectors: list[dict[str, Any]]) -> pytest.MarkDecorator:
    """Run a test once for each of these vectors."""
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


def raw_of(vector: dict[str, Any]) -> str:
    """What we would sign of a vector's input."""
    kind, given = vector["kind"], vector["input"]
    if vector["gateway"] == "stripe":
        return f"{given['timestamp']}.{given['payload']}"
    if kind == "hmac_raw":
        return str(given)
    if vector["gateway"] == "momo":
        return signed_text(LISTED[kind], {"accessKey": "<unknown>", **given})
    return signed_fields(PIPED[kind], given) if kind in PIPED else signed_form(given)


@named(POSITIVE)
def test_what_is_signed_is_what_the_gateway_signs(vector: dict[str, Any]) -> None:
    """Of each input we sign the very text of the vector, also where its key is not known."""
    assert vector["kind"] in {"hmac_raw", "webhook", *FORMS, *PIPED, *LISTED}
    assert raw_of(vector) == vector["raw"]


@named([vector for vector in POSITIVE if vector["secret"]])
def test_the_signature_is_the_known_one(vector: dict[str, Any]) -> None:
    """Under the vector's key our signature is the expected one, and only that is taken for it."""
    made = keyed_hash(ALGORITHMS[vector["algorithm"]], vector["secret"].encode(), raw_of(vector))
    assert made == vector["expected"]
    assert same_hash(made, vector["expected"].upper())
    assert not same_hash(made, vector["expected"][:-1])


@named([vector for vector in POSITIVE if "expected_url" in vector])
def test_the_pay_address_is_the_known_one(vector: dict[str, Any]) -> None:
    """Address, signed parameters and hash, joined, are the address that VNPay's libraries make."""
    form = signed_form(vector["input"])
    page = vector["expected_url"].partition("?")[0]
    assert f"{page}?{form}&{SIGNATURE}={vnpay_hash(vector['secret'].encode(), form)}" == vector["expected_url"]


@named([vector for vector in POSITIVE if vector["kind"] == "ipn_or_return" and vector["secret"]])
def test_a_genuine_notification_of_vnpay_is_read(vector: dict[str, Any]) -> None:
    """The gateway reads the vector, and takes it as paid only with both codes at 00."""
    given = vector["input"]
    gateway = vnpay(vector["secret"], given["vnp_TmnCode"])
    fact = gateway.read_callback(query({**given, SIGNATURE: vector["expected"]}))
    assert (fact.outcome is Outcome.PAID) == (given["vnp_ResponseCode"] == given["vnp_TransactionStatus"] == "00")
    assert (fact.reference, fact.amount) == (given["vnp_TxnRef"], int(given["vnp_Amount"]) // 100)


@named([vector for vector in POSITIVE if vector["kind"] in {"querydr_response", "refund_response"}])
def test_a_genuine_reply_of_vnpay_is_believed(vector: dict[str, Any]) -> None:
    """A reply with its hash is genuine, amounts times 100 as they came."""
    given = {**vector["input"], SIGNATURE: vector["expected"]}
    assert reply_is_genuine(vector["secret"].encode(), PIPED[vector["kind"]], given)


@named([vector for vector in POSITIVE if vector["kind"] == "ipn_or_redirect"])
def test_a_genuine_result_of_momo_is_read_both_ways(vector: dict[str, Any]) -> None:
    """The gateway reads the vector as a notification and as what a browser brings, and as paid only with code 0."""
    given = {**vector["input"], "signature": vector["expected"]}
    gateway = momo(vector["secret"], given.pop("accessKey"), given["partnerCode"])
    told, brought = gateway.read_callback(posted(given)), gateway.read_return(query(given))
    assert told == brought
    assert (told.outcome is Outcome.PAID) == (given["resultCode"] == 0)
    assert (told.reference, told.amount) == (given["orderId"], given["amount"])


@named([vector for vector in POSITIVE if vector["kind"] == "create_response"])
def test_a_genuine_reply_of_momo_is_believed(vector: dict[str, Any]) -> None:
    """A reply to `create` with its signature is genuine."""
    given = {**vector["input"], "signature": vector["expected"]}
    assert is_genuine(vector["secret"].encode(), given["accessKey"], CREATE_REPLY, given)


@named([vector for vector in NEGATIVE if vector["gateway"] == "vnpay"])
def test_a_wrong_notification_of_vnpay_is_refused(vector: dict[str, Any]) -> None:
    """Each negative vector is forged, whatever is wrong with it."""
    given = vector["input"]
    assert not form_is_genuine(vector["secret"].encode(), given)
    with pytest.raises(ForgedCallbackError):
        vnpay(vector["secret"], given["vnp_TmnCode"]).read_callback(query(given))


@named([vector for vector in NEGATIVE if vector["gateway"] == "momo"])
def test_a_wrong_result_of_momo_is_refused(vector: dict[str, Any]) -> None:
    """Each negative vector is forged, as a notification and as what a browser brings."""
    given = dict(vector["input"])
    gateway = momo(vector["secret"], given.pop("accessKey"), given["partnerCode"])
    with pytest.raises(ForgedCallbackError):
        gateway.read_callback(posted(given))
    with pytest.raises(ForgedCallbackError):
        gateway.read_return(query(given))


def test_every_vector_is_used() -> None:
    """No vector is of a kind that no test looks at."""
    assert {vector["kind"] for vector in NEGATIVE} == {"verify_negative"}
    assert len(VECTORS) == len({vector["name"] for vector in VECTORS})
    assert (len(PUBLISHED), len(MORE)) == (38, 101)
