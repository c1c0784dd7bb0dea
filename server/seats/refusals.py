"""What a script's answer means to the caller: the body of OK, or the error that its code stands for."""

from typing import Final, NoReturn, TypeVar

import msgspec

from protocol.codes import Code
from server.domain.errors import (
    Conflict,
    ConflictError,
    GoneError,
    HoldCapError,
    IdempotencyMismatchError,
    LimitExceededError,
    NotHeldError,
    SalesClosedError,
    SeatsUnavailableError,
    UnknownSeatError,
)
from server.domain.holds import RejectedSeat
from server.seats.replies import Answer, ConflictBody, Rejections, Reply, Seats

Body = TypeVar("Body")

_CODES: Final = {
    Reply.LIMIT_EXCEEDED: Code.LIMIT_EXCEEDED,
    Reply.SEATS_UNAVAILABLE: Code.SEATS_UNAVAILABLE,
}

_WITHOUT_SEATS: Final = {
    Reply.SALES_CLOSED: SalesClosedError,
    Reply.HOLD_CAP: HoldCapError,
    Reply.IDEMPOTENCY_MISMATCH: IdempotencyMismatchError,
}

_WITH_SEATS: Final = {
    Reply.NOT_HELD: NotHeldError,
    Reply.GONE: GoneError,
    Reply.UNKNOWN_SEAT: UnknownSeatError,
}


def body_of(answer: Answer, kind: type[Body], *, in_part: bool = False) -> Body:
    """The body of OK; raises what another code stands for. `in_part`: the request was in mode `any`."""
    if answer.code != Reply.OK:
        _refuse(answer, in_part=in_part)
    return msgspec.msgpack.decode(answer.body, type=kind)


def rejected_seats(pairs: Rejections) -> tuple[RejectedSeat, ...]:
    """The seats that a request in mode `any` did not get, each with its code."""
    return tuple(RejectedSeat(seat=seat, code=_CODES[Reply(code)]) for seat, code in pairs)


def _refuse(answer: Answer, *, in_part: bool) -> NoReturn:
    code = Reply(answer.code)
    if code in _WITHOUT_SEATS:
        raise _WITHOUT_SEATS[code]
    if code in _WITH_SEATS:
        raise _WITH_SEATS[code](seats=msgspec.msgpack.decode(answer.body, type=Seats))
    if code is Reply.CONFLICT:
        other = msgspec.msgpack.decode(answer.body, type=ConflictBody)
        raise ConflictError(Conflict.ORDERED, order=other.order, seats=other.seats)
    if code in _CODES:
        pairs = msgspec.msgpack.decode(answer.body, type=Rejections)
        rejected = rejected_seats(pairs) if in_part else ()
        if code is Reply.LIMIT_EXCEEDED:
            raise LimitExceededError(rejected=rejected)
        taken = tuple(seat for seat, why in pairs if why == Reply.SEATS_UNAVAILABLE)
        raise SeatsUnavailableError(seats=taken, rejected=rejected)
    raise AssertionError(f"no script answers {code!r} here")
