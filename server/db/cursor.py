"""Where a page of rows ends that are in the order of an instant and an id; opaque to clients."""

import msgspec

from server.db.instants import LAST_MS
from server.db.slugs import SLUG
from server.domain import base64url


class Cursor(msgspec.Struct, frozen=True):
    """The position after the row `id` at the instant `at` (ms)."""

    at: int
    id: str

    def encode(self) -> str:
        """The cursor as clients hand it back; URL-safe."""
        return base64url.encode(f"{self.at}.{self.id}".encode())

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The cursor that `encode` wrote as `text`; ValueError for anything else."""
        try:
            at, _, row_id = base64url.decode(text).decode().partition(".")
            cursor = cls(int(at), row_id)
        except ValueError as error:
            raise ValueError("the cursor is none of ours") from error
        # Only the one spelling that was given out: decoders are lenient about spare bits and digits.
        if not 0 <= cursor.at <= LAST_MS or not SLUG.fullmatch(row_id) or cursor.encode() != text:
            raise ValueError("the cursor is none of ours")
        return cursor
