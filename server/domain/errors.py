"""What can go wrong, in the domain's words; adapters raise these `from` their own cause.

CineBookError
├── NotFoundError                 no such thing
│   ├── ShowtimeNotFoundError
│   ├── CinemaNotFoundError
│   └── OrderNotFoundError
├── OrderExistsError              an order with this id is there already
├── DeliveryError                 a notice that could not be delivered; `permanent`
├── TokenError                    a session token that is forged, expired or revoked
├── ForgedCallbackError           a payment callback that is not the gateway's
├── MalformedCallbackError        a payment callback that cannot be read
└── RefusedError                  a request about seats that granted nothing; carries its `Code`
    ├── UnknownSeatError          422, `seats`
    ├── ReadOnlyError             401
    ├── SalesClosedError          409
    ├── LimitExceededError        409, `rejected` in mode `any`
    ├── SeatsUnavailableError     409, `seats`, `rejected` in mode `any`
    ├── NotHeldError              409, `seats`
    ├── GoneError                 410, `seats`
    ├── ConflictError             409, `order` or `total`
    ├── HoldCapError              409
    ├── IdempotencyMismatchError  422
    ├── IdempotencyInProgressError  409, `retry_after_ms`
    ├── RateLimitedError          429, `retry_after_ms`
    └── UnavailableError          503, `outcome`, `retry_after_ms`

What concerns one part alone stands there, below the same root: accounts in `server.domain.staff`, refunds in
`server.domain.refunds`, receipts and ticket codes beside what makes them.
"""

from enum import StrEnum
from typing import ClassVar

from protocol.codes import Code, Outcome
from server.domain.holds import RejectedSeat


class CineBookError(Exception):
    """The root of what can go wrong between the parts."""


class NotFoundError(CineBookError):
    """There is no such thing; the message names the kind and the id."""


class ShowtimeNotFoundError(NotFoundError):
    """There is no showtime with this id."""

    def __init__(self, showtime: str) -> None:
        super().__init__(f"no showtime {showtime!r}")
        self.showtime = showtime


class CinemaNotFoundError(NotFoundError):
    """There is no cinema with this id."""

    def __init__(self, cinema: str) -> None:
        super().__init__(f"no cinema {cinema!r}")
        self.cinema = cinema


class OrderNotFoundError(NotFoundError):
    """There is no order with this id."""

    def __init__(self, order: str) -> None:
        super().__init__(f"no order {order!r}")
        self.order = order


class OrderExistsError(CineBookError):
    """There is an order with this id already: the request that placed it came before."""

    def __init__(self, order: str) -> None:
        super().__init__(f"order {order!r} exists")
        self.order = order


class DeliveryError(CineBookError):
    """A notice could not be delivered; the message names the kind of failure, never whom it was for.

    `permanent`: trying again is of no use.
    """

    def __init__(self, failure: str, *, permanent: bool = False) -> None:
        super().__init__(failure)
        self.permanent = permanent


class TokenError(CineBookError):
    """A session token that is forged, expired or revoked; the message never repeats the token."""


class ForgedCallbackError(CineBookError):
    """A payment callback without the gateway's signature, or for another merchant; nothing of it is believed."""


class MalformedCallbackError(CineBookError):
    """A payment callback that cannot be read, signed or not; the message never repeats its content."""


class RefusedError(CineBookError):
    """A request about seats that granted nothing; nothing changed unless the code is `unavailable`, outcome unknown."""

    code: ClassVar[Code]

    def __init__(
        self,
        *,
        seats: tuple[int, ...] = (),
        rejected: tuple[RejectedSeat, ...] = (),
        outcome: Outcome | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        self.seats = seats
        """Indexes of the seats that the code is about; empty where it is about none in particular."""
        self.rejected = rejected
        """In mode `any`: each seat with the code that it failed by."""
        self.outcome = outcome
        self.retry_after_ms = retry_after_ms
        super().__init__(self.code.value)

    def __str__(self) -> str:
        parts = [self.code.value]
        if self.seats:
            parts.append(f"seats {', '.join(map(str, self.seats))}")
        if self.outcome is not None:
            parts.append(f"outcome {self.outcome.value}")
        return ": ".join(parts)


class UnknownSeatError(RefusedError):
    """The layout has no seat at these indexes; the whole request is refused, in every mode."""

    code = Code.UNKNOWN_SEAT


class ReadOnlyError(RefusedError):
    """The connection has no holder, or is a display."""

    code = Code.READ_ONLY


class SalesClosedError(RefusedError):
    """The showtime is outside its sales window, by the seat store's clock."""

    code = Code.SALES_CLOSED


class LimitExceededError(RefusedError):
    """The holder would have more than `max_seats`."""

    code = Code.LIMIT_EXCEEDED


class SeatsUnavailableError(RefusedError):
    """At least one seat is not free; `seats` are those that are not."""

    code = Code.SEATS_UNAVAILABLE


class NotHeldError(RefusedError):
    """The holder does not hold `seats`, so they cannot be extended or checked out."""

    code = Code.NOT_HELD


class GoneError(RefusedError):
    """The holder's own hold on `seats` ended, by its expiry or by a takeover, before they were checked out."""

    code = Code.GONE


class Conflict(StrEnum):
    """What is not so any more. `ordered`: another order of the same holder has the seats; `sold`: somebody else's."""

    PRICE = "price"
    ORDERED = "ordered"
    SOLD = "sold"
    NOT_OPEN = "not_open"
    ATTEMPTS = "attempts"
    NOT_IN_REVIEW = "not_in_review"
    NOT_FAILED = "not_failed"
    REFUNDS = "refunds"


class ConflictError(RefusedError):
    """What the request builds on is not so any more, for this `reason`.

    With `order`, `seats` are in that other checkout of the same holder; with `total`, that is the price now, in the
    minor unit of the showtime's currency.
    """

    code = Code.CONFLICT

    def __init__(
        self, reason: Conflict, *, order: str | None = None, total: int | None = None, seats: tuple[int, ...] = ()
    ) -> None:
        super().__init__(seats=seats)
        self.reason = reason
        self.order = order
        self.total = total


class IdempotencyMismatchError(RefusedError):
    """The idempotency key came with another request before; nothing was done for this one."""

    code = Code.IDEMPOTENCY_MISMATCH


class IdempotencyInProgressError(RefusedError):
    """A request with the same idempotency key is still running; ask again after `retry_after_ms`."""

    code = Code.IDEMPOTENCY_IN_PROGRESS

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(retry_after_ms=retry_after_ms)


class HoldCapError(RefusedError):
    """No seat would gain: each is held to its cap, `max_hold_ms` after it was first locked."""

    code = Code.HOLD_CAP


class RateLimitedError(RefusedError):
    """Too many requests; the next one is looked at in `retry_after_ms`."""

    code = Code.RATE_LIMITED

    def __init__(self, *, retry_after_ms: int) -> None:
        super().__init__(retry_after_ms=retry_after_ms)


class UnavailableError(RefusedError):
    """The seat store did not answer.

    With outcome `unknown` the command may still take effect until the store's clock has passed `not_after`
    (milliseconds); a read of the holder's holds after that is final.
    """

    code = Code.UNAVAILABLE

    def __init__(self, outcome: Outcome, *, retry_after_ms: int | None = 1000, not_after: int | None = None) -> None:
        super().__init__(outcome=outcome, retry_after_ms=retry_after_ms)
        self.not_after = not_after
