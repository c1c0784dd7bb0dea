"""A small WebSocket server that speaks the contract under a test's control."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from protocol.codec import CODECS, Codec
from protocol.from_client import ClientMessage
from protocol.from_server import ServerMessage
from tests.unit.protocol.model import ModelServer


def bounded(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Let a test that waits for what never comes fail instead of hanging."""

    @wraps(test)
    async def within_a_minute(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(60):
            await test(*args, **kwargs)

    return within_a_minute


class Visit:
    """One connection of the client: what it asked for, what it says, and the means to answer."""

    def __init__(self, socket: ServerConnection, request: Request) -> None:
        self.socket = socket
        self.path = urlsplit(request.path).path
        self.query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        self.headers = request.headers
        self.codec: Codec = CODECS[str(socket.subprotocol)]
        self.heard: asyncio.Queue[ClientMessage] = asyncio.Queue()
        self.gone = asyncio.Event()

    async def say(self, *messages: ServerMessage) -> None:
        """Send messages in their order."""
        for message in messages:
            await self.say_bytes(self.codec.encode(message))

    async def say_bytes(self, data: bytes) -> None:
        """Send one message as it is."""
        await self.socket.send(data, text=not self.codec.binary)

    async def listen(self) -> None:
        """Take in what the client says until it is gone."""
        try:
            while True:
                self.heard.put_nowait(self.codec.decode_client(await self.socket.recv(decode=False)))
        except ConnectionClosed:
            self.gone.set()


class SpeakingServer:
    """Listens on loopback; `visits` hands each accepted connection to the test, `refusals` answers instead."""

    def __init__(self) -> None:
        self.visits: asyncio.Queue[Visit] = asyncio.Queue()
        self.refusals: list[tuple[HTTPStatus, dict[str, str]]] = []
        self.refused = 0
        self.model = ModelServer()
        self.url = ""

    async def greet(self) -> Visit:
        """The next connection, after its welcome and its map from the model."""
        visit = await self.visits.get()
        position = (visit.query["epoch"], int(visit.query["version"])) if "epoch" in visit.query else None
        self.model.connect(position, prefer_snapshot=False)
        await visit.say(*self.model.to_client)
        self.model.to_client.clear()
        return visit

    async def answer(self, visit: Visit) -> ClientMessage:
        """Let the model answer the next thing that the client says."""
        message = await visit.heard.get()
        self.model.to_server.append(message)
        self.model.serve()
        await visit.say(*self.model.to_client)
        self.model.to_client.clear()
        return message

    def _meet(self, socket: ServerConnection, request: Request) -> Response | None:
        if not self.refusals:
            return None
        self.refused += 1
        status, headers = self.refusals.pop(0)
        response = socket.respond(status, "")
        for name, value in headers.items():
            response.headers[name] = value
        return response

    async def _handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        visit = Visit(socket, socket.request)
        self.visits.put_nowait(visit)
        await visit.listen()

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["SpeakingServer"]:
        """Listen on this port, or on a free one, until the end of the block."""
        async with serve(
            self._handle,
            "127.0.0.1",
            port,
            process_request=self._meet,
            subprotocols=[Subprotocol(name) for name in CODECS],
            compression="deflate",
            ping_interval=None,
            close_timeout=1,
        ) as server:
            host, taken = next(iter(server.sockets)).getsockname()
            self.url = f"ws://{host}:{taken}"
            yield self
