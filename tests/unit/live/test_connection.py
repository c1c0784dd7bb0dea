"""What a connection sends first: in one piece, in order, and nothing that comes too late."""

import asyncio
from typing import Any, cast

from protocol.codec import JSON
from protocol.codes import CloseCode
from server.live.connection import Connection
from server.live.frames import way
from server.live.framing import close_frame
from server.live.pulse import Pulse

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


class Transport:
    """Writes down what is sent, in the pieces in which it is."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def write(self, data: bytes) -> None:
        """One piece."""
        self.sent.append(data)

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args, **_named: None


def detached() -> tuple[Transport, Connection]:
    """A connection whose handshake was answered in this turn of the loop."""
    transport = Transport()
    made = Connection(
        cast("asyncio.Transport", transport),
        way(JSON, framed=True),
        Pulse(interval_s=60, timeout_s=60),
        8192,
        set(),
        answer=ANSWER,
    )
    return transport, made


async def test_the_answer_leaves_with_what_is_written_first() -> None:
    """The handshake's answer and the greeting are one piece; whatever comes later is sent as it comes."""
    transport, connection = detached()
    connection.write(b"welcome")
    connection.write(b"snapshot")
    assert transport.sent == []
    connection.flush()
    connection.write(b"delta")
    connection.flush()
    await asyncio.sleep(0)
    assert transport.sent == [ANSWER + b"welcomesnapshot", b"delta"]


async def test_the_answer_waits_for_nothing() -> None:
    """Where the greeting takes longer than a turn of the loop, the client has its answer before."""
    transport, connection = detached()
    await asyncio.sleep(0)
    assert transport.sent == [ANSWER]
    connection.write(b"welcome")
    assert transport.sent == [ANSWER, b"welcome"]


async def test_a_close_comes_after_what_was_held_back() -> None:
    """Who is closed at once is told all that was written before, and nothing after."""
    transport, connection = detached()
    connection.close(CloseCode.UNKNOWN_SHOWTIME)
    connection.write(b"too late")
    await asyncio.sleep(0)
    assert transport.sent == [ANSWER + close_frame(CloseCode.UNKNOWN_SHOWTIME, "")]
    connection.connection_lost(None)


async def test_nothing_is_sent_to_somebody_who_is_gone() -> None:
    """What was held back is dropped with the connection."""
    transport, connection = detached()
    connection.connection_lost(None)
    connection.write(b"too late")
    await asyncio.sleep(0)
    assert transport.sent == []
