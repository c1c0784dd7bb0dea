"""The domain's answers as messages of the contract."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from protocol.codes import Code
from protocol.from_server import (
    Authenticated,
    Expired,
    Extended,
    Hold,
    Holds,
    Limits,
    Locked,
    Rejected,
    SeatRejection,
    Unlocked,
    Welcome,
)
from protocol.scalars import RequestId
from server.domain import showtimes
from server.domain.errors import RefusedError
from server.domain.holds import Granted, Holder, Holdings, RejectedSeat, Released
from server.domain.holds import Hold as DomainHold

if TYPE_CHECKING:
    from server.live.room import Room
    from server.live.session import Desk


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


def welcome(room: "Room", desk: "Desk", *, holder: Holder | None, holdings: Holdings | None) -> Welcome:
    """The first message of a connection; `holdings` is None where there is no holder, or the store is away."""
    seat_map = room.follower.map
    return Welcome(
        showtime=room.showtime.id,
        layout=seat_map.layout,
        epoch=seat_map.epoch,
        version=seat_map.version,
        server_at=desk.store.now(),
        can_lock=holder is not None,
        holds=[] if holdings is None else holds(holdings.holds),
        holds_version=_no_version(holder, seat_map.version) if holdings is None else holdings.version,
        limits=limits(room.showtime.limits),
        heartbeat_ms=desk.heartbeat_ms,
        viewers=room.viewers,
        receipt=UNSET if holdings is None else holdings.receipt,
    )


def _no_version(holder: Holder | None, version: int) -> int:
    """Holds that could not be read are older than any that are told later."""
    return version if holder is None else 0


def authenticated(request_id: RequestId, holdings: Holdings) -> Authenticated:
    """The answer to a token that was taken."""
    return Authenticated(
        id=request_id,
        can_lock=True,
        holds=holds(holdings.holds),
        holds_version=holdings.version,
        receipt=holdings.receipt,
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
