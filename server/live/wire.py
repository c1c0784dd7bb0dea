"""The Uvicorn protocol class of our WebSockets: Uvicorn's own on the sans-I/O core, with its gaps closed.

Under Uvicorn itself a client that stops answering pings is closed with 1011 and held until its buffers drain, a frame
of invalid UTF-8 logs a traceback, and so does every handshake that the application refuses with a response.
"""

import logging
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from protocol.codes import CloseCode

ABORT_AFTER_S: Final = 2.0
"""How long a client that gave no sign of life may take to read its close frame before the connection is cut."""

log = logging.getLogger(__name__)


class SeatMapProtocol(WebSocketsSansIOProtocol):
    """One TCP connection that carries a WebSocket."""

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
