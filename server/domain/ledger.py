"""What happens to seats, event by event: who had which seat when, and why somebody was refused it."""

import hashlib
from typing import Literal

import msgspec

SeatEventName = Literal["granted", "refused", "released", "expired", "pinned", "sold", "blocked", "unblocked"]


def hash_of(holder: str) -> str | None:
    """The first 16 hexadecimal digits of the SHA-256 of a holder's id; None for nobody (the empty id)."""
    return hashlib.sha256(holder.encode()).hexdigest()[:16] if holder else None


class SeatEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One seat, by index, at one position of a showtime (`epoch`, `version`), at the store's time `at` (ms).

    A refusal raises no version: several may share a position, with each other and with what came before. `holder_hash`
    is who had, lost or asked for the seat (see `hash_of`), None where nobody did. `order` is
    the order on whose behalf it happened. `reason` is the code of a refusal, else the operation: `lock`, `unlock`,
    `expire`, `pin`, `occupy`, `apply`, `release` or `block`.
    """

    showtime: str
    epoch: str
    version: int
    seat: int
    event: SeatEventName
    holder_hash: str | None
    order: str | None
    reason: str | None
    at: int
