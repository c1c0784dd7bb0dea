"""What is believed of a reply, word by word: the right one, and the same with one thing wrong."""

from typing import Any

import msgspec
import pytest

from server.domain.payments import ABSENT, Outcome, RefundAnswer, RefundOutcome
from server.payments.client import Reply
from server.payments.momo import MomoGateway
from server.payments.vnpay import VnpayGateway
from tests.gateways import momo_wire, vnpay_wire
from tests.unit.payments.recorder import recorded
from tests.unit.payments.samples import ATTEMPT, MOMO, MOMO_SECRET, REFUND, TWO_STEP, VNPAY, VNPAY_SECRET

ECHO_OF_VNPAY = ("vnp_Command", "vnp_TmnCode", "vnp_TxnRef")
ECHO_OF_MOMO = ("partnerCode", "orderId", "requestId")
SENT = msgspec.structs.replace(REFUND, gateway_id="14422599")
PART = msgspec.structs.replace(REFUND, amount=90_000, full=False)
PAGE = "https://momo.example/pay"


def vnpay_saying(**said: Any) -> VnpayGateway:
    """VNPay that answers each call by a genuine reply with these fields, without `vnp_`; None leaves one out."""
    gateway = VNPAY

    def answer(payload: dict[str, Any]) -> Reply:
        usual: dict[str, Any] = {"ResponseId": "r1", "ResponseCode": "00", "Message": "said", "Amount": "18000000"}
        usual |= {"TransactionType": "01", "TransactionStatus": "00", "TransactionNo": "14422574"}
        if payload["vnp_Command"] == "refund":
            usual |= {"TransactionType": "02", "TransactionStatus": "05", "TransactionNo": "14422599"}
        data = {f"vnp_{name}": value for name, value in (usual | said).items() if value is not None}
        data = {name: payload[name] for name in ECHO_OF_VNPAY} | data
        names = vnpay_wire.REFUND_REPLY if payload["vnp_Command"] == "refund" else vnpay_wire.QUERY_REPLY
        return Reply(
            status=200,
            data={**data, "vnp_SecureHash": vnpay_wire.signature(VNPAY_SECRET, vnpay_wire.piped(names, data))},
        )

    recorded(gateway, answer)
    return gateway


def momo_saying(status: int = 200, *, two_step: bool = False, **said: Any) -> MomoGateway:
    """MoMo that answers each call by a reply with these fields; None leaves one out."""
    gateway = TWO_STEP if two_step else MOMO

    def answer(payload: dict[str, Any]) -> Reply:
        usual: dict[str, Any] = {
            "amount": 180_000,
            "resultCode": 0,
            "transId": 4_088_878_653,
            "payUrl": PAGE,
            "responseTime": 1,
        }
        usual |= {name: payload[name] for name in ECHO_OF_MOMO}
        data = {name: value for name, value in (usual | said).items() if value is not None}
        return Reply(status=status, data=data)

    recorded(gateway, answer)
    return gateway


async def test_what_is_right_is_believed() -> None:
    """So that what follows fails for its own reason."""
    fact = await vnpay_saying().query(ATTEMPT)
    assert (fact.outcome, fact.amount, fact.gateway_id) == (Outcome.PAID, 180_000, "14422574")
    fact = await momo_saying().query(ATTEMPT)
    assert (fact.outcome, fact.amount, fact.gateway_id) == (Outcome.PAID, 180_000, "4088878653")
    assert await momo_saying().start(ATTEMPT) == PAGE
    answer = await vnpay_saying().refund(REFUND)
    assert answer == RefundAnswer(outcome=RefundOutcome.SENT, gateway_id="14422599", code="05")
    assert (await momo_saying().refund(REFUND)).outcome is RefundOutcome.DONE


