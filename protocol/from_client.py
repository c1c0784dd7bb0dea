"""Every message that a client may send, as a closed union told apart by its field `type`.

Fields that a struct does not name are ignored; a field of another type is a `bad_request`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.scalars import MAX_SEATS_IN_REQUEST, Integer, RequestId, SeatIndex

Seats = Annotated[tuple[SeatIndex, ...], Meta(min_length=1, max_length=MAX_SEATS_IN_REQUEST)]
"""One to a hundred distinct seat indexes; that they are distinct is checked by `distinct`."""

Mode = Literal["all", "any"]
"""`all`: every seat or none. `any`: those that are free, in the order given."""


class _FromClient(msgspec.Struct, tag_field="type", tag=str.lower, frozen=True, kw_only=True, omit_defaults=True):
    """What client messages share; every one but `resync` carries the `id` that its answer repeats."""


class Lock(_FromClient, frozen=True):
    """Ask for seats, named by index. Seats already held count as granted and keep their expiry."""

    id: RequestId
    seats: Seats
    mode: Mode = "all"


class Best(_FromClient, frozen=True):
    """Ask the server to pick the best free seats inside the atomic step."""

    id: RequestId
    count: Annotated[int, Meta(ge=1, le=MAX_SEATS_IN_REQUEST)]
    zone: str | UnsetType = UNSET
    accessible: bool | UnsetType = UNSET


class Unlock(_FromClient, frozen=True):
    """Release own locks; without `seats` all of them."""

    id: RequestId
    seats: Seats | UnsetType = UNSET


class Extend(_FromClient, frozen=True):
    """Give own locks a full hold anew; without `seats` all of them."""

    id: RequestId
    seats: Seats | UnsetType = UNSET


class Restore(_FromClient, frozen=True):
    """After a new epoch: ask for the receipt's locks back."""

    id: RequestId
    receipt: Annotated[str, Meta(max_length=2048)]


class Resync(_FromClient, frozen=True):
    """A gap was found: ask for everything after this position."""

    epoch: Annotated[str, Meta(max_length=64)]
    version: Integer


class Auth(_FromClient, frozen=True):
    """Become the holder of this token, or renew."""

    id: RequestId
    token: Annotated[str, Meta(max_length=2048)]


class Ping(_FromClient, frozen=True):
    """Ask for a sign of life and the server's clock."""

    id: RequestId


Request = Lock | Best | Unlock | Extend | Restore | Auth | Ping
"""What is answered under its `id`."""

ClientMessage = Request | Resync


def distinct(seats: tuple[int, ...]) -> bool:
    """Whether no seat stands in `seats` twice; a request that repeats one is a `bad_request`."""
    return len(set(seats)) == len(seats)
