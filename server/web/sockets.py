"""`GET /ws/showtimes/{id}`: the handshake of a WebSocket, and who may have one."""

import itertools
import re
from functools import partial
from typing import Any, Final

import msgspec
import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from protocol.codec import Codec, negotiate
from protocol.codes import CloseCode, Code
from protocol.scalars import MAX_INTEGER, ShowtimeId
from server.domain.errors import CineBookError, ShowtimeNotFoundError, TokenError
from server.live.asgi import AsgiOutgoing, serve
from server.live.connection import Connection
from server.live.frames import way
from server.live.hub import Hub
from server.live.outgoing import Outgoing
from server.live.pulse import Pulse
from server.live.session import Desk, Session
from server.live.wire import EXTENSION
from server.ops.texts import language_of
from server.ports import Origin, Position
from server.web.context import Context, context_of
from server.web.middleware import Envelope
from server.web.problems import problem_response

log = structlog.get_logger(__name__)

_PATH: Final = re.compile(r"/ws/showtimes/([^/]+)\Z")

FULL_RETRY_MS: Final = 5000
"""What a full server asks a client to wait."""


class SocketEndpoint:
    """Takes connections for one worker's hub, at most `max_connections` at a time."""

    def __init__(self, hub: Hub, desk: Desk, pulse: Pulse, *, worker: str, max_connections: int) -> None:
        self._hub = hub
        self._desk = desk
        self._pulse = pulse
        self._worker = worker
        self._max_connections = max_connections
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse by HTTP status what a page need not understand; accept, then serve or close with a code."""
        websocket = WebSocket(scope, receive, send)
        codec = negotiate(scope["subprotocols"])
        code = self._refusal(websocket, codec)
        if code is not None or codec is None:
            await Envelope(partial(_refuse, code or Code.MALFORMED))(scope, receive, send)
        else:
            await self._serve(websocket, codec)

    def _refusal(self, websocket: WebSocket, codec: Codec | None) -> Code | None:
        if _PATH.match(websocket.scope["path"]) is None:
            return Code.NOT_FOUND
        if codec is None:
            return Code.MALFORMED
        if not _origin_allowed(websocket, context_of(websocket)):
            return Code.FORBIDDEN
        if self._hub.draining or self._hub.connections >= self._max_connections:
            return Code.UNAVAILABLE
        return None

    async def _serve(self, websocket: WebSocket, codec: Codec) -> None:
        subprotocol = codec.subprotocol if codec.subprotocol in websocket.scope["subprotocols"] else None
        detach = websocket.scope["extensions"].get(EXTENSION)
        if detach is None:
            await websocket.accept(subprotocol)
            outgoing = AsgiOutgoing(websocket, way(codec, framed=False), self._desk.bounds.write_bytes)
            await serve(websocket, outgoing, await self._session(websocket, outgoing), _position(websocket))
        else:
            # This call ends as soon as the client is greeted.
            connection = detach(subprotocol, way(codec, framed=True), self._pulse, self._desk.bounds.write_bytes)
            try:
                await self._begin(websocket, connection)
            except BaseException:
                connection.close(CloseCode.INTERNAL_ERROR)
                raise

    async def _begin(self, websocket: WebSocket, connection: Connection) -> None:
        session = await self._session(websocket, connection)
        if session is None:
            return
        connection.attach(session)
        try:
            await session.greet(_position(websocket))
        except CineBookError:
            log.exception("connection given up")
            connection.close(CloseCode.INTERNAL_ERROR)
        else:
            connection.flush()
            if not session.behind:
                connection.proceed()

    async def _session(self, websocket: WebSocket, outgoing: Outgoing) -> Session | None:
        """A session in its showtime's room; None if the connection was closed with what keeps it out."""
        context = context_of(websocket)
        self._hub.connections += 1
        try:
            holder = context.sessions.holder_from_headers(websocket.headers)
            room = await self._hub.join(_showtime_id(_PATH.sub(r"\1", websocket.scope["path"])))
        except BaseException as error:
            self._hub.connections -= 1
            code = _close_code(error)
            if code is None:
                raise
            outgoing.close(code)
            return None
        session = Session(
            room=room,
            desk=self._desk,
            outgoing=outgoing,
            origin=Origin(self._worker, next(self._numbers)),
            holder=holder,
            display=websocket.query_params.get("display") == "1",
            language=language_of(websocket.headers.get("accept-language")),
        )
        if room.showtime.over(self._desk.store.now()):
            outgoing.close(CloseCode.SHOWTIME_CLOSED)
            session.leave()
            return None
        return session


async def _refuse(code: Code, scope: Scope, receive: Receive, send: Send) -> None:
    websocket = WebSocket(scope, receive, send)
    facts: dict[str, Any] = {"retry_after_ms": FULL_RETRY_MS} if code is Code.UNAVAILABLE else {}
    await websocket.send_denial_response(problem_response(websocket, code, **facts))


def _close_code(error: BaseException) -> CloseCode | None:
    """What keeps a client out, as it is told; None for what is our own fault."""
    match error:
        case TokenError():
            return CloseCode.SESSION_ENDED
        case ShowtimeNotFoundError():
            return CloseCode.UNKNOWN_SHOWTIME
        case CineBookError():
            log.warning("room cannot be opened", reason=str(error))
            return CloseCode.INTERNAL_ERROR
        case _:
            return None


def _origin_allowed(websocket: WebSocket, context: Context) -> bool:
    headers = websocket.headers
    return context.origins.origin_allowed(headers.get("origin"), websocket.scope["scheme"], headers.get("host", ""))


def _showtime_id(value: str) -> str:
    """The id from the path; one that no showtime can have is unknown like any other."""
    try:
        showtime: str = msgspec.convert(value, ShowtimeId)
    except msgspec.ValidationError as error:
        raise ShowtimeNotFoundError(value) from error
    return showtime


def _position(websocket: WebSocket) -> Position | None:
    """The position to resume from; one that cannot be read counts as none, and a snapshot follows."""
    epoch = websocket.query_params.get("epoch", "")
    version = websocket.query_params.get("version", "")
    if not epoch or not version.isascii() or not version.isdigit() or len(version) > len(str(MAX_INTEGER)):
        return None
    return Position(epoch, int(version))
