"""Clients that stop reading, with small receive buffers: bounded memory, nobody else notices, and an end for each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol.codec import MSGPACK
from protocol.codes import CloseCode
from protocol.from_server import Snapshot
from protocol.seatmap import SeatMap, SeatStatus
from server.embedded import Addresses
from server.live.connection import Connection
from tests.contract.live.peer import Peer
from tests.integration.app import App, running, settings_for

LIMIT_S = 60
STALLED = 15
WRITE_BYTES = 16 * 1024
MOST_BYTES = 64 * 1024
"""What the server may keep for one that does not read."""

SHOWTIME = "demo-large"


@pytest.fixture
async def app(
    request: pytest.FixtureRequest, tmp_path: Path, key_prefix: str, redis_url: str, seeded_database_url: str
) -> AsyncIterator[App]:
    """An application that gives a client which is behind as long as a test says, else so long that some catch up."""
    addresses = Addresses(redis_url=redis_url, database_url=seeded_database_url)
    slow_ms = getattr(request, "param", 12_000)
    settings = settings_for(tmp_path, key_prefix, write_bytes=WRITE_BYTES, slow_ms=slow_ms)
    async with running(settings, addresses) as app:
        yield app


def connections(app: App) -> list[Connection]:
    """Every connection that the server has."""
    assert app._server is not None
    there: set[object] = {*app._server.server_state.connections}
    return [found for found in there if isinstance(found, Connection)]


def kept(app: App) -> list[int]:
    """What the server keeps to be written, for each connection."""
    return [connection._transport.get_write_buffer_size() for connection in connections(app)]


async def stall(port: int) -> Peer:
    """A client that asks for the map again and again, and never reads what it is sent."""
    peer = await Peer.connect(port, codec=MSGPACK, showtime=SHOWTIME, receive_buffer=2048)
    await peer.until(Snapshot)
    peer.send(*[peer.frame(type="resync", epoch="none", version=0)] * 500)
    return peer


async def picks(app: App, token: str, ended: asyncio.Event) -> None:
    """Lock and unlock a seat until told to end."""
    async with app.client(token, showtime=SHOWTIME) as picker:
        await picker.ready()
        while not ended.is_set():
            await picker.lock([100])
            await picker.unlock([100])


@pytest.fixture
async def picking(app: App) -> AsyncIterator[None]:
    """Somebody who picks all the time, so that there is always something to be told."""
    ended = asyncio.Event()
    task = asyncio.create_task(picks(app, await app.session(), ended))
    yield
    ended.set()
    await task


@pytest.fixture
async def stalled(app: App, picking: None) -> AsyncIterator[list[Peer]]:
    """Clients for which the server keeps more than it may, because they read nothing."""
    peers = [await stall(int(app.url.rpartition(":")[2])) for _ in range(STALLED)]
    try:
        async with asyncio.timeout(LIMIT_S):
            while sum(size > WRITE_BYTES for size in kept(app)) < STALLED:
                await asyncio.sleep(0.01)
        yield peers
    finally:
        for peer in peers:
            peer.vanish()


async def test_stalled_readers_cost_nobody_else(app: App, stalled: list[Peer]) -> None:
    """The others go on; those who read again converge; those who do not are told 4001 or cut off, in bounded time."""
    token = await app.session()
    async with app.client(token, showtime=SHOWTIME) as picker, app.client(showtime=SHOWTIME) as watcher:
        await watcher.ready()
        await picker.ready()
        await picker.lock([200])
        async with asyncio.timeout(LIMIT_S):
            await watcher.until(lambda: watcher.map is not None and watcher.map[200] is SeatStatus.LOCKED)
        assert max(kept(app)) <= MOST_BYTES
        # Some read on before their time is over: each comes to the present map, by a snapshot of its own.
        await asyncio.gather(*(converged(peer, 200) for peer in stalled[:5]))
        # The others are gone soon, though they read nothing.
        async with asyncio.timeout(LIMIT_S):
            while len(connections(app)) > 5 + 3:
                await asyncio.sleep(0.01)


async def converged(peer: Peer, seat: int) -> None:
    """Read until the map shows that this seat is locked."""
    seat_map: SeatMap | None = None
    async with asyncio.timeout(LIMIT_S):
        while seat_map is None or seat_map[seat] is not SeatStatus.LOCKED:
            message = await peer.hear()
            if isinstance(message, Snapshot):
                seat_map = SeatMap.of(message)


@pytest.mark.parametrize("app", [2000], indirect=True)
async def test_one_that_reads_its_last_words(app: App) -> None:
    """What waited for it, then 4001, to whoever reads before the connection is cut."""
    peer = await stall(int(app.url.rpartition(":")[2]))
    async with asyncio.timeout(LIMIT_S):
        while not any(connection._closing for connection in connections(app)):
            await asyncio.sleep(0.01)
    assert await peer.close_code() == CloseCode.SLOW_CONSUMER
    peer.vanish()
