"""Frames right and wrong, and the closing handshake."""

import pytest

from protocol.codec import JSON, MSGPACK
from protocol.codes import CloseCode
from protocol.from_server import Delta, Pong, Rejected, Snapshot
from tests.contract.live.engine import Engine
from tests.contract.live.peer import Connect, Peer
from tests.unit.live.client_frames import FIN, TEXT, binary, close, fragments, masked, octets, ping, pong, text


async def greeted(connect: Connect, **options: object) -> Peer:
    """A peer past its first map."""
    peer = await connect(**options)
    await peer.until(Snapshot)
    return peer


PING = b'{"type":"ping","id":7}'

BROKEN = {
    "text where bytes are spoken": (MSGPACK, text(b"{}"), CloseCode.WRONG_FRAME_KIND),
    "bytes where text is spoken": (JSON, binary(b"{}"), CloseCode.WRONG_FRAME_KIND),
    "text that is not UTF-8": (JSON, text(b'{"type":"\xff"}'), CloseCode.INVALID_UTF8),
    "a message too long": (JSON, text(b" " * 4097), CloseCode.TOO_LARGE),
    "fragments too long": (JSON, b"".join(fragments(TEXT, b" " * 3000, b" " * 3000)), CloseCode.TOO_LARGE),
    "nonsense three times": (JSON, 3 * text(b"{"), CloseCode.BAD_MESSAGE),
    "no mask": (JSON, bytes((FIN | TEXT, 2)) + b"{}", 1002),
    "a reserved opcode": (JSON, masked(FIN | 0x3), 1002),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_input_is_closed_with_its_code(engine: Engine, connect: Connect, name: str) -> None:
    """Each with its code, after which the connection ends on both sides, and others go on."""
    codec, data, code = BROKEN[name]
    other = await greeted(connect)
    peer = await greeted(connect, codec=codec)
    peer.send(data, data)
    heard = await _rejections_then_code(peer)
    assert heard == ([None, None] if code == CloseCode.BAD_MESSAGE else [], code)
    peer.send(close(int(code)))
    peer.half_close()
    await peer.end()
    engine.mutate((1, "L"))
    await other.heard(Delta)


async def _rejections_then_code(peer: Peer) -> tuple[list[object], int]:
    rejected: list[object] = []
    while True:
        first, payload = await peer.next_frame()
        if first == 0x88:
            return rejected, int.from_bytes(payload[:2])
        answer = peer.codec.decode_server(payload)
        assert isinstance(answer, Rejected)
        rejected.append(answer.id)


async def test_fragments_are_one_message(connect: Connect) -> None:
    """With control frames in between, and however the bytes arrive."""
    peer = await greeted(connect)
    first, second, third = fragments(TEXT, PING[:4], b"", PING[4:])
    for octet in octets(first + ping(b"x") + second + pong() + third):
        peer.send(octet)
    assert await peer.next_frame() == (0x8A, b"x")
    assert (await peer.heard(Pong)).id == 7


async def test_pings_are_answered_in_turn(connect: Connect) -> None:
    """Each pong repeats what its ping said, between the answers to messages."""
    peer = await greeted(connect)
    peer.send(ping(b"one"), text(PING), ping(b"two"))
    heard = [await peer.next_frame() for _ in range(3)]
    assert [payload for first, payload in heard if first == 0x8A] == [b"one", b"two"]
    assert sum(first == 0x81 for first, _ in heard) == 1


@pytest.mark.parametrize(("said", "answered"), [(1000, 1000), (1001, 1001), (4001, 4001), (None, None)])
async def test_a_close_is_answered(connect: Connect, said: int | None, answered: int | None) -> None:
    """By the same code, then the stream ends."""
    peer = await greeted(connect)
    peer.send(close(said), text(PING))
    first, payload = await peer.next_frame()
    assert first == 0x88
    # Without a code in the close, either form of the answer is right.
    assert payload == (answered.to_bytes(2) if answered else payload)
    await peer.end()


@pytest.mark.parametrize("way", ["vanish", "half_close"])
async def test_ends_without_a_word(engine: Engine, connect: Connect, way: str) -> None:
    """Whoever just goes is forgotten, also in the middle of a frame, and the others hear on."""
    other = await greeted(connect)
    for junk in (b"", text(PING)[:3], fragments(TEXT, PING[:4], PING[4:])[0]):
        peer = await greeted(connect, token="one")
        peer.send(junk)
        getattr(peer, way)()
    engine.mutate((1, "L"))
    assert (await other.heard(Delta)).version == 2
    other.vanish()
    await engine.forgets_everybody()


async def test_silence(engine: Engine, connect: Connect) -> None:
    """Detached connections are asked by the wheel; a silent one is closed with 4002, one that answers is not."""
    if not engine.detached:
        assert not any(engine.pulse._wheel)
        return
    lively, silent = await greeted(connect), await greeted(connect)
    for _ in range(2):
        engine.pulse.turn()
    assert await silent.next_frame() == (0x89, b"")
    assert await lively.next_frame() == (0x89, b"")
    lively.send(pong())
    lively.say(type="ping", id=1)
    await lively.heard(Pong)
    engine.pulse.turn()
    assert await silent.close_code() == CloseCode.IDLE
    engine.mutate((1, "L"))
    await lively.heard(Delta)
