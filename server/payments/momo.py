"""MoMo AIO v2, `captureWallet`: a page made by a call, notifications, and calls for questions, captures and refunds."""

import hashlib
import re
import uuid
from collections.abc import Callable
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
from server.payments.client import read_object
from server.payments.momo_api import GATEWAY, MomoAccount, MomoApi, is_whole
from server.payments.momo_codes import (
    AGAIN_AFTER_MS,
    AGAIN_LATER,
    DONE,
    NOT_FOUND,
    payment_outcome,
    refund_outcome,
)
from server.payments.momo_signing import CONFIRM, CREATE, CREATE_REPLY, QUERY, REFUND, RESULT, is_genuine
from server.ports.traffic import Record, unrecorded

log = structlog.get_logger(__name__)

LEAST: Final = 1_000
MOST: Final = 50_000_000
"""MoMo takes 1,000 to 50,000,000 VND."""

MAX_BODY_BYTES: Final = 65_536
LONGEST_TITLE: Final = 255
CANCELLED: Final = "1017"

_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LONGEST: Final = (1 << 63) - 1
_MOST_MONEY: Final = (1 << 53) - 1
_NUMBERS: Final = ("amount", "resultCode", "transId", "responseTime")
_STATUS: Final = {
    Verdict.RECORDED: 204,
    Verdict.ALREADY: 204,
    Verdict.MISMATCH: 204,
    Verdict.UNKNOWN_REFERENCE: 404,
    Verdict.FORGED: 403,
    Verdict.MALFORMED: 400,
    Verdict.ERROR: 503,
}


