"""Calls to gateways: one address, one answer, a bound on its time and its size."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from server.payments.client import MAX_REPLY_BYTES, GatewayClient, Reply
from server.ports.traffic import MAX_KEPT_BYTES, Failure, GatewayCall, Record, unrecorded
from tests.gateways.serving import Serving

TIMEOUT_MS = 2000
"""Where a time-out is to come: longer than an answer takes to begin on a busy machine."""

LONG_MS = 60_000
NOW = 1_800_000_000_000
ABOUT = {"kind": "create", "reference": "reference-1"}
Answer = Callable[[Request], Response]


async def asked(
    *answers: Answer, record: Record = unrecorded, keys: tuple[bytes, ...] = (), timeout_ms: int = LONG_MS
) -> tuple[list[Reply | None], list[bytes]]:
    """What a client makes of each of these answers, and the bodies that the server got."""
    bodies: list[bytes] = []
    left = list(answers)

    async def answer(request: Request) -> Response:
        bodies.append(await request.body())
        return left.pop(0)(request)

    serving = Serving()
    await serving.start([Route("/api", answer, methods=["POST"])])
    client = GatewayClient("test", timeout_ms=timeout_ms, clock=lambda: NOW, record=record, keys=keys)
    try:
        return [await client.post(f"{serving.url}/api", {"name": "Mắt Biếc"}, **ABOUT) for _ in answers], bodies
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
        await asyncio.sleep(0.05)


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
    )
    assert replies == [None] * 6
    replies, _ = await asked(lambda _: StreamingResponse(drip()), timeout_ms=500)
    assert replies == [None]


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
    client = GatewayClient("test", timeout_ms=LONG_MS, clock=lambda: NOW)
    assert await client.post(url, {}, **ABOUT) is None
    await client.aclose()


def outcome(call: GatewayCall) -> tuple[Failure | None, int | None, bytes | None]:
    """What came of a call."""
    return call.failure, call.status, call.answer


async def test_each_call_is_recorded_with_what_came_of_it() -> None:
    """The kind of call, our reference, when and how long, what was sent, and what was answered or why nothing was."""
    calls: list[GatewayCall] = []
    huge = b'{"a":"' + b"x" * MAX_REPLY_BYTES + b'"}'
    _, bodies = await asked(
        saying(b'{"a":1}', 422),
        saying(b"<html>", 502),
        saying(huge),
        saying(b'{"a":1}', headers={"Content-Encoding": "gzip"}),
        record=calls.append,
    )
    _, dripped = await asked(lambda _: StreamingResponse(drip()), record=calls.append, timeout_ms=TIMEOUT_MS)
    assert [outcome(call) for call in calls[:4]] == [
        (None, 422, b'{"a":1}'),
        (Failure.NO_JSON, 502, b"<html>"),
        (Failure.TOO_LONG, 200, huge[:MAX_KEPT_BYTES]),
        (Failure.BROKEN, 200, b""),
    ]
    failure, status, answer = outcome(calls[4])
    assert (failure, status) == (Failure.TIMEOUT, 200)
    assert answer
    assert not answer.strip()
    assert [call.request for call in calls] == bodies + dripped
    assert {(call.gateway, call.kind, call.reference, call.sent_at) for call in calls} == {
        ("test", "create", "reference-1", NOW)
    }
    assert len({call.id for call in calls}) == len(calls)
    assert min(call.took_ms for call in calls) >= 0
    assert calls[4].took_ms >= TIMEOUT_MS


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "http://[::1/api", "nowhere"])
async def test_who_was_not_reached_is_recorded(url: str) -> None:
    """A call that surely had no effect is told from one that may have had one."""
    calls: list[GatewayCall] = []
    client = GatewayClient("test", timeout_ms=LONG_MS, clock=lambda: NOW, record=calls.append)
    assert await client.post(url, {"a": 1}, **ABOUT) is None
    await client.aclose()
    assert [outcome(call) for call in calls] == [(Failure.UNREACHABLE, None, None)]
    assert calls[0].request == b'{"a": 1}'


async def test_a_call_that_is_given_up_is_recorded() -> None:
    """A worker that ends stops waiting; the gateway may have done what it was asked, so staff must find the call."""
    calls: list[GatewayCall] = []
    arrived = asyncio.Event()

    async def never(_request: Request) -> Response:
        arrived.set()
        return await asyncio.Future[Response]()

    serving = Serving()
    await serving.start([Route("/api", never, methods=["POST"])])
    client = GatewayClient("test", timeout_ms=LONG_MS, clock=lambda: NOW, record=calls.append)
    asking = asyncio.create_task(client.post(f"{serving.url}/api", {}, **ABOUT))
    async with asyncio.timeout(30):
        await arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await client.aclose()
    await serving.stop()
    assert [outcome(call) for call in calls] == [(Failure.ABANDONED, None, None)]


KEY = b"K951B6PE1waDMi640xX08PD3vg6EkVlz"


async def hangs_after(content: bytes) -> AsyncIterator[bytes]:
    """An answer that begins so and never ends."""
    yield content
    await asyncio.Future[None]()


async def test_no_key_is_recorded() -> None:
    """Where a gateway repeats one in its complaint it is left out, also where an answer ends in the middle of it."""
    calls: list[GatewayCall] = []
    shrinking = KEY * 10 + b"x" * (MAX_REPLY_BYTES - 10 * len(KEY) - 10) + KEY[:20]
    endless = (hangs_after(content) for content in (b"so long: " + b"x" * 99 + KEY[:20], shrinking))
    await asked(saying(b"accessKey=" + KEY + b"&amount=1", 400), record=calls.append, keys=(KEY,))
    await asked(
        *(lambda _, parts=parts: StreamingResponse(parts) for parts in endless),
        record=calls.append,
        keys=(KEY,),
        timeout_ms=TIMEOUT_MS,
    )
    assert [call.failure for call in calls] == [Failure.NO_JSON, Failure.TIMEOUT, Failure.TOO_LONG]
    whole, broken, long = (call.answer or b"" for call in calls)
    assert whole == "accessKey=…&amount=1".encode()
    assert broken.startswith(b"so long: xxx")
    assert long.startswith("……".encode())
    assert not any(KEY[:8] in call.request + (call.answer or b"") for call in calls)
