"""What requests and answers of the REST surface are made of; seats are named by id here."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.from_client import Mode
from protocol.scalars import MAX_INTEGER, MAX_SEATS_IN_REQUEST, Integer, Milliseconds, SeatId, ShowtimeId
from server.domain.layout import Seat
from server.domain.showtimes import Cinema, Film, Hall, Limits, Sales, Zone
from server.web.gateways import GatewayOffer
from server.web.problems import ProblemError, RejectedSeat

SeatIds = Annotated[
    tuple[SeatId, ...], Meta(min_length=1, max_length=MAX_SEATS_IN_REQUEST, extra_json_schema={"uniqueItems": True})
]
"""One to a hundred distinct seat ids."""

CatalogueId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]

Receipt = Annotated[str, Meta(min_length=1, max_length=2048, pattern=r"^[\x21-\x7e]+\Z")]

Cursor = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,256}\Z")]
"""The `next` of the page before."""

PageSize = Annotated[int, Meta(ge=1, le=100)]
"""How many rows a page may have."""


def check_distinct(seats: tuple[str, ...]) -> None:
    """Raise the `bad_request` of a list that names a seat twice."""
    if len(set(seats)) != len(seats):
        raise ProblemError.bad_request("seats", "a seat is named twice")


class _Seats(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    seats: SeatIds | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.seats is not UNSET:
            check_distinct(self.seats)


class BestRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Have the server pick `count` seats."""

    count: Annotated[int, Meta(ge=1, le=MAX_SEATS_IN_REQUEST)]
    zone: CatalogueId | UnsetType = UNSET
    accessible: bool | UnsetType = UNSET


class LockRequest(_Seats, frozen=True, kw_only=True, omit_defaults=True):
    """Either `seats` (with `mode`) or `best`."""

    mode: Mode = "all"
    best: BestRequest | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.seats is UNSET) == (self.best is UNSET):
            raise ProblemError.bad_request("body", "one of `seats` and `best` is needed")
        super().__post_init__()


class UnlockRequest(_Seats, frozen=True, kw_only=True, omit_defaults=True):
    """The seats to release; the query may name them instead."""


class ExtendRequest(_Seats, frozen=True, kw_only=True, omit_defaults=True):
    """The seats to hold longer; absent means all."""


class RestoreRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest receipt that the holder was given."""

    receipt: Receipt


class ShowtimesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which showtimes; `date` is a day of the cinema's own time zone, `cursor` the `next` of the page before."""

    cinema: CatalogueId | None = None
    date: (
        Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", extra_json_schema={"format": "date"})] | None
    ) = None
    film: CatalogueId | None = None
    cursor: Cursor | None = None
    limit: PageSize = 50


class LayoutQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`v` is the layout's version as the showtime names it: the answer may then be kept for a year."""

    v: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | None = None


class UnlockQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`seats` are ids separated by commas; `all=1` releases everything."""

    seats: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    all: Literal["1"] | UnsetType = UNSET


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A session's token, for `Authorization: Bearer`, and when it runs out."""

    token: str
    expires_at: Milliseconds


class _Showtime(msgspec.Struct, frozen=True, kw_only=True):
    id: ShowtimeId
    cinema: Cinema
    hall: Hall
    film: Film
    starts_at: Milliseconds
    layout: Integer
    sales: Sales
    zones: tuple[Zone, ...]
    limits: Limits


class ShowtimeAnswer(_Showtime, frozen=True, kw_only=True):
    """One showtime; `layout` is the version of the seats that it sells, `gateways` are the ways to pay."""

    gateways: tuple[GatewayOffer, ...]


class ListedShowtime(_Showtime, frozen=True, kw_only=True):
    """One showtime of a list, with the number of available seats by zone."""

    seats_left: dict[str, int]


class ShowtimesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One page in order of start; `next` is the cursor of the following one, null on the last."""

    showtimes: tuple[ListedShowtime, ...]
    next: str | None


class LayoutAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All seats in layout order; `x`, `y` is a seat's centre, the screen is at y = 0; `pair` is a seat's id."""

    version: Integer
    width: float
    height: float
    seats: tuple[Seat, ...]


SeatStatusName = Literal["available", "locked", "occupied", "blocked"]


class SeatStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One seat now. `expires_at` is told of the holder's own seats alone."""

    seat: SeatId
    status: SeatStatusName
    price: Integer
    currency: str
    mine: bool
    expires_at: Milliseconds | UnsetType = UNSET


class StatusAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All seats at a position, in layout order."""

    epoch: str
    version: Integer
    layout: Integer
    seats: tuple[SeatStatus, ...]


class HeldSeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One seat that the holder has: a lock, or, with `order`, a seat in a checkout until the payment deadline."""

    seat: SeatId
    expires_at: Milliseconds
    first_at: Milliseconds
    order: str | UnsetType = UNSET


class _Holdings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    version: Integer
    holds: tuple[HeldSeat, ...]
    holds_version: Integer
    receipt: str


class LockAnswer(_Holdings, frozen=True, kw_only=True, omit_defaults=True):
    """The seats granted, own ones included, and all that the holder has; `rejected` in mode `any`."""

    locked: tuple[SeatId, ...]
    rejected: tuple[RejectedSeat, ...] | UnsetType = UNSET


class UnlockAnswer(_Holdings, frozen=True, kw_only=True, omit_defaults=True):
    """The seats that were the holder's and are free now, and all that it has still."""

    unlocked: tuple[SeatId, ...]


class ExtendAnswer(_Holdings, frozen=True, kw_only=True, omit_defaults=True):
    """The seats that are held longer, and all that the holder has."""

    extended: tuple[SeatId, ...]


class RestoreAnswer(LockAnswer, frozen=True, kw_only=True, omit_defaults=True):
    """As for a lock; `lost` are the receipt's seats that could not be had again."""

    lost: tuple[SeatId, ...]
