"""`GET /ws/showtimes/{id}`: the handshake of a WebSocket, and who may have one."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Final

import msgspec
import structlog
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from protocol.codec import Codec, negotiate
from protocol.codes import CloseCode, Code
from protocol.scalars import MAX_INTEGER, ShowtimeId
from server.domain.errors import ShowtimeNotFoundError, TokenError, UnavailableError
from server.live.asgi import AsgiOutgoing, serve
from server.live.hub import Hub
from server.live.session import Session
from server.ops.texts import language_of
from server.ports import Origin, Position
from server.web.context import Context, context_of
from server.web.problems import problem_response

log = structlog.get_logger(__name__)

FULL_RETRY_MS: Final = 5000
"""What a full server asks a client to wait."""


class SocketEndpoint:
    """Takes connections for one worker's hub, at most `max_connections` at a time."""

    def __init__(self, hub: Hub, *, worker: str, max_connections: int, heartbeat_ms: int) -> None:
        self._hub = hub
        self._worker = worker
        self._max_connections = max_connections
        self._heartbeat_ms = heartbeat_ms
        self._numbers = itertools.count(1)

    def route(self) -> WebSocketRoute:
        """The route to put into the application."""
        return WebSocketRoute("/ws/showtimes/{showtime}", self._connect)

    async def _connect(self, websocket: WebSocket) -> None:
        """Refuse by HTTP status what a page need not understand; accept, then serve or close with a code."""
        context = context_of(websocket)
        codec = negotiate(websocket.scope["subprotocols"])
        if codec is None:
            await websocket.send_denial_response(problem_response(websocket, Code.MALFORMED))
        elif not _origin_allowed(websocket, context):
            await websocket.send_denial_response(problem_response(websocket, Code.FORBIDDEN))
        elif self._hub.connections >= self._max_connections:
            response = problem_response(websocket, Code.UNAVAILABLE, retry_after_ms=FULL_RETRY_MS)
            await websocket.send_denial_response(response)
        else:
            with self._counted():
                offered = codec.subprotocol in websocket.scope["subprotocols"]
                await websocket.accept(codec.subprotocol if offered else None)
                await self._serve(websocket, context, codec)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self._hub.connections += 1
        try:
            yield
        finally:
            self._hub.connections -= 1

    async def _serve(self, websocket: WebSocket, context: Context, codec: Codec) -> None:
        showtime = websocket.path_params["showtime"]
        try:
            holder = context.sessions.holder_from_headers(websocket.headers)
            room = await self._hub.join(_showtime_id(showtime))
        except TokenError:
            await websocket.close(CloseCode.SESSION_ENDED)
            return
        except ShowtimeNotFoundError:
            await websocket.close(CloseCode.UNKNOWN_SHOWTIME)
            return
        except UnavailableError as error:
            log.warning("room cannot be opened", reason=str(error))
            await websocket.close(CloseCode.INTERNAL_ERROR)
            return
        try:
            if room.showtime.over(context.store.now()):
                await websocket.close(CloseCode.SHOWTIME_CLOSED)
                return
            outgoing = AsgiOutgoing(websocket, codec)
            session = Session(
                room=room,
                store=context.store,
                outgoing=outgoing,
                origin=Origin(self._worker, next(self._numbers)),
                read_token=context.sessions.tokens.read,
                holder=holder,
                display=websocket.query_params.get("display") == "1",
                language=language_of(websocket.headers.get("accept-language")),
                heartbeat_ms=self._heartbeat_ms,
            )
            await serve(websocket, outgoing, session, _position(websocket))
        finally:
            self._hub.left(room)


def _origin_allowed(websocket: WebSocket, context: Context) -> bool:
    headers = websocket.headers
    return context.origins.origin_allowed(headers.get("origin"), websocket.url.scheme, headers.get("host", ""))


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
