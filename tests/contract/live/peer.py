"""A client on a bare socket: it sends frames as a test wants them, reads when it wants to, and vanishes."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

import msgpack  # type: ignore[import-untyped]  # it has no types

from protocol.codec import JSON, Codec
from protocol.from_server import ServerMessage
from tests.unit.live.client_frames import FIN, PONG, binary, text

LIMIT_S = 30
CLOSE, PING = 0x88, 0x89

_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: {subprotocol}\r\n{more}\r\n"
)

T = TypeVar("T", bound=ServerMessage)


class Peer:
    """One connection, past its handshake. `read` bytes of its own buffer, and the kernel's, bound what waits here."""

    def __init__(
        self, connection: socket.socket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, codec: Codec
    ) -> None:
        self._socket = connection
        self._reader = reader
        self._writer = writer
        self.codec = codec

    @classmethod
    async def connect(
        cls,
        port: int,
        *,
        codec: Codec = JSON,
        token: str = "",
        showtime: str = "s1",
        query: str = "",
        receive_buffer: int = 65536,
    ) -> Self:
        """Connect and shake hands."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=2048)
        peer = cls(connection, reader, writer, codec)
        more = f"Authorization: Bearer {token}\r\n" if token else ""
        path = f"/ws/showtimes/{showtime}{query}"
        request = _REQUEST.format(path=path, port=port, subprotocol=codec.subprotocol, more=more)
        writer.write(request.encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        return peer

    def send(self, *frames: bytes) -> None:
        """Send bytes as they are, in one piece."""
        self._writer.write(b"".join(frames))

    def frame(self, **message: object) -> bytes:
        """One message as a frame of the client's."""
        return binary(msgpack.packb(message)) if self.codec.binary else text(json.dumps(message).encode())

    def say(self, **message: object) -> None:
        """Send one message."""
        self.send(self.frame(**message))

    async def next_frame(self) -> tuple[int, bytes]:
        """The server's next frame: first byte and payload. Raises `IncompleteReadError` at the end."""
        async with asyncio.timeout(LIMIT_S):
            first, size = await self._reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self._reader.readexactly(2))
            return first, await self._reader.readexactly(size)

    async def hear(self) -> ServerMessage:
        """The server's next message; pings on the way are answered."""
        while True:
            first, payload = await self.next_frame()
            if first == PING:
                self.send(bytes((FIN | PONG, 0x80, 0, 0, 0, 0)))
                continue
            assert first == (0x82 if self.codec.binary else 0x81), (first, payload)
            return self.codec.decode_server(payload)

    async def heard(self, kind: type[T]) -> T:
        """The next message, which is of this type."""
        message = await self.hear()
        assert isinstance(message, kind), message
        return message

    async def until(self, kind: type[T]) -> T:
        """The next message of this type; others are passed over."""
        while not isinstance(message := await self.hear(), kind):
            pass
        return message

    async def close_code(self) -> int:
        """Read to the server's close frame; its code."""
        while True:
            first, payload = await self.next_frame()
            if first == CLOSE:
                return int.from_bytes(payload[:2])

    async def end(self) -> bytes:
        """Read to the end of the stream, be it orderly or not; what still came."""
        rest = b""
        async with asyncio.timeout(LIMIT_S):
            with contextlib.suppress(ConnectionError):
                while data := await self._reader.read(65536):
                    rest += data
        return rest

    @property
    def full(self) -> bool:
        """Whether this end has read all that it takes without being asked."""
        return bool(self._reader._paused)  # type: ignore[attr-defined]  # there is no other way to know

    def half_close(self) -> None:
        """End the own stream, and go on reading or not."""
        self._writer.write_eof()

    def vanish(self) -> None:
        """End without a word, by a reset."""
        if self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Connect = Callable[..., Awaitable[Peer]]
