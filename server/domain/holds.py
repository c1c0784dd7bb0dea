"""What a holder has: locks on seats, each with its expiry, first-lock time and fence; what it is granted and loses."""

import msgspec

from protocol.codes import Code


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who a lock belongs to: a guest session or a signed-in user. `id` is never sent to others, nor logged whole.

    `expires_at` (ms) is when the session that names this holder runs out.
    """

    id: str
    expires_at: int


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """One seat that a holder has; with `order` it is in a checkout, and `expires_at` is the payment deadline.

    `fence` is the version at which the seat was granted, within the showtime's present epoch or, for a lock that
    was carried over from an earlier one, with that epoch's `ordinal`; the greater (ordinal, fence) is the later grant.
    """

    seat: int
    expires_at: int
    first_at: int
    ordinal: int
    fence: int
    order: str | None = None


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """All that a holder has in one showtime, as read at a position; `receipt` is signed proof of it."""

    epoch: str
    version: int
    holds: tuple[Hold, ...]
    receipt: str


class RejectedSeat(msgspec.Struct, frozen=True, kw_only=True):
    """One seat that a request in mode `any` did not get, and why."""

    seat: int
    code: Code


class Once(msgspec.Struct, frozen=True, kw_only=True):
    """A request that takes effect once, however often it is sent: the client's `key`, and a hash of what it asks."""

    key: str
    body_hash: str


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a lock or an extension: `seats` granted by this request (own ones included), and all held now.

    `version` is the showtime's last letter change that concerns the request: a map at it shows the seats as granted.
    `replayed`: the request was answered so before, under the same idempotency key; all is as it was then.
    """

    version: int
    seats: tuple[int, ...]
    holdings: Holdings
    rejected: tuple[RejectedSeat, ...] = ()
    replayed: bool = False


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an unlock: `seats` that were the holder's and are free now, and all held still."""

    version: int
    seats: tuple[int, ...]
    holdings: Holdings


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a pin: the showtime's `version`, and the fence of each seat, in the order they were named.

    A fence is (ordinal of the epoch, version) at which the seat was granted; the greater is the later grant.
    """

    version: int
    fences: tuple[tuple[int, int], ...]
