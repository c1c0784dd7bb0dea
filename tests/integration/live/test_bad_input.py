"""Whatever a client sends, it gets its code, the server lives, and others notice nothing."""

import asyncio
import contextlib
import json
import resource

import msgpack  # type: ignore[import-untyped]  # it has no types
import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from protocol.codec import JSON, MSGPACK, Codec
from protocol.codes import CloseCode, Code
from protocol.from_server import Delta, Locked, Pong, Rejected, Unlocked, Welcome
from server.identity.sessions import Cookie
from tests.contract.live.peer import Peer
from tests.integration.app import App
from tests.integration.bare import closed, connected, heard, said
from tests.unit.live.client_frames import text

HUGE = 2**53 - 1


def peak_memory() -> int:
    """The most memory that this process ever had, in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


BAD_REQUESTS: dict[str, tuple[dict[str, object], Code]] = {
    "unknown seat": ({"type": "lock", "seats": [100_000]}, Code.UNKNOWN_SEAT),
    "negative index": ({"type": "lock", "seats": [-1]}, Code.UNKNOWN_SEAT),
    "an unknown seat among known ones, mode any": (
        {"type": "lock", "seats": [0, 9999], "mode": "any"},
        Code.UNKNOWN_SEAT,
    ),
    "unknown seat to unlock": ({"type": "unlock", "seats": [HUGE]}, Code.UNKNOWN_SEAT),
    "unknown seat to extend": ({"type": "extend", "seats": [-HUGE]}, Code.UNKNOWN_SEAT),
    "index beyond 2^53": ({"type": "lock", "seats": [2**53]}, Code.BAD_REQUEST),
    "index beyond 2^63": ({"type": "lock", "seats": [2**63]}, Code.BAD_REQUEST),
    "duplicate seats": ({"type": "lock", "seats": [3, 3]}, Code.BAD_REQUEST),
    "empty list": ({"type": "lock", "seats": []}, Code.BAD_REQUEST),
    "too many seats": ({"type": "lock", "seats": list(range(101))}, Code.BAD_REQUEST),
    "no seats": ({"type": "lock"}, Code.BAD_REQUEST),
    "seats by id": ({"type": "lock", "seats": ["F7"]}, Code.BAD_REQUEST),
    "seats as a number": ({"type": "lock", "seats": 3}, Code.BAD_REQUEST),
    "fractional seat": ({"type": "lock", "seats": [1.5]}, Code.BAD_REQUEST),
    "seat null": ({"type": "lock", "seats": [None]}, Code.BAD_REQUEST),
    "unknown mode": ({"type": "lock", "seats": [1], "mode": "some"}, Code.BAD_REQUEST),
    "unknown type": ({"type": "dance"}, Code.BAD_REQUEST),
    "no type": ({"seats": [1]}, Code.BAD_REQUEST),
    "best of nothing": ({"type": "best", "count": 0}, Code.BAD_REQUEST),
    "a receipt too long": ({"type": "restore", "receipt": "x" * 2049}, Code.BAD_REQUEST),
}


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
async def test_bad_requests_get_their_code(app: App, codec: Codec) -> None:
    """Each bad request is rejected with its id and code, changes nothing, and the connection goes on."""
    async with connected(app, codec, await app.session()) as socket, app.client() as watcher:
        before = (await watcher.ready()).version
        for name, (request, code) in BAD_REQUESTS.items():
            await said(socket, codec, {"id": name[:32], **request})
            answer = await heard(socket, codec)
            assert isinstance(answer, Rejected), name
            assert (answer.id, answer.code) == (name[:32], code), name
            if code is Code.UNKNOWN_SEAT:
                assert answer.seats, name
        assert (await watcher.ready()).version == before


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
async def test_ids_that_are_none(app: App, codec: Codec) -> None:
    """An id that cannot be read is answered as null."""
    async with connected(app, codec, await app.session()) as socket:
        bad_ids: list[object] = [None, 1.5, "x" * 33, [1], {}, True, 2**53]
        for bad in bad_ids:
            await said(socket, codec, {"id": bad, "type": "ping"})
            answer = await heard(socket, codec)
            assert isinstance(answer, Rejected)
            assert (answer.id, answer.code) == (None, Code.BAD_REQUEST)
        wholes: list[object] = [5, [], "text", None]
        for whole in wholes:
            await said(socket, codec, whole)
            answer = await heard(socket, codec)
            assert isinstance(answer, Rejected)
            assert (answer.id, answer.code) == (None, Code.BAD_REQUEST)


UNDECODABLE = {
    "truncated msgpack": (MSGPACK, msgpack.packb({"type": "lock", "id": 1, "seats": [1, 2]})[:-1]),
    "a map of 2^32 entries": (MSGPACK, b"\xdf\xff\xff\xff\xff"),
    "an array of 2^32 entries": (MSGPACK, b"\x81\xa5seats\xdd\xff\xff\xff\xff"),
    "deep msgpack": (MSGPACK, b"\x91" * 4000),
    "deep maps": (MSGPACK, b"\x81\xa1a" * 1300),
    "a reserved byte": (MSGPACK, b"\xc1"),
    "nothing": (MSGPACK, b""),
    "bad UTF-8 inside msgpack": (MSGPACK, b"\x81\xa4type\xa2\xff\xff"),
    "deep JSON": (JSON, b"[" * 4000),
    "truncated JSON": (JSON, b'{"type":"lock","id":1,"seats":[1'),
    "no JSON": (JSON, b"lock please"),
}


@pytest.mark.parametrize("name", UNDECODABLE)
async def test_undecodable_messages(app: App, name: str) -> None:
    """Two get `bad_request` with id null; a good one still works; the third closes with 4502."""
    codec, data = UNDECODABLE[name]
    async with connected(app, codec) as socket:
        for _ in range(2):
            await socket.send(data if codec.binary else data.decode())
            answer = await heard(socket, codec)
            assert isinstance(answer, Rejected)
            assert (answer.id, answer.code) == (None, Code.BAD_REQUEST)
            await said(socket, codec, {"type": "ping", "id": 1})
            assert isinstance(await heard(socket, codec), Pong)
        await socket.send(data if codec.binary else data.decode())
        assert await closed(socket) == CloseCode.BAD_MESSAGE


async def test_wrong_frame_kinds(app: App) -> None:
    """Text on the binary subprotocol and bytes on the textual one close with 1003."""
    async with connected(app, MSGPACK) as socket:
        await socket.send("text")
        assert await closed(socket) == CloseCode.WRONG_FRAME_KIND
    async with connected(app, JSON) as socket:
        await socket.send(b"bytes")
        assert await closed(socket) == CloseCode.WRONG_FRAME_KIND


async def test_invalid_utf8(app: App) -> None:
    """A text frame that is not UTF-8 closes with 1007."""
    async with connected(app, JSON) as socket:
        async with socket.send_context():
            socket.protocol.send_frame(Frame(Opcode.TEXT, b'{"type":"\xff"}'))
        assert await closed(socket) == CloseCode.INVALID_UTF8


async def test_a_message_of_5_mb(app: App) -> None:
    """It closes with 1009, without being taken in."""
    peer = await Peer.connect(int(app.url.rpartition(":")[2]), showtime="demo")
    message = text(b"x" * 5_000_000)
    before = peak_memory()
    peer.send(message)
    assert await peer.close_code() == CloseCode.TOO_LARGE
    assert peak_memory() - before < 16_000
    peer.vanish()


async def test_a_message_just_too_long(app: App) -> None:
    """4,096 bytes pass, one more closes with 1009."""
    async with connected(app, JSON) as socket:
        message = json.dumps({"type": "ping", "id": 1})
        await socket.send(message + " " * (4096 - len(message)))
        assert isinstance(await heard(socket, JSON), Pong)
        await socket.send(message + " " * (4097 - len(message)))
        assert await closed(socket) == CloseCode.TOO_LARGE


async def test_unknown_showtimes(app: App) -> None:
    """They are closed with 4504 after the handshake, whatever the id looks like."""
    for showtime in ("nothing", "x" * 65, "%20", "a.b"):
        async with connected(app, JSON, showtime=showtime) as socket:
            assert await closed(socket) == CloseCode.UNKNOWN_SHOWTIME


async def test_forged_and_expired_tokens(app: App) -> None:
    """A bad Bearer and a bad `auth` close with 4501; a bad cookie merely may not lock."""
    token = await app.session()
    for bad in (token[:-2] + "xx", "nonsense", "", "x" * 5000):
        async with websockets.connect(
            f"{app.ws_url}/ws/showtimes/demo", additional_headers={"Authorization": f"Bearer {bad}"}
        ) as socket:
            assert await closed(socket) == CloseCode.SESSION_ENDED
    async with connected(app, JSON) as socket:
        await said(socket, JSON, {"type": "auth", "id": 1, "token": token[:-2] + "xx"})
        assert await closed(socket) == CloseCode.SESSION_ENDED
    name = Cookie.for_public_url(app.settings.secret_key.get_secret_value().encode(), "").name
    async with websockets.connect(
        f"{app.ws_url}/ws/showtimes/demo", additional_headers={"Cookie": f"{name}=forged"}
    ) as socket:
        welcome = await heard(socket, JSON)
        assert isinstance(welcome, Welcome)
        assert not welcome.can_lock


@pytest.mark.parametrize(
    ("headers", "subprotocols", "status"),
    [
        ({"Origin": "https://evil.example"}, [], 403),
        ({"Origin": "null"}, [], 403),
        ({}, ["chat.v1"], 400),
    ],
)
async def test_refused_handshakes(app: App, headers: dict[str, str], subprotocols: list[str], status: int) -> None:
    """What a page need not understand is refused by HTTP status, as a problem document."""
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(
            f"{app.ws_url}/ws/showtimes/demo",
            additional_headers=headers,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        )
    response = refused.value.response
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    assert json.loads(response.body or b"")["status"] == status


async def test_allowed_handshakes(app: App) -> None:
    """The server's own origin is allowed; the first known subprotocol is picked; none means JSON."""
    async with websockets.connect(
        f"{app.ws_url}/ws/showtimes/demo",
        origin=app.url,  # type: ignore[arg-type]  # a NewType of str
        subprotocols=[Subprotocol("chat.v1"), Subprotocol(MSGPACK.subprotocol), Subprotocol(JSON.subprotocol)],
    ) as socket:
        assert socket.subprotocol == MSGPACK.subprotocol
    async with websockets.connect(f"{app.ws_url}/ws/showtimes/demo") as socket:
        assert socket.subprotocol is None
        assert isinstance(await heard(socket, JSON), Welcome)


