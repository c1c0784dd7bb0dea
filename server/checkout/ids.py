"""Names for what is new: nobody can guess them, and gateways take them as they are."""

import base64
import hashlib
import secrets

from server.domain.holds import Once


def new_reference() -> str:
    """24 of `[a-z2-7]`: 120 random bits, for payments and refunds."""
    return base64.b32encode(secrets.token_bytes(15)).decode().lower()


def new_request_id() -> str:
    """32 hex digits."""
    return secrets.token_hex(16)


def new_pair() -> tuple[str, str]:
    """A reference and a request id."""
    return new_reference(), new_request_id()


def order_id(holder: str, showtime: str, once: Once | None) -> str:
    """The id of a new order: the same for every sending of one request, so that its pin is always its own."""
    if once is None:
        return new_reference()
    parts = (holder, showtime, once.key, once.body_hash)
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return base64.b32encode(digest[:15]).decode().lower()
