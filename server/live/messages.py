"""The domain's answers as messages of the contract."""

from collections.abc import Iterable

from msgspec import UNSET, UnsetType

from protocol.codes import Code
from protocol.from_server import Expired, Extended, Hold, Holds, Limits, Locked, Rejected, SeatRejection, Unlocked
from protocol.scalars import RequestId
from server.domain import showtimes
from server.domain.errors import RefusedError
from server.domain.holds import Granted, Holdings, RejectedSeat, Released
from server.domain.holds import Hold as DomainHold


def holds(domain_holds: Iterable[DomainHold]) -> list[Hold]:
    """A holder's holds as the client is told of them."""
    return [
        Hold(seat=hold.seat, expires_at=hold.expires_at, first_at=hold.first_at, order=hold.order or UNSET)
        for hold in domain_holds
    ]


def limits(domain_limits: showtimes.Limits) -> Limits:
    """A showtime's limits as `welcome` tells them."""
    return Limits(
        max_seats=domain_limits.max_seats, hold_ms=domain_limits.hold_ms, max_hold_ms=domain_limits.max_hold_ms
    )


def holds_message(holdings: Holdings) -> Holds:
    """All that a holder has, unasked."""
    return Holds(holds=holds(holdings.holds), holds_version=holdings.version, receipt=holdings.receipt)


def expired(seats: tuple[int, ...], holdings: Holdings) -> Expired:
    """Which locks ended, and what is left."""
    return Expired(seats=list(seats), holds=holds(holdings.holds), holds_version=holdings.version)


def locked(request_id: RequestId, granted: Granted) -> Locked:
    """The answer to a lock."""
    return Locked(
        id=request_id,
        version=granted.version,
        seats=list(granted.seats),
        holds=holds(granted.holdings.holds),
        holds_version=granted.holdings.version,
        receipt=granted.holdings.receipt,
        rejected=_rejections(granted.rejected),
    )


def extended(request_id: RequestId, granted: Granted) -> Extended:
    """The answer to an extension."""
    return Extended(
        id=request_id,
        version=granted.version,
        seats=list(granted.seats),
        holds=holds(granted.holdings.holds),
        holds_version=granted.holdings.version,
        receipt=granted.holdings.receipt,
    )


def unlocked(request_id: RequestId, released: Released) -> Unlocked:
    """The answer to an unlock."""
    return Unlocked(
        id=request_id,
        version=released.version,
        seats=list(released.seats),
        holds=holds(released.holdings.holds),
        holds_version=released.holdings.version,
        receipt=released.holdings.receipt,
    )


def refused(request_id: RequestId | None, error: RefusedError, text: str) -> Rejected:
    """The answer to a request that the domain refused; `text` is for people."""
    return Rejected(
        id=request_id,
        code=error.code,
        message=text,
        seats=list(error.seats) or UNSET,
        rejected=_rejections(error.rejected),
        retry_after_ms=UNSET if error.retry_after_ms is None else error.retry_after_ms,
        outcome=UNSET if error.outcome is None else error.outcome,
    )


def bad_request(request_id: RequestId | None, text: str) -> Rejected:
    """The answer to what was no request at all."""
    return Rejected(id=request_id, code=Code.BAD_REQUEST, message=text)


def _rejections(rejected: tuple[RejectedSeat, ...]) -> list[SeatRejection] | UnsetType:
    if not rejected:
        return UNSET
    return [SeatRejection(seat=one.seat, code=one.code) for one in rejected]