@pytest.mark.parametrize("name", ECHO_OF_VNPAY)
async def test_a_genuine_reply_of_vnpay_to_something_else(name: str) -> None:
    """Another call's, another terminal's or another payment's reply, however well it is signed, says nothing."""
    gateway = vnpay_saying(**{name.removeprefix("vnp_"): "other"})
    assert (await gateway.query(ATTEMPT)).outcome is Outcome.UNKNOWN
    assert (await gateway.refund(REFUND)).outcome is RefundOutcome.UNKNOWN
    assert (await gateway.query_refund(REFUND)).outcome is RefundOutcome.UNKNOWN


@pytest.mark.parametrize("name", ECHO_OF_MOMO)
@pytest.mark.parametrize("other", ["other", None, 1])
async def test_a_reply_of_momo_to_something_else(name: str, other: object) -> None:
    """It is not signed: what counts is that it repeats our own ids."""
    changes: dict[str, Any] = {name: "" if other is None else other}
    gateway = momo_saying(**changes)
    assert await gateway.start(ATTEMPT) is None
    for fact in (await gateway.query(ATTEMPT), await gateway.capture(ATTEMPT), await gateway.void(ATTEMPT)):
        assert fact.outcome is Outcome.UNKNOWN
    for answer in (await gateway.refund(SENT), await gateway.query_refund(SENT)):
        assert answer.outcome is RefundOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"TransactionStatus": "00"}, Outcome.PAID),
        ({"TransactionStatus": "01"}, Outcome.PENDING),
        ({"TransactionStatus": "02"}, Outcome.FAILED),
        ({"TransactionStatus": "04"}, Outcome.PENDING),
        ({"TransactionStatus": "07"}, Outcome.SUSPECTED),
        *[({"TransactionStatus": status}, Outcome.UNKNOWN) for status in ("05", "06", "09", "0", "", None, "99")],
        *[({"TransactionType": kind}, Outcome.UNKNOWN) for kind in ("02", "03", "1", "", None)],
        *[({"ResponseCode": code}, Outcome.UNKNOWN) for code in ("02", "03", "94", "97", "98", "99", "0", "", None)],
        ({"ResponseCode": "91"}, Outcome.PENDING),
    ],
)
async def test_what_vnpay_says_of_a_payment(said: dict[str, Any], outcome: Outcome) -> None:
    """Paid is the code 00 of the call, of a payment, in the status 00: nothing less."""
    assert (await vnpay_saying(**said).query(ATTEMPT)).outcome is outcome


@pytest.mark.parametrize("amount", ["180000", "1800000000", "18000001", "18000000.0", "", None])
async def test_what_vnpay_says_of_an_amount(amount: str | None) -> None:
    """It is told as it is, in whole dong, or as none; a refund of another amount is no answer to ours."""
    gateway = vnpay_saying(Amount=amount)
    assert (await gateway.query(ATTEMPT)).amount != ATTEMPT.amount
    assert (await gateway.refund(REFUND)).outcome is RefundOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        *[({"TransactionStatus": status}, RefundOutcome.SENT) for status in ("05", "06", "00", "")],
        ({"TransactionStatus": "09"}, RefundOutcome.FAILED),
        *[({"ResponseCode": c}, RefundOutcome.FAILED) for c in ("02", "03", "04", "13", "91", "93", "95", "97")],
        *[({"ResponseCode": code}, RefundOutcome.UNKNOWN) for code in ("94", "98", "99", "", None, "0")],
    ],
)
async def test_what_vnpay_says_to_a_refund(said: dict[str, Any], outcome: RefundOutcome) -> None:
    """Accepted is not done; what is under way, or not understood, is asked about before anything is sent again.

    That goes under a request id of its own, since VNPay had this one and did not take it.
    """
    answer = await vnpay_saying(**said).refund(REFUND)
    assert answer.outcome is outcome
    assert (answer.request_id is not None) == (outcome is RefundOutcome.UNKNOWN)
    assert answer.request_id != REFUND.request_id


