"""The asyncio client against a real WebSocket server that answers, drops, refuses and stays silent on demand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any, Literal

import msgspec
import pytest
import uvloop

from protocol.aio import ClientError, DisconnectedError, RejectedError, SeatMapClient, StoppedError
from protocol.codes import CloseCode, Code
from protocol.effects import Answered, ConnectionChanged, ConnectionState, HoldsChanged, MapChanged, MapReplaced
from protocol.from_client import Auth, Best, Extend, Lock, Ping, Restore, Resync, Unlock
from protocol.from_server import Authenticated, Delta, Extended, Pong, Viewers
from tests.ports import lasting_port
from tests.unit.protocol.model import LIMITS
from tests.unit.protocol.speaking import SpeakingServer, Visit, bounded


@pytest.fixture
async def server() -> AsyncIterator[SpeakingServer]:
    """A server that waits for the client of the test."""
    async with SpeakingServer().running() as running:
        yield running


def connecting(server: SpeakingServer, **options: Any) -> SeatMapClient:
    """A client that waits no time at all before it comes back."""
    return SeatMapClient(server.url, "demo", **({"jitter": lambda: 0.0} | options))


@pytest.mark.parametrize("codec", ["msgpack", "json"])
@bounded
async def test_a_map_in_either_codec(server: SpeakingServer, codec: Literal["msgpack", "json"]) -> None:
    """A client is ready with its first map, and follows deltas."""
    async with connecting(server, codec=codec) as client:
        assert (client.map, client.position) == (None, None)
        visit = await server.greet()
        assert visit.codec.subprotocol == f"seatmap.v1.{codec}"
        assert (await client.ready()).letters == "AAAAA"
        server.model.mutate([(2, "O")])
        await visit.say(Delta(from_version=0, version=1, changes=[(2, "O")]), Viewers(count=7))
        await client.until(lambda: client.viewers == 7)
        assert client.map is not None
        assert client.map.letters == "AAOAA"
        assert client.position == ("epoch1", 1)
        assert client.can_lock
        assert client.welcome is not None
        assert client.welcome.limits == LIMITS


@bounded
async def test_what_the_handshake_says(server: SpeakingServer) -> None:
    """Token and origin are headers, never in the URL; compression is not offered."""
    async with connecting(server, token="secret", origin="https://cinema.example", display=True):
        visit = await server.greet()
        assert visit.path == "/ws/showtimes/demo"
        assert visit.query == {"display": "1"}
        assert visit.headers["Authorization"] == "Bearer secret"
        assert visit.headers["Origin"] == "https://cinema.example"
        assert "Sec-WebSocket-Extensions" not in visit.headers
    async with connecting(server):
        visit = await server.greet()
        assert "Authorization" not in visit.headers
        assert "Origin" not in visit.headers


@bounded
async def test_requests_return_their_answers(server: SpeakingServer) -> None:
    """Also when two are under way at once; a refusal is an exception that carries it."""
    async with connecting(server) as client:
        visit = await server.greet()
        await client.ready()
        taking, again = asyncio.create_task(client.lock([1, 2])), asyncio.create_task(client.lock([1]))
        assert isinstance(await server.answer(visit), Lock)
        assert isinstance(await server.answer(visit), Lock)
        assert (await taking).seats == [1, 2]
        assert (await again).seats == [1]
        assert [hold.seat for hold in client.holds] == [1, 2]
        assert client.receipt == "epoch1/2"
        server.model.mutate([(3, "O")])
        refused = asyncio.create_task(client.lock([3]))
        await server.answer(visit)
        with pytest.raises(RejectedError) as caught:
            await refused
        assert caught.value.rejected.code is Code.SEATS_UNAVAILABLE
        assert str(caught.value).startswith("seats_unavailable")
        giving = asyncio.create_task(client.unlock())
        await server.answer(visit)
        assert (await giving).seats == [1, 2]
        assert client.holds == ()


@bounded
async def test_every_request_says_what_it_should(server: SpeakingServer) -> None:
    """Arguments that were not given are not on the wire."""
    async with connecting(server) as client:
        visit = await server.greet()
        await client.ready()
        asks: list[tuple[Callable[[], Any], type]] = [
            (lambda: client.lock([4], "any"), Lock),
            (lambda: client.best(2), Best),
            (lambda: client.best(2, zone="vip", accessible=True), Best),
            (lambda: client.unlock([4]), Unlock),
            (client.extend, Extend),
            (lambda: client.extend([4]), Extend),
            (lambda: client.restore("r"), Restore),
        ]
        heard = []
        for ask, kind in asks:
            task = asyncio.create_task(ask())
            message = await visit.heard.get()
            assert isinstance(message, kind)
            heard.append({name: value for name, value in msgspec.to_builtins(message).items() if name != "id"})
            task.cancel()
        assert heard == [
            {"type": "lock", "seats": (4,), "mode": "any"},
            {"type": "best", "count": 2},
            {"type": "best", "count": 2, "zone": "vip", "accessible": True},
            {"type": "unlock", "seats": (4,)},
            {"type": "extend"},
            {"type": "extend", "seats": (4,)},
            {"type": "restore", "receipt": "r"},
        ]


@bounded
async def test_answers_of_other_kinds(server: SpeakingServer) -> None:
    """`extend`, `auth` and `ping` return theirs; one of the wrong kind is an error of its own."""
    async with connecting(server) as client:
        visit = await server.greet()
        await client.ready()
        extending = asyncio.create_task(client.extend())
        asked = await visit.heard.get()
        assert isinstance(asked, Extend)
        extended = Extended(id=asked.id, version=1, seats=[1], holds=[], holds_version=1, receipt="r")
        await visit.say(extended)
        assert await extending == extended
        pinging = asyncio.create_task(client.ping())
        await server.answer(visit)
        assert isinstance(await pinging, Pong)
        assert abs(client.server_now() - server.model.at) < 10_000
        wrong = asyncio.create_task(client.unlock())
        unlock = await visit.heard.get()
        assert isinstance(unlock, Unlock)
        await visit.say(Pong(id=unlock.id, server_at=0))
        with pytest.raises(ClientError, match="Unlock was answered by a Pong"):
            await wrong


@bounded
async def test_a_new_token_is_used_from_then_on(server: SpeakingServer) -> None:
    """After `auth` the next connection brings the new token."""
    async with connecting(server, token="old") as client:
        visit = await server.greet()
        await client.ready()
        asking = asyncio.create_task(client.auth("new"))
        asked = await visit.heard.get()
        assert isinstance(asked, Auth)
        await visit.say(Authenticated(id=asked.id, can_lock=True, holds=[], holds_version=0))
        assert (await asking).can_lock
        await visit.socket.close(4003)
        assert (await server.greet()).headers["Authorization"] == "Bearer new"


@pytest.mark.parametrize("how", ["a close code", "a reset"])
@bounded
async def test_a_lost_connection_is_resumed(server: SpeakingServer, how: str) -> None:
    """The client comes back with its position, gets what it missed, and its pending request ends as unknown."""
    async with connecting(server) as client:
        visit = await server.greet()
        await client.ready()
        pending = asyncio.create_task(client.lock([1]))
        await visit.heard.get()
        if how == "a reset":
            visit.socket.transport.abort()
        else:
            await visit.socket.close(CloseCode.SERVICE_RESTART)
        with pytest.raises(DisconnectedError) as caught:
            await pending
        assert caught.value.sent
        server.model.mutate([(4, "B")])
        visit = await server.visits.get()
        assert visit.query == {"epoch": "epoch1", "version": "0"}
        with pytest.raises(DisconnectedError) as caught:
            await client.unlock()
        assert not caught.value.sent
        server.visits.put_nowait(visit)
        await server.greet()
        await client.until(lambda: client.map is not None and client.map.letters == "AAAAB")


@bounded
async def test_a_new_epoch_restores_by_itself(server: SpeakingServer) -> None:
    """The last receipt is redeemed, and the application hears how it ended."""
    async with connecting(server) as client:
        visit = await server.greet()
        await client.ready()
        locking = asyncio.create_task(client.lock([1]))
        await server.answer(visit)
        receipt = (await locking).receipt
        events = client.events()
        server.model.new_epoch()
        await visit.say(*server.model.to_client)
        server.model.to_client.clear()
        restore = await server.answer(visit)
        assert isinstance(restore, Restore)
        assert restore.receipt == receipt
        heard = [await anext(events) for _ in range(3)]
        assert [type(event) for event in heard] == [MapReplaced, HoldsChanged, Answered]


@bounded
async def test_a_gap_is_mended(server: SpeakingServer) -> None:
    """A delta that was never sent is asked for."""
    async with connecting(server) as client:
        visit = await server.greet()
        await client.ready()
        server.model.mutate([(0, "L")])
        server.model.mutate([(1, "L")])
        await visit.say(Delta(from_version=1, version=2, changes=[(1, "L")]))
        assert await server.answer(visit) == Resync(epoch="epoch1", version=0)
        await client.until(lambda: client.position == ("epoch1", 2))
        assert client.map is not None
        assert client.map.letters == "LLAAA"


@pytest.mark.parametrize("code", [4501, 4503, 4504, 1009])
@bounded
async def test_codes_that_say_so_stop_the_client(server: SpeakingServer, code: int) -> None:
    """Whoever waits for a map, an event or an answer is told the code."""
    async with connecting(server) as client:
        events = client.events()
        visit = await server.visits.get()
        await visit.socket.close(code)
        with pytest.raises(StoppedError) as caught:
            await client.ready()
        assert caught.value.code == code
        assert [event async for event in events][-1] == ConnectionChanged(ConnectionState.STOPPED, code)
        with pytest.raises(StoppedError, match=str(code)):
            await client.lock([1])
        with pytest.raises(StoppedError):
            await client.until(lambda: False)
        assert client.state is ConnectionState.STOPPED


@bounded
async def test_a_message_beyond_reason_stops_the_client(server: SpeakingServer) -> None:
    """More than a megabyte at once is no map: the client says so, and does not ask for it again and again."""
    async with connecting(server) as client:
        visit = await server.visits.get()
        await visit.say_bytes(b"x" * 2_000_000)
        with pytest.raises(StoppedError) as caught:
            await client.ready()
        assert caught.value.code == CloseCode.TOO_LARGE


@bounded
async def test_refused_handshakes(server: SpeakingServer) -> None:
    """A full server is tried again, one that does not know the origin is not."""
    server.refusals = [
        (HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "0"}),
        (HTTPStatus.TOO_MANY_REQUESTS, {}),
        (HTTPStatus.BAD_GATEWAY, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
    ]
    async with connecting(server) as client:
        await server.greet()
        await client.ready()
        assert server.refused == 3
    server.refusals = [(HTTPStatus.FORBIDDEN, {})]
    async with connecting(server) as client:
        with pytest.raises(StoppedError) as caught:
            await client.ready()
        assert caught.value.status == HTTPStatus.FORBIDDEN


@bounded
async def test_nobody_listening_is_tried_again() -> None:
    """A server that is not up yet is found once it is."""
    draws: asyncio.Queue[None] = asyncio.Queue()

    def jitter() -> float:
        draws.put_nowait(None)
        return 0.0

    port = lasting_port()
    async with SeatMapClient(f"ws://127.0.0.1:{port}", "demo", jitter=jitter) as client:
        for _ in range(3):
            await draws.get()
        async with SpeakingServer().running(port) as late:
            await late.greet()
            await client.ready()


@bounded
async def test_a_silent_server_is_probed_and_left(server: SpeakingServer) -> None:
    """After `heartbeat_ms` a ping, after as much again another connection."""
    async with connecting(server) as client:
        visit = await server.visits.get()
        server.model.connect(None, prefer_snapshot=True)
        welcome, snapshot = server.model.to_client
        await visit.say(msgspec.structs.replace(welcome, heartbeat_ms=200), snapshot)
        assert isinstance(await visit.heard.get(), Ping)
        await visit.gone.wait()
        again = await server.greet()
        assert again.query["epoch"] == "epoch1"
        await client.until(lambda: client.state is ConnectionState.ONLINE)


@bounded
async def test_messages_that_nobody_understands_do_no_harm(server: SpeakingServer) -> None:
    """Neither of a later version nor garbage; a request that was answered so ends as unknown."""
    async with connecting(server, codec="json") as client:
        visit = await server.greet()
        await client.ready()
        pending = asyncio.create_task(client.lock([1]))
        asked = await visit.heard.get()
        assert isinstance(asked, Lock)
        await visit.say_bytes(b"{")
        await visit.say_bytes(b'{"type":"celebrated"}')
        await visit.say_bytes(b'{"type":"reserved","id":%d}' % int(asked.id))
        with pytest.raises(DisconnectedError):
            await pending
        await visit.say(Viewers(count=9))
        await client.until(lambda: client.viewers == 9)


@bounded
async def test_events_are_told_to_each_stream(server: SpeakingServer) -> None:
    """From the moment that it was made, until the client is closed."""
    async with connecting(server) as client:
        visit = await server.greet()
        await client.ready()
        first, second = client.events(), client.events()
        await visit.say(Delta(from_version=0, version=1, changes=[(0, "L")]), Viewers(count=2))
        for stream in (first, second):
            assert await anext(stream) == MapChanged([(0, "L")])
            assert await anext(stream) == Viewers(count=2)
    assert [event async for event in first] == [ConnectionChanged(ConnectionState.STOPPED)]
    assert [event async for event in client.events()] == []


@bounded
async def test_closing_leaves_nothing_behind(server: SpeakingServer) -> None:
    """No task, no waiting request, and a proper goodbye to the server."""
    before = asyncio.all_tasks()
    client = connecting(server)
    async with client:
        visit = await server.greet()
        await client.ready()
        pending = asyncio.create_task(client.lock([1]))
        await visit.heard.get()
    with pytest.raises(DisconnectedError):
        await pending
    await visit.gone.wait()
    assert visit.socket.close_code == CloseCode.NORMAL
    await visit.socket.wait_closed()
    assert {task for task in asyncio.all_tasks() - before if "protocol" in repr(task.get_coro())} == set()
    await client.close()


@bounded
async def test_closing_while_it_waits_to_come_back(server: SpeakingServer) -> None:
    """A client between two connections ends at once."""
    async with connecting(server, jitter=lambda: 1000.0) as client:
        visit = await server.greet()
        await client.ready()
        await visit.socket.close(4001)
        await client.until(lambda: client.state is ConnectionState.WAITING)
    assert client.state is ConnectionState.STOPPED


def test_it_runs_under_uvloop() -> None:
    """The same on the other loop, including a connection that is cut."""

    async def scenario() -> str:
        async with asyncio.timeout(20), SpeakingServer().running() as server, connecting(server) as client:
            visit: Visit = await server.greet()
            await client.ready()
            visit.socket.transport.abort()
            server.model.mutate([(0, "O")])
            await server.greet()
            await client.until(lambda: client.position == ("epoch1", 1))
            return (await client.ready()).letters

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(scenario()) == "OAAAA"
