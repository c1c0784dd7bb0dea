"""`Idempotency-Key`: a request that is sent again, because its answer was lost, takes effect once."""

import hashlib
from typing import Final

import msgspec
from starlette.requests import Request

from server.domain.holds import Once
from server.web.problems import ProblemError

HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
"""Set to `true` on an answer that was given before, under the same key."""

REPLAYED: Final = {REPLAYED_HEADER: "true"}

MAX_KEY_LENGTH: Final = 255

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def idempotency_key(request: Request) -> str | None:
    """The key that the client gave, of 1 to 255 characters; None for none. `bad_request` for another, or for two."""
    keys = request.headers.getlist(HEADER)
    if not keys:
        return None
    if len(keys) > 1:
        raise ProblemError.bad_request(HEADER, "given more than once")
    if not 1 <= len(keys[0]) <= MAX_KEY_LENGTH:
        raise ProblemError.bad_request(HEADER, f"Expected `str` of length 1 to {MAX_KEY_LENGTH}")
    return keys[0]


def body_hash(request: Request, body: msgspec.Struct) -> str:
    """The SHA-256, in hexadecimal, of the method, the path and the body as it was read.

    Spaces, the order of fields and fields that nothing reads make no difference; what is said and what is the default
    are the same.
    """
    said = b"\n".join((request.method.encode(), request.url.path.encode(), _encode(body)))
    return hashlib.sha256(said).hexdigest()


def once(request: Request, body: msgspec.Struct) -> Once | None:
    """The key of a request with what it asks for; None for one without a key. `bad_request` as `idempotency_key`."""
    key = idempotency_key(request)
    return None if key is None else Once(key=key, body_hash=body_hash(request, body))
