"""How connections end when the server has them end."""

import asyncio

import pytest

from protocol.codes import CloseCode, NoticeCode
from protocol.from_server import Notice, Snapshot
from server.live import hub
from server.live.room import Room
from tests.contract.live.engine import Engine
from tests.contract.live.peer import Connect
from tests.unit.live.client_frames import close


async def test_a_shutdown(engine: Engine, connect: Connect) -> None:
    """Who is still there when the server ends is closed with 1012, those in their greeting too."""
    peers = [await connect() for _ in range(3)]
    for peer in peers:
        await peer.until(Snapshot)
    engine.store.gate.clear()
    greeting = await connect(token="one")
    while engine.store.calls[-1] != "holdings":
        await asyncio.sleep(0)
    ending = asyncio.create_task(engine.stop())
    codes = [await peer.close_code() for peer in peers]
    assert codes == [CloseCode.SERVICE_RESTART] * 3
    for peer in peers:
        peer.send(close(1012))
    engine.store.gate.set()
    assert await greeting.close_code() in {CloseCode.SERVICE_RESTART, CloseCode.INTERNAL_ERROR}
    greeting.send(close(1012))
    for peer in (*peers, greeting):
        await peer.end()
    async with asyncio.timeout(30):
        await ending


async def test_a_shutdown_before_the_greeting(engine: Engine, connect: Connect) -> None:
    """A client whose room is still being opened when the server ends is closed, and enters no room afterwards."""
    opened, join = asyncio.Event(), engine.hub.join

    async def late(showtime: str) -> Room:
        await opened.wait()
        return await join(showtime)

    engine.hub.join = late  # type: ignore[method-assign]
    peer = await connect()
    ending = asyncio.create_task(engine.stop())
    if engine.detached:
        assert await peer.close_code() == CloseCode.SERVICE_RESTART
        peer.send(close(1012))
    await peer.end()
    opened.set()
    async with asyncio.timeout(30):
        await ending


async def test_a_drain_tells_everybody(engine: Engine, connect: Connect) -> None:
    """Each hears why and 4003; those who left before their turn come do not keep the others from hearing it."""
    peers = [await connect() for _ in range(6)]
    for peer in peers:
        await peer.until(Snapshot)
    for peer in peers[:2]:
        peer.vanish()
    async with asyncio.timeout(30):
        while len(engine.room.members) > 4:
            await asyncio.sleep(0.01)
    await engine.hub.drain(0)
    for peer in peers[2:]:
        assert (await peer.heard(Notice)).code is NoticeCode.DRAINING
        assert await peer.close_code() == CloseCode.DRAINING
        peer.send(close(CloseCode.DRAINING))
        await peer.end()


async def test_leaving_between_the_slices(engine: Engine, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is gone when its slice comes is passed over, and all others are told."""
    monkeypatch.setattr(hub, "DRAIN_SLICE", 1)
    peers = [await connect() for _ in range(6)]
    for peer in peers:
        await peer.until(Snapshot)
    draining = asyncio.create_task(engine.hub.drain(0.5))
    told = 0
    for number, peer in enumerate(peers):
        if number % 2:
            peer.vanish()
        else:
            told += await peer.close_code() == CloseCode.DRAINING
    await draining
    assert told == 3
