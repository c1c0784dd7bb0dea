"""VNPay 2.1.0: a page that customers are sent to, notifications, and one address for questions and refunds."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
import structlog

from server.domain.errors import ForgedCallbackError, MalformedCallbackError
from server.domain.payments import (
    ABSENT,
    UNSEEN_MS,
    Attempt,
    Callback,
    CallbackAnswer,
    Fact,
    Outcome,
    RefundAnswer,
    RefundOrder,
    RefundOutcome,
    Verdict,
)
from server.ops.addresses import Networks
from server.payments.client import GatewayClient, Reply
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
from server.payments.vnpay_words import customer_address, plain_text, read_amount, vnpay_amount, vnpay_date
from server.ports.traffic import Record, unrecorded

log = structlog.get_logger(__name__)

VERSION: Final = "2.1.0"
ENTERTAINMENT: Final = "190000"
"""VNPay's category of what is sold."""

LEAST: Final = 5_000
BEYOND: Final = 1_000_000_000
"""VNPay takes 5,000 VND and more, and less than a billion."""

_PAYMENT: Final = "01"
_FULL: Final = "02"
_PART: Final = "03"

_NUMBER: Final = re.compile(r"[0-9]{1,32}", re.ASCII)

_ANSWERS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.RECORDED: ("00", "Confirm Success"),
    Verdict.ALREADY: ("02", "Order already confirmed"),
    Verdict.UNKNOWN_REFERENCE: ("01", "Order not found"),
    Verdict.MISMATCH: ("04", "Invalid amount"),
    Verdict.FORGED: ("97", "Invalid signature"),
    Verdict.MALFORMED: ("99", "Input data required"),
    Verdict.ERROR: ("99", "Unknown error"),
}
_REFUND_REFUSED: Final = frozenset({"02", "03", "04", "13", "91", "93", "95", "97"})
_REFUND_STATES: Final = {
    "00": RefundOutcome.DONE,
    "05": RefundOutcome.SENT,
    "06": RefundOutcome.SENT,
    "09": RefundOutcome.FAILED,
}


@dataclass(frozen=True, kw_only=True)
class VnpayAccount:
    """A terminal at VNPay and the addresses it is served at. It never shows its secret.

    `server_ip` is the address that our calls are said to come from. `ipn_networks` may call us; empty means everybody.
    """

    tmn_code: str
    hash_secret: bytes = field(repr=False)
    pay_url: str
    api_url: str
    timeout_ms: int
    server_ip: str = "127.0.0.1"
    ipn_networks: tuple[str, ...] = ()


