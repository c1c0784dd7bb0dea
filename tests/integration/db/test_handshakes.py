"""Whatever a server does in place of letting us in, the database is unavailable, and nothing else is made of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from protocol.codes import Outcome
from server.db.engine import create_engine
from server.db.migrate import is_current
from server.domain.errors import UnavailableError

AUTHENTICATED = b"R\0\0\0\x08\0\0\0\0"
VERSION = b"S\0\0\0\x18server_version\x0018.0\0"
READY = b"Z\0\0\0\x05I"


def error(state: str, text: str) -> bytes:
    """A message of the server that ends a session."""
    fields = f"SFATAL\0VFATAL\0C{state}\0M{text}\0\0".encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


ANSWERS = {
    "nothing": b"",
    "half a message": AUTHENTICATED[:3],
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "starting up": error("57P03", "the database system is starting up"),
    "shutting down": error("57P01", "terminating connection due to administrator command"),
    "too many": error("53300", "sorry, too many clients already"),
    "wrong password": error("28P01", "password authentication failed"),
    "no such database": error("3D000", "no such database"),
    "a parameter that it does not know": error("42704", "unrecognized configuration parameter"),
    "a fault of its own": error("XX000", "cache lookup failed"),
    "let in and thrown out": AUTHENTICATED + error("57P01", "terminating connection"),
    "let in and gone": AUTHENTICATED + VERSION + READY,
    "a way to sign in that nobody knows": b"R\0\0\0\x08\0\0\0\x63",
}
"""What the server says before it hangs up."""


@contextlib.asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """A server that says this to whoever connects, and hangs up; its URL."""

    async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answer_all, "127.0.0.1", 0)
    async with server:
        yield f"postgresql://me:hunter2@127.0.0.1:{server.sockets[0].getsockname()[1]}/name?sslmode=disable"


async def unavailable(call: Callable[[], Awaitable[object]]) -> UnavailableError:
    """The error of a call that fails as it should."""
    with pytest.raises(UnavailableError) as caught:
        await call()
    assert caught.value.outcome is Outcome.NONE
    assert caught.value.retry_after_ms
    return caught.value


@pytest.mark.parametrize("name", ANSWERS)
async def test_whatever_it_says_it_is_unavailable(name: str) -> None:
    """Also where it is our settings that are wrong: a person may mend them, or the server, while we run."""
    async with saying(ANSWERS[name]) as url:
        engine = create_engine(url, connections=2, timeout_ms=5000)
        for _ in range(3):
            await unavailable(lambda: is_current(engine))
        await engine.dispose()


@pytest.mark.parametrize("options", ["sslmode=perhaps", "port=far", "target_session_attrs=any-one"])
async def test_an_address_that_makes_no_sense_is_unavailable(options: str) -> None:
    """It is found when it is first used, and is no fault of a request."""
    engine = create_engine(f"postgresql://me@127.0.0.1:1/name?{options}", connections=1, timeout_ms=1000)
    await unavailable(lambda: is_current(engine))
    await engine.dispose()


async def test_it_is_logged_once_that_it_is_gone() -> None:
    """Not at each attempt, and never with the password."""
    async with saying(ANSWERS["starting up"]) as url:
        engine = create_engine(url, connections=2, timeout_ms=5000)
        with capture_logs() as logs:
            for _ in range(3):
                await unavailable(lambda: is_current(engine))
        await engine.dispose()
    assert [(line["event"], line["log_level"]) for line in logs] == [("no connection to the database", "warning")]
    assert "starting up" in logs[0]["error"]
    assert "hunter2" not in str(logs)
