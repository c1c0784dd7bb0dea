"""How connections end: silent clients, clients that do not read, and showtimes that are over."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol.codec import JSON, MSGPACK
from protocol.codes import CloseCode, Code
from protocol.from_server import Rejected
from server.embedded import Addresses, EmbeddedPostgres
from tests.integration.app import App, running, settings_for
from tests.integration.bare import closed, connected, heard, said

HANDSHAKE = (
    "GET /ws/showtimes/demo HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

PING_FRAME = 0x89
CLOSE_FRAME = 0x88


@contextlib.asynccontextmanager
async def raw(
    app: App, receive_buffer: int = 65536
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection that has shaken hands and answers nothing by itself."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
    host, port = app.url.removeprefix("http://").split(":")
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=connection, limit=4096)
    writer.write(HANDSHAKE.format(host=f"{host}:{port}", subprotocol=JSON.subprotocol).encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    yield reader, writer
    writer.close()


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, bytes]]:
    """The server's frames: first byte and payload."""
    while True:
        first, size = await reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await reader.readexactly(2))
        yield first, await reader.readexactly(size)


@pytest.fixture
def addresses_of_two(redis_url: str, seeded_database_url: str) -> Addresses:
    """The shared Valkey and a fresh database with the demo data."""
    return Addresses(redis_url=redis_url, database_url=seeded_database_url)


async def test_a_client_without_a_sign_of_life(tmp_path: Path, key_prefix: str, addresses_of_two: Addresses) -> None:
    """A client that answers no ping is closed with 4002; one that does lives on."""
    settings = settings_for(tmp_path, key_prefix, heartbeat_ms=1000, pong_timeout_ms=1000)
    async with running(settings, addresses_of_two) as app, connected(app) as lively, raw(app) as (reader, _):
        pings = 0
        async with asyncio.timeout(10):
            async for first, payload in frames(reader):
                pings += first == PING_FRAME
                if first == CLOSE_FRAME:
                    assert int.from_bytes(payload[:2]) == CloseCode.IDLE
                    break
        assert pings
        await said(lively, JSON, {"type": "ping", "id": 1})
        assert (await heard(lively, JSON)).__class__.__name__ in {"Pong", "Viewers"}


async def test_a_client_that_does_not_read(tmp_path: Path, key_prefix: str, addresses_of_two: Addresses) -> None:
    """What waits for a client that does not read is bounded; if it stays behind it is dropped, and others live on."""
    async with (
        running(settings_for(tmp_path, key_prefix, slow_ms=300), addresses_of_two) as app,
        raw(app, receive_buffer=4096) as (_, writer),
        connected(app) as other,
    ):
        request = b'{"type":"resync","epoch":"none","version":0}'
        frame = bytes([0x81, 0x80 | len(request), 0, 0, 0, 0]) + request

        async def ask_for_more() -> None:
            while True:
                writer.write(frame * 50)
                await writer.drain()
                await asyncio.sleep(0)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ask_for_more(), 20)
        await said(other, JSON, {"type": "ping", "id": 1})
        while (await heard(other, JSON)).__class__.__name__ == "Viewers":
            pass


async def test_a_showtime_that_is_over(app: App, postgres: EmbeddedPostgres) -> None:
    """Once sales have closed and the film has ended, a connection is closed with 4503."""
    database = app.addresses.database_url.split("?")[0].rsplit("/", 1)[1]
    postgres.sql(
        "UPDATE showtimes SET opens_at = now() - interval '9 days', closes_at = now() - interval '8 days', "
        "starts_at = now() - interval '8 days' WHERE id = 'demo-large'",
        database,
    )
    async with connected(app, JSON, showtime="demo-large") as socket:
        assert await closed(socket) == CloseCode.SHOWTIME_CLOSED


async def test_sales_that_have_closed(app: App, postgres: EmbeddedPostgres) -> None:
    """Before the film, but after sales have closed, people may watch, and a lock is `sales_closed`."""
    database = app.addresses.database_url.split("?")[0].rsplit("/", 1)[1]
    postgres.sql(
        "UPDATE showtimes SET opens_at = now() - interval '9 days', closes_at = now() - interval '1 minute', "
        "starts_at = now() + interval '1 hour' WHERE id = 'demo-large'",
        database,
    )
    async with connected(app, MSGPACK, await app.session(), showtime="demo-large") as socket:
        await heard(socket, MSGPACK)
        await heard(socket, MSGPACK)
        for seats, code in (([5], Code.SALES_CLOSED), ([5, 100_000], Code.UNKNOWN_SEAT)):
            await said(socket, MSGPACK, {"type": "lock", "id": 1, "seats": seats})
            answer = await heard(socket, MSGPACK)
            assert isinstance(answer, Rejected)
            assert answer.code is code
