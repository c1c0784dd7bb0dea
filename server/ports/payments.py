"""The gateways that customers pay through."""

from typing import Protocol

from server.domain.payments import (
    Attempt,
    Callback,
    CallbackAnswer,
    Fact,
    RefundAnswer,
    RefundOrder,
    Verdict,
)


class PaymentGateway(Protocol):
    """One gateway. It keeps no state: whoever calls it has written down before what it is about to say.

    A method that talks to the gateway never raises for a silent, slow or broken one: it answers `unknown`.
    """

    @property
    def name(self) -> str:
        """What orders, paths and metrics call it: `vnpay`, `momo`, `sandbox`."""
        ...

    @property
    def two_step(self) -> bool:
        """Whether payments are authorised first and captured by us."""
        ...

    @property
    def offline(self) -> bool:
        """Whether `start` answers without asking anybody, so that it may be called before the attempt is written."""
        ...

    def accepts(self, amount: int, currency: str) -> bool:
        """Whether the gateway takes payments of this amount."""
        ...

    def allowed(self, address: str | None) -> bool:
        """Whether the gateway may call from this address: true for all where none are listed."""
        ...

    async def start(self, attempt: Attempt) -> str | None:
        """Where to send the customer; the same attempt may be started again. None if the gateway did not say."""
        ...

    def read_callback(self, callback: Callback) -> Fact:
        """The fact that a callback states, signature and merchant checked.

        Raises `ForgedCallbackError` for one that is not the gateway's, `MalformedCallbackError` for an unreadable one.
        """
        ...

    def read_return(self, callback: Callback) -> Fact:
        """What the customer's browser brings back; as `read_callback`, and never reason enough to change an order."""
        ...

    def answer(self, verdict: Verdict) -> CallbackAnswer:
        """What the gateway wants to hear about its callback."""
        ...

    async def query(self, attempt: Attempt) -> Fact:
        """What the gateway says of an attempt now; `unknown` where it does not say, or nothing that can be trusted."""
        ...

    async def capture(self, attempt: Attempt) -> Fact:
        """Take the money that was authorised; the same call may be repeated."""
        ...

    async def void(self, attempt: Attempt) -> Fact:
        """Let go of money that was authorised: `failed` once it is; the same call may be repeated."""
        ...

    async def refund(self, refund: RefundOrder) -> RefundAnswer:
        """Send money back. After `unknown` ask `query_refund` first, never send blindly."""
        ...

    async def query_refund(self, refund: RefundOrder) -> RefundAnswer:
        """What became of a refund. `failed` with code `absent` if the gateway never got it: then it may be sent."""
        ...
