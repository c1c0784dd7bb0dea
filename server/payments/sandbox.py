"""The gateway that is built in: whoever opens its page decides what the customer does. It takes no money.

It keeps to the same rules as the others: signed callbacks, questions, refunds. What was decided is in a ledger that
all workers share.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

import msgspec

from server.domain.errors import ForgedCallbackError, MalformedCallbackError, UnavailableError
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
from server.payments.client import read_object
from server.payments.hashes import same_hash
from server.payments.sandbox_tokens import SandboxPage, callback_hash, page_token, read_token
from server.ports.sandbox import SandboxLedger, SandboxPayment

MOST: Final = (1 << 53) - 1
"""Numbers on the wire stay within 2^53 - 1."""

MAX_BODY_BYTES: Final = 65_536

_STATUS: Final = {
    Verdict.RECORDED: 200,
    Verdict.ALREADY: 200,
    Verdict.MISMATCH: 409,
    Verdict.UNKNOWN_REFERENCE: 404,
    Verdict.FORGED: 403,
    Verdict.MALFORMED: 400,
    Verdict.ERROR: 503,
}


class SandboxChoice(StrEnum):
    """What the page's customer does. Late, twice and never are a matter of when the page sends the callback."""

    PAY = "pay"
    FAIL = "fail"
    CANCEL = "cancel"
    SUSPECT = "suspect"


_MEANING: Final = {
    SandboxChoice.PAY: (Outcome.PAID, "approved"),
    SandboxChoice.FAIL: (Outcome.FAILED, "declined"),
    SandboxChoice.CANCEL: (Outcome.FAILED, "cancelled"),
    SandboxChoice.SUSPECT: (Outcome.SUSPECTED, "suspected"),
}


class SandboxNews(msgspec.Struct, frozen=True, kw_only=True):
    """A callback, where it is to be posted, and where the customer's browser goes after it."""

    callback: Callback
    ipn_url: str
    return_url: str