class VnpayGateway:
    """VNPay as the port wants it; `base_url` is where customers and VNPay reach us, `record` takes down each call."""

    name: Final = "vnpay"
    two_step: Final = False
    offline: Final = True

    def __init__(
        self, account: VnpayAccount, *, base_url: str, clock: Callable[[], int], record: Record = unrecorded
    ) -> None:
        self._account = account
        self._return_url = f"{base_url}/api/v1/payments/vnpay/return"
        self._clock = clock
        self._callers = Networks(account.ipn_networks)
        self._client = GatewayClient(
            self.name, timeout_ms=account.timeout_ms, clock=clock, keys=(account.hash_secret,), record=record
        )

    def accepts(self, amount: int, currency: str) -> bool:
        """Whether VNPay takes payments of this amount."""
        return currency == "VND" and LEAST <= amount < BEYOND

    def allowed(self, address: str | None) -> bool:
        """Whether VNPay may call from this address: true for all where none are listed."""
        return not self._callers or address in self._callers

    async def start(self, attempt: Attempt) -> str | None:
        """The address of the page; it is made here, and the same for the same attempt.

        The page ends with the attempt: seats stay pinned a minute longer, for those who were paying just then.
        """
        parameters = {
            "vnp_Version": VERSION,
            "vnp_Command": "pay",
            "vnp_TmnCode": self._account.tmn_code,
            "vnp_Amount": vnpay_amount(attempt.amount),
            "vnp_CurrCode": "VND",
            "vnp_TxnRef": attempt.reference,
            "vnp_OrderInfo": plain_text(attempt.title) or f"Ve xem phim {attempt.reference}",
            "vnp_OrderType": ENTERTAINMENT,
            "vnp_Locale": "vn" if attempt.locale == "vi" else "en",
            "vnp_ReturnUrl": self._return_url,
            "vnp_IpAddr": customer_address(attempt.client_ip),
            "vnp_CreateDate": vnpay_date(attempt.created_at),
            "vnp_ExpireDate": vnpay_date(attempt.expires_at),
        }
        query = signed_form(parameters)
        return f"{self._account.pay_url}?{query}&{SIGNATURE}={vnpay_hash(self._account.hash_secret, query)}"

    def read_callback(self, callback: Callback) -> Fact:
        """The fact that a notification states; its query is all there is to it."""
        parameters = dict(callback.query)
        if not parameters:
            raise MalformedCallbackError("nothing was sent")
        if len(parameters) != len(callback.query):
            raise MalformedCallbackError("a parameter is repeated")
        if not form_is_genuine(self._account.hash_secret, parameters):
            raise ForgedCallbackError("the hash is not VNPay's")
        if parameters.get("vnp_TmnCode") != self._account.tmn_code:
            raise ForgedCallbackError("it is for another terminal")
        reference, code = parameters.get("vnp_TxnRef"), parameters.get("vnp_ResponseCode")
        status = parameters.get("vnp_TransactionStatus")
        if not reference or not code or not status:
            raise MalformedCallbackError("a required parameter is missing")
        return Fact(
            gateway=self.name,
            reference=reference,
            outcome=_told_outcome(code, status),
            # One that cannot be read is none, which is no order's: VNPay hears that the amount is wrong.
            amount=read_amount(parameters.get("vnp_Amount")),
            gateway_id=_number(parameters.get("vnp_TransactionNo")),
            code=code if code != "00" else status,
        )

    def read_return(self, callback: Callback) -> Fact:
        """What the customer's browser brings back: the same parameters as a notification."""
        return self.read_callback(callback)

    def answer(self, verdict: Verdict) -> CallbackAnswer:
        """VNPay's answer: always status 200, and a code of its own."""
        code, message = _ANSWERS[verdict]
        body = f'{{"RspCode":"{code}","Message":"{message}"}}'.encode()
        return CallbackAnswer(status=200, body=body, content_type="application/json")

    async def query(self, attempt: Attempt) -> Fact:
        """What VNPay says of an attempt: one that it never saw is pending, and failed a while after its end."""
        reply = await self._ask(attempt)
        unknown = Fact(gateway=self.name, reference=attempt.reference, outcome=Outcome.UNKNOWN)
        if reply is None:
            return unknown
        code = str(reply.get("vnp_ResponseCode"))
        if code == "91":
            outcome = Outcome.FAILED if self._clock() > attempt.expires_at + UNSEEN_MS else Outcome.PENDING
            return msgspec.structs.replace(unknown, outcome=outcome, code="91")
        status = reply.get("vnp_TransactionStatus")
        if code != "00" or reply.get("vnp_TransactionType") != _PAYMENT or not isinstance(status, str):
            return msgspec.structs.replace(unknown, code=code)
        return Fact(
            gateway=self.name,
            reference=attempt.reference,
            outcome=_QUERIED.get(status, Outcome.UNKNOWN),
            amount=read_amount(reply.get("vnp_Amount")),
            gateway_id=_number(reply.get("vnp_TransactionNo")),
            code=status,
        )

    async def capture(self, attempt: Attempt) -> Fact:
        """VNPay takes the money at once: there is nothing to capture, and the answer is what it says of the attempt."""
        return await self.query(attempt)

    async def void(self, attempt: Attempt) -> Fact:
        """VNPay takes the money at once: nothing can be let go, and the answer is what it says of the attempt."""
        return await self.query(attempt)

    async def refund(self, refund: RefundOrder) -> RefundAnswer:
        """Ask VNPay to send money back. It does so later: `sent` is the best answer, and `query_refund` confirms it.

        VNPay refuses a request id that it has had, also where it did nothing. One that it answered is therefore used no
        more. Any other is the safest to send again, because what arrived late is then not done twice: one that was not
        answered, or not by VNPay itself but by what stands before it, or by a 00 that cannot be trusted.
        """
        attempt, number = refund.attempt, refund.attempt.gateway_id
        fields = self._call("refund", refund.request_id, attempt, f"Hoan tien {attempt.reference}") | {
            "vnp_TransactionType": _FULL if refund.full else _PART,
            "vnp_Amount": vnpay_amount(refund.amount),
            "vnp_CreateBy": plain_text(refund.by, 64) or "system",
            # An unknown number is left out, and signed empty.
            **({"vnp_TransactionNo": number} if number else {}),
        }
        answer = await self._post(REFUND_REQUEST, fields)
        if answer is None:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        reply, told = self._verified(REFUND_REPLY, fields, answer), answer.data.get("vnp_ResponseCode")
        spent = told != "00" and (reply is not None or told is not None)
        undecided = RefundAnswer(outcome=RefundOutcome.UNKNOWN, request_id=uuid.uuid4().hex if spent else None)
        if reply is None:
            return undecided
        code = str(told)
        if code in _REFUND_REFUSED:
            return RefundAnswer(outcome=RefundOutcome.FAILED, code=code)
        if code != "00" or read_amount(reply.get("vnp_Amount")) != refund.amount:
            # Of 94, "one is being processed already", it may be another refund of the payment: the query tells.
            return msgspec.structs.replace(undecided, code=code)
        status = str(reply.get("vnp_TransactionStatus"))
        outcome = RefundOutcome.FAILED if status == "09" else RefundOutcome.SENT
        return RefundAnswer(outcome=outcome, gateway_id=_number(reply.get("vnp_TransactionNo")), code=status)

    async def query_refund(self, refund: RefundOrder) -> RefundAnswer:
        """What became of a refund, as far as VNPay can say: it shows the last transaction of a payment alone.

        Where that is the payment itself, or an earlier refund, one that VNPay never acknowledged did not reach it.
        """
        reply = await self._ask(refund.attempt)
        if reply is None:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        code = str(reply.get("vnp_ResponseCode"))
        if code == "91":
            return RefundAnswer(outcome=RefundOutcome.FAILED, code=ABSENT)
        if code != "00":
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN, code=code)
        if reply.get("vnp_TransactionType") == _PAYMENT:
            if refund.gateway_id is not None:
                return RefundAnswer(outcome=RefundOutcome.SENT, gateway_id=refund.gateway_id)
            return RefundAnswer(outcome=RefundOutcome.FAILED, code=ABSENT)
        number = _number(reply.get("vnp_TransactionNo"))
        if refund.gateway_id is None and number in refund.earlier:
            return RefundAnswer(outcome=RefundOutcome.FAILED, code=ABSENT)
        same_kind = reply.get("vnp_TransactionType") == (_FULL if refund.full else _PART)
        same_amount = read_amount(reply.get("vnp_Amount")) == refund.amount
        if not same_kind or not same_amount or (refund.gateway_id or number) != number:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN, gateway_id=refund.gateway_id, code="another refund")
        status = str(reply.get("vnp_TransactionStatus"))
        outcome = _REFUND_STATES.get(status, RefundOutcome.UNKNOWN)
        return RefundAnswer(outcome=outcome, gateway_id=number, code=status)

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def _ask(self, attempt: Attempt) -> dict[str, object] | None:
        fields = self._call("querydr", uuid.uuid4().hex, attempt, f"Truy van GD {attempt.reference}")
        answer = await self._post(QUERY_REQUEST, fields)
        return None if answer is None else self._verified(QUERY_REPLY, fields, answer)

    def _call(self, command: str, request_id: str, attempt: Attempt, info: str) -> dict[str, str]:
        return {
            "vnp_RequestId": request_id,
            "vnp_Version": VERSION,
            "vnp_Command": command,
            "vnp_TmnCode": self._account.tmn_code,
            "vnp_TxnRef": attempt.reference,
            "vnp_OrderInfo": info,
            "vnp_TransactionDate": vnpay_date(attempt.created_at),
            "vnp_CreateDate": vnpay_date(self._clock()),
            "vnp_IpAddr": customer_address(self._account.server_ip),
        }

    async def _post(self, signed: tuple[str, ...], fields: dict[str, str]) -> Reply | None:
        signature = vnpay_hash(self._account.hash_secret, signed_fields(signed, fields))
        return await self._client.post(
            self._account.api_url,
            {**fields, SIGNATURE: signature},
            kind=fields["vnp_Command"],
            reference=fields["vnp_TxnRef"],
        )

    def _verified(self, signed: tuple[str, ...], fields: dict[str, str], answer: Reply) -> dict[str, object] | None:
        """What was answered to this very call; None where it cannot be trusted."""
        data, echo = answer.data, ("vnp_Command", "vnp_TmnCode", "vnp_TxnRef")
        genuine = reply_is_genuine(self._account.hash_secret, signed, data)
        if not genuine or any(data.get(name) != fields[name] for name in echo):
            code = data.get("vnp_ResponseCode")
            told = code if isinstance(code, str) and len(code) <= 2 else None
            log.warning("gateway reply not verified", gateway=self.name, command=fields["vnp_Command"], code=told)
            return None
        return data


_QUERIED: Final = {
    "00": Outcome.PAID,
    "01": Outcome.PENDING,
    "02": Outcome.FAILED,
    "04": Outcome.PENDING,
    "07": Outcome.SUSPECTED,
}
"""What the status of a payment means; any other is that of a refund."""


def _told_outcome(code: str, status: str) -> Outcome:
    if "07" in {code, status}:
        return Outcome.SUSPECTED
    if code == status == "00":
        return Outcome.PAID
    if status == "04" or (status != "02" and "00" in {code, status}):
        # The bank may have taken the money, or one of the two says that all is well: the query tells.
        return Outcome.PENDING
    return Outcome.FAILED


def _number(value: object) -> str | None:
    """VNPay's number of a transaction; it writes 0 where there was none."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _NUMBER.fullmatch(text) and text.strip("0") else None
