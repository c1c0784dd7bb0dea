"""What was said to gateways and by them, kept for the day on which somebody asks."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

MAX_KEPT_BYTES: Final = 65_536
"""Of a request or an answer no more is kept; gateways' own have about 1,000 bytes."""


class Failure(StrEnum):
    """Why a call had no answer that can be read. Only one that was `unreachable` surely did nothing.

    `timeout`: no whole answer came in time. `broken`: the connection ended, or what came could not be unpacked.
    `too_long` and `no_json`: an answer, but none of a gateway. `abandoned`: we stopped waiting, as a worker does that
    ends.
    """

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    TOO_LONG = "too_long"
    NO_JSON = "no_json"
    ABANDONED = "abandoned"


class GatewayCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call of ours and what came of it: a JSON object where there is no `failure`.

    `id` is its own alone. `kind` is the gateway's name for such calls, `reference` ours for the payment or the refund.
    `sent_at` and `took_ms` are milliseconds. `request` and `answer` are bodies, cut at `MAX_KEPT_BYTES`, without any
    key; `status` and `answer` are there as soon as the gateway began to answer.
    """

    id: str
    gateway: str
    kind: str
    reference: str
    sent_at: int
    took_ms: int
    request: bytes
    failure: Failure | None
    status: int | None
    answer: bytes | None


Record = Callable[[GatewayCall], None]
"""Takes down a call. It neither waits nor raises: no payment may fail because of it."""


def unrecorded(call: GatewayCall) -> None:
    """Takes nothing down."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a gateway as it came: how often, when and from where first and last, and what became of it.

    `received_at` and `last_at` are milliseconds; an address is None where the connection had none.
    """

    id: str
    gateway: str
    kind: str
    reference: str
    received_at: int
    raw: bytes
    verified: bool
    verdict: str
    address: str | None
    last_address: str | None
    last_at: int
    seen: int


class TrafficPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what was said, the newest first; `next` is the cursor of the page after it, None on the last one."""

    said: tuple[GatewayCall | Message, ...]
    next: str | None


class Traffic(Protocol):
    """The record of calls and messages. Any method may raise `UnavailableError`."""

    async def append(self, calls: Sequence[GatewayCall]) -> None:
        """Write calls down; what is written already is not written twice, so a batch may come again."""
        ...

    async def of_order(self, order: str, *, after: str | None, limit: int) -> TrafficPage:
        """What was said about the payments and refunds of an order; nothing of one that there is not.

        `limit` is 1 to 100. Raises ValueError for another, and for a cursor that is none of this list.
        """
        ...

    async def sweep(self, *, before: int, limit: int = 1000) -> int:
        """Remove `limit` calls, and as many messages that nobody vouches for, that are older than `before` (ms).

        Returns how many. Calls about an order stay while money of it is reserved, under review or on its way back; the
        messages that were verified always stay. Nothing that is younger than 62 days can be removed.
        """
        ...
