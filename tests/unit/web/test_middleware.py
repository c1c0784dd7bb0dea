"""The middleware, each layer around a small application."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Literal

import pytest
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from server.ops.logging import configure
from server.web.middleware import BodyLimit, Cors, Csrf, Envelope
from server.web.problems import HANDLERS
from tests.unit.web.serving import ORIGINS, client_of

PARTNER = "https://partner.example"


async def echo(request: Request) -> Response:
    """Answer with the length of the body."""
    return PlainTextResponse(str(len(await request.body())), headers={"Cache-Control": "max-age=5"})


async def fail(_request: Request) -> Response:
    """Fail in a way that nobody has foreseen."""
    raise RuntimeError("the details of it")


async def fail_halfway(_request: Request) -> Response:
    """Fail when the answer has begun."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("the other half")

    return StreamingResponse(pieces())


WHOLE = Starlette(
    routes=[
        Route("/", echo, methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/signed/echo", echo, methods=["POST"]),
        Route("/signed", echo, methods=["POST"]),
        Route("/fail", fail),
        Route("/halfway", fail_halfway),
    ],
    middleware=[
        Middleware(Envelope),
        Middleware(Cors, origins=ORIGINS),
        Middleware(Csrf, origins=ORIGINS, exempt="/signed/"),
        Middleware(BodyLimit, max_bytes=1000),
    ],
    exception_handlers=HANDLERS,
)


async def test_every_answer_has_a_request_id() -> None:
    """Its own, a problem's `instance` too; answers of two requests differ."""
    async with client_of(WHOLE) as client:
        first, second = await client.get("/"), await client.get("/nowhere")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert second.json()["instance"] == second.headers["x-request-id"]


@pytest.mark.parametrize(
    ("given", "taken"), [("gateway-7.a_b", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ("é", False)]
)
async def test_a_sane_incoming_request_id_is_kept(given: str, *, taken: bool) -> None:
    """So that a proxy's logs and ours agree; anything else is replaced."""
    async with client_of(WHOLE) as client:
        answer = await client.get("/", headers=[(b"X-Request-ID", given.encode())])
    assert (answer.headers["x-request-id"] == given) is taken


async def test_every_answer_has_security_headers_and_keeps_its_own() -> None:
    """Nothing is kept by caches, sniffed, framed or given the address, unless the route says so."""
    async with client_of(WHOLE) as client:
        own, problem = await client.get("/"), await client.get("/nowhere")
    assert own.headers["cache-control"] == "max-age=5"
    assert problem.headers["cache-control"] == "no-store"
    for answer in (own, problem):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "camera=()" in answer.headers["permissions-policy"]


async def test_an_unforeseen_failure_is_a_problem_without_details() -> None:
    """`internal`, with the id under which the log has the rest."""
    with structlog.testing.capture_logs() as logs:
        async with client_of(WHOLE) as client:
            answer = await client.get("/fail", headers={"Cookie": "session=SECRET", "Authorization": "Bearer SECRET"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "the details of it" not in answer.text
    assert [entry["request_id"] for entry in logs] == [answer.headers["x-request-id"]]
    assert "SECRET" not in str(logs)


async def test_half_an_answer_is_not_made_to_look_whole() -> None:
    """After its beginning the failure goes on to the server, which cuts the connection."""
    begun: list[str] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        begun.append(message["type"])

    scope = {
        "type": "http",
        "asgi": {"spec_version": "2.4"},
        "method": "GET",
        "path": "/halfway",
        "query_string": b"",
        "headers": [],
        "scheme": "http",
    }
    with pytest.raises(RuntimeError, match="the other half"):
        await WHOLE(scope, receive, send)
    assert begun == ["http.response.start", "http.response.body"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Cookie": "a=b"},
        {"Origin": "http://localhost:9000"},
        {"Origin": "https://evil.example", "Authorization": "Basic eDp5"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_what_another_site_sends_is_forbidden(method: str, headers: dict[str, str]) -> None:
    """Every method but GET, whether a cookie came or not."""
    async with client_of(WHOLE) as client:
        refused = await client.request(method, "/", headers=headers)
        read = await client.get("/", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert read.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:8000"},
        {"Origin": PARTNER, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example", "Authorization": "Bearer token"},
    ],
)
async def test_own_and_listed_pages_and_bearers_may_write(headers: dict[str, str]) -> None:
    """As may what is no browser at all."""
    async with client_of(WHOLE) as client:
        assert (await client.post("/", headers=headers)).status_code == 200


async def test_what_is_signed_may_come_from_anywhere() -> None:
    """Below the paths that are exempt, and nowhere else."""
    async with client_of(WHOLE) as client:
        signed = await client.post("/signed/echo", headers={"Origin": "https://gateway.example"})
        beside = await client.post("/signed", headers={"Origin": "https://gateway.example"})
    assert (signed.status_code, beside.status_code) == (200, 403)


async def test_listed_origins_may_read_the_answers() -> None:
    """They get their own name, never a star; others get nothing; caches tell them apart."""
    async with client_of(WHOLE) as client:
        listed = await client.get("/", headers={"Origin": PARTNER})
        other = await client.get("/", headers={"Origin": "https://evil.example"})
        problem = await client.get("/nowhere", headers={"Origin": PARTNER})
    assert listed.headers["access-control-allow-origin"] == PARTNER
    assert "X-Request-ID" in listed.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in other.headers
    assert problem.headers["access-control-allow-origin"] == PARTNER
    assert all("Origin" in answer.headers["vary"] for answer in (listed, other, problem))


async def test_preflights_are_answered_for_listed_origins_alone() -> None:
    """With the methods and headers that the contract uses."""
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    async with client_of(WHOLE) as client:
        listed = await client.options("/", headers={**asked, "Origin": PARTNER})
        other = await client.options("/", headers={**asked, "Origin": "https://evil.example"})
    assert listed.status_code == 204
    assert listed.content == b""
    assert {"GET", "POST", "PUT", "DELETE"} <= set(listed.headers["access-control-allow-methods"].split(", "))
    assert {"Authorization", "Content-Type"} <= set(listed.headers["access-control-allow-headers"].split(", "))
    assert other.status_code == 405
    assert "access-control-allow-origin" not in other.headers


async def test_a_long_body_is_refused_by_its_announced_length() -> None:
    """Before a byte of it is read; one of exactly the limit passes."""
    async with client_of(WHOLE) as client:
        refused = await client.post("/", content=b"x" * 1001)
        passed = await client.post("/", content=b"x" * 1000)
        odd = await client.post("/", headers={"Content-Length": "9" * 5000}, content=b"")
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert passed.text == "1000"
    assert odd.status_code == 413


async def test_a_long_body_of_unknown_length_is_refused_when_it_passes_the_limit() -> None:
    """No more than the limit is ever kept."""
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 400
            yield b"x" * 400

    async with client_of(WHOLE) as client:
        refused = await client.post("/", content=pieces())
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert sent < 5_000


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_logged_traceback_shows_no_variables(form: Literal["console", "json"]) -> None:
    """They hold cookies and tokens."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure("info", form)
        written = root.handlers[0].format(_failure("".join(["SEC", "RET"])))
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert "RuntimeError" in written
    assert "SECRET" not in written


def _failure(cookie: str) -> logging.LogRecord:
    """The record of an error whose frame has the cookie among its variables."""
    try:
        int(f"{cookie:.0}")
    except ValueError as error:
        failure = RuntimeError("failed").with_traceback(error.__traceback__)
        caught = (RuntimeError, failure, error.__traceback__)
        return logging.LogRecord("test", logging.ERROR, __file__, 1, "failed", None, caught)
    raise AssertionError