class MomoGateway:
    """MoMo as the port wants it; `base_url` is where customers and MoMo reach us, `record` takes down each call."""

    name: Final = GATEWAY
    offline: Final = False

    def __init__(
        self, account: MomoAccount, *, base_url: str, clock: Callable[[], int], record: Record = unrecorded
    ) -> None:
        self.two_step: Final = account.two_step
        self._account = account
        self._urls = f"{base_url}/api/v1/payments/momo"
        self._clock = clock
        self._callers = Networks(account.ipn_networks)
        self._api = MomoApi(account, clock=clock, record=record)

    def accepts(self, amount: int, currency: str) -> bool:
        """Whether MoMo takes payments of this amount."""
        return currency == "VND" and LEAST <= amount <= MOST

    def allowed(self, address: str | None) -> bool:
        """Whether MoMo may call from this address: true for all where none are listed."""
        return not self._callers or address in self._callers

    async def start(self, attempt: Attempt) -> str | None:
        """The address of the page, which MoMo makes; the same call repeated gets the same page.

        MoMo may close the page at another time than the attempt's: how long one lives is agreed with each partner.
        """
        minutes = (attempt.expires_at - attempt.created_at) // 60_000
        fields: dict[str, object] = {
            "requestId": attempt.request_id,
            "orderId": attempt.reference,
            "amount": attempt.amount,
            "orderInfo": " ".join(attempt.title.split())[:LONGEST_TITLE] or attempt.reference,
            "redirectUrl": f"{self._urls}/return",
            "ipnUrl": f"{self._urls}/ipn",
            "requestType": "captureWallet",
            "extraData": "",
            "lang": _language(attempt),
            "autoCapture": not self.two_step,
            "orderExpireTime": max(minutes, 1),
        }
        reply = await self._api.call("/create", CREATE, fields)
        if reply is None:
            return None
        account = self._account
        # Not every partner's replies are signed; those that are must be right.
        if reply.get("signature") and not is_genuine(account.secret_key, account.access_key, CREATE_REPLY, reply):
            log.warning("gateway reply not verified", gateway=GATEWAY, call="/create")
            return None
        url = reply.get("payUrl")
        if reply["resultCode"] != DONE or _number(reply.get("amount")) != attempt.amount or not isinstance(url, str):
            log.info("gateway made no page", gateway=GATEWAY, code=reply["resultCode"])
            return None
        return url if url.startswith(("https://", "http://")) else None

    def read_callback(self, callback: Callback) -> Fact:
        """The fact that a notification states: a JSON object with a signature in it."""
        if callback.content_type.partition(";")[0].strip().lower() != "application/json":
            raise MalformedCallbackError("a notification is application/json")
        values = read_object(callback.body) if len(callback.body) <= MAX_BODY_BYTES else None
        if values is None:
            raise MalformedCallbackError("the body is no JSON object of a fitting size")
        return self._read(values)

    def read_return(self, callback: Callback) -> Fact:
        """What the customer's browser brings back: the fields of a notification as a query."""
        values: dict[str, object] = dict(callback.query)
        if not values:
            raise MalformedCallbackError("nothing was sent")
        if len(values) != len(callback.query):
            raise MalformedCallbackError("a parameter is repeated")
        return self._read(values)

    def _read(self, values: dict[str, object]) -> Fact:
        numbers = {name: _number(values.get(name)) for name in _NUMBERS} | {"amount": _money(values.get("amount"))}
        texts = [values.get(name) or "" for name in RESULT if name not in {"accessKey", *_NUMBERS}]
        if any(number is None for number in numbers.values()) or not all(isinstance(text, str) for text in texts):
            raise MalformedCallbackError("a field is missing or of another kind")
        account = self._account
        if not is_genuine(account.secret_key, account.access_key, RESULT, values):
            raise ForgedCallbackError("the signature is not MoMo's")
        if values.get("partnerCode") != account.partner_code:
            raise ForgedCallbackError("it is for another partner")
        reference, code = values.get("orderId"), numbers["resultCode"] or 0
        if not isinstance(reference, str) or not reference:
            raise MalformedCallbackError("it names no order")
        return Fact(
            gateway=GATEWAY,
            reference=reference,
            # A code that says nothing of the payment leaves it pending: it will be asked for.
            outcome=payment_outcome(code, two_step=self.two_step) or Outcome.PENDING,
            amount=numbers["amount"],
            gateway_id=_transaction(values),
            code=str(code),
        )

    def answer(self, verdict: Verdict) -> CallbackAnswer:
        """MoMo's answer: a status alone, 204 for all that was written down."""
        return CallbackAnswer(status=_STATUS[verdict], body=b"", content_type=None)

    async def query(self, attempt: Attempt) -> Fact:
        """What MoMo says of an attempt: one that it never got is pending, and failed a while after its end."""
        unknown = Fact(gateway=GATEWAY, reference=attempt.reference, outcome=Outcome.UNKNOWN)
        reply = await self._api.call("/query", QUERY, self._about(attempt.reference, attempt))
        if reply is None:
            return unknown
        return self._stated(attempt, reply) or msgspec.structs.replace(unknown, code=str(reply["resultCode"]))

    def _stated(self, attempt: Attempt, reply: dict[str, object]) -> Fact | None:
        """What an unsigned reply states of an attempt, if it says anything that can be trusted."""
        code = _number(reply["resultCode"])
        if code is None:
            return None
        outcome = payment_outcome(code, two_step=self.two_step)
        if code == NOT_FOUND:
            outcome = Outcome.FAILED if self._clock() > attempt.expires_at + UNSEEN_MS else Outcome.PENDING
        taken = outcome in {Outcome.PAID, Outcome.AUTHORISED}
        amount = _money(reply.get("amount")) if taken else None
        if outcome is None or (taken and amount is None):
            return None
        return Fact(
            gateway=GATEWAY,
            reference=attempt.reference,
            outcome=outcome,
            amount=amount,
            gateway_id=_transaction(reply),
            code=str(code),
        )

    async def capture(self, attempt: Attempt) -> Fact:
        """Take the money that was authorised; where MoMo says anything but done, what it says of the attempt."""
        return await self._confirm(attempt, "capture", attempt.amount, Outcome.PAID, str(DONE))

    async def void(self, attempt: Attempt) -> Fact:
        """Let go of money that was authorised; where MoMo says anything but done, what it says of the attempt."""
        fact = await self._confirm(attempt, "cancel", attempt.amount, Outcome.FAILED, CANCELLED)
        if fact.outcome is Outcome.AUTHORISED and fact.amount is not None and fact.amount != attempt.amount:
            # MoMo wants to hear the amount that it authorised, also where that is not what we had asked for.
            return await self._confirm(attempt, "cancel", fact.amount, Outcome.FAILED, CANCELLED)
        return fact

    async def _confirm(self, attempt: Attempt, request: str, amount: int, outcome: Outcome, code: str) -> Fact:
        # The same ids whenever it is repeated: MoMo then gives the same answer.
        request_id = hashlib.sha256(f"{request} {attempt.request_id} {amount}".encode()).hexdigest()[:32]
        fields: dict[str, object] = {
            "requestId": request_id,
            "orderId": attempt.reference,
            "requestType": request,
            "amount": amount,
            "description": "",
            "lang": _language(attempt),
        }
        reply = await self._api.call("/confirm", CONFIRM, fields)
        if reply is None:
            return Fact(gateway=GATEWAY, reference=attempt.reference, outcome=Outcome.UNKNOWN)
        if reply["resultCode"] != DONE or _number(reply.get("amount")) != amount:
            return await self.query(attempt)
        return Fact(
            gateway=GATEWAY,
            reference=attempt.reference,
            outcome=outcome,
            amount=attempt.amount,
            gateway_id=_transaction(reply) or attempt.gateway_id,
            code=code,
        )

    async def refund(self, refund: RefundOrder) -> RefundAnswer:
        """Send money back. MoMo wants the number of the payment, and is asked for it where it is not known."""
        attempt = refund.attempt
        number = attempt.gateway_id or (await self.query(attempt)).gateway_id
        if number is None or not number.isdecimal():
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN, code="no transaction")
        fields: dict[str, object] = {
            "requestId": refund.request_id,
            "orderId": refund.reference,
            "amount": refund.amount,
            "transId": int(number),
            "lang": _language(attempt),
            "description": f"Hoan tien {attempt.reference}",
        }
        reply = await self._api.call("/refund", REFUND, fields)
        return RefundAnswer(outcome=RefundOutcome.UNKNOWN) if reply is None else _refunded(refund, reply)

    async def query_refund(self, refund: RefundOrder) -> RefundAnswer:
        """What became of a refund; MoMo lists it by our reference, or tells of it directly."""
        reply = await self._api.call("/refund/query", QUERY, self._about(refund.reference, refund.attempt))
        if reply is None:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        if reply["resultCode"] == NOT_FOUND:
            return RefundAnswer(outcome=RefundOutcome.FAILED, code=ABSENT)
        listed = reply.get("refundTrans")
        if reply["resultCode"] != DONE or not isinstance(listed, list):
            return _refunded(refund, reply)
        rows = [row for row in listed if isinstance(row, dict) and row.get("orderId") == refund.reference]
        if len(rows) != 1 or not is_whole(rows[0].get("resultCode")):
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        return _refunded(refund, rows[0])

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._api.aclose()

    def _about(self, reference: str, attempt: Attempt) -> dict[str, object]:
        return {"requestId": str(uuid.uuid4()), "orderId": reference, "lang": _language(attempt)}


