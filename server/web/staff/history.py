"""Who had a seat when, and why somebody was refused it."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from protocol.codes import Code
from protocol.scalars import MAX_INTEGER, Integer, Milliseconds, SeatId
from server.domain.ledger import SeatEvent, SeatEventName
from server.domain.staff import Role
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.responses import json_response
from server.web.seat_names import SeatNames


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The instant that is asked about, now if it is left out, and how much before and after it to tell."""

    at: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | None = None
    around_ms: Annotated[int, Meta(ge=0, le=30 * 86_400_000)] = 60_000


class SeatEventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the seat; `holder_hash` stands for who had, lost or asked for it."""

    at: Milliseconds
    event: SeatEventName
    reason: str | None
    holder_hash: str | None
    order: str | None
    epoch: str
    version: Integer

    @classmethod
    def of(cls, event: SeatEvent) -> "SeatEventAnswer":
        """The answer that tells of `event`."""
        return cls(**{name: getattr(event, name) for name in cls.__struct_fields__})


class SeatHistoryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One seat around an instant: `last` is what made it what it was then, `events` are all around it, in order."""

    showtime: str
    seat: SeatId
    at: Milliseconds
    last: SeatEventAnswer | None
    events: tuple[SeatEventAnswer, ...]


async def get_seat_history(call: Call[Nothing, HistoryQuery]) -> Response:
    """What the ledger says of a seat; what happened within the last second may not be in it yet."""
    seat = call.part("seat", SeatId)
    names = await SeatNames.of(call.context, call.showtime_id())
    [index] = names.indexes((seat,))
    at = call.context.store.now() if call.query.at is None else call.query.at
    history = await call.context.shop.ledger.of_seat(names.showtime.id, index, at=at, around_ms=call.query.around_ms)
    answer = SeatHistoryAnswer(
        showtime=names.showtime.id,
        seat=seat,
        at=at,
        last=None if history.last is None else SeatEventAnswer.of(history.last),
        events=tuple(map(SeatEventAnswer.of, history.events)),
    )
    return json_response(answer)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/staff/seats/{showtime_id}/{seat}/history",
        summary="What happened to a seat",
        run=get_seat_history,
        body=Nothing,
        query=HistoryQuery,
        answer=SeatHistoryAnswer,
        staff=Role.BOX_OFFICE,
        codes=(Code.UNKNOWN_SEAT,),
    ),
)
