"""The engine under test, once for each way, on the event loop that it runs on in production."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from server.live.bounds import Bounds
from tests.contract.live.engine import Engine
from tests.contract.live.peer import Connect, Peer


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What transports raise, and when they call back, is the loop's: so it is the real one."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(params=["detached", "plain"])
def detached(request: pytest.FixtureRequest) -> bool:
    """Whether the server offers to detach connections."""
    return bool(request.param == "detached")


@pytest.fixture
def bounds() -> Bounds:
    """Each delta goes out on its own, and 2 KB may wait for a client; a module may have others."""
    return Bounds(coalesce_ms=0, write_bytes=2048)


@pytest.fixture
async def engine(detached: bool, bounds: Bounds) -> AsyncIterator[Engine]:
    """A server with one showtime; whatever a test did, nothing of its connections may be left."""
    engine = Engine(bounds, detached=detached)
    await engine.start()
    yield engine
    await engine.forgets_everybody()
    await engine.stop()


@pytest.fixture
async def connect(engine: Engine) -> AsyncIterator[Connect]:
    """Makes peers that are gone at the end."""
    peers: list[Peer] = []

    async def make(**options: object) -> Peer:
        peer = await Peer.connect(engine.port, **options)  # type: ignore[arg-type]  # the options are its own
        peers.append(peer)
        return peer

    yield make
    for peer in peers:
        peer.vanish()
