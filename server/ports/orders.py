"""Orders in the database, which has the last word on who owns a seat."""

from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Protocol

import msgspec

from server.domain.holds import Once
from server.domain.orders import Effect, Order
from server.domain.staff import AuditEntry


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the first request with an idempotency key was answered: status and body, as sent."""

    status: int
    body: bytes


class CallbackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a gateway as it came, kept for the day on which somebody asks.

    `kind` is `ipn`, `return` or `query`; `verdict` what became of it; `raw` the query string or the body, byte by byte
    (both with a line feed between, where both were sent); `address` where it came from, behind trusted proxies. The
    same message (same gateway, kind and `raw`) is kept once, with how often it came, and where from first and last.
    """

    gateway: str
    kind: str
    raw: bytes
    verified: bool
    verdict: str
    reference: str | None
    received_at: int
    address: str | None = None


class Keeping(StrEnum):
    """What became of a message that was to be kept: it is there now, it was there before, or there was no room."""

    NEW = "new"
    KNOWN = "known"
    NO_ROOM = "no_room"


class Change(Protocol):
    """One order inside a transaction, its row locked; what is set here is written together when the block ends.

    The block keeps a connection to the database: it should wait for nothing else.
    """

    order: Order
    """The order as it is; set it to what it shall be. Its `row_version` is raised if it differs."""

    effects: list[Effect]
    """What is to be done after the commit."""

    audit: list[AuditEntry]
    """Acts of staff, written in this transaction."""

    callback: CallbackRecord | None
    """The message that caused this."""

    def answer(self, holder: str, once: Once, kept: KeptAnswer) -> None:
        """Keep the answer of an idempotent request with this change.

        The end of the block raises `IdempotencyMismatchError`, or `IdempotencyInProgressError` where the same request
        was answered meanwhile, and writes nothing.
        """
        ...


class Orders(Protocol):
    """Orders with their seats, payments and refunds. Any method may raise `UnavailableError`.

    Its outcome is `unknown` where a commit was sent and not answered: then read the order again.
    """

    async def place(
        self,
        order: Order,
        effects: tuple[Effect, ...] = (),
        *,
        once: Once | None = None,
        kept: KeptAnswer | None = None,
    ) -> None:
        """Write a new order with its seats under the unique index, all or nothing, in one transaction.

        With `once` the key is written too, with the answer or, where that is not known yet, as unfinished (leased for
        60 s). An open order of these seats past its deadline is expired in the same transaction. Raises
        `ConflictError` with the order that has one of the seats live (`order` only if it is of the same holder),
        `GoneError` with seats whose grant is older than one that the database knows, `IdempotencyMismatchError`,
        `IdempotencyInProgressError`, `OrderExistsError` if there is one with this id.
        """
        ...

    def change(self, order: str) -> AbstractAsyncContextManager[Change]:
        """One order for update; everything is undone if the block raises. Raises `OrderNotFoundError` on entry.

        On exit raises `ConflictError` where a seat that is made live is another order's, and writes nothing.
        """
        ...

    async def order(self, order: str) -> Order:
        """An order as committed; raises `OrderNotFoundError`."""
        ...

    async def of_reference(self, gateway: str, reference: str) -> str | None:
        """The id of the order that a payment reference is of."""
        ...

    async def kept(self, holder: str, once: Once, *, now: int) -> KeptAnswer | str | None:
        """What was answered under a key; the id of an order whose request died unfinished; None if the key is new.

        Who is given an order is to finish its request, and has 60 s for it. Raises `IdempotencyMismatchError`, and
        `IdempotencyInProgressError` while the lease of 60 s runs.
        """
        ...

    async def forget(self, *, now: int) -> int:
        """Drop idempotency keys that are older than 24 h; how many."""
        ...

    async def record(self, callback: CallbackRecord) -> bool:
        """Keep a message that changed nothing; whether it was new."""
        ...

    async def record_unverified(self, callback: CallbackRecord, *, most: int, since: int) -> Keeping:
        """Keep a message that nobody vouches for, unless `most` of its gateway came after `since` (ms) already.

        One that is kept already always counts once more. Where many come at once, a few more than `most` may be kept.
        """
        ...

    async def overdue(self, *, now: int, limit: int = 100) -> tuple[str, ...]:
        """Open orders whose deadline has passed, oldest first."""
        ...

    async def to_ask(self, *, now: int, lease_ms: int = 60_000, limit: int = 20) -> tuple[tuple[str, str], ...]:
        """(order, reference) of payments whose `ask_at` has passed; each is given to one worker for `lease_ms`."""
        ...

    async def unsettled_refunds(self, *, now: int, lease_ms: int, limit: int = 20) -> tuple[tuple[str, str], ...]:
        """(order, reference) of refunds to ask their gateways about, each given to one worker for `lease_ms`.

        They are `sent` or `unknown`, or were begun within the last 30 days and ended by hand after they were sent, and
        the gateway has not said it.
        """
        ...
