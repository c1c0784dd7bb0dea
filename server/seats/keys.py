"""The names of everything that the seat store keeps."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

MAX_KEPT: Final = 10_000
"""Showtimes whose key names are kept; each script takes them."""


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
    ended: str
    deltas: str


class OrderKeys(NamedTuple):
    """The keys of one showtime that only the scripts about orders take, after the others."""

    orders: str
    pins: str


class Keys:
    """Key names under a prefix; the prefix must not contain a brace, which would move the hash tag."""

    def __init__(self, prefix: str) -> None:
        if "{" in prefix or "}" in prefix:
            raise ValueError("the key prefix must not contain a brace")
        self._prefix = prefix
        self.active = f"{prefix}active"
        """Sorted set of showtimes to sweep, by the time after which none of their seats can be locked any more.

        Those whose time has passed leave it as soon as nothing of them is held or in a checkout.
        """
        self.sweep_lease = f"{prefix}sweep"
        """Names the worker that sweeps `active`, for as long as its lease runs."""

        self.showtime: Callable[[str], ShowtimeKeys] = lru_cache(MAX_KEPT)(self._showtime)
        """The keys of one showtime."""

    def orders(self, showtime: str) -> OrderKeys:
        """The keys of what a showtime's orders own."""
        return OrderKeys(*(self._tag(showtime) + name for name in OrderKeys._fields))

    def once(self, showtime: str, holder: str) -> str:
        """Where a holder's answers under idempotency keys are kept; in the same slot as the showtime's keys."""
        return f"{self._tag(showtime)}once:{holder}"

    def reminded(self, showtime: str, holder: str) -> str:
        """Stands for as long as a holder was just told that locks end."""
        return f"{self._tag(showtime)}reminded:{holder}"

    def _showtime(self, showtime: str) -> ShowtimeKeys:
        tag = self._tag(showtime)
        return ShowtimeKeys(*(tag + name for name in ShowtimeKeys._fields))

    def _tag(self, showtime: str) -> str:
        return f"{self._prefix}{{st:{showtime}}}:"
