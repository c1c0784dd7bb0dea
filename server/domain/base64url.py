"""Base64url (RFC 4648, section 5) without padding: bytes as text for addresses and JSON."""

import base64


def encode(raw: bytes | bytearray) -> str:
    """The text of these bytes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of a text; ValueError for a foreign sign or a length that no bytes have.

    Several texts say the same bytes: `+` and `/` are read too, and the last letter may have bits to spare. Whoever
    wants the one spelling compares with `encode`.
    """
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
