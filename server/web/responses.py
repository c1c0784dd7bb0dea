"""JSON answers, and the validators by which a client need not be sent what it has."""

import hashlib
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_encode: Final = msgspec.json.Encoder().encode


def json_response(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`value`, a struct of representations, as JSON."""
    return Response(_encode(value), status_code=status, headers=headers, media_type="application/json")


def tag(*parts: object) -> str:
    """A short opaque name for content that is made of `parts` alone; nobody can read them from it."""
    return _digest(_encode(parts))


def cached_response(
    request: Request,
    content: bytes,
    *,
    cache_control: str,
    media_type: str = "application/json",
    etag: str | None = None,
    vary: str | None = None,
) -> Response:
    """`content` with its validator and rule; 304 without it, if the client has it already.

    `etag` is the validator with its quotes; without one it is made of the content itself.
    """
    etag = etag or f'"{_digest(content)}"'
    headers = {"ETag": etag, "Cache-Control": cache_control}
    if vary is not None:
        headers["Vary"] = vary
    if _has(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def _has(if_none_match: str | None, etag: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2): a client that has the content under either strength has it."""
    if if_none_match is None:
        return False
    known = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return known == ["*"] or etag.removeprefix("W/") in known
