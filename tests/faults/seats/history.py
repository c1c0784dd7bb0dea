"""Replays what a showtime announced and what its clients were told, and says where the two break a promise."""

from collections import Counter
from dataclasses import dataclass, field

from protocol.from_client import Mode
from server.domain.holds import Granted
from server.ports import Announcement, PrivateChange


class ViolationError(Exception):
    """A promise of the store was broken; the message says which, and at which version."""


@dataclass
class Request:
    """One lock request as its client saw it; `connection` is unique, `granted` None where it was refused."""

    connection: int
    holder: str
    seats: tuple[int, ...]
    mode: Mode
    granted: Granted | None


@dataclass
class History:
    """The state that the announcements lead to, seat by seat; seats are independent registers."""

    version: int
    letters: dict[int, str]
    owners: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Seat to holder and expiry; ended locks stay until their end is announced."""
    granted_by: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The seats that the request of a connection was newly granted."""
    seen: Counter[str] = field(default_factory=Counter)
    """How often each kind of thing happened, so that a test can tell that it tested something."""

    def replay(self, announcement: Announcement) -> None:
        """Take the next announcement; raises `ViolationError`."""
        if announcement.version != self.version + 1:
            raise ViolationError(f"version {announcement.version} announced after {self.version}")
        self.version = announcement.version
        now = announcement.published_at
        for private in announcement.private:
            self.seen[private.cause] += 1
            for seat in private.seats:
                self._change(private, seat, now)
        if not announcement.changes and any(private.cause == "expired" for private in announcement.private):
            self.seen["takeover"] += 1
        for private in announcement.private:
            self._compare(private, now)
            if private.cause == "granted" and announcement.origin:
                self.granted_by[announcement.origin.connection] = private.seats
        self.letters.update(announcement.changes)
        locked = {seat for seat, letter in self.letters.items() if letter == "L"}
        if locked != self.owners.keys():
            raise ViolationError(f"version {self.version}: locked {sorted(locked)}, owned {sorted(self.owners)}")

    def check(self, request: Request) -> None:
        """Compare what a client was told with what was announced; raises `ViolationError`."""
        newly = self.granted_by.get(request.connection, ())
        if request.granted is None:
            if newly:
                raise ViolationError(f"{request.holder} was refused {request.seats}, and got {newly}")
            return
        told = request.granted.seats
        if request.mode == "all" and told != request.seats:
            raise ViolationError(f"{request.holder} asked all of {request.seats}, and got {told}")
        if not set(newly) <= set(told) <= set(request.seats):
            raise ViolationError(f"{request.holder} asked {request.seats}, was told {told}, and got {newly}")
        if not set(told) <= {hold.seat for hold in request.granted.holdings.holds}:
            raise ViolationError(f"{request.holder} was told {told}, and holds {request.granted.holdings.holds}")

    def _change(self, private: PrivateChange, seat: int, now: int) -> None:
        owner = self.owners.get(seat)
        runs = owner is not None and owner[1] > now
        expiry = next((hold.expires_at for hold in private.holdings() if hold.seat == seat), None)
        own = owner is not None and owner[0] == private.holder
        legal = {
            "granted": not runs and (owner is None or own) and expiry is not None and self.letters[seat] in "AL",
            "extended": own and runs and expiry is not None,
            "released": own and runs and expiry is None,
            "expired": own and not runs and expiry is None,
        }
        if not legal[private.cause]:
            raise ViolationError(f"version {self.version}: seat {seat} of {owner} {private.cause} to {private.holder}")
        if expiry is None:
            del self.owners[seat]
        else:
            self.owners[seat] = (private.holder, expiry)

    def _compare(self, private: PrivateChange, now: int) -> None:
        told = {hold.seat: hold.expires_at for hold in private.holdings()}
        kept = {seat: end for seat, (holder, end) in self.owners.items() if holder == private.holder and end > now}
        if told != kept:
            raise ViolationError(f"version {self.version}: {private.holder} was told {told}, and has {kept}")
