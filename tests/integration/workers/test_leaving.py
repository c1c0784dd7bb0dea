"""One of two workers goes while a crowd watches: all go over to the other, and nobody misses anything."""

import asyncio
import itertools
import os
import signal
from typing import Any

import httpx

from protocol.aio import SeatMapClient
from tests.integration.workers.crowd import Crowd, ports_of
from tests.integration.workers.pair import Pair

CROWD = 500
LIMIT_S = 150
"""Ample for all of a crowd to come and go on a busy machine."""

SEATS = "/api/v1/showtimes/demo/seats"


async def pick(url: str, row: str) -> None:
    """Lock seats of a row and let them go again, all the while; each request comes over a connection of its own."""

    async def ask(method: str, path: str, token: str | None = None, **sent: Any) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=LIMIT_S) as client:
            answer = await client.request(method, path, **sent)
        return answer.raise_for_status().json()

    token = (await ask("POST", "/api/v1/sessions"))["token"]
    for number in itertools.count(1):
        seat = f"{row}{number % 8 + 1}"
        await ask("POST", f"{SEATS}/lock", token, json={"seats": [seat]})
        await ask("DELETE", f"{SEATS}/unlock", token, params={"seats": seat})
        await asyncio.sleep(0.02)


async def _see_that_nobody_moves_to(worker: int, crowd: Crowd) -> None:
    while True:
        moved = {viewer.port for viewer in crowd.viewers if viewer.moves}
        assert not ports_of(worker) & moved
        await asyncio.sleep(0.1)


async def test_nobody_misses_anything_when_a_worker_goes(pair: Pair) -> None:
    """With 500 viewers under load: 4003, no new connection to the one that goes, no gap and no repeat for anybody."""
    going, staying = pair.both()
    async with asyncio.timeout(LIMIT_S), Crowd(pair.url, CROWD) as crowd:
        for row in "DEF":
            crowd.add(pick(pair.url, row))
        ports = ports_of(going)
        theirs = [viewer for viewer in crowd.viewers if viewer.port in ports]
        assert 0 < len(theirs) < CROWD
        os.kill(going, signal.SIGTERM)
        crowd.add(_see_that_nobody_moves_to(going, crowd))
        await crowd.until(lambda: all(viewer.moves and viewer.there.is_set() for viewer in theirs))
        # What happens from now on reaches everybody, those who stayed and those who moved.
        newest = max(viewer.version for viewer in crowd.viewers)
        await crowd.until(lambda: all(viewer.version > newest for viewer in crowd.viewers))
        for viewer in crowd.viewers:
            assert viewer.moves == (viewer in theirs)
            assert viewer.breaks == []
    assert staying in pair.both_without(going)


async def test_viewers_are_counted_over_both(pair: Pair) -> None:
    """Whoever watches is told of all who do, whichever worker they came to."""
    one, other = pair.both()
    clients = [SeatMapClient(pair.url.replace("http", "ws", 1), "demo") for _ in range(3)]
    async with asyncio.timeout(LIMIT_S), clients[0], clients[1], clients[2]:
        for client in clients:
            await client.ready()
        for client in clients:
            await client.until(lambda client=client: client.viewers == len(clients))  # type: ignore[misc]  # mypy's gap
        assert {one, other} == pair.workers()
