"""Instants as the domain counts them, milliseconds since the Unix epoch, and as PostgreSQL's driver takes them."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

LAST_MS: Final = 253_402_300_799_999
"""The last millisecond that a `datetime` can say, at the end of the year 9999."""


def to_datetime(ms: int) -> datetime:
    """The instant `ms`, in UTC; ValueError if it is before 1970 or after the year 9999."""
    if not 0 <= ms <= LAST_MS:
        raise ValueError("an instant lies between 1970 and 9999")
    return EPOCH + ms * MILLISECOND


def to_ms(instant: datetime) -> int:
    """The milliseconds since the Unix epoch of an aware `instant`."""
    return (instant - EPOCH) // MILLISECOND