async def test_a_request_id_of_vnpay_is_spent_by_any_answer() -> None:
    """By one that is not verified too: VNPay may leave refusals unsigned. Silence spends none."""
    forged = await vnpay_saying(Command="other", ResponseCode="99").refund(REFUND)
    assert (forged.outcome, forged.request_id is None) == (RefundOutcome.UNKNOWN, False)
    recorded(VNPAY)
    assert await VNPAY.refund(REFUND) == RefundAnswer(outcome=RefundOutcome.UNKNOWN)


async def test_a_request_that_vnpay_may_be_at_keeps_its_id() -> None:
    """What stands before VNPay answered, or a 00 that is not genuine or of another amount: it may take it still."""
    unknown = RefundAnswer(outcome=RefundOutcome.UNKNOWN)
    recorded(VNPAY, lambda _: Reply(status=504, data={"message": "The upstream server is timing out"}))
    assert await VNPAY.refund(REFUND) == unknown
    assert await vnpay_saying(Command="other").refund(REFUND) == unknown
    assert (await vnpay_saying(Amount="180000").refund(REFUND)).request_id is None


@pytest.mark.parametrize("code", [0, 40, 41, 1080, 1088, 7000, 12_345])
async def test_a_request_id_of_momo_stays(code: int) -> None:
    """MoMo gives the same answer to the same request: it would take another id for another refund."""
    assert (await momo_saying(resultCode=code).refund(REFUND)).request_id is None


@pytest.mark.parametrize(
    ("refund", "said", "outcome", "code"),
    [
        (SENT, {"TransactionType": "02", "TransactionNo": "14422599"}, RefundOutcome.DONE, "00"),
        (REFUND, {"TransactionType": "02", "TransactionNo": "14422599"}, RefundOutcome.DONE, "00"),
        (SENT, {"TransactionType": "02"}, RefundOutcome.UNKNOWN, "another refund"),
        (SENT, {"TransactionType": "03", "TransactionNo": "14422599"}, RefundOutcome.UNKNOWN, "another refund"),
        (PART, {"TransactionType": "03", "Amount": "9000000"}, RefundOutcome.DONE, "00"),
        (PART, {"TransactionType": "03"}, RefundOutcome.UNKNOWN, "another refund"),
        (PART, {"TransactionType": "02", "Amount": "9000000"}, RefundOutcome.UNKNOWN, "another refund"),
        (REFUND, {}, RefundOutcome.FAILED, ABSENT),
        (SENT, {}, RefundOutcome.SENT, None),
        (REFUND, {"ResponseCode": "91"}, RefundOutcome.FAILED, ABSENT),
        (REFUND, {"ResponseCode": "94"}, RefundOutcome.UNKNOWN, "94"),
    ],
)
async def test_what_vnpay_says_of_a_refund(
    refund: Any, said: dict[str, Any], outcome: RefundOutcome, code: str | None
) -> None:
    """Done is our own refund in the status 00: of our number where we know it, of our kind and of our amount."""
    answer = await vnpay_saying(**said).query_refund(refund)
    assert (answer.outcome, answer.code) == (outcome, code)


@pytest.mark.parametrize(
    "said",
    [
        *[{"resultCode": code} for code in (1, 20, 22, 41, 9000, "0", 0.0, False, None)],
        *[{"amount": amount} for amount in (180_001, "x", 180_000.0, None)],
        *[{"payUrl": url} for url in ("", None, 7, "javascript:alert(1)", "//momo.example", "momo://pay", "ftp://a")],
        {"signature": "0" * 64},
        {"signature": 7},
    ],
)
async def test_what_is_no_page_of_momo(said: dict[str, Any]) -> None:
    """Another amount, another code, no address of the web, or a signature that is wrong."""
    assert await momo_saying(**said).start(ATTEMPT) is None


