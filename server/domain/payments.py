"""What is said between us and a payment gateway, in words that hold for every gateway.

Amounts are integers in the minor unit of the currency, whatever the gateway writes; instants are ms since the epoch.
"""

from enum import StrEnum
from typing import Final

import msgspec

UNSEEN_MS: Final = 900_000
"""How long after its end an attempt that the gateway knows nothing of counts as pending.

Whoever was at the bank when it ended may finish after it; taken as failed, that payment would never be asked about.
"""


class Outcome(StrEnum):
    """What a gateway says of one attempt to pay.

    `suspected`: the money was taken, and the gateway suspects fraud. `authorised`: it is reserved, to be captured or
    voided. `unknown`: the gateway did not answer, or nothing that can be trusted; it says nothing about the money.
    """

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    SUSPECTED = "suspected"
    AUTHORISED = "authorised"
    UNKNOWN = "unknown"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A verified statement of a gateway about the attempt with this `reference`; `amount` as the gateway has it.

    `gateway_id` is the gateway's own number of the transaction, `code` what it gave as the reason, both as sent.
    """

    gateway: str
    reference: str
    outcome: Outcome
    amount: int | None = None
    gateway_id: str | None = None
    code: str | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to pay an order, as a gateway is told of it; it is written down before the gateway is.

    `reference` is ours, new for each attempt, 24 of `[a-z2-7]`; `request_id` 32 hex digits. `created_at` is what
    gateways want repeated later as the time of the transaction. `title` says in a line what is bought, in any script;
    `client_ip` is the customer's address where it is known.
    """

    order: str
    reference: str
    request_id: str
    amount: int
    currency: str
    created_at: int
    expires_at: int
    title: str
    locale: str
    client_ip: str | None = None
    gateway_id: str | None = None


class RefundOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Money to be sent back: `amount` of what `attempt` paid, `full` if it is all of it and nothing went back before.

    `reference` (24 of `[a-z2-7]`) and `request_id` (32 hex digits) are this refund's own and the same whenever it is
    sent again, but for a `request_id` that an answer asked to have changed. `by` names who asked for it, as gateways
    want to know it: a staff login or `system`. `gateway_id` is the gateway's number of this refund, once it said one:
    it tells refunds of one payment apart. `earlier` are the numbers of those that were asked for before it.
    """

    attempt: Attempt
    reference: str
    request_id: str
    amount: int
    full: bool
    by: str
    reason: str
    created_at: int
    gateway_id: str | None = None
    earlier: tuple[str, ...] = ()


class RefundOutcome(StrEnum):
    """What became of a refund that was sent. `sent`: accepted, ask again later. `unknown`: ask before sending anew."""

    DONE = "done"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


ABSENT: Final = "absent"
"""The code of a refund that the gateway never got."""


class RefundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's answer to a refund, with its number and the code of its reason.

    `again_after_ms`: a failure that the gateway calls passing; the same refund may be sent again after it.
    `request_id`: what it must be sent under if it is sent again, where the gateway takes each id but once.
    """

    outcome: RefundOutcome
    gateway_id: str | None = None
    code: str | None = None
    again_after_ms: int | None = None
    request_id: str | None = None


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """A request that claims to come from a gateway, before anything of it is believed.

    `query` are its decoded pairs in the order sent, repeated ones too; `query_string` is what they were decoded from,
    which is kept as it came.
    """

    query: tuple[tuple[str, str], ...]
    body: bytes
    content_type: str
    query_string: bytes = b""


class Verdict(StrEnum):
    """What became of a callback; each gateway has its own answer for each.

    `recorded`: the fact was written down, a failed payment too. `already`: it was known. `mismatch`: the amount is not
    the attempt's. `error`: it could not be recorded now, and should come again.
    """

    RECORDED = "recorded"
    ALREADY = "already"
    UNKNOWN_REFERENCE = "unknown_reference"
    MISMATCH = "mismatch"
    FORGED = "forged"
    MALFORMED = "malformed"
    ERROR = "error"


class CallbackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway is answered, word for word."""

    status: int
    body: bytes
    content_type: str | None
