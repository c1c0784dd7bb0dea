"""What is on sale, and in which halls."""

from typing import Protocol

from server.domain.layout import Layout
from server.domain.showtimes import SeatFacts, Showtime, ShowtimePage


class Catalogue(Protocol):
    """Cinemas, halls, layouts, films and showtimes, in the database. May raise `UnavailableError`, outcome none."""

    async def showtimes(
        self, *, cinema: str | None, date: str | None, film: str | None, after: str | None, limit: int, now: int
    ) -> ShowtimePage:
        """Showtimes in order of start and id: by default those whose sales have not closed at `now` (ms).

        `date` (`YYYY-MM-DD`) is a day of each cinema's own time zone; `after` is a cursor that this method returned.
        Raises `CinemaNotFoundError`, and ValueError for a date or a cursor that is none.
        """
        ...

    async def showtime(self, showtime: str) -> Showtime:
        """One showtime; raises `ShowtimeNotFoundError`."""
        ...

    async def layout(self, version: int) -> Layout:
        """The layout under this version; raises `NotFoundError`. Layouts never change, so it may be kept."""
        ...

    async def seat_facts(self, showtime: str) -> SeatFacts:
        """What the seat store needs to open the showtime, read in one transaction; `ShowtimeNotFoundError`."""
        ...

    async def next_ordinal(self) -> int:
        """The next number of the sequence that orders epochs: greater than all given before."""
        ...
