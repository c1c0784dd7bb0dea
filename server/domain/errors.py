"""What can go wrong, in the domain's words; adapters raise these `from` their own cause.

CineBookError
├── NotFoundError                 no such thing
│   ├── ShowtimeNotFoundError
│   └── CinemaNotFoundError
├── TokenError                    a session token that is forged, expired or revoked
└── RefusedError                  a request about seats that granted nothing; carries its `Code`
    ├── UnknownSeatError          422, `seats`
    ├── ReadOnlyError             401
    ├── SalesClosedError          409
    ├── LimitExceededError        409, `rejected` in mode `any`
    ├── SeatsUnavailableError     409, `seats`, `rejected` in mode `any`
    ├── NotHeldError              409, `seats`
    ├── HoldCapError              409
    └── UnavailableError          503, `outcome`, `retry_after_ms`
"""

from typing import ClassVar

from protocol.codes import Code, Outcome
from server.domain.holds import RejectedSeat


class CineBookError(Exception):
    """The root of every error that this package raises on purpose."""


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


class TokenError(CineBookError):
    """A session token that is forged, expired or revoked; the message never repeats the token."""


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


class HoldCapError(RefusedError):
    """No seat would gain: each is held to its cap, `max_hold_ms` after it was first locked."""

    code = Code.HOLD_CAP


class UnavailableError(RefusedError):
    """The seat store did not answer.

    With outcome `unknown` the command may still take effect until the store's clock has passed `not_after`
    (milliseconds); a read of the holder's holds after that is final.
    """

    code = Code.UNAVAILABLE

    def __init__(self, outcome: Outcome, *, retry_after_ms: int | None = 1000, not_after: int | None = None) -> None:
        super().__init__(outcome=outcome, retry_after_ms=retry_after_ms)
        self.not_after = not_after
