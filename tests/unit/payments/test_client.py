"""Calls to gateways: one address, one answer, a bound on its time and its size."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from server.payments.client import MAX_REPLY_BYTES, GatewayClient, Reply
from tests.gateways.serving import Serving

TIMEOUT_MS = 500
Answer = Callable[[Request], Response]


async def asked(*answers: Answer) -> tuple[list[Reply | None], list[bytes]]:
    """What a client makes of each of these answers, and the bodies that the server got."""
    bodies: list[bytes] = []
    left = list(answers)

    async def answer(request: Request) -> Response:
        bodies.append(await request.body())
        return left.pop(0)(request)

    serving = Serving()
    await serving.start([Route("/api", answer, methods=["POST"])])
    client = GatewayClient("test", timeout_ms=TIMEOUT_MS)
    try:
        return [await client.post(f"{serving.url}/api", {"name": "Mắt Biếc"}) for _ in answers], bodies
    finally:
        await client.aclose()
        await serving.stop()


def saying(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer of these bytes."""
    return lambda _: Response(content, status_code=status, headers=headers)


async def drip() -> AsyncIterator[bytes]:
    """A byte now and then, for ever: each comes in time."""
    while True:
        yield b" "
        await asyncio.sleep(TIMEOUT_MS / 10_000)


async def test_an_object_is_an_answer_whatever_its_status() -> None:
    """Refusals are read too; what is sent is UTF-8 as it is."""
    replies, bodies = await asked(*(saying(b'{"a":1}', status) for status in (200, 400, 422, 500)))
    assert replies == [Reply(status=status, data={"a": 1}) for status in (200, 400, 422, 500)]
    assert bodies == ['{"name": "Mắt Biếc"}'.encode()] * 4


async def test_anything_else_is_none() -> None:
    """No JSON, no object, a name given twice, too much, packed rubbish, an answer that never ends."""
    replies, _ = await asked(
        saying(b""),
        saying(b"<html>"),
        saying(b"[1]"),
        saying(b'{"a":1,"a":2}'),
        saying(b'{"a":"' + b"x" * MAX_REPLY_BYTES + b'"}'),
        saying(b'{"a":1}', headers={"Content-Encoding": "gzip"}),
        lambda _: StreamingResponse(drip()),
    )
    assert replies == [None] * 7


async def test_no_redirect_is_followed() -> None:
    """What was signed for one address is shown to no other."""
    replies, bodies = await asked(lambda request: RedirectResponse(request.url, 307), saying(b'{"a":1}'))
    assert replies == [None, Reply(status=200, data={"a": 1})]
    assert len(bodies) == 2


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls have our keys' signatures and customers' payments in them."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    replies, _ = await asked(saying(b'{"a":1}'))
    assert replies == [Reply(status=200, data={"a": 1})]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "http://[::1/api", "nowhere"])
async def test_who_cannot_be_reached_is_silent(url: str) -> None:
    """Nobody at the address, or no address at all: nothing is raised."""
    client = GatewayClient("test", timeout_ms=TIMEOUT_MS)
    assert await client.post(url, {}) is None
    await client.aclose()
