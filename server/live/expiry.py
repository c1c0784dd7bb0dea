"""Warns one connection before its holder's locks end."""

import asyncio
from collections.abc import Callable
from typing import Final

from protocol.from_server import Expiring
from server.domain.holds import Hold

NOTICE_MS: Final = 60_000
"""How long before their end locks are announced as `expiring`; at once if the hold is shorter."""


class ExpiryWarner:
    """Says `expiring` once per seat and `expires_at`, by the seat store's clock.

    Seats in a checkout end by their payment deadline, not as locks, and are not warned of.
    """

    __slots__ = ("_now", "_say", "_timer", "_told", "_watched")

    def __init__(self, *, now: Callable[[], int], say: Callable[[Expiring], None]) -> None:
        self._now = now
        self._say = say
        self._timer: asyncio.TimerHandle | None = None
        self._watched: tuple[Hold, ...] = ()
        self._told: set[tuple[int, int]] = set()

    def watch(self, holds: tuple[Hold, ...]) -> None:
        """Take the holder's present holds instead of those watched so far."""
        self._watched = tuple(hold for hold in holds if hold.order is None)
        self._told &= {(hold.seat, hold.expires_at) for hold in self._watched}
        self._turn()

    def stop(self) -> None:
        """Warn of nothing more."""
        self._watched = ()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        """Say what is due, and come back for what is due next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        untold = [hold for hold in self._watched if (hold.seat, hold.expires_at) not in self._told]
        now = self._now()
        due: dict[int, list[int]] = {}
        for hold in untold:
            if now >= hold.expires_at - NOTICE_MS:
                due.setdefault(hold.expires_at, []).append(hold.seat)
        for expires_at, seats in sorted(due.items()):
            self._told.update((seat, expires_at) for seat in seats)
            self._say(Expiring(seats=seats, expires_at=expires_at))
        waiting = [hold.expires_at for hold in untold if hold.expires_at not in due]
        if waiting:
            delay = (min(waiting) - NOTICE_MS - now) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._turn)
