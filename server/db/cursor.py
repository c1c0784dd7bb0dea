"""Where a page of showtimes ends: the start and id of its last one, opaque to clients."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from server.db.instants import LAST_MS

SHOWTIME_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class Cursor(msgspec.Struct, frozen=True):
    """The position after the showtime `id` that starts at `starts_at` (ms), in the order of start and id."""

    starts_at: int
    id: str

    def encode(self) -> str:
        """The cursor as clients hand it back; URL-safe."""
        return urlsafe_b64encode(f"{self.starts_at}.{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The cursor that `encode` wrote as `text`; ValueError for anything else."""
        try:
            starts_at, _, showtime = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(".")
            cursor = cls(int(starts_at), showtime)
        except (binascii.Error, ValueError) as error:
            raise ValueError("the cursor is none of ours") from error
        # Only the one spelling that was given out: decoders are lenient about padding, digits and foreign characters.
        if not 0 <= cursor.starts_at <= LAST_MS or not SHOWTIME_ID.fullmatch(showtime) or cursor.encode() != text:
            raise ValueError("the cursor is none of ours")
        return cursor
