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


def order_id(holder: str, showtime: str, once: Once | None, turn: int = 0) -> str:
    """The id of a new order: the same for every sending of one request, so that its pin is always its own.

    `turn` counts the requests that had this key and body before, each of them forgotten when the next one came.
    """
    if once is None:
        return new_reference()
    return _derived_pair(f"order {turn}" if turn else "order", holder, showtime, once)[0]


def pair_for(holder: str, order: str, once: Once | None) -> tuple[str, str]:
    """The reference and request id of an attempt or a refund: the same for every sending of one request."""
    return new_pair() if once is None else _derived_pair("money", holder, order, once)


def _derived_pair(purpose: str, holder: str, subject: str, once: Once) -> tuple[str, str]:
    parts = (purpose, holder, subject, once.key, once.body_hash)
    digest = hashlib.sha512("\x00".join(parts).encode()).digest()
    return base64.b32encode(digest[:15]).decode().lower(), digest[15:31].hex()