def _refunded(refund: RefundOrder, row: dict[str, object]) -> RefundAnswer:
    code = _number(row["resultCode"])
    outcome = RefundOutcome.UNKNOWN if code is None else refund_outcome(code)
    if outcome is RefundOutcome.DONE and _number(row.get("amount")) != refund.amount:
        outcome = RefundOutcome.UNKNOWN
    return RefundAnswer(
        outcome=outcome,
        gateway_id=_transaction(row),
        code=str(code),
        again_after_ms=AGAIN_AFTER_MS if code == AGAIN_LATER else None,
    )


def _language(attempt: Attempt) -> str:
    return "vi" if attempt.locale == "vi" else "en"


def _number(value: object) -> int | None:
    """A whole number as JSON or a query writes it; None for anything else: `180000.0` could not be signed again.

    None too for what MoMo's own numbers cannot be: less than nothing, and more than 63 bits hold.
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LONGEST:
        return None
    return value


def _money(value: object) -> int | None:
    """An amount; None also for one beyond all that is ever paid, which could not be written down."""
    number = _number(value)
    return number if number is not None and number <= _MOST_MONEY else None


def _transaction(values: dict[str, object]) -> str | None:
    """MoMo's number of a transaction; it writes 0 where there was none."""
    number = _number(values.get("transId"))
    return str(number) if number else None