async def test_a_page_of_momo_that_is_signed() -> None:
    """Not every partner's replies are; one that is must be signed for this very page."""
    gateway = MOMO

    def answer(payload: dict[str, Any]) -> Reply:
        data: dict[str, Any] = {name: payload[name] for name in (*ECHO_OF_MOMO, "amount")}
        data |= {"payUrl": PAGE, "responseTime": 1_785_000_000_000, "resultCode": 0}
        text = momo_wire.text("MOMOACCESS", momo_wire.CREATE_REPLY, data)
        return Reply(status=200, data={**data, "signature": momo_wire.signature(MOMO_SECRET, text)})

    recorded(gateway, answer)
    assert await gateway.start(ATTEMPT) == PAGE
    recorded(gateway, lambda payload: Reply(status=200, data={**answer(payload).data, "payUrl": f"{PAGE}/2"}))
    assert await gateway.start(ATTEMPT) is None


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_what_momo_says_while_it_fails(status: int) -> None:
    """A failure of the server is no word of it, whatever stands in its body."""
    gateway = momo_saying(status)
    assert await gateway.start(ATTEMPT) is None
    assert (await gateway.query(ATTEMPT)).outcome is Outcome.UNKNOWN
    assert (await gateway.refund(SENT)).outcome is RefundOutcome.UNKNOWN


@pytest.mark.parametrize("amount", [None, 180_000.0, "x", True, -1, 1 << 53])
async def test_money_of_momo_without_an_amount(amount: object) -> None:
    """Nothing was said of it that could be written down; it is asked for again."""
    for code in (0, 9000):
        gateway = momo_saying(amount=amount, resultCode=code, two_step=True)
        for fact in (await gateway.query(ATTEMPT), await gateway.capture(ATTEMPT), await gateway.void(ATTEMPT)):
            assert fact.outcome is Outcome.UNKNOWN
    assert (await momo_saying(amount=amount).refund(REFUND)).outcome is RefundOutcome.UNKNOWN


async def test_another_amount_is_not_captured() -> None:
    """A capture that tells of another amount is not taken for ours: what stands is asked for, and told as it is."""
    fact = await momo_saying(amount=50_000, two_step=True).capture(ATTEMPT)
    assert (fact.outcome, fact.amount) == (Outcome.PAID, 50_000)


def row(**changes: Any) -> dict[str, Any]:
    """A refund as MoMo lists it."""
    return {"orderId": REFUND.reference, "amount": 180_000, "resultCode": 0, "transId": 7, **changes}


@pytest.mark.parametrize(
    ("listed", "outcome"),
    [
        ([row()], RefundOutcome.DONE),
        ([row(), row(orderId="other", amount=1)], RefundOutcome.DONE),
        ([row(resultCode=7002)], RefundOutcome.SENT),
        ([row(resultCode=1081)], RefundOutcome.FAILED),
        ([], RefundOutcome.UNKNOWN),
        ([row(), row()], RefundOutcome.UNKNOWN),
        ([row(amount=90_000)], RefundOutcome.UNKNOWN),
        ([row(orderId="other")], RefundOutcome.UNKNOWN),
        ([row(resultCode="0")], RefundOutcome.UNKNOWN),
        ([row(resultCode=-1)], RefundOutcome.UNKNOWN),
        ([[REFUND.reference], None, "a"], RefundOutcome.UNKNOWN),
    ],
)
async def test_what_momo_lists_of_refunds(listed: list[Any], outcome: RefundOutcome) -> None:
    """Done is one of our reference, of our amount, with the code 0."""
    assert (await momo_saying(refundTrans=listed).query_refund(REFUND)).outcome is outcome


@pytest.mark.parametrize("code", [10, 11, 13, 20, 40, 41, 12_345])
async def test_a_question_that_momo_refuses(code: int) -> None:
    """That it cannot answer says nothing of the money."""
    assert (await momo_saying(resultCode=code).query(ATTEMPT)).outcome is Outcome.UNKNOWN
