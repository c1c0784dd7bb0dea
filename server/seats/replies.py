"""What scripts answer: `[code, now, body, version, told]` in MessagePack, with codes that Lua and Python share."""

from enum import IntEnum

import msgspec

from protocol.scalars import Change
from server.ports.seats import HoldRow


class Reply(IntEnum):
    """The first field of every script's answer; scripts say `REPLY.<name>`. All but OK changed nothing."""

    OK = 0
    STALE_EPOCH = -1
    """The showtime is unknown, under another epoch, or closed."""
    TOO_LATE = -2
    """The store's clock has passed the command's `not_after`."""
    TORN = -3
    """A mutation broke off half-way; a new epoch rebuilds the showtime from its rows."""
    UNKNOWN_SEAT = -4
    SALES_CLOSED = -5
    LIMIT_EXCEEDED = -6
    SEATS_UNAVAILABLE = -7
    NOT_HELD = -8
    HOLD_CAP = -9
    NOT_TOLD = -10
    """The log cannot lead from the position given to the present one."""
    GONE = -11
    CONFLICT = -12
    IDEMPOTENCY_MISMATCH = -13
    REPLAYED = -14
    """The answer that was given before, under the same idempotency key."""


Told = tuple[str, str, tuple[int, ...]]
"""What became of seats: (holder or empty, cause, seats); causes as in `PrivateChange`, or `blocked`, `unblocked`."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """A script's answer; `now` is the store's clock (ms) when it ran, and `body` depends on script and code.

    `version` is the showtime's after it; `told`, a list of `Told`, is what a mutation made happen, empty where nothing
    changed.
    """

    code: int
    now: int
    body: msgspec.Raw
    version: int
    told: msgspec.Raw


class MutationBody(msgspec.Struct, frozen=True, array_like=True):
    """Body of OK from lock, unlock and extend."""

    version: int
    letters_version: int
    seats: tuple[int, ...]
    rejected: tuple[tuple[int, int], ...]
    holds: tuple[HoldRow, ...]


class ReplayedBody(msgspec.Struct, frozen=True, array_like=True):
    """Body of REPLAYED: the epoch in which the answer was given first, and the answer."""

    epoch: str
    answer: MutationBody


class PinnedBody(msgspec.Struct, frozen=True, array_like=True):
    """Body of OK from pin and occupy; `fences` are (ordinal, version) of each seat, in the order given."""

    version: int
    fences: tuple[tuple[int, int], ...]


class ConflictBody(msgspec.Struct, frozen=True, array_like=True):
    """Body of CONFLICT: the holder's other order, and which of the seats are in one."""

    order: str
    seats: tuple[int, ...]


class SnapshotBody(msgspec.Struct, frozen=True, array_like=True):
    """Body of OK from snapshot."""

    version: int
    layout: int
    letters: str


class SinceBody(msgspec.Struct, frozen=True, array_like=True):
    """Body of OK from since."""

    version: int
    changes: tuple[Change, ...]


class HoldingsBody(msgspec.Struct, frozen=True, array_like=True):
    """Body of OK from holdings."""

    version: int
    holds: tuple[HoldRow, ...]


class NumberBody(msgspec.Struct, frozen=True, array_like=True):
    """Body of OK from expire (how many locks ended), and from apply, release and block (the version)."""

    number: int


Seats = tuple[int, ...]
"""Body of UNKNOWN_SEAT, GONE and NOT_HELD."""

Rejections = tuple[tuple[int, int], ...]
"""Body of LIMIT_EXCEEDED and SEATS_UNAVAILABLE: seats with the code that each failed by."""