async def test_no_compression_is_agreed(app: App) -> None:
    """A client that offers permessage-deflate is answered without it."""
    async with websockets.connect(f"{app.ws_url}/ws/showtimes/demo", compression="deflate") as socket:
        assert socket.protocol.extensions == []


async def test_positions_that_are_none(app: App) -> None:
    """A position in the query that cannot be read, or that never was, leads to a snapshot."""
    for query in ("?epoch=x&version=-1", "?epoch=&version=1", "?epoch=x&version=1e3", f"?epoch=x&version={'9' * 40}"):
        async with connected(app, JSON, query=query):
            pass


async def test_a_full_server_says_so(app: App) -> None:
    """More connections than the limit are refused by 503 with Retry-After, and room is made by those who leave."""
    app.settings = app.settings.model_copy(update={"max_connections": 2})
    await app.stop()
    await app.start()
    async with connected(app), connected(app):
        with pytest.raises(InvalidStatus) as refused:
            await websockets.connect(f"{app.ws_url}/ws/showtimes/demo")
        assert refused.value.response.status_code == 503
        assert int(refused.value.response.headers["retry-after"]) > 0
    async with connected(app):
        pass


async def test_hostile_clients_cost_nobody_else(app: App) -> None:
    """While clients misbehave in every way above, another one locks and sees its deltas; nothing is kept of them."""
    token = await app.session()

    async def misbehave(number: int) -> None:
        codec, data = list(UNDECODABLE.values())[number % len(UNDECODABLE)]
        async with connected(app, codec) as socket:
            with contextlib.suppress(ConnectionClosed):
                for _ in range(3):
                    await socket.send(data if codec.binary else data.decode())
                await closed(socket)

    async def live() -> None:
        async with connected(app, MSGPACK, token) as socket:
            for number in range(20):
                kind = "unlock" if number % 2 else "lock"
                await said(socket, MSGPACK, {"type": kind, "id": number, "seats": [0]})
                expected = {Delta, Unlocked if number % 2 else Locked}
                while expected:
                    answer = type(await heard(socket, MSGPACK))
                    assert answer in expected
                    expected.discard(answer)

    for number in range(50):
        await misbehave(number)
    before = peak_memory()
    await asyncio.gather(live(), *(misbehave(number) for number in range(200)))
    assert peak_memory() - before < 32_000
