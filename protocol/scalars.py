"""The scalar types that every message is made of, with their limits."""

from typing import Annotated, Final, Literal

import msgspec

MAX_INTEGER: Final = 2**53 - 1
"""The greatest integer that a JavaScript reader holds exactly; every integer of the contract stays within ±this."""

MAX_SEATS_IN_REQUEST: Final = 100
"""More seats than this in one request are a `bad_request`, whatever the showtime's own limit is."""

_integer = msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)

Integer = Annotated[int, _integer]
"""A whole number within ±(2^53 - 1)."""

Milliseconds = Integer
"""A time: milliseconds since the Unix epoch, by the seat store's clock (fields ending in `_at`)."""

Duration = Integer
"""A duration in milliseconds (fields ending in `_ms`)."""

RequestId = Annotated[str, msgspec.Meta(max_length=32)] | Integer
"""What an answer repeats: a string of at most 32 characters, or an integer."""

ShowtimeId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
"""1-64 of `[A-Za-z0-9_-]`."""

SeatId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,16}\Z")]
"""What is printed on a seat: 1-16 of `[A-Za-z0-9-]`, such as `F7`."""

SeatIndex = Integer
"""A seat's place in its layout's order, from 0."""

Letter = Literal["A", "L", "O", "B"]
"""A seat's status on the wire: available, locked, occupied, blocked."""

Change = tuple[SeatIndex, Letter]
"""One seat's new letter."""
