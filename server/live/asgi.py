"""A session on a plain ASGI WebSocket, for servers that cannot detach: one reader, one writer, a bounded queue."""

import asyncio
from collections import deque
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from protocol.codes import CloseCode
from server.domain.errors import CineBookError
from server.live.frames import Way
from server.live.session import Session
from server.ports import Position

log = structlog.get_logger(__name__)

CLOSE_GRACE_S: Final = 2.0
"""How long a close may wait behind a client that does not read before the connection is dropped."""


class AsgiOutgoing:
    """The way out to one client: what is written waits in order until the socket takes it.

    When more than `write_bytes` wait, the client counts as behind.
    """

    def __init__(self, websocket: WebSocket, way: Way, write_bytes: int) -> None:
        self._bound = write_bytes
        self.way: Final = way
        self._websocket = websocket
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._behind = False
        self._wake = asyncio.Event()
        self._code: CloseCode | None = None
        self._session: Session | None = None
        self.reading = asyncio.Event()
        self.reading.set()
        self.overdue: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when a close has waited behind the client for too long."""

    def attach(self, session: Session) -> None:
        """Tell `session` when the client falls behind."""
        self._session = session

    def write(self, data: bytes) -> None:
        """Queue one message; past the bound the client counts as behind."""
        if self._code is not None:
            return
        self._queue.append(data)
        self._queued += len(data)
        self._wake.set()
        if self._queued > self._bound and not self._behind and self._session is not None:
            self._behind = True
            self._session.fell_behind()

    def close(self, code: CloseCode) -> None:
        """Close after what is queued; the first code stands."""
        if self._code is None:
            self._code = code
            self.reading.set()
            self._wake.set()
            asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._give_up)

    def _give_up(self) -> None:
        if not self.overdue.done():
            self.overdue.set_result(None)

    def hold(self) -> None:
        """Take in nothing more from the client until `proceed`."""
        if self._code is None:
            self.reading.clear()

    def proceed(self) -> None:
        """Take in again what the client says."""
        self.reading.set()

    @property
    def closing(self) -> bool:
        """Whether the connection is about to end."""
        return self._code is not None

    async def drain(self) -> None:
        """Write what is queued as it comes; return when the connection is to end."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._code is None:
                await self._flush()
            if self._code is not None:
                await self._flush()
                await self._websocket.close(self._code)
                return
            if self._behind and self._session is not None:
                self._behind = False
                self._session.caught_up()

    async def _flush(self) -> None:
        while self._queue:
            data = self._queue.popleft()
            self._queued -= len(data)
            try:
                if self.way.codec.binary:
                    await self._websocket.send_bytes(data)
                else:
                    await self._websocket.send({"type": "websocket.send", "text": data.decode()})
            except RuntimeError as error:
                # The server has closed by itself, over a frame that broke the protocol, and says so only here.
                raise WebSocketDisconnect(CloseCode.ABNORMAL) from error


async def serve(
    websocket: WebSocket, outgoing: AsgiOutgoing, session: Session | None, position: Position | None
) -> None:
    """Run an accepted connection to its end, and leave the room whatever happens; without a session just close it."""
    writer = asyncio.create_task(outgoing.drain(), name="socket writer")
    tasks = {writer}
    if session is not None:
        outgoing.attach(session)
        tasks.add(asyncio.create_task(_read(websocket, outgoing, session, position), name="socket reader"))
    try:
        await asyncio.wait({*tasks, outgoing.overdue}, return_when=asyncio.FIRST_COMPLETED)
        outgoing.close(CloseCode.INTERNAL_ERROR)
        await asyncio.wait({writer, outgoing.overdue}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if session is not None:
            session.leave()
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            _report(outcome)


async def _read(websocket: WebSocket, outgoing: AsgiOutgoing, session: Session, position: Position | None) -> None:
    """Greet, then hand in what the client sends until it is gone or to be gone."""
    try:
        await session.greet(position)
    except CineBookError:
        log.exception("connection given up")
        outgoing.close(CloseCode.INTERNAL_ERROR)
        return
    while True:
        await outgoing.reading.wait()
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            outgoing.close(CloseCode.NORMAL)
            return
        if not outgoing.closing:
            data: bytes | None = message.get("bytes")
            session.receive(message["text"].encode() if data is None else data, binary=data is not None)


def _report(outcome: BaseException | None) -> None:
    """Log what ended a connection unless it is the ordinary end: the client went away, or we closed."""
    if outcome is None or isinstance(outcome, asyncio.CancelledError | WebSocketDisconnect):
        return
    log.error("connection failed", exc_info=outcome)
