"""The names of everything that the seat store keeps."""

from typing import NamedTuple


class ShowtimeKeys(NamedTuple):
    """All keys of one showtime, in the order in which every script takes them.

    They share a hash tag, so that they live in one slot of a cluster; `deltas` is the channel of its announcements.
    """

    seats: str
    locks: str
    expiries: str
    meta: str
    log: str
    holders: str
    orders: str
    pins: str
    ended: str
    deltas: str


class Keys:
    """Key names under a prefix; the prefix must not contain a brace, which would move the hash tag."""

    def __init__(self, prefix: str) -> None:
        if "{" in prefix or "}" in prefix:
            raise ValueError("the key prefix must not contain a brace")
        self._prefix = prefix
        self.active = f"{prefix}active"
        """Sorted set of showtimes to sweep, by the time after which none of their seats can be locked any more."""
        self.sweep_lease = f"{prefix}sweep"
        """Names the worker that sweeps `active`, for as long as its lease runs."""

    def showtime(self, showtime: str) -> ShowtimeKeys:
        """The keys of one showtime."""
        tag = f"{self._prefix}{{st:{showtime}}}:"
        return ShowtimeKeys(*(tag + name for name in ShowtimeKeys._fields))

    def once(self, showtime: str, holder: str) -> str:
        """Where a holder's answers under idempotency keys are kept; in the same slot as the showtime's keys."""
        return f"{self._prefix}{{st:{showtime}}}:once:{holder}"
