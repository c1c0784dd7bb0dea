"""What a client is told first, or why it is sent away."""

import asyncio

import pytest

from protocol.codec import JSON, MSGPACK, Codec
from protocol.codes import CloseCode
from protocol.from_server import Delta, Holds, Snapshot, Welcome
from tests.contract.live.engine import Engine
from tests.contract.live.peer import Connect
from tests.unit.live.client_frames import close
from tests.unit.live.recording import SEATS


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
async def test_welcome_snapshot_deltas(engine: Engine, connect: Connect, codec: Codec) -> None:
    """`welcome`, then the whole map, then what happens, in the client's codec."""
    peer = await connect(codec=codec)
    welcome = await peer.heard(Welcome)
    assert (welcome.epoch, welcome.version, welcome.can_lock, welcome.viewers) == (engine.store.epoch, 1, False, 1)
    assert await peer.hear() == Snapshot(epoch=engine.store.epoch, version=1, layout=1, seats="A" * SEATS)
    engine.mutate((2, "L"))
    assert await peer.hear() == Delta(from_version=1, version=2, changes=[(2, "L")])


async def test_a_position_is_resumed(engine: Engine, connect: Connect) -> None:
    """A client that knows a version gets the changes since, in one delta; of another epoch, the whole map."""
    engine.mutate((2, "L"))
    peer = await connect(query=f"?epoch={engine.store.epoch}&version=1")
    await peer.heard(Welcome)
    assert await peer.hear() == Delta(from_version=1, version=2, changes=[(2, "L")])
    peer = await connect(query="?epoch=other&version=1")
    await peer.heard(Welcome)
    assert (await peer.heard(Snapshot)).version == 2


async def test_a_bearer_may_lock(engine: Engine, connect: Connect) -> None:
    """The holder that the handshake names is the session's."""
    peer = await connect(token="one")
    assert (await peer.heard(Welcome)).can_lock
    assert engine.store.calls[-1] == "holdings"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"showtime": "nothing"}, CloseCode.UNKNOWN_SHOWTIME),
        ({"showtime": "a.b"}, CloseCode.UNKNOWN_SHOWTIME),
        ({"token": "three"}, CloseCode.SESSION_ENDED),
    ],
)
async def test_sent_away(connect: Connect, options: dict[str, str], code: CloseCode) -> None:
    """What a client must understand is the code of a close right after the handshake, and the first thing it hears."""
    peer = await connect(**options)
    first, payload = await peer.next_frame()
    assert (first, int.from_bytes(payload[:2])) == (0x88, code)
    peer.send(close(code))
    await peer.end()


async def test_a_showtime_that_is_over(engine: Engine, connect: Connect) -> None:
    """Nobody is let in after its end; 4503 says why."""
    engine.store.time = 2**52
    assert await (await connect()).close_code() == CloseCode.SHOWTIME_CLOSED


@pytest.mark.parametrize("way", ["vanish", "half_close", "close"])
async def test_a_greeting_that_nobody_waits_for(engine: Engine, connect: Connect, way: str) -> None:
    """A client that leaves while its holds are still being read is forgotten, and enters no room afterwards."""
    engine.store.gate.clear()
    peer = await connect(token="one")
    while "holdings" not in engine.store.calls:
        await asyncio.sleep(0)
    if way == "close":
        peer.send(close(1001))
    else:
        getattr(peer, way)()
    engine.store.gate.set()
    await engine.forgets_everybody()


async def test_what_is_said_during_the_greeting_is_answered_after_it(engine: Engine, connect: Connect) -> None:
    """The first thing that a client hears is `welcome`, however early it spoke, and nothing that it said is lost."""
    engine.store.gate.clear()
    peer = await connect(token="one")
    for number in range(3):
        peer.say(type="ping", id=number)
    while "holdings" not in engine.store.calls:
        await asyncio.sleep(0)
    engine.mutate((1, "L"))
    engine.store.gate.set()
    assert (await peer.heard(Welcome)).version == 2
    assert (await peer.heard(Snapshot)).version == 2
    assert [getattr(await peer.hear(), "id", None) for _ in range(3)] == [0, 1, 2]


async def test_holds_that_could_not_be_read_follow(engine: Engine, connect: Connect) -> None:
    """A store that is away keeps nobody out; `holds` come when it answers."""
    engine.store.away = True
    peer = await connect(token="one")
    assert (await peer.heard(Welcome)).holds == []
    await peer.heard(Snapshot)
    engine.store.away = False
    assert (await peer.heard(Holds)).receipt == "read"
