"""What happened to seats, kept for the day on which somebody asks."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from server.domain.ledger import SeatEvent


class SeatHistory(msgspec.Struct, frozen=True, kw_only=True):
    """One seat around an instant: `last` is what made it what it was then (None: nothing is known to have happened).

    `events` are all of the time around, refusals too, oldest first.
    """

    last: SeatEvent | None
    events: tuple[SeatEvent, ...]


class SeatLedger(Protocol):
    """The history of every seat; it only grows. Any method may raise `UnavailableError`."""

    async def append(self, events: Sequence[SeatEvent]) -> None:
        """Write down what happened; what is written already is not written twice, so a batch may come again."""
        ...

    async def of_seat(
        self, showtime: str, seat: int, *, at: int, around_ms: int = 60_000, limit: int = 200
    ) -> SeatHistory:
        """Who had a seat at an instant (ms), and what was done and refused within `around_ms` before and after it.

        Of the events at most `limit` are told, those nearest to the instant.
        """
        ...
