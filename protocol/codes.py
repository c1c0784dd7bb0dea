"""Every code of the contract: rejections with their HTTP status, and close codes with what a client does next.

The range of a private close code says whether to reconnect, so that a client copes with codes it has never seen:
4000-4499 reconnect, 4500-4999 do not.
"""

from enum import IntEnum, StrEnum
from typing import Final


class Code(StrEnum):
    """Why a request was refused; programs go by this, people by the message beside it."""

    # Over the socket and over HTTP.
    SEATS_UNAVAILABLE = "seats_unavailable"
    NOT_ENOUGH_SEATS = "not_enough_seats"
    LIMIT_EXCEEDED = "limit_exceeded"
    SEAT_RULE = "seat_rule"
    NOT_HELD = "not_held"
    HOLD_CAP = "hold_cap"
    GONE = "gone"
    UNKNOWN_SEAT = "unknown_seat"
    BAD_REQUEST = "bad_request"
    READ_ONLY = "read_only"
    NOT_ADMITTED = "not_admitted"
    RATE_LIMITED = "rate_limited"
    SALES_CLOSED = "sales_closed"
    UNAVAILABLE = "unavailable"
    # Over HTTP only.
    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    IDEMPOTENCY_IN_PROGRESS = "idempotency_in_progress"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    CONFLICT = "conflict"
    INTERNAL = "internal"

    @property
    def http_status(self) -> int:
        """The HTTP status that a problem document with this code has."""
        return _HTTP_STATUS[self]

    @property
    def on_socket(self) -> bool:
        """Whether a `rejected` message may carry this code."""
        return self not in _HTTP_ONLY


_HTTP_STATUS: Final[dict[Code, int]] = {
    Code.SEATS_UNAVAILABLE: 409,
    Code.NOT_ENOUGH_SEATS: 409,
    Code.LIMIT_EXCEEDED: 409,
    Code.SEAT_RULE: 409,
    Code.NOT_HELD: 409,
    Code.HOLD_CAP: 409,
    Code.GONE: 410,
    Code.UNKNOWN_SEAT: 422,
    Code.BAD_REQUEST: 422,
    Code.READ_ONLY: 401,
    Code.NOT_ADMITTED: 429,
    Code.RATE_LIMITED: 429,
    Code.SALES_CLOSED: 409,
    Code.UNAVAILABLE: 503,
    Code.MALFORMED: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.IDEMPOTENCY_IN_PROGRESS: 409,
    Code.IDEMPOTENCY_MISMATCH: 422,
    Code.CONFLICT: 409,
    Code.INTERNAL: 500,
}

_HTTP_ONLY: Final = frozenset(
    {
        Code.MALFORMED,
        Code.UNAUTHENTICATED,
        Code.FORBIDDEN,
        Code.NOT_FOUND,
        Code.METHOD_NOT_ALLOWED,
        Code.TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.IDEMPOTENCY_IN_PROGRESS,
        Code.IDEMPOTENCY_MISMATCH,
        Code.CONFLICT,
        Code.INTERNAL,
    }
)


class Outcome(StrEnum):
    """What is known of a request that was answered `unavailable`."""

    NONE = "none"
    """Nothing changed, and nothing will."""
    UNKNOWN = "unknown"
    """It timed out: a `holds` message follows as soon as it is known."""


class NoticeCode(StrEnum):
    """What a page should tell its person."""

    DRAINING = "draining"
    LOCKS_PAUSED = "locks_paused"
    LOCKS_RESUMED = "locks_resumed"
    SHOWTIME_CHANGED = "showtime_changed"


class CloseCode(IntEnum):
    """Why a WebSocket was closed: the registered codes that occur here (1013 and 1014 by proxies), and our own."""

    NORMAL = 1000
    GOING_AWAY = 1001
    WRONG_FRAME_KIND = 1003
    NO_STATUS = 1005
    ABNORMAL = 1006
    INVALID_UTF8 = 1007
    TOO_LARGE = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    SLOW_CONSUMER = 4001
    IDLE = 4002
    DRAINING = 4003
    FLOOD = 4004
    SESSION_ENDED = 4501
    BAD_MESSAGE = 4502
    SHOWTIME_CLOSED = 4503
    UNKNOWN_SHOWTIME = 4504


RECONNECT_RANGE: Final = range(4000, 4500)
"""Private codes after which a client reconnects with back-off, jitter and its position."""

STAY_AWAY_RANGE: Final = range(4500, 5000)
"""Private codes after which a client does not reconnect as it is."""

_RECONNECT: Final = frozenset(
    {
        CloseCode.GOING_AWAY,
        CloseCode.NO_STATUS,
        CloseCode.ABNORMAL,
        CloseCode.INTERNAL_ERROR,
        CloseCode.SERVICE_RESTART,
        CloseCode.TRY_AGAIN_LATER,
        CloseCode.BAD_GATEWAY,
    }
)


def should_reconnect(code: int) -> bool:
    """Whether a client reconnects after a close with `code`.

    Of the codes below 4000 those do that speak of the server's or the network's trouble: 1001, 1005, 1006, 1011-1014.
    """
    return code in RECONNECT_RANGE or code in _RECONNECT
