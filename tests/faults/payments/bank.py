"""A gateway in another house: it keeps books of its own, signs what it says, and has its moods.

Unlike the sandbox it is asked where to send the customer, may reserve money to be captured later, and may take another
sum than it was asked for. Its books outlive every worker.
"""

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from server.domain.errors import ForgedCallbackError, MalformedCallbackError
from server.domain.payments import (
    ABSENT,
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

SHORT: Final = 1000
"""What is missing where less was taken than asked for."""


class Choice(StrEnum):
    """What a customer does at the bank; `reserve`: the bank reserves the money; `short`: it takes too little."""

    PAY = "pay"
    FAIL = "fail"
    SUSPECT = "suspect"
    RESERVE = "reserve"
    SHORT = "short"


class Mood(StrEnum):
    """What the bank makes of one request of ours.

    `deaf`: it never got it. `mute`: it did it, and the answer is lost. `slow`: it accepts a refund, and does it before
    it is asked about it. `busy`: it refuses a refund for now. `stern`: it refuses a refund for good. `vague`: it notes
    the request id of a refund, does nothing, and says nothing that could be understood.
    """

    DEAF = "deaf"
    MUTE = "mute"
    SLOW = "slow"
    BUSY = "busy"
    STERN = "stern"
    VAGUE = "vague"


@dataclass
class Entry:
    """One attempt in the bank's books: what it says of it, what it took, and what it sent back, by reference."""

    amount: int
    outcome: Outcome = Outcome.PENDING
    taken: int = 0
    voided: bool = False
    refunds: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)

    def returned(self) -> int:
        """All that went back."""
        return sum(self.refunds.values())