class SandboxGateway:
    """The sandbox as the port wants it. `key` signs for this purpose alone; `base_url` is where people reach us."""

    name: Final = "sandbox"
    two_step: Final = False
    offline: Final = True

    def __init__(self, *, key: bytes, ledger: SandboxLedger, base_url: str, clock: Callable[[], int]) -> None:
        self._key = key
        self._ledger = ledger
        self._base_url = base_url
        self._clock = clock

    def accepts(self, amount: int, currency: str) -> bool:
        """Whether the sandbox takes payments of this amount: any, in whatever currency."""
        return 0 < amount <= MOST and bool(currency)

    def allowed(self, address: str | None) -> bool:  # noqa: ARG002  the port asks, and the answer is the same for all
        """Whether the sandbox may call from this address: its callbacks come from browsers, so from everywhere."""
        return True

    async def start(self, attempt: Attempt) -> str | None:
        """The address of the page, with the attempt in its fragment, which is sent to no server."""
        return f"{self._base_url}/sandbox/pay#{page_token(self._key, attempt)}"

    def read_page(self, token: str) -> SandboxPage:
        """What the page shows; raises `ForgedCallbackError` for a token that is not the sandbox's."""
        return read_token(self._key, token)

    async def callback_for(self, token: str, choice: SandboxChoice) -> SandboxNews:
        """Write down what the customer does and return the callback about it; again, what stands.

        Raises `ForgedCallbackError` for a token that is not the sandbox's, and `UnavailableError`.
        """
        page = read_token(self._key, token)
        outcome, code = _MEANING[choice]
        stands = await self._ledger.decide(page.reference, outcome=outcome, amount=page.amount, code=code)
        values: dict[str, object] = {
            "reference": stands.reference,
            "outcome": stands.outcome.value,
            "amount": stands.amount,
            "transaction": str(stands.number),
            "code": stands.code,
        }
        values["signature"] = callback_hash(self._key, values)
        callback = Callback(query=(), body=msgspec.json.encode(values), content_type="application/json")
        urls = f"{self._base_url}/api/v1/payments/sandbox"
        return SandboxNews(callback=callback, ipn_url=f"{urls}/ipn", return_url=f"{urls}/return?{urlencode(values)}")

    def read_callback(self, callback: Callback) -> Fact:
        """The fact that a callback states: a JSON object with a signature in it."""
        if callback.content_type.partition(";")[0].strip().lower() != "application/json":
            raise MalformedCallbackError("a callback is application/json")
        values = read_object(callback.body) if len(callback.body) <= MAX_BODY_BYTES else None
        if values is None:
            raise MalformedCallbackError("the body is no JSON object of a fitting size")
        return self._read(values)

    def read_return(self, callback: Callback) -> Fact:
        """What the customer's browser brings back: the fields of a callback as a query."""
        values: dict[str, object] = dict(callback.query)
        if not values or len(values) != len(callback.query):
            raise MalformedCallbackError("nothing was sent, or a parameter is repeated")
        return self._read(values)

    def _read(self, values: dict[str, object]) -> Fact:
        try:
            expected = callback_hash(self._key, values)
        except ValueError as error:
            raise MalformedCallbackError("a field is of another kind") from error
        if not same_hash(expected, values.get("signature")):
            raise ForgedCallbackError("the signature is not the sandbox's")
        # Signed by us: what is in it was written by `callback_for`, as text where a browser brought it.
        return Fact(
            gateway=self.name,
            reference=str(values["reference"]),
            outcome=Outcome(str(values["outcome"])),
            amount=int(str(values["amount"])),
            gateway_id=str(values["transaction"]),
            code=str(values["code"]),
        )

    def answer(self, verdict: Verdict) -> CallbackAnswer:
        """The verdict, as JSON that the page may show."""
        body = msgspec.json.encode({"verdict": verdict.value})
        return CallbackAnswer(status=_STATUS[verdict], body=body, content_type="application/json")

    async def query(self, attempt: Attempt) -> Fact:
        """What was decided about an attempt; while nothing is, it is pending, and failed a while after its end."""
        try:
            stands = await self._ledger.payment(attempt.reference)
        except UnavailableError:
            return Fact(gateway=self.name, reference=attempt.reference, outcome=Outcome.UNKNOWN)
        if stands is not None:
            return self._stated(stands)
        ended = self._clock() > attempt.expires_at + UNSEEN_MS
        outcome, code = (Outcome.FAILED, "abandoned") if ended else (Outcome.PENDING, None)
        return Fact(gateway=self.name, reference=attempt.reference, outcome=outcome, code=code)

    def _stated(self, stands: SandboxPayment) -> Fact:
        return Fact(
            gateway=self.name,
            reference=stands.reference,
            outcome=stands.outcome,
            amount=stands.amount,
            gateway_id=str(stands.number),
            code=stands.code,
        )

    async def capture(self, attempt: Attempt) -> Fact:
        """The sandbox takes the money at once: the answer is what it says of the attempt."""
        return await self.query(attempt)

    async def void(self, attempt: Attempt) -> Fact:
        """The sandbox takes the money at once: the answer is what it says of the attempt."""
        return await self.query(attempt)

    async def refund(self, refund: RefundOrder) -> RefundAnswer:
        """Send money back: `done`, or `failed` if so much was not taken or is not left."""
        try:
            done = await self._ledger.refund(refund.reference, payment=refund.attempt.reference, amount=refund.amount)
        except UnavailableError:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        if not done:
            return RefundAnswer(outcome=RefundOutcome.FAILED, code="refused")
        return RefundAnswer(outcome=RefundOutcome.DONE, gateway_id=refund.reference)

    async def query_refund(self, refund: RefundOrder) -> RefundAnswer:
        """Whether a refund was done."""
        try:
            amount = await self._ledger.refunded(refund.reference)
        except UnavailableError:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        if amount is None:
            return RefundAnswer(outcome=RefundOutcome.FAILED, code=ABSENT)
        return RefundAnswer(outcome=RefundOutcome.DONE, gateway_id=refund.reference)

    async def aclose(self) -> None:
        """It has nothing to let go."""
