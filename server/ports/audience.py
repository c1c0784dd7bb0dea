"""How many people watch."""

from collections.abc import Mapping
from typing import Protocol


class Audience(Protocol):
    """How many people watch each showtime, whichever worker they are connected to."""

    async def tell(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Tell how many viewers this worker has of each showtime; how many there are of each in all, in one round trip.

        What was told counts for about 10 s, so that a dead worker's viewers are gone soon: tell again every 2 s.
        A count of 0 takes back at once what was told. Raises `UnavailableError`, outcome none.
        """
        ...
