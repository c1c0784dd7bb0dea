"""Where a page of rows ends that are in the order of an instant and an id; opaque to clients."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from server.db.instants import LAST_MS
from server.db.slugs import SLUG


class Cursor(msgspec.Struct, frozen=True):
    """The position after the row `id` at the instant `at` (ms)."""

    at: int
    id: str

    def encode(self) -> str:
        """The cursor as clients hand it back; URL-safe."""
        return urlsafe_b64encode(f"{self.at}.{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The cursor that `encode` wrote as `text`; ValueError for anything else."""
        try:
            at, _, row_id = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(".")
            cursor = cls(int(at), row_id)
        except (binascii.Error, ValueError) as error:
            raise ValueError("the cursor is none of ours") from error
        # Only the one spelling that was given out: decoders are lenient about padding, digits and foreign characters.
        if not 0 <= cursor.at <= LAST_MS or not SLUG.fullmatch(row_id) or cursor.encode() != text:
            raise ValueError("the cursor is none of ours")
        return cursor
