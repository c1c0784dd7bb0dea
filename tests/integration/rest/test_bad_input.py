"""Bad input over real connections: each gets its code, and the server goes on serving the others."""

import asyncio
import json
import logging

import httpx
import pytest
import structlog

from server.web.requests import MAX_BODY_BYTES
from tests.integration.rest.place import Place, problem
from tests.integration.rest.serving import serving

SEATS = "/api/v1/showtimes/demo/seats"
JSON = {"Content-Type": "application/json"}
POST = b"POST /api/v1/showtimes/demo/seats/lock HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n"


def over_the_wire(place: Place, port: int) -> httpx.AsyncClient:
    """A guest who comes through a socket."""
    token, _ = place.sessions.tokens.issue()
    bearer = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=bearer, timeout=30)


async def test_each_gets_its_code_and_a_good_request_on_the_same_connection_is_served(place: Place) -> None:
    """Truncated, deep, invalid UTF-8, wrong types, 10,000 seats, 5 MB: one after the other, with a good one between."""
    inputs: list[tuple[bytes, dict[str, str], int, str]] = [
        (b'{"seats": ["F7"', JSON, 400, "malformed"),
        (b"[" * 100_000, JSON, 400, "malformed"),
        (b'{"seats": ["\xff"]}', JSON, 400, "malformed"),
        (b'{"seats": ["F7"]}', {"Content-Type": "application/msgpack"}, 415, "unsupported_media_type"),
        (b'{"seats": [-1]}', JSON, 422, "bad_request"),
        (b'{"seats": [18446744073709551616]}', JSON, 422, "bad_request"),
        (b'{"seats": []}', JSON, 422, "bad_request"),
        (b'{"seats": ["F7", "F7"]}', JSON, 422, "bad_request"),
        (json.dumps({"seats": [f"SEAT-NUMBER-{n:04}" for n in range(10_000)]}).encode(), JSON, 422, "bad_request"),
        (json.dumps({"seats": ["Z99"]}).encode(), JSON, 422, "unknown_seat"),
        (b'{"seats": ["' + b"A" * 5_000_000 + b'"]}', JSON, 413, "too_large"),
    ]
    async with serving(place.app) as port, over_the_wire(place, port) as client:
        for body, headers, code, name in inputs:
            problem(await client.post(f"{SEATS}/lock", content=body, headers=headers), code, name)
            assert (await client.post(f"{SEATS}/lock", json={"seats": ["F7"]})).status_code == 200


async def test_ten_thousand_seats_of_the_longest_ids_are_told_what_is_wrong(place: Place) -> None:
    """The limit on bodies is above what such a list needs, so the answer names the list and not its size."""
    body = json.dumps({"seats": ["A" * 16] * 10_000}).encode()
    assert len(body) < MAX_BODY_BYTES
    async with place.guest() as client:
        document = problem(await client.post(f"{SEATS}/lock", content=body, headers=JSON), 422, "bad_request")
    assert document["errors"][0]["field"] == "seats"


@pytest.mark.parametrize(
    "sent",
    [
        POST + b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"seats"',
        POST + b"Content-Le",
        b"\x00\xff not HTTP at all\r\n\r\n",
        b"GET /api/v1/showtimes/\xff HTTP/1.1\r\nHost: \xff\r\n\r\n",
    ],
    ids=["body cut off", "headers cut off", "no HTTP", "no ASCII"],
)
async def test_a_request_that_breaks_off_harms_nobody(
    place: Place, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connection ends, others are served, and no error is logged for what is not ours."""
    with caplog.at_level(logging.ERROR), structlog.testing.capture_logs() as logs:
        async with serving(place.app) as port, over_the_wire(place, port) as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await writer.drain()
            assert (await client.get(f"{SEATS}/status")).status_code == 200
            writer.close()
            await writer.wait_closed()
            await reader.read()
            assert (await client.get(f"{SEATS}/status")).status_code == 200
    assert caplog.records == []
    assert [entry for entry in logs if entry["log_level"] in {"error", "critical"}] == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_unknown_paths_and_methods_are_problems(place: Place, method: str) -> None:
    """Whatever the method; a path that is there says what it allows."""
    async with place.guest() as client:
        unknown = await client.request(method, "/api/v1/nothing")
        known = await client.request(method, f"{SEATS}/extend-lock")
    assert unknown.status_code == 404
    if method != "HEAD":
        problem(unknown, 404, "not_found")
    if method != "PUT":
        assert known.status_code == 405
        assert known.headers["allow"] == "PUT"
        if method != "HEAD":
            problem(known, 405, "method_not_allowed")


async def test_a_head_has_the_headers_of_its_get_and_no_body(place: Place) -> None:
    """Over a connection that stays usable."""
    async with serving(place.app) as port, over_the_wire(place, port) as client:
        head = await client.head("/api/v1/showtimes/demo/layout")
        get = await client.get("/api/v1/showtimes/demo/layout")
    assert head.content == b""
    assert head.headers["etag"] == get.headers["etag"]
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_refusals_speak_the_language_that_is_asked_for(place: Place) -> None:
    """The same code, in Vietnamese or English."""
    async with place.guest() as client:
        vi = await client.get("/api/v1/showtimes/none", headers={"Accept-Language": "vi-VN,vi;q=0.9,en;q=0.8"})
        en = await client.get("/api/v1/showtimes/none", headers={"Accept-Language": "en"})
    assert vi.json()["code"] == en.json()["code"]
    assert vi.json()["detail"] != en.json()["detail"]
    assert (vi.headers["content-language"], en.headers["content-language"]) == ("vi", "en")
