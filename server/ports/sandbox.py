"""What the sandbox gateway remembers of those who played customers, so that every worker answers the same."""

from typing import Protocol

import msgspec

from server.domain.payments import Outcome


class SandboxPayment(msgspec.Struct, frozen=True, kw_only=True):
    """What stands of an attempt: `paid`, `suspected` or `failed`, for this reason, under the sandbox's own number."""

    reference: str
    outcome: Outcome
    amount: int
    code: str
    number: int


class SandboxLedger(Protocol):
    """The books of the sandbox. Every method raises `UnavailableError`."""

    async def decide(self, reference: str, *, outcome: Outcome, amount: int, code: str) -> SandboxPayment:
        """Write a decision down, return what stands: money once taken stays taken, what failed may be tried again."""
        ...

    async def payment(self, reference: str) -> SandboxPayment | None:
        """What stands of an attempt; None if nobody decided."""
        ...

    async def refund(self, reference: str, *, payment: str, amount: int) -> bool:
        """Send money of a payment back, once per `reference`; atomic. False if so much was not taken or is not left."""
        ...

    async def refunded(self, reference: str) -> int | None:
        """What the refund with this reference sent back; None if there is none."""
        ...
