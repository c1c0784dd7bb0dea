"""The Uvicorn protocol class of our WebSockets: Uvicorn's own on the sans-I/O core reads the handshake, then lets go.

It offers the application a scope extension, `seatmap.detach`, by which a connection is accepted and handed over: a
`Connection` takes its place, and everything that the handshake needed is dropped. An application that accepts it in the
usual way is served as by Uvicorn, with some gaps closed: there a client that stops answering pings is closed with 1011
and held until its buffers drain, and a frame of invalid UTF-8 logs a traceback, as does every handshake that the
application refuses with a response.
"""

import asyncio
import logging
from typing import Any, Final, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from protocol.codes import CloseCode
from server.live.connection import Connection
from server.live.frames import Way
from server.live.pulse import Pulse

EXTENSION: Final = "seatmap.detach"
"""The scope extension: `SeatMapProtocol.detach`, to be called once and in place of accepting."""

ABORT_AFTER_S: Final = 2.0
"""How long a client that gave no sign of life may take to read its close frame before the connection is cut."""

_UNREADABLE: Final = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

log = logging.getLogger(__name__)


class _Gone:
    """Stands for a transport that belongs to somebody else now."""

    def is_closing(self) -> bool:
        return True

    def close(self) -> None:
        pass


class SeatMapProtocol(WebSocketsSansIOProtocol):
    """One TCP connection that carries a WebSocket, until it is detached."""

    def data_received(self, data: bytes) -> None:
        """Take in the handshake; one that cannot be read, such as one of too many headers, is refused and not kept."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_complete:
            log.info("refused a handshake that cannot be read")
            self.handshake_complete = self.close_sent = True
            self.transport.write(_UNREADABLE)
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Offer the extension with the handshake, and read nothing more until the application asks for it."""
        super().handle_connect(event)
        if not self.close_sent:
            cast("dict[str, Any]", self.scope["extensions"])[EXTENSION] = self.detach
            self.read_paused = True
            self.transport.pause_reading()

    def detach(self, subprotocol: str | None, way: Way, pulse: Pulse, write_bytes: int) -> Connection:
        """Accept the handshake, and hand the connection over to what takes its place.

        The answer leaves with what is written to the client in the same turn of the loop. Raises `ClientDisconnected`
        if nobody is there any more.
        """
        if self.disconnected or self.transport.is_closing():
            raise ClientDisconnected
        if subprotocol is not None:
            self.response.headers["Sec-WebSocket-Protocol"] = subprotocol
        self.conn.send_response(self.response)
        self.handshake_complete = True
        answer = b"".join(self.conn.data_to_send())
        others = cast("set[object]", self.connections)
        connection = Connection(self.transport, way, pulse, write_bytes, others, answer=answer)
        self.connections.discard(self)
        # What Uvicorn still does to this object when the application returns must not reach the transport.
        self.transport = cast("asyncio.Transport", _Gone())
        return connection

    def keepalive_timeout(self) -> None:
        """Close a client that answered no ping (4002), and cut it off if it does not even read that."""
        self.pong_timer = None
        self.pending_ping_payload = None
        if self.close_sent or self.transport.is_closing():
            return
        self._end(CloseCode.IDLE)
        self.loop.call_later(ABORT_AFTER_S, self.transport.abort)

    def send_receive_event_to_app(self) -> None:
        """Hand a complete message to the application; text that is not UTF-8 closes with 1007."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                log.info("closed a client that sent invalid UTF-8")
                self.frames = []
                self._end(CloseCode.INVALID_UTF8)
                return
        super().send_receive_event_to_app()

    def _end(self, code: CloseCode) -> None:
        self.conn.fail(code)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": int(code), "reason": ""})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    async def send(self, message: Any) -> None:
        """Send for the application; after a whole response in place of a handshake nothing is left to complete."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True
