"""How the business of payments goes, for staff and for alarms."""

from typing import Protocol

import msgspec


class GatewayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts that were started in a window at one gateway.

    `attempts` counts them by `PaymentState`. `success` is the part of those with an end whose money was taken, None
    where none has one. `confirm_p50_ms` and `confirm_p95_ms` are from the start to the gateway's word that it was.
    """

    gateway: str
    attempts: dict[str, int]
    success: float | None
    confirm_p50_ms: int | None
    confirm_p95_ms: int | None


class MoneyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The money of the orders that were placed in a window, in the minor unit of one currency.

    `captured` = `kept` for tickets + `refunded` + `returning` + `waiting` for the seats of an expired order. What is
    left of that is `unexplained`, and must be 0.
    """

    currency: str
    captured: int
    kept: int
    refunded: int
    returning: int
    waiting: int

    @property
    def unexplained(self) -> int:
        """Money of which the books do not say what it is for."""
        return self.captured - self.kept - self.refunded - self.returning - self.waiting


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is so now, beside what was in the window.

    `open_refunds` are all that are not done, the oldest asked for at `oldest_refund_at` (ms), `failed_refunds` those
    of them that wait for a person. `contradictions` are refunds that staff ended by hand and of which the gateway said
    another end after that, within the window. `unanswered` are attempts of which the gateway said nothing final for an
    hour after their deadline. `mismatches` are attempts of the window that were paid by another amount than asked.
    `waiting_jobs` and `dead_letters` are the outbox's, `reviews` orders under review, `overdue` open orders whose
    deadline has passed.
    """

    gateways: tuple[GatewayFigures, ...]
    money: tuple[MoneyFigures, ...]
    open_refunds: int
    oldest_refund_at: int | None
    failed_refunds: int
    contradictions: int
    mismatches: int
    unanswered: int
    waiting_jobs: int
    dead_letters: int
    reviews: int
    overdue: int


class Monitoring(Protocol):
    """Read from the database in one transaction; each question costs a little, so ask every few seconds at most."""

    async def figures(self, *, since: int, now: int) -> Figures:
        """What is so at `now`, and what was from `since` (ms) on; raises `UnavailableError`."""
        ...
