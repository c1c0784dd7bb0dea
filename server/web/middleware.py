"""What every HTTP exchange goes through, as plain ASGI.

From the outside in: `SocketsFirst`, the counting (`server.web.metrics`), `Envelope` (request id, headers, last resort),
`Cors`, `Csrf`, `BodyLimit`. WebSocket handshakes have rules of their own; only their refusals go into an `Envelope`.
"""

import re
import secrets
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from protocol.codes import Code
from server.identity.origins import OriginPolicy
from server.identity.sessions import bearer
from server.web.problems import ProblemError, problem_response

log = structlog.get_logger(__name__)

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")

_MAX_DIGITS: Final = 18
"""A longer number is no length, and too much work to read."""

_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start"})

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing; OPTIONS is the question that CORS asks first."""

API_CSP: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"

_DEFAULT_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": API_CSP,
    "Cache-Control": "no-store",
}
"""What an answer has unless its route says otherwise."""

_CORS_METHODS: Final = "GET, POST, PUT, DELETE"
_CORS_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Order-Token, X-Request-ID"
_CORS_EXPOSED: Final = "ETag, Idempotent-Replayed, Retry-After, X-Request-ID"
_CORS_MAX_AGE_S: Final = "600"


class SocketsFirst:
    """Hands WebSockets to an application of their own: what follows is about HTTP, and would cost each handshake."""

    def __init__(self, app: ASGIApp, sockets: ASGIApp) -> None:
        self.app = app
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI exchange, or one WebSocket's handshake."""
        await (self._sockets if scope["type"] == "websocket" else self.app)(scope, receive, send)


class Envelope:
    """Gives each exchange its id and headers, and answers `internal` where everything else has failed.

    A sane incoming `X-Request-ID` is taken over. The failure is logged with the id, and nothing of it is sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI exchange."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SANE_ID.match(given) else secrets.token_hex(16)
        scope["request_id"] = request_id
        started = False

        async def send_in_envelope(message: Message) -> None:
            nonlocal started
            if message["type"] in _STARTS:
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in _DEFAULT_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_in_envelope)
        except Exception:  # the boundary: whatever it was, the client gets a clear answer and the log the trace
            if started or scope["type"] != "http":
                raise  # half an answer must not look whole: the server logs it and cuts the connection
            log.exception("request_failed", request_id=request_id, method=scope["method"], path=scope["path"])
            response = problem_response(HTTPConnection(scope), Code.INTERNAL)
            await response(scope, receive, send_in_envelope)


class Cors:
    """Lets pages of listed origins read the answers, and answers what their browsers ask first."""

    def __init__(self, app: ASGIApp, origins: OriginPolicy) -> None:
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI exchange."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        listed = origin is not None and self._origins.is_listed(origin)

        async def send_with_cors(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if listed and origin is not None:
                    answer["Access-Control-Allow-Origin"] = origin
                    answer["Access-Control-Allow-Credentials"] = "true"
                    answer["Access-Control-Expose-Headers"] = _CORS_EXPOSED
            await send(message)

        if listed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await send_with_cors({"type": "http.response.start", "status": 204, "headers": _preflight_headers()})
            await send_with_cors({"type": "http.response.body", "body": b""})
            return
        await self.app(scope, receive, send_with_cors)


def _preflight_headers() -> list[tuple[bytes, bytes]]:
    fields = {
        "access-control-allow-methods": _CORS_METHODS,
        "access-control-allow-headers": _CORS_HEADERS,
        "access-control-max-age": _CORS_MAX_AGE_S,
    }
    return [(name.encode(), value.encode()) for name, value in fields.items()]


class Csrf:
    """Refuses, with `forbidden`, what another site has its visitors' browsers send.

    Every request that may change something, whether a cookie came or not, except with a Bearer: no other site's page
    can add one without asking first. Paths that begin with `exempt` look at no cookie: what they take is signed.
    """

    def __init__(self, app: ASGIApp, origins: OriginPolicy, exempt: str) -> None:
        self.app = app
        self._origins = origins
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI exchange."""
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and not self._allowed(scope):
            await problem_response(HTTPConnection(scope), Code.FORBIDDEN)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _allowed(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        return (
            scope["path"].startswith(self._exempt)
            or bearer(headers) is not None
            or self._origins.write_allowed(
                headers.get("origin"), headers.get("sec-fetch-site"), scope["scheme"], headers.get("host", "")
            )
        )


class BodyLimit:
    """Refuses a longer body with `too_large`: at once where its length is announced, else as soon as it is passed."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI exchange."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or len(announced) > _MAX_DIGITS or int(announced) > self._max_bytes:
            await problem_response(HTTPConnection(scope), Code.TOO_LARGE)(scope, receive, send)
            return
        left = self._max_bytes

        async def receive_bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise ProblemError(Code.TOO_LARGE)
            return message

        await self.app(scope, receive_bounded, send)
