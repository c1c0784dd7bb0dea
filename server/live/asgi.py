"""A session on a plain ASGI WebSocket: one reader, one writer, and a bounded queue between session and socket."""

import asyncio
import contextlib
from collections import deque
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from protocol.codec import Codec
from protocol.codes import CloseCode
from server.domain.errors import CineBookError
from server.live.session import Session
from server.ports import Position

log = structlog.get_logger(__name__)

QUEUE_BYTES: Final = 1 << 20
"""What may wait for one client; more means that it does not read, and it is closed."""

CLOSE_GRACE_S: Final = 2.0
"""How long a close may wait behind a client that does not read before the connection is dropped."""


class AsgiOutgoing:
    """The way out to one client: what is sent waits in order until the socket takes it."""

    def __init__(self, websocket: WebSocket, codec: Codec) -> None:
        self.codec: Final = codec
        self._websocket = websocket
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._code: CloseCode | None = None

    def send(self, data: bytes) -> None:
        """Queue one message; past the bound the queue is dropped and the client closed (4001)."""
        if self._code is not None:
            return
        if self._queued + len(data) > QUEUE_BYTES:
            self._queue.clear()
            self.close(CloseCode.SLOW_CONSUMER)
            return
        self._queue.append(data)
        self._queued += len(data)
        self._wake.set()

    def close(self, code: CloseCode) -> None:
        """Close after what is queued; the first code stands."""
        if self._code is None:
            self._code = code
            self._wake.set()

    async def write(self) -> None:
        """Write what is queued as it comes; return when the connection is to end."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._code is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_GRACE_S):
                        await self._flush()
                        await self._websocket.close(self._code)
                return
            await self._flush()

    async def _flush(self) -> None:
        while self._queue:
            data = self._queue.popleft()
            self._queued -= len(data)
            if self.codec.binary:
                await self._websocket.send_bytes(data)
            else:
                await self._websocket.send({"type": "websocket.send", "text": data.decode()})


async def serve(websocket: WebSocket, outgoing: AsgiOutgoing, session: Session, position: Position | None) -> None:
    """Run an accepted connection to its end, and leave the room whatever happens."""
    reader = asyncio.create_task(_read(websocket, outgoing, session, position), name="socket reader")
    writer = asyncio.create_task(outgoing.write(), name="socket writer")
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        if reader.done():
            await asyncio.wait({writer}, timeout=CLOSE_GRACE_S)
    finally:
        session.leave()
        for task in (reader, writer):
            task.cancel()
        for outcome in await asyncio.gather(reader, writer, return_exceptions=True):
            _report(outcome)


async def _read(websocket: WebSocket, outgoing: AsgiOutgoing, session: Session, position: Position | None) -> None:
    """Greet, then hand in what the client sends, one message at a time, until it is gone."""
    try:
        await session.greet(position)
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                outgoing.close(CloseCode.NORMAL)
                return
            data: bytes | None = message.get("bytes")
            if (data is not None) != outgoing.codec.binary:
                outgoing.close(CloseCode.WRONG_FRAME_KIND)
                return
            await session.receive(message["text"].encode() if data is None else data)
    except CineBookError:
        log.exception("connection given up")
        outgoing.close(CloseCode.INTERNAL_ERROR)


def _report(outcome: BaseException | None) -> None:
    """Log what ended a connection unless it is the ordinary end: the client went away, or we closed."""
    if outcome is None or isinstance(outcome, asyncio.CancelledError | WebSocketDisconnect):
        return
    log.error("connection failed", exc_info=outcome)