class Bank:
    """`PaymentGateway`. `moods` are spent one a request; without any the bank does at once what it is asked."""

    name: Final = "bank"
    two_step: Final = True
    offline: Final = False

    def __init__(self) -> None:
        self.books: dict[str, Entry] = {}
        self.moods: deque[Mood] = deque()

    def accepts(self, amount: int, currency: str) -> bool:
        """Everything."""
        return amount > SHORT and bool(currency)

    def allowed(self, address: str | None) -> bool:
        """From nowhere in particular."""
        return address is None

    async def start(self, attempt: Attempt) -> str | None:
        """The page of this attempt."""
        mood = self._mood()
        if mood is Mood.DEAF:
            return None
        self.books.setdefault(attempt.reference, Entry(amount=attempt.amount))
        return None if mood is Mood.MUTE else f"http://bank.example/#{attempt.reference}"

    def decide(self, reference: str, choice: Choice) -> Callback:
        """The customer decides, unless that was done before; the callback about what stands."""
        entry = self.books[reference]
        if entry.outcome in {Outcome.PENDING, Outcome.FAILED} and not entry.voided:
            entry.outcome = {
                Choice.FAIL: Outcome.FAILED,
                Choice.SUSPECT: Outcome.SUSPECTED,
                Choice.RESERVE: Outcome.AUTHORISED,
            }.get(choice, Outcome.PAID)
            if entry.outcome in {Outcome.PAID, Outcome.SUSPECTED}:
                entry.taken = entry.amount - (SHORT if choice is Choice.SHORT else 0)
        return self._signed(reference, entry)

    def _signed(self, reference: str, entry: Entry) -> Callback:
        amount = entry.taken or entry.amount
        body = f"{reference} {entry.outcome.value} {amount}".encode()
        return Callback(query=(), body=body + b" " + _hash(body), content_type="text/plain")

    def read_callback(self, callback: Callback) -> Fact:
        """What was signed."""
        body, _, signature = callback.body.rpartition(b" ")
        if not body:
            raise MalformedCallbackError("there is no signature")
        if not hmac.compare_digest(_hash(body), signature):
            raise ForgedCallbackError("the signature is another")
        reference, outcome, amount = body.decode().split(" ")
        return Fact(gateway=self.name, reference=reference, outcome=Outcome(outcome), amount=int(amount))

    def read_return(self, callback: Callback) -> Fact:
        """The same."""
        return self.read_callback(callback)

    def answer(self, verdict: Verdict) -> CallbackAnswer:
        """The verdict; 200 where it need not be told again."""
        status = {Verdict.FORGED: 403, Verdict.MALFORMED: 400, Verdict.ERROR: 503}.get(verdict, 200)
        return CallbackAnswer(status=status, body=verdict.value.encode(), content_type="text/plain")

    async def query(self, attempt: Attempt) -> Fact:
        """What stands."""
        if self._mood() in {Mood.DEAF, Mood.MUTE}:
            return self._silence(attempt)
        entry = self.books.get(attempt.reference)
        if entry is None:
            return Fact(gateway=self.name, reference=attempt.reference, outcome=Outcome.FAILED)
        return self.read_callback(self._signed(attempt.reference, entry))

    async def capture(self, attempt: Attempt) -> Fact:
        """Take what was reserved."""
        return self._end_reservation(attempt, Outcome.PAID)

    async def void(self, attempt: Attempt) -> Fact:
        """Let go of what was reserved."""
        return self._end_reservation(attempt, Outcome.FAILED)

    def _end_reservation(self, attempt: Attempt, outcome: Outcome) -> Fact:
        mood, entry = self._mood(), self.books[attempt.reference]
        if mood is Mood.DEAF:
            return self._silence(attempt)
        if entry.outcome is Outcome.AUTHORISED:
            entry.outcome = outcome
            entry.taken = entry.amount if outcome is Outcome.PAID else 0
            entry.voided = outcome is Outcome.FAILED
        return (
            self._silence(attempt) if mood is Mood.MUTE else self.read_callback(self._signed(attempt.reference, entry))
        )

    async def refund(self, refund: RefundOrder) -> RefundAnswer:
        """Send money back, once for each reference and request id; a refund that was refused stays refused."""
        mood, entry = self._mood(), self.books[refund.attempt.reference]
        if mood is Mood.DEAF:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        if mood is Mood.BUSY:
            return RefundAnswer(outcome=RefundOutcome.FAILED, code="busy", again_after_ms=5000)
        anew = hashlib.sha256(refund.request_id.encode()).hexdigest()[:32]
        if refund.request_id in entry.requests:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN, code="duplicate", request_id=anew)
        entry.requests.add(refund.request_id)
        if mood is Mood.VAGUE:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN, code="vague", request_id=anew)
        if mood is Mood.STERN or refund.reference in entry.refused:
            entry.refused.add(refund.reference)
            return RefundAnswer(outcome=RefundOutcome.FAILED, code="refused")
        assert refund.reference not in entry.refunds, "a refund that was done was sent again"
        assert entry.returned() + refund.amount <= entry.taken, "more is to go back than was taken"
        assert refund.full == (refund.amount == entry.taken)
        entry.refunds[refund.reference] = refund.amount
        if mood is Mood.MUTE:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        return RefundAnswer(outcome=RefundOutcome.SENT if mood is Mood.SLOW else RefundOutcome.DONE)

    async def query_refund(self, refund: RefundOrder) -> RefundAnswer:
        """Whether it was done."""
        if self._mood() in {Mood.DEAF, Mood.MUTE}:
            return RefundAnswer(outcome=RefundOutcome.UNKNOWN)
        entry = self.books[refund.attempt.reference]
        if refund.reference in entry.refused:
            return RefundAnswer(outcome=RefundOutcome.FAILED, code="refused")
        if refund.reference not in entry.refunds:
            return RefundAnswer(outcome=RefundOutcome.FAILED, code=ABSENT)
        return RefundAnswer(outcome=RefundOutcome.DONE)

    def _mood(self) -> Mood | None:
        return self.moods.popleft() if self.moods else None

    def _silence(self, attempt: Attempt) -> Fact:
        return Fact(gateway=self.name, reference=attempt.reference, outcome=Outcome.UNKNOWN)

    async def aclose(self) -> None:
        """It has nothing to let go."""


def forged(callback: Callback, gateway: str) -> Callback:
    """The same callback about other money, under the same signature."""
    if gateway == Bank.name:
        body, _, signature = callback.body.rpartition(b" ")
        return msgspec.structs.replace(callback, body=body + b"0 " + signature)
    values = msgspec.json.decode(callback.body)
    return msgspec.structs.replace(callback, body=msgspec.json.encode({**values, "amount": values["amount"] * 10}))


def _hash(body: bytes) -> bytes:
    return hmac.new(b"the bank's", body, hashlib.sha256).hexdigest().encode()


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that a gateway has ready, about an attempt to pay `order`."""

    order: str
    gateway: str
    reference: str
    callback: Callback
