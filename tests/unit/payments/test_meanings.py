"""What the gateways' codes mean."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from server.domain.payments import Outcome, RefundOutcome, Verdict
from server.payments.client import Reply
from server.payments.momo_codes import payment_outcome, refund_outcome
from tests.unit.payments.recorder import recorded
from tests.unit.payments.samples import ATTEMPT, momo, query, vnpay
from tests.unit.payments.test_signatures import vnpay_told

FINAL = (98, 99, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1017, 1026, 2019, 4001, 4002, 4100)


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        ("00", "00", Outcome.PAID),
        ("00", "01", Outcome.PENDING),
        ("00", "02", Outcome.FAILED),
        ("00", "04", Outcome.PENDING),
        ("99", "04", Outcome.PENDING),
        ("07", "00", Outcome.SUSPECTED),
        ("00", "07", Outcome.SUSPECTED),
        ("07", "07", Outcome.SUSPECTED),
        *[(code, "02", Outcome.FAILED) for code in ("09", "10", "11", "12", "13", "24", "51", "65", "75", "79", "99")],
        *[(code, "01", Outcome.FAILED) for code in ("11", "24")],
        *[("00", status, Outcome.PENDING) for status in ("05", "06", "09", "0", "99")],
        ("24", "00", Outcome.PENDING),
        *[(code, code, Outcome.FAILED) for code in ("0", "000", "0x", "PAID")],
    ],
)
def test_vnpay_is_paid_only_by_both_codes(code: str, status: str, outcome: Outcome) -> None:
    """Paid is 00 and 00; 07 in either is suspected; 04, and one 00 alone, must be asked for; all others failed."""
    told = vnpay_told(vnp_ResponseCode=code, vnp_TransactionStatus=status)
    assert vnpay().read_callback(query(told)).outcome is outcome


@pytest.mark.parametrize("two_step", [False, True])
def test_momo_codes_of_payments(*, two_step: bool) -> None:
    """0 is paid; 9000 authorised where we capture; under way pending; final failed; others say nothing."""
    assert payment_outcome(0, two_step=two_step) is Outcome.PAID
    assert payment_outcome(9000, two_step=two_step) is (Outcome.AUTHORISED if two_step else Outcome.PENDING)
    assert {payment_outcome(code, two_step=two_step) for code in (1000, 7000, 7002)} == {Outcome.PENDING}
    assert {payment_outcome(code, two_step=two_step) for code in FINAL} == {Outcome.FAILED}
    assert {payment_outcome(code, two_step=two_step) for code in (10, 11, 13, 20, 40, 41, 12345)} == {None}


def test_momo_codes_of_refunds() -> None:
    """0 is done; what is under way or known already was sent; refusals failed; others say nothing."""
    assert refund_outcome(0) is RefundOutcome.DONE
    assert {refund_outcome(code) for code in (7000, 7002, 40, 41)} == {RefundOutcome.SENT}
    assert {refund_outcome(code) for code in (11, 1080, 1081, 1088)} == {RefundOutcome.FAILED}
    assert {refund_outcome(code) for code in (10, 12345)} == {RefundOutcome.UNKNOWN}


@pytest.mark.parametrize(
    ("verdict", "code", "message"),
    [
        (Verdict.RECORDED, "00", "Confirm Success"),
        (Verdict.UNKNOWN_REFERENCE, "01", "Order not found"),
        (Verdict.ALREADY, "02", "Order already confirmed"),
        (Verdict.MISMATCH, "04", "Invalid amount"),
        (Verdict.FORGED, "97", "Invalid signature"),
        (Verdict.MALFORMED, "99", "Input data required"),
        (Verdict.ERROR, "99", "Unknown error"),
    ],
)
def test_vnpay_is_answered_word_for_word(verdict: Verdict, code: str, message: str) -> None:
    """VNPay hears status 200 and exactly the two fields that it reads."""
    answer = vnpay().answer(verdict)
    assert answer.body == f'{{"RspCode":"{code}","Message":"{message}"}}'.encode()
    assert (answer.status, answer.content_type) == (200, "application/json")


def test_momo_is_answered_by_status() -> None:
    """MoMo hears 204 for all that was written down, and 4xx for what is not its own."""
    gateway = momo()
    for verdict in (Verdict.RECORDED, Verdict.ALREADY, Verdict.MISMATCH):
        assert (gateway.answer(verdict).status, gateway.answer(verdict).body) == (204, b"")
    assert 400 <= gateway.answer(Verdict.FORGED).status < 500
    assert gateway.answer(Verdict.ERROR).status >= 500


def test_callers_can_be_listed() -> None:
    """Where addresses are listed only those may call, in IPv4 written either way; else everybody may."""
    listed = vnpay(ipn_networks=("113.160.92.202", "203.205.17.0/24"))
    assert listed.allowed("113.160.92.202")
    assert listed.allowed("::ffff:203.205.17.226")
    assert not listed.allowed("113.160.92.203")
    assert not listed.allowed(None)
    assert not listed.allowed("nonsense")
    assert vnpay().allowed(None)


def test_keys_are_never_shown() -> None:
    """Neither a gateway nor its account shows a key when it is written out."""
    for gateway in (vnpay("TOPSECRET"), momo("TOPSECRET", "HIDDENKEY")):
        shown = f"{gateway!r} {gateway._account!r} {gateway._account}"
        assert "TOPSECRET" not in shown
        assert "HIDDENKEY" not in shown


@pytest.mark.parametrize("before", [0, 580, 595, 599, 600, 700])
async def test_no_part_of_a_key_is_logged(before: int) -> None:
    """MoMo repeats the text that it would have signed, at any length: wherever the log is cut, no key is in it."""
    gateway = momo(access_key="HIDDENACCESSKEY")
    complaint = "x" * before + "accessKey=HIDDENACCESSKEY&amount=1"

    def refuse(payload: dict[str, Any]) -> Reply:
        echo = {name: payload[name] for name in ("partnerCode", "orderId", "requestId")}
        return Reply(status=400, data={**echo, "resultCode": 20, "subErrors": [{"message": complaint}]})

    recorded(gateway, refuse)
    with capture_logs() as logs:
        assert await gateway.start(ATTEMPT) is None
    assert logs[0]["complaint"].startswith(f"{'x' * before}accessKey=…"[:600])
    assert "HIDDEN" not in str(logs)
