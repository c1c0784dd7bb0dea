"""Keyed hashes as gateways write them, in lower-case hex, their comparison in constant time, and values to sign."""

import hmac
import re
from typing import Final, Literal

_HEX: Final = re.compile(r"[0-9a-fA-F]+", re.ASCII)


def keyed_hash(algorithm: Literal["sha256", "sha512"], key: bytes, text: str) -> str:
    """The HMAC of `text` in UTF-8. Raises ValueError for text that has no UTF-8: a lone surrogate."""
    return hmac.new(key, text.encode(), algorithm).hexdigest()


def same_hash(expected: str, given: object) -> bool:
    """Whether `given`, whatever was received, is this hash in either case; how long it takes tells nothing of it."""
    if not isinstance(given, str) or len(given) != len(expected) or not _HEX.fullmatch(given):
        return False
    return hmac.compare_digest(given.lower().encode(), expected.encode())


def written(value: object) -> str:
    """A value of a message as it is signed; None is empty.

    Raises ValueError for what is neither text nor a whole number: it could not be written back as it was received.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case int() if not isinstance(value, bool):
            return str(value)
    raise ValueError(f"neither text nor a whole number: {type(value).__name__}")
