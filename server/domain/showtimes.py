"""Cinemas, halls, films and showtimes, as the catalogue tells of them."""

import msgspec


class Cinema(msgspec.Struct, frozen=True, kw_only=True):
    """A cinema and its IANA time zone, by which its days begin and end."""

    id: str
    name: str
    time_zone: str


class Hall(msgspec.Struct, frozen=True, kw_only=True):
    """A room of a cinema."""

    id: str
    name: str


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """A film; `rating` is the age rating shown to customers, such as `T13`."""

    id: str
    title: str
    duration_minutes: int
    rating: str


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """Seats of one price in a showtime: `price` is an integer in the minor unit of `currency` (ISO 4217)."""

    id: str
    name: str
    price: int
    currency: str


class Sales(msgspec.Struct, frozen=True, kw_only=True):
    """When seats may be locked: from `opens_at` until before `closes_at` (ms)."""

    opens_at: int
    closes_at: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one holder may have in a showtime: seats, the length of a hold, and its cap from the first lock."""

    max_seats: int
    hold_ms: int
    max_hold_ms: int


class Showtime(msgspec.Struct, frozen=True, kw_only=True):
    """One screening of one film in one hall; `layout` is the version of the hall's layout that it sells."""

    id: str
    cinema: Cinema
    hall: Hall
    film: Film
    starts_at: int
    layout: int
    sales: Sales
    zones: tuple[Zone, ...]
    limits: Limits

    def over(self, now: int) -> bool:
        """Whether nothing can happen any more at `now` (ms): the film has ended, and sales are closed."""
        return now >= self.sales.closes_at and now >= self.starts_at + self.film.duration_minutes * 60_000


class ShowtimePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some showtimes in order of time and id, and the cursor of the next page, None on the last."""

    showtimes: tuple[Showtime, ...]
    next: str | None


class Occupation(msgspec.Struct, frozen=True, kw_only=True):
    """One seat, by index, that a live order owns: in payment until `deadline` (ms), or sold where that is None.

    `holder` is the id of who ordered; `row_version` counts the changes of the order's row; (`ordinal`, `fence`) is the
    fence under which the seat was granted.
    """

    seat: int
    order: str
    holder: str
    deadline: int | None
    row_version: int
    ordinal: int
    fence: int


class SeatFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the seat store must know of a showtime to open it: read from the database in one transaction.

    `occupations` are the seats that live orders own, each seat once; `blocked` are the house seats.
    """

    showtime: str
    layout: int
    seat_ids: tuple[str, ...]
    sales: Sales
    limits: Limits
    occupations: tuple[Occupation, ...]
    blocked: tuple[int, ...]
