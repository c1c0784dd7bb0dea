"""PostgreSQL refuses connections or dies in the middle: what needs it is `unavailable`, over HTTP and sockets alike."""

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis.asyncio

from protocol.codec import JSON
from protocol.codes import Code, NoticeCode, Outcome
from protocol.from_server import Locked, Notice, Rejected, ServerMessage
from server.embedded import Addresses
from tests.faults.db.freezer import Freezer
from tests.faults.db.relay import standing_before
from tests.integration.app import App, running, settings_for
from tests.integration.bare import connected, heard, said

LIMIT_S = 15
CUTS = 66
"""How often the way is cut under load, at least."""
DEMO = "/api/v1/showtimes/demo"


@pytest.fixture
async def way(seeded_database_url: str) -> AsyncIterator[tuple[Freezer, str]]:
    """A way to a database with the demo data that can be cut, and the URL that leads over it."""
    with tempfile.TemporaryDirectory(prefix="cinebook-cut-", dir="/tmp") as folder:
        async with standing_before(seeded_database_url, Path(folder), Freezer) as made:
            yield made


@pytest.fixture
async def app(way: tuple[Freezer, str], tmp_path: Path, key_prefix: str, redis_url: str) -> AsyncIterator[App]:
    """An application whose way to the database can be cut; what it reads of showtimes is at most 2 s old."""
    addresses = Addresses(redis_url=redis_url, database_url=way[1])
    async with running(settings_for(tmp_path, key_prefix), addresses) as app:
        yield app
        way[0].refusing = False


def refuse(made: Freezer) -> None:
    """From now on the database is not to be had, as after a crash."""
    made.refusing = True
    made.cut()


async def lose(app: App) -> None:
    """Have the seat store lose the showtime, so that it must be opened from the database once more."""
    async with redis.asyncio.Redis.from_url(app.addresses.redis_url) as store:
        await store.unlink(*[key async for key in store.scan_iter(f"{app.settings.redis_prefix}{{st:demo}}:*")])


async def until(socket: Any, kind: type[ServerMessage]) -> Any:
    """The next message of this kind, whatever comes before it."""
    while not isinstance(message := await heard(socket, JSON), kind):
        pass
    return message


async def notice(socket: Any, code: NoticeCode) -> None:
    """Wait for a notice of this code."""
    async with asyncio.timeout(LIMIT_S):
        while (await until(socket, Notice)).code is not code:
            pass


def away(answer: httpx.Response) -> None:
    """The answer must be that the database is away, and when to come again."""
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["outcome"]) == (503, "unavailable", "none"), answer.text
    assert int(answer.headers["retry-after"]) * 1000 >= problem["retry_after_ms"] > 0


async def test_what_needs_no_database_goes_on_without_it(app: App, way: tuple[Freezer, str]) -> None:
    """Locks of an open showtime are granted, told and released; all else says `unavailable`, and when to ask again."""
    token = await app.session()
    async with (
        connected(app, JSON, token) as socket,
        httpx.AsyncClient(base_url=app.url, headers={"Authorization": f"Bearer {token}"}, timeout=10) as client,
    ):
        refuse(way[0])
        await said(socket, JSON, {"type": "lock", "id": 1, "seats": [0]})
        assert (await until(socket, Locked)).seats == [0]
        customer = {"email": "an@example.vn"}
        checkout = {"seats": ["F7"], "customer": customer, "gateway": "sandbox"}
        for method, path, body in (
            ("GET", "/api/v1/showtimes", None),
            ("GET", "/api/v1/showtimes/demo-large/seats/status", None),
            ("POST", f"{DEMO}/checkout", checkout),
            ("POST", "/api/v1/staff/session", {"login": "mai", "password": "long enough"}),
        ):
            away(await client.request(method, path, json=body, headers={"Idempotency-Key": "key"}))
        way[0].refusing = False
        assert (await client.get("/api/v1/showtimes")).status_code == 200


async def test_a_socket_is_told_as_of_a_store_that_is_away(app: App, way: tuple[Freezer, str]) -> None:
    """Where a showtime cannot be opened, requests are rejected; the connection stays, and is told when that is over."""
    async with connected(app, JSON, await app.session()) as socket:
        refuse(way[0])
        await lose(app)
        await notice(socket, NoticeCode.LOCKS_PAUSED)
        await said(socket, JSON, {"type": "lock", "id": 1, "seats": [0]})
        rejected = await until(socket, Rejected)
        assert (rejected.id, rejected.code, rejected.outcome) == (1, Code.UNAVAILABLE, Outcome.NONE)
        way[0].refusing = False
        await notice(socket, NoticeCode.LOCKS_RESUMED)


async def test_a_database_that_dies_under_load(app: App, way: tuple[Freezer, str]) -> None:
    """Whatever is cut off in whatever state, nobody is ever told `internal`."""
    over = False
    answers: dict[int, int] = {}

    async def visit(number: int) -> None:
        token = await app.session()
        async with httpx.AsyncClient(
            base_url=app.url, headers={"Authorization": f"Bearer {token}"}, timeout=LIMIT_S
        ) as client:
            for turn in itertools.count():
                if over:
                    return
                for method, path, body in (
                    ("GET", "/api/v1/showtimes", None),
                    ("POST", f"{DEMO}/seats/lock", {"seats": [f"F{number + 1}"]}),
                    ("POST", f"{DEMO}/checkout", {"seats": [f"F{number + 1}"], **order}),
                    ("GET", f"/api/v1/showtimes/never-{number}-{turn}", None),
                ):
                    answer = await client.request(method, path, json=body)
                    assert answer.status_code != 500, (method, path, answer.text)
                    if answer.status_code == 503:
                        assert answer.json()["code"] == "unavailable"
                    answers[answer.status_code] = answers.get(answer.status_code, 0) + 1

    order = {"customer": {"email": "an@example.vn"}, "gateway": "sandbox"}
    visitors = [asyncio.create_task(visit(number)) for number in range(6)]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LIMIT_S):
            for cuts in itertools.count():
                # Each tenth leaves time for whole answers, and more and more of it: some machines are slow.
                if any(visitor.done() for visitor in visitors) or (cuts >= CUTS and {200, 503} <= answers.keys()):
                    break
                way[0].cut()
                await asyncio.sleep(0.03 if cuts % 10 else 0.1 * (cuts // 10 + 1))
    over = True
    await asyncio.gather(*visitors)
    assert answers[200] > 0
    assert answers[503] > 0
