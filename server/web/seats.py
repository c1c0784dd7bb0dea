"""The live seats of a showtime: status, lock, unlock, extend-lock, restore."""

from typing import Final

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from protocol.codes import Code, Outcome
from protocol.from_server import Snapshot
from server.domain.errors import UnavailableError
from server.domain.holds import Holder, Holdings
from server.web import representations as shapes
from server.web.context import Context
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.idempotency import REPLAYED, once
from server.web.problems import ProblemError
from server.web.responses import cached_response, json_response, tag
from server.web.seat_names import SeatNames

_NAMES: Final[dict[str, shapes.SeatStatusName]] = {
    "A": "available",
    "L": "locked",
    "O": "occupied",
    "B": "blocked",
}

_READS_FOR_ONE_POSITION: Final = 3
"""Letters and holds are two reads; so often they are repeated to be of one version, then taken as they are."""


async def seat_status(call: Call[Nothing, Nothing]) -> Response:
    """Every seat as the store has it now, and which are the caller's own."""
    holder = call.holder()
    showtime = await call.context.catalogue.showtime(call.showtime_id())
    snapshot, holdings = await _read(call.context, showtime.id, holder)
    layout = await call.context.catalogue.layout(snapshot.layout)
    own = {hold.seat: hold.expires_at for hold in holdings.holds} if holdings is not None else {}
    prices = {zone.id: zone for zone in showtime.zones}
    seats = tuple(
        shapes.SeatStatus(
            seat=seat.id,
            status=_NAMES[letter],
            price=prices[seat.zone].price,
            currency=prices[seat.zone].currency,
            mine=seat.index in own,
            expires_at=own.get(seat.index, UNSET),
        )
        for seat, letter in zip(layout.seats, snapshot.seats, strict=True)
    )
    answer = shapes.StatusAnswer(epoch=snapshot.epoch, version=snapshot.version, layout=snapshot.layout, seats=seats)
    # The holds are in it because a lock past its expiry leaves them without a new version.
    etag = tag(
        snapshot.epoch,
        snapshot.version,
        snapshot.layout,
        showtime.zones,
        holder.id if holder else None,
        sorted(own.items()),
    )
    return cached_response(
        call.request,
        msgspec.json.encode(answer),
        etag=f'W/"{etag}"',
        cache_control="private, no-cache",
        vary="Authorization, Cookie",
    )


async def _read(context: Context, showtime: str, holder: Holder | None) -> tuple[Snapshot, Holdings | None]:
    snapshot = await context.store.snapshot(showtime)
    if holder is None:
        return snapshot, None
    holdings = await context.store.holdings(showtime, holder)
    for _ in range(_READS_FOR_ONE_POSITION - 1):
        if (snapshot.epoch, snapshot.version) == (holdings.epoch, holdings.version):
            break
        snapshot = await context.store.snapshot(showtime)
        holdings = await context.store.holdings(showtime, holder)
    return snapshot, holdings


async def lock_seats(call: Call[shapes.LockRequest, Nothing]) -> Response:
    """Lock the seats named for a full hold: all of them or none, or in mode `any` those that are free."""
    asked = once(call.request, call.body)
    owner = call.owner()
    hall = await SeatNames.of(call.context, call.showtime_id())
    if call.body.seats is UNSET:
        raise UnavailableError(Outcome.NONE)
    seats = hall.indexes(call.body.seats)
    with hall.naming_refusals():
        granted = await call.context.store.lock(hall.showtime.id, owner, seats, call.body.mode, once=asked)
    return json_response(
        shapes.LockAnswer(
            version=granted.version,
            locked=hall.ids(granted.seats),
            rejected=hall.rejected(granted.rejected) or UNSET,
            **hall.holdings(granted.holdings),
        ),
        headers=REPLAYED if granted.replayed else None,
    )


