"""Handshakes that cannot be read are refused, and nothing of them stays."""

import asyncio

import pytest

from protocol.from_server import Welcome
from tests.contract.live.engine import LIMIT_S, Engine
from tests.contract.live.peer import Connect

HANDSHAKE = (
    "GET /ws/showtimes/s1{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)

UNREADABLE = {
    "too many headers": {"more": "".join(f"X-{number}: 1\r\n" for number in range(200))},
    "a header too long": {"more": f"X-Long: {'a' * 9000}\r\n"},
    "a path too long": {"query": f"?{'a' * 9000}"},
    "a key that is none": {"key": "x"},
}


@pytest.fixture
def detached() -> bool:
    """Only our own protocol class promises this."""
    return True


@pytest.mark.parametrize("name", UNREADABLE)
async def test_unreadable_handshakes(engine: Engine, connect: Connect, name: str) -> None:
    """Each is answered by 400 and closed at once; the server goes on, and later ends in good order."""
    parts = {"query": "", "key": "dGhlIHNhbXBsZSBub25jZQ==", "more": "", **UNREADABLE[name]}
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
    writer.write(HANDSHAKE.format(**parts).encode())
    async with asyncio.timeout(LIMIT_S):
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    await (await connect()).heard(Welcome)
