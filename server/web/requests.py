"""Reading of bodies and queries into structs: once, at the edge, each fault under its code."""

import re
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request

from protocol.codes import Code
from server.web.problems import ProblemError

T = TypeVar("T")

MAX_BODY_BYTES: Final = 256 * 1024
"""Twice what 10,000 seat ids need, so that such a list is told what is wrong with it; a longer body is `too_large`."""

_AT: Final = re.compile(r"^(?P<message>.*?)(?: - at `(?:key in )?\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"^Object missing required field `(?P<name>[^`]+)`")


async def read_body(request: Request, struct: type[T]) -> T:
    """The request's JSON as a `struct`; no body counts as `{}`.

    Raises `ProblemError`: `unsupported_media_type`, `malformed` (not JSON, not UTF-8, nested too deeply),
    `bad_request`, and through the body limit `too_large`.
    """
    body = await request.body()
    if not body:
        body = b"{}"
    elif not _is_json(request.headers.get("content-type", "")):
        raise ProblemError(Code.UNSUPPORTED_MEDIA_TYPE)
    try:
        body.decode()  # fields that no struct names are not looked at otherwise
        return msgspec.json.decode(body, type=struct)
    except msgspec.ValidationError:
        return _read_slowly(body, struct)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(Code.MALFORMED) from error


def _read_slowly(body: bytes, struct: type[T]) -> T:
    """Read to the end first: what follows the fault may be no JSON, or the same field again, of which the last wins."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProblemError(Code.MALFORMED) from error
    return _convert(value, struct, strict=True, whole="body")


def read_query(request: Request, struct: type[T]) -> T:
    """The query as a `struct`; of a parameter given twice the last counts, unknown ones are ignored. `bad_request`."""
    return _convert(dict(request.query_params), struct, strict=False, whole="query")


def _convert(value: Any, struct: type[T], *, strict: bool, whole: str) -> T:
    try:
        return msgspec.convert(value, struct, strict=strict)
    except msgspec.ValidationError as error:
        raise ProblemError.bad_request(*_fault(str(error), whole)) from error


def _fault(sentence: str, whole: str) -> tuple[str, str]:
    """The field and the message of what msgspec says: "Expected `str`, got `int` - at `$.seats[1]`"."""
    match = _AT.match(sentence)
    message, path = (match["message"], match["path"] or "") if match else (sentence, "")
    missing = _MISSING.match(message)
    if missing:
        path = f"{path}.{missing['name']}".lstrip(".")
    return path or whole, message


def _is_json(content_type: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    return kind == "application/json" and all(charset == "utf-8" for charset in charsets)