async def unlock_seats(call: Call[shapes.UnlockRequest, shapes.UnlockQuery]) -> Response:
    """Release the caller's own locks among the seats named; the others are left out of the answer."""
    ids = _named_for_unlock(call.body, call.query)
    owner = call.owner()
    hall = await SeatNames.of(call.context, call.showtime_id())
    seats = hall.indexes(ids) if ids is not None else None
    with hall.naming_refusals():
        released = await call.context.store.unlock(hall.showtime.id, owner, seats)
    return json_response(
        shapes.UnlockAnswer(
            version=released.version, unlocked=hall.ids(released.seats), **hall.holdings(released.holdings)
        )
    )


def _named_for_unlock(body: shapes.UnlockRequest, query: shapes.UnlockQuery) -> tuple[str, ...] | None:
    """The ids to release, None for all; said in exactly one of three ways, lest all be released by an oversight."""
    if [body.seats is UNSET, query.seats is UNSET, query.all is UNSET].count(False) != 1:
        raise ProblemError.bad_request("seats", "one of `seats` in the body, `?seats=` and `?all=1` is needed")
    if query.all is not UNSET:
        return None
    if body.seats is not UNSET:
        return body.seats
    try:
        return msgspec.convert({"seats": str(query.seats).split(",")}, shapes.UnlockRequest).seats or None
    except msgspec.ValidationError as error:
        raise ProblemError.bad_request("seats", "not a list of seat ids separated by commas") from error


async def extend_locks(call: Call[shapes.ExtendRequest, Nothing]) -> Response:
    """Give the caller's locks a full hold anew, never past the cap from their first lock."""
    asked = once(call.request, call.body)
    owner = call.owner()
    hall = await SeatNames.of(call.context, call.showtime_id())
    seats = hall.indexes(call.body.seats) if call.body.seats is not UNSET else None
    with hall.naming_refusals():
        granted = await call.context.store.extend(hall.showtime.id, owner, seats, once=asked)
    return json_response(
        shapes.ExtendAnswer(
            version=granted.version, extended=hall.ids(granted.seats), **hall.holdings(granted.holdings)
        ),
        headers=REPLAYED if granted.replayed else None,
    )


async def restore_locks(call: Call[shapes.RestoreRequest, Nothing]) -> Response:
    """Not offered yet: `unavailable` with outcome `none`, which a client takes as final."""
    call.owner()
    await call.context.catalogue.showtime(call.showtime_id())
    raise UnavailableError(Outcome.NONE)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/showtimes/{showtime_id}/seats/status",
        summary="Every seat with its status and price, as the store has it now",
        run=seat_status,
        body=Nothing,
        query=Nothing,
        answer=shapes.StatusAnswer,
        conditional=True,
        holder="optional",
    ),
    Endpoint(
        method="POST",
        path="/showtimes/{showtime_id}/seats/lock",
        summary="Lock seats for a full hold",
        run=lock_seats,
        body=shapes.LockRequest,
        query=Nothing,
        answer=shapes.LockAnswer,
        holder="required",
        codes=(Code.UNKNOWN_SEAT, Code.SALES_CLOSED, Code.LIMIT_EXCEEDED, Code.SEATS_UNAVAILABLE),
        idempotent=True,
    ),
    Endpoint(
        method="DELETE",
        path="/showtimes/{showtime_id}/seats/unlock",
        summary="Release own locks",
        run=unlock_seats,
        body=shapes.UnlockRequest,
        query=shapes.UnlockQuery,
        answer=shapes.UnlockAnswer,
        holder="required",
        codes=(Code.UNKNOWN_SEAT,),
    ),
    Endpoint(
        method="PUT",
        path="/showtimes/{showtime_id}/seats/extend-lock",
        summary="Hold own seats longer",
        run=extend_locks,
        body=shapes.ExtendRequest,
        query=Nothing,
        answer=shapes.ExtendAnswer,
        holder="required",
        codes=(Code.UNKNOWN_SEAT, Code.NOT_HELD, Code.HOLD_CAP),
        idempotent=True,
    ),
    Endpoint(
        method="POST",
        path="/showtimes/{showtime_id}/seats/restore",
        summary="Ask for a receipt's locks back after the store was lost",
        run=restore_locks,
        body=shapes.RestoreRequest,
        query=Nothing,
        answer=shapes.RestoreAnswer,
        holder="required",
    ),
)
