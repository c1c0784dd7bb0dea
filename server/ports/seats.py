"""The live seats, and what is told of each change."""

from typing import Final, Protocol

import msgspec

from protocol.from_client import Mode
from protocol.from_server import Delta, Snapshot
from protocol.scalars import Change
from server.domain.holds import Granted, Hold, Holder, Holdings, Once, Pinned, Released

PIN_MS: Final = 30_000
"""How long a pin has to be confirmed by the database before somebody asks about it."""


class Origin(msgspec.Struct, frozen=True, array_like=True):
    """Which connection of which worker asked, so that it is answered once; `connection` is 0 for REST and sweeps."""

    worker: str
    connection: int


HoldRow = tuple[int, int, int, int, int, str | None]
"""A `Hold` on its way: (seat, expires_at, first_at, ordinal, fence, order or None)."""


def holds_of(rows: tuple[HoldRow, ...]) -> tuple[Hold, ...]:
    """The rows as `Hold`s."""
    return tuple(
        Hold(seat=seat, expires_at=expires_at, first_at=first_at, ordinal=ordinal, fence=fence, order=order)
        for seat, expires_at, first_at, ordinal, fence, order in rows
    )


class PrivateChange(msgspec.Struct, frozen=True, array_like=True):
    """What a mutation means for one holder: the `seats` it is about, and all that the holder has after it.

    `cause` is one of `granted`, `released`, `extended`, `expired`, `ordered` (pinned or sold), `restored`, `taken`.
    An announcement lists ends before grants, so that a takeover tells the old holder first.
    """

    holder: str
    cause: str
    seats: tuple[int, ...]
    holds: tuple[HoldRow, ...]

    def holdings(self) -> tuple[Hold, ...]:
        """All that the holder has."""
        return holds_of(self.holds)


class Announcement(msgspec.Struct, frozen=True, array_like=True):
    """One mutation of a showtime, as published in MessagePack on its channel; `private` and `origin` stay inside.

    `version` is the mutation's own: its changes lead from `version - 1` to it. Version 0 of an epoch is never
    announced; the first announcement of an epoch, version 1, is its opening.
    """

    epoch: str
    version: int
    changes: tuple[Change, ...]
    published_at: int
    private: tuple[PrivateChange, ...]
    origin: Origin | None


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A point in a showtime's history."""

    epoch: str
    version: int


