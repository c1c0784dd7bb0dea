"""A WebSocket connection without a client's manners: it says what a test says, and hears all that it is told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import msgpack  # type: ignore[import-untyped]  # it has no types
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from protocol.codec import JSON, Codec
from protocol.from_server import ServerMessage, Snapshot, Viewers, Welcome
from tests.integration.app import App

LIMIT_S = 30


@contextlib.asynccontextmanager
async def connected(
    app: App, codec: Codec = JSON, token: str | None = None, showtime: str = "demo", query: str = ""
) -> AsyncIterator[ClientConnection]:
    """A bare connection, as a hostile or careless client makes it, past its welcome and snapshot."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with websockets.connect(
        f"{app.ws_url}/ws/showtimes/{showtime}{query}",
        subprotocols=[Subprotocol(codec.subprotocol)],
        additional_headers=headers,
        compression=None,
    ) as socket:
        if showtime == "demo":
            assert isinstance(await heard(socket, codec), Welcome)
            assert isinstance(await heard(socket, codec), Snapshot)
        yield socket


async def heard(socket: ClientConnection, codec: Codec) -> ServerMessage:
    """The next message but for `viewers`, which may come at any time."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            data = await socket.recv()
            message = codec.decode_server(data.encode() if isinstance(data, str) else data)
            if not isinstance(message, Viewers):
                return message


async def closed(socket: ClientConnection) -> int:
    """Wait for the server's close; its code."""
    async with asyncio.timeout(LIMIT_S):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    assert socket.close_code is not None
    return socket.close_code


async def said(socket: ClientConnection, codec: Codec, message: object) -> None:
    """Send a value of any kind in the client's codec."""
    await socket.send(msgpack.packb(message) if codec.binary else json.dumps(message))
