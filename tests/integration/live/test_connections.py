"""How connections end: silent clients, and showtimes that are over."""

from pathlib import Path

from protocol.codec import JSON, MSGPACK
from protocol.codes import CloseCode, Code
from protocol.from_server import Pong, Rejected
from server.embedded import Addresses, EmbeddedPostgres
from tests.contract.live.peer import Peer
from tests.integration.app import App, running, settings_for
from tests.integration.bare import closed, connected, heard, said

PING_FRAME = 0x89
CLOSE_FRAME = 0x88


async def test_a_client_without_a_sign_of_life(tmp_path: Path, key_prefix: str, addresses: Addresses) -> None:
    """A client that answers no ping is closed with 4002; one that does lives on."""
    settings = settings_for(tmp_path, key_prefix, heartbeat_ms=1000, pong_timeout_ms=2000)
    async with running(settings, addresses) as app, connected(app) as lively:
        silent = await Peer.connect(int(app.url.rpartition(":")[2]), showtime="demo")
        heard_frames = [await silent.next_frame()]
        while heard_frames[-1][0] != CLOSE_FRAME:
            heard_frames.append(await silent.next_frame())
        assert int.from_bytes(heard_frames[-1][1][:2]) == CloseCode.IDLE
        assert PING_FRAME in [first for first, _ in heard_frames]
        silent.vanish()
        await said(lively, JSON, {"type": "ping", "id": 1})
        assert isinstance(await heard(lively, JSON), Pong)


async def test_a_showtime_that_is_over(app: App, postgres: EmbeddedPostgres) -> None:
    """Once sales have closed and the film has ended, a connection is closed with 4503."""
    database = app.addresses.database_url.split("?")[0].rsplit("/", 1)[1]
    postgres.sql(
        "UPDATE showtimes SET opens_at = now() - interval '9 days', closes_at = now() - interval '8 days', "
        "starts_at = now() - interval '8 days' WHERE id = 'demo-large'",
        database,
    )
    async with connected(app, JSON, showtime="demo-large") as socket:
        assert await closed(socket) == CloseCode.SHOWTIME_CLOSED


async def test_sales_that_have_closed(app: App, postgres: EmbeddedPostgres) -> None:
    """Before the film, but after sales have closed, people may watch, and a lock is `sales_closed`."""
    database = app.addresses.database_url.split("?")[0].rsplit("/", 1)[1]
    postgres.sql(
        "UPDATE showtimes SET opens_at = now() - interval '9 days', closes_at = now() - interval '1 minute', "
        "starts_at = now() + interval '1 hour' WHERE id = 'demo-large'",
        database,
    )
    async with connected(app, MSGPACK, await app.session(), showtime="demo-large") as socket:
        await heard(socket, MSGPACK)
        await heard(socket, MSGPACK)
        for seats, code in (([5], Code.SALES_CLOSED), ([5, 100_000], Code.UNKNOWN_SEAT)):
            await said(socket, MSGPACK, {"type": "lock", "id": 1, "seats": seats})
            answer = await heard(socket, MSGPACK)
            assert isinstance(answer, Rejected)
            assert answer.code is code