class SeatStore(Protocol):
    """The live seats of every showtime: who holds what until when, and the one history of versions.

    Each mutation is atomic: it changes the seats, raises the version by exactly 1, appends to the bounded log and
    announces the change on `channel(showtime)`, or does none of it. A showtime that the store does not know yet, or
    knows from before a loss, is opened from the database first. Any method may raise `ShowtimeNotFoundError`, or
    `UnavailableError` if the store does not answer in time; after outcome `unknown`, `settled` tells the truth.
    """

    def now(self) -> int:
        """The store's clock in milliseconds, as estimated from its last answer on the monotonic clock."""
        ...

    def channel(self, showtime: str) -> str:
        """The name of the channel on which this showtime's announcements are published (sharded pub/sub)."""
        ...

    async def snapshot(self, showtime: str) -> Snapshot:
        """All letters at the present position, read atomically from the store itself."""
        ...

    async def since(self, showtime: str, position: Position) -> Delta | None:
        """All changes after `position`, folded; empty where there are none.

        None if they cannot be told: another epoch, a version that the log has dropped, or one of the future.
        """
        ...

    async def positions(self, showtimes: tuple[str, ...]) -> tuple[Position | None, ...]:
        """The present position of each, in one round trip; None where the store does not know the showtime."""
        ...

    async def letters(self, showtimes: tuple[str, ...]) -> tuple[str | None, ...]:
        """The letters of each, in one round trip and without opening any; None where the store does not know it."""
        ...

    async def holdings(self, showtime: str, holder: Holder) -> Holdings:
        """All that the holder has, with a fresh receipt. Locks past their expiry are not among it."""
        ...

    def signed(
        self, showtime: str, holder: Holder, layout: int, position: Position, holds: tuple[Hold, ...]
    ) -> Holdings:
        """What an announcement at `position` told of a holder, with a receipt under this layout; reads nothing."""
        ...

    async def settled(self, showtime: str, holder: Holder, not_after: int) -> Holdings:
        """As `holdings`, once the store's clock has passed `not_after`: no command from before can act any more.

        Waits for the store as long as it takes; the caller bounds it.
        """
        ...

    async def lock(
        self,
        showtime: str,
        holder: Holder,
        seats: tuple[int, ...],
        mode: Mode,
        origin: Origin | None = None,
        *,
        once: Once | None = None,
    ) -> Granted:
        """Lock `seats` (distinct, at least one) for a full hold. Those already held count and keep their expiry.

        `all`: every seat or none. `any`: those that are free, in the order given, up to the limit.
        A lock past its expiry is taken over in place. Where all are held already nothing changes, not even the version.
        Raises, in this order of precedence, `UnknownSeatError`, `SalesClosedError`, `LimitExceededError`,
        `SeatsUnavailableError`.

        With `once`, an answer that changed something is kept for the length of a hold, at most the last 16 of a holder:
        the same key and hash get it again (`replayed`), whatever is so meanwhile; the same key with another hash is
        refused before all else, `IdempotencyMismatchError`. Keys are each holder's own, and each method's.
        """
        ...

    async def unlock(
        self, showtime: str, holder: Holder, seats: tuple[int, ...] | None, origin: Origin | None = None
    ) -> Released:
        """Release the holder's locks among `seats`, or all of them; the seats that belong with them go too.

        Seats that are not the holder's, or are in a checkout, are left out. No seat to release changes nothing, not
        even the version. Raises `UnknownSeatError`.
        """
        ...

    async def extend(
        self,
        showtime: str,
        holder: Holder,
        seats: tuple[int, ...] | None,
        origin: Origin | None = None,
        *,
        once: Once | None = None,
    ) -> Granted:
        """Give `seats`, or all of the holder's locks, a full hold from now, never past the cap from their first lock.

        `seats` of the answer are those that gained. Raises `UnknownSeatError`; `NotHeldError` if one named is not a
        lock of the holder's, or if it holds none at all; `HoldCapError` if no seat would gain. `once` is as in `lock`.
        """
        ...

    async def expire(self, showtime: str, limit: int = 1000) -> int:
        """Make free and announce at most `limit` locks whose expiry has passed; return how many."""
        ...

    async def pin(
        self, showtime: str, holder: Holder, seats: tuple[int, ...], order: str, *, pin_ms: int = PIN_MS, deadline: int
    ) -> Pinned:
        """Set the holder's own locks on `seats` to `O` for `order`, which the database need not know yet.

        The locks are kept underneath. A pin never falls by itself: from `pin_ms` on it is among `overdue_pins`, until
        `apply` confirms it or `release` undoes it. `holds` show `deadline` (ms) as its expiry. Seats that are this
        order's already count; their end moves, never to sooner, unless the database has confirmed them.
        Raises, in this order of precedence, `UnknownSeatError`, `SalesClosedError`, `ConflictError` with the other
        order of this same holder that has `seats`, `GoneError` with those of which the holder's own hold ended within
        the last hour otherwise than by its own unlock, whoever has them now, `NotHeldError` with all others.
        """
        ...

    async def occupy(
        self, showtime: str, holder_id: str, seats: tuple[int, ...], order: str, *, pin_ms: int = PIN_MS, deadline: int
    ) -> Pinned:
        """As `pin`, for a payment that came late: seats that are free will do as well, inside the sales window or not.

        Each must be free, the holder's own lock, or this order's already; else `SeatsUnavailableError` with those that
        are not, and nothing changes. Raises `UnknownSeatError` first.
        """
        ...

    async def apply(
        self,
        showtime: str,
        order: str,
        holder_id: str,
        seats: tuple[int, ...],
        *,
        deadline: int | None,
        row_version: int,
        all_seats: tuple[int, ...],
        keep_locks: bool = True,
    ) -> int:
        """Make it so as the database says of an order now, whatever was before; return the showtime's version.

        `seats` are occupied for it: pinned until 60 s after `deadline` (ms), which `holds` show, or sold where that is
        None. Those of `all_seats` that are this order's and not among `seats` are let go: a lock kept underneath that
        still runs stands again, unless `keep_locks` is false, because the holder gave the seats up. A seat that
        somebody else has got meanwhile is taken over, and its holder told that its hold expired; where another order
        had it, that order is overdue at once. `row_version` counts the changes of the order's row, from 1: below the
        highest that was told in this epoch it is ignored; the same again changes nothing, but for pins of a later
        attempt whose end has passed. Raises `UnknownSeatError`.
        """
        ...

    async def release(self, showtime: str, seats: tuple[int, ...] | None, order: str) -> int:
        """Undo the pins of an order that was not written: those among `seats`, or all of them if None.

        A lock that was kept underneath and still runs stands again. Seats that the database has confirmed to be the
        order's stay. Returns the version, which stays where there is nothing to undo. Raises `UnknownSeatError`.
        """
        ...

    async def overdue_pins(self, showtimes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """(showtime, order) of pins whose end has passed, in one round trip and without opening any showtime.

        At most 100 of a showtime. Somebody is to ask the database about them, and to `apply` what it says or, where it
        knows no such order, to `release` all of its seats.
        """
        ...

    async def block(self, showtime: str, seats: tuple[int, ...], *, blocked: bool) -> int:
        """Set free seats to `B`, or blocked ones back to `A`.

        Seats locked or occupied: `SeatsUnavailableError` and nothing changes. Returns the version, which stays where
        all is so already. Raises `UnknownSeatError`.
        """
        ...
