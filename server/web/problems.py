"""RFC 9457 problem documents: every refusal and failure over HTTP is one."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response

from protocol.codes import Code, Outcome
from server.domain.errors import Conflict, ConflictError, NotFoundError, RefusedError, TokenError
from server.ops.metrics import REFUSED
from server.ops.texts import Language, conflict_text, language_of, text

MEDIA_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "https://cinebook.example/problems/"


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a request: the `field`, such as `seats[2]`, or the whole `body`."""

    field: str
    message: str


class RejectedSeat(msgspec.Struct, frozen=True, kw_only=True):
    """One seat, by id, that a request in mode `any` did not get, and why."""

    seat: str
    code: Code


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document; `instance` is the request id, and programs go by `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    instance: str
    seats: tuple[str, ...] | UnsetType = UNSET
    rejected: tuple[RejectedSeat, ...] | UnsetType = UNSET
    errors: tuple[FieldError, ...] | UnsetType = UNSET
    order: str | UnsetType = UNSET
    total: int | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET
    retry_after_ms: int | UnsetType = UNSET


class ProblemError(Exception):
    """Ends a request with the problem of this `code`; `fields` are what `problem_response` takes beside it."""

    def __init__(self, code: Code, **fields: Any) -> None:
        super().__init__(code.value)
        self.code = code
        self.fields = fields

    @classmethod
    def bad_request(cls, field: str, message: str) -> "ProblemError":
        """A request that can be read but has this fault."""
        return cls(Code.BAD_REQUEST, errors=(FieldError(field=field, message=message),))


def request_id(connection: HTTPConnection) -> str:
    """The id that this request's answer carries."""
    identity: str = connection.scope.get("request_id", "")
    return identity


def problem_response(connection: HTTPConnection, code: Code, *, why: Conflict | None = None, **fields: Any) -> Response:
    """The problem document for `code`, in the language that the client prefers.

    `fields` are those of `Problem` that the code carries; `why` tells conflicts apart, for people.
    """
    REFUSED.labels(code.value).inc()
    language: Language = language_of(connection.headers.get("accept-language"))
    problem = Problem(
        type=TYPE_BASE + code.value.replace("_", "-"),
        title=code.value.replace("_", " ").capitalize(),
        status=code.http_status,
        detail=text(code, language) if why is None else conflict_text(why, language),
        code=code,
        instance=request_id(connection),
        **fields,
    )
    headers = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    if problem.retry_after_ms is not UNSET:
        headers["Retry-After"] = str(max(1, -(-problem.retry_after_ms // 1000)))
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(problem), status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


def _for_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - narrows the type that Starlette leaves open
    return problem_response(request, error.code, **error.fields)


def _for_refusal(request: Request, error: Exception) -> Response:
    """A refusal that is about no seat by name, such as a dependency that does not answer."""
    assert isinstance(error, RefusedError)  # noqa: S101 - as above
    return problem_response(request, error.code, **facts_of(error))


def _for_not_found(request: Request, _error: Exception) -> Response:
    return problem_response(request, Code.NOT_FOUND)


def _for_token(request: Request, _error: Exception) -> Response:
    return problem_response(request, Code.UNAUTHENTICATED)


def _for_disconnect(request: Request, _error: Exception) -> Response:
    """Nobody reads this answer; the request ended in the middle of its body."""
    return problem_response(request, Code.MALFORMED)


def _for_http(request: Request, error: Exception) -> Response:
    """Starlette's own: no route for the path, or none for the method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    code = _HTTP_CODES.get(error.status_code, Code.INTERNAL)
    response = problem_response(request, code)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


_HTTP_CODES: Final = {400: Code.MALFORMED, 404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED}

HANDLERS: Final = {
    ProblemError: _for_problem,
    RefusedError: _for_refusal,
    NotFoundError: _for_not_found,
    TokenError: _for_token,
    ClientDisconnect: _for_disconnect,
    HTTPException: _for_http,
}
"""By exception, for Starlette; anything else is `internal`, answered by the outermost middleware."""


def facts_of(error: RefusedError) -> dict[str, Any]:
    """What a refusal carries beside seats, as `problem_response` takes it."""
    facts: dict[str, Any] = {}
    if error.outcome is not None:
        facts["outcome"] = error.outcome
    if error.retry_after_ms is not None:
        facts["retry_after_ms"] = error.retry_after_ms
    if isinstance(error, ConflictError):
        facts["why"] = error.reason
        if error.order is not None:
            facts["order"] = error.order
        if error.total is not None:
            facts["total"] = error.total
    return facts
