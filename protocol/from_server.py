"""Every message that the server may send, as a closed union told apart by its field `type`."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.codes import Code, NoticeCode, Outcome
from protocol.scalars import Change, Duration, Integer, Milliseconds, RequestId, SeatIndex, ShowtimeId

Letters = Annotated[str, Meta(pattern=r"^[ALOB]*\Z")]
"""One status letter a seat, in layout order."""

Receipt = Annotated[str, Meta(max_length=2048)]
"""Opaque signed ASCII that covers all of the holder's locks in the showtime; the newest replaces all before it."""


class Hold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One seat that the holder has: a lock, or, with `order`, a seat in a checkout until the payment deadline."""

    seat: SeatIndex
    expires_at: Milliseconds
    first_at: Milliseconds
    order: str | UnsetType = UNSET


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one holder may have in this showtime: seats, the length of a hold, and its cap from the first lock."""

    max_seats: Integer
    hold_ms: Duration
    max_hold_ms: Duration


class SeatRejection(msgspec.Struct, frozen=True, kw_only=True):
    """One seat that a request in mode `any` did not get, and why."""

    seat: SeatIndex
    code: Code


class SeatWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of the hall that these locks would break at checkout, and better choices."""

    code: Code
    seats: list[SeatIndex]
    alternatives: list[list[SeatIndex]]


class _FromServer(msgspec.Struct, tag_field="type", tag=str.lower, frozen=True, kw_only=True, omit_defaults=True):
    """What server messages share."""


class Welcome(_FromServer, frozen=True):
    """The first message, always. Its position is the server's; the map is at it only after what follows."""

    showtime: ShowtimeId
    layout: Integer
    epoch: str
    version: Integer
    server_at: Milliseconds
    can_lock: bool
    holds: list[Hold]
    holds_version: Integer
    limits: Limits
    heartbeat_ms: Duration
    viewers: Integer
    receipt: Receipt | UnsetType = UNSET


class Snapshot(_FromServer, frozen=True):
    """The whole map at a position."""

    epoch: str
    version: Integer
    layout: Integer
    seats: Letters


class Delta(_FromServer, frozen=True, rename={"from_version": "from"}):
    """All changes after `from` up to `version`, folded: the last letter of a seat, no seat twice."""

    from_version: Integer
    version: Integer
    changes: list[Change]


class Locked(_FromServer, frozen=True):
    """The answer to `lock`, `best` and `restore`."""

    id: RequestId
    version: Integer
    seats: list[SeatIndex]
    holds: list[Hold]
    holds_version: Integer
    receipt: Receipt
    rejected: list[SeatRejection] | UnsetType = UNSET
    lost: list[SeatIndex] | UnsetType = UNSET
    warnings: list[SeatWarning] | UnsetType = UNSET


class Extended(_FromServer, frozen=True):
    """The answer to `extend`."""

    id: RequestId
    version: Integer
    seats: list[SeatIndex]
    holds: list[Hold]
    holds_version: Integer
    receipt: Receipt


class Unlocked(_FromServer, frozen=True):
    """The answer to `unlock`."""

    id: RequestId
    version: Integer
    seats: list[SeatIndex]
    holds: list[Hold]
    holds_version: Integer
    receipt: Receipt


class Authenticated(_FromServer, frozen=True):
    """The answer to `auth`."""

    id: RequestId
    can_lock: bool
    holds: list[Hold]
    holds_version: Integer
    receipt: Receipt | UnsetType = UNSET


class Rejected(_FromServer, frozen=True):
    """The answer to a request that granted nothing, or is not known to have; `id` is None if it could not be read."""

    id: RequestId | None
    code: Code
    message: str
    seats: list[SeatIndex] | UnsetType = UNSET
    alternatives: list[list[SeatIndex]] | UnsetType = UNSET
    rejected: list[SeatRejection] | UnsetType = UNSET
    retry_after_ms: Duration | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET


class Holds(_FromServer, frozen=True):
    """This holder's locks changed by other means than this connection's requests."""

    holds: list[Hold]
    holds_version: Integer
    receipt: Receipt | UnsetType = UNSET


class Expiring(_FromServer, frozen=True):
    """These locks end at `expires_at`, a minute from now or less."""

    seats: list[SeatIndex]
    expires_at: Milliseconds


class Expired(_FromServer, frozen=True):
    """These locks ended without being released."""

    seats: list[SeatIndex]
    holds: list[Hold]
    holds_version: Integer


class Viewers(_FromServer, frozen=True):
    """How many connections watch this showtime."""

    count: Integer


class Queue(_FromServer, frozen=True):
    """The holder's place in the waiting room."""

    state: Literal["waiting", "admitted", "closed"]
    position: Integer
    ahead: Integer
    eta_ms: Duration


class Notice(_FromServer, frozen=True):
    """What a page should tell its person."""

    code: NoticeCode
    message: str
    retry_after_ms: Duration | UnsetType = UNSET


class Pong(_FromServer, frozen=True):
    """The answer to `ping`, with the seat store's clock as this worker estimates it."""

    id: RequestId
    server_at: Milliseconds


ServerMessage = (
    Welcome
    | Snapshot
    | Delta
    | Locked
    | Extended
    | Unlocked
    | Authenticated
    | Rejected
    | Holds
    | Expiring
    | Expired
    | Viewers
    | Queue
    | Notice
    | Pong
)
