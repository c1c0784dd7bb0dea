"""The seat store and its pub/sub fail under the live engine: views converge, holders are told, nothing is invented."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import redis.asyncio

from protocol.aio import ClientError, RejectedError, SeatMapClient
from protocol.codec import JSON
from protocol.codes import Code, NoticeCode, Outcome
from protocol.effects import ConnectionState
from protocol.from_server import Delta, Holds, Locked, Notice, Rejected
from protocol.seatmap import SeatStatus
from server.db.migrate import upgrade
from server.db.seed import seed
from server.embedded import Addresses, EmbeddedPostgres, EmbeddedValkey
from server.live.hub import Hub
from server.live.subscriber import Subscriber
from server.main import now_ms
from tests.integration.app import App, running, settings_for
from tests.integration.bare import connected, heard, said

LIMIT_S = 60
TIMEOUT_MS = 1000
"""After this a command is given up: soon, and longer than any answer takes on a busy machine."""


@pytest.fixture
def own_valkey(servers_folder: Path, key_prefix: str) -> EmbeddedValkey:
    """A Valkey that the test may kill; its data are kept on disk."""
    return EmbeddedValkey(servers_folder / key_prefix)


@pytest.fixture
async def app(
    own_valkey: EmbeddedValkey, tmp_path: Path, key_prefix: str, seeded_database_url: str
) -> AsyncIterator[App]:
    """An application on a Valkey of its own that gives commands up soon."""
    with own_valkey:
        addresses = Addresses(redis_url=own_valkey.url, database_url=seeded_database_url)
        settings = settings_for(tmp_path, key_prefix, redis_timeout_ms=TIMEOUT_MS)
        async with running(settings, addresses) as app:
            yield app


async def until(client: SeatMapClient, seat: int, status: SeatStatus) -> None:
    """Wait until the client's map shows `seat` in `status`."""
    async with asyncio.timeout(LIMIT_S):
        await client.until(lambda: client.map is not None and client.map[seat] is status)


async def locked(client: SeatMapClient, seat: int) -> None:
    """Lock a seat, again and again while the store is away."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                await client.lock([seat])
            except ClientError:
                await asyncio.sleep(0.05)
            else:
                return


async def free(client: SeatMapClient, count: int) -> list[int]:
    """Seats that are available; those in the middle of the hall have no pair."""
    letters = (await client.ready()).letters
    return [index for index in range(len(letters) // 2, len(letters)) if letters[index] == "A"][:count]


async def truth(app: App) -> str:
    """The letters, read from the store."""
    answer = await app.request("GET", "/api/v1/showtimes/demo/seats/status")
    return "".join(SeatStatus[seat["status"].upper()].value for seat in answer["seats"])


async def test_pubsub_connections_killed_all_the_time(app: App) -> None:
    """With every pub/sub connection killed again and again, no change is lost to any map for long."""
    token = await app.session()
    store = redis.asyncio.Redis.from_url(app.addresses.redis_url)
    async with app.client(token) as one, app.client() as two, app.client(codec="json") as three:
        seats = await free(two, 8)
        await asyncio.gather(one.ready(), three.ready())
        for number in range(24):
            await store.client_kill_filter(_type="pubsub")
            seat = seats[number % len(seats)]
            await (one.lock([seat]) if number < 16 and number % 16 < 8 else one.unlock([seat]))
        await one.lock(seats[:3])
        for client in (one, two, three):
            await until(client, seats[2], SeatStatus.LOCKED)
            assert client.map is not None
            assert client.map.letters == await truth(app)
    await store.aclose()


async def test_messages_twice_and_late(app: App) -> None:
    """Announcements that arrive again, out of order or as garbage change no map."""
    store = redis.asyncio.Redis.from_url(app.addresses.redis_url)
    heard: list[bytes] = []
    shim = Subscriber(
        app.addresses.redis_url,
        timeout_ms=5000,
        on_message=lambda _channel, data: heard.append(data),
        on_subscribed=lambda _channel: None,
    )
    channel = f"{app.settings.redis_prefix}{{st:demo}}:deltas"
    await shim.start()
    await shim.subscribe(channel)
    async with app.client(await app.session()) as one, app.client() as two:
        seats = await free(two, 4)
        await one.ready()
        heard.clear()
        for number in range(8):
            await (one.unlock([seats[number % 4]]) if number >= 4 else one.lock([seats[number % 4]]))
        await one.lock(seats[:1])
        async with asyncio.timeout(LIMIT_S):
            while len(heard) < 9:
                await asyncio.sleep(0.01)
        for data in [*reversed(heard), b"garbage", *heard, b""]:
            await store.spublish(channel, data)
        await one.lock(seats[3:])
        await until(two, seats[3], SeatStatus.LOCKED)
        assert two.map is not None
        assert two.map.letters == await truth(app)
    await shim.close()
    await store.aclose()


async def test_a_message_that_is_lost(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change whose announcement never arrives, and after which nothing happens, is found all the same."""
    lost: list[bytes] = []
    monkeypatch.setattr(Hub, "_on_message", lambda _hub, _channel, data: lost.append(data))
    async with running(app.settings, app.addresses) as deaf, deaf.client() as watcher:
        seats = await free(watcher, 1)
        async with app.client(await app.session()) as one:
            await one.ready()
            await one.lock(seats)
            await until(watcher, seats[0], SeatStatus.LOCKED)
    assert lost


async def test_a_store_that_answers_too_late(app: App, own_valkey: EmbeddedValkey) -> None:
    """A lock that times out is `unknown`; when the store wakes, `holds` tells the truth, and the lock acts at most so.

    Meanwhile other requests that need no store are answered.
    """
    async with connected(app, JSON, await app.session()) as one, app.client() as watcher:
        seats = await free(watcher, 2)
        await said(one, JSON, {"type": "lock", "id": 1, "seats": seats[:1]})
        assert {type(await heard(one, JSON)), type(await heard(one, JSON))} == {Locked, Delta}
        os.kill(own_valkey.pid, signal.SIGSTOP)
        try:
            await said(one, JSON, {"type": "lock", "id": 2, "seats": seats[1:]})
            while not isinstance(answer := await heard(one, JSON), Rejected):
                assert isinstance(answer, Notice)
            assert (answer.id, answer.code, answer.outcome) == (2, Code.UNAVAILABLE, Outcome.UNKNOWN)
            await watcher.ping()
        finally:
            os.kill(own_valkey.pid, signal.SIGCONT)
        while not isinstance(told := await heard(one, JSON), Holds):
            assert isinstance(told, Notice)
        # The command waited in the store's socket past its time: it must not have acted.
        assert [hold.seat for hold in told.holds] == seats[:1]
        assert (await truth(app)).count("L") == 1
        await said(one, JSON, {"type": "lock", "id": 3, "seats": seats[1:]})
        await until(watcher, seats[1], SeatStatus.LOCKED)


async def test_a_store_that_comes_back_empty(app: App, own_valkey: EmbeddedValkey) -> None:
    """Killed and back without its data: a new epoch, everybody sees the same, and holders know that they hold nothing.

    People are told that seats cannot be chosen meanwhile, and when they can again.
    """
    async with app.client(await app.session()) as one, app.client() as watcher:
        seats = await free(watcher, 2)
        await one.ready()
        await one.lock(seats)
        await until(watcher, seats[0], SeatStatus.LOCKED)
        epoch = one.position and one.position[0]
        events = watcher.events()
        own_valkey.kill()
        notices = []
        async with asyncio.timeout(LIMIT_S):
            async for event in events:
                if isinstance(event, Notice):
                    notices.append(event.code)
                    break
        for leftover in (own_valkey._home).rglob("*.aof"):
            leftover.unlink()
        for leftover in (own_valkey._home).rglob("*.manifest"):
            leftover.unlink()
        own_valkey.restart()
        async with asyncio.timeout(LIMIT_S):
            await one.until(lambda: not one.holds and one.position is not None and one.position[0] != epoch)
            async for event in events:
                if isinstance(event, Notice):
                    notices.append(event.code)
                    break
        assert notices == [NoticeCode.LOCKS_PAUSED, NoticeCode.LOCKS_RESUMED]
        await until(watcher, seats[0], SeatStatus.AVAILABLE)
        await locked(one, seats[1])
        await until(watcher, seats[1], SeatStatus.LOCKED)
        assert watcher.map is not None
        assert watcher.map.letters == await truth(app)
        assert watcher.state is ConnectionState.ONLINE


async def test_a_store_that_comes_back_with_its_data(app: App, own_valkey: EmbeddedValkey) -> None:
    """Stopped and started again with what it kept: a new epoch in which the locks stand as they were."""
    async with app.client(await app.session()) as one, app.client() as watcher:
        seats = await free(watcher, 2)
        await one.ready()
        held = (await one.lock(seats)).holds
        epoch = one.position and one.position[0]
        own_valkey.stop()
        own_valkey.restart()
        async with asyncio.timeout(LIMIT_S):
            await one.until(lambda: one.position is not None and one.position[0] != epoch)
        await until(watcher, seats[0], SeatStatus.LOCKED)
        async with asyncio.timeout(LIMIT_S):
            await one.until(lambda: list(one.holds) == held)
        async with app.client(await app.session()) as other:
            await other.ready()
            with pytest.raises(RejectedError) as refusal:
                await other.lock(seats)
        assert refusal.value.rejected.code is Code.SEATS_UNAVAILABLE


async def test_two_workers_are_one(app: App, tmp_path: Path) -> None:
    """Two servers on one store show the same, refuse the same, and tell a holder's tabs on both."""
    async with running(app.settings, app.addresses) as other:
        token = await app.session()
        async with app.client(token) as here, other.client(token) as there, other.client(await app.session()) as rival:
            seats = await free(there, 2)
            await asyncio.gather(here.ready(), rival.ready())
            await here.lock(seats[:1])
            await until(rival, seats[0], SeatStatus.LOCKED)
            async with asyncio.timeout(LIMIT_S):
                await there.until(lambda: [hold.seat for hold in there.holds] == seats[:1])
            with pytest.raises(RejectedError) as refusal:
                await rival.lock(seats)
            assert refusal.value.rejected.seats == seats[:1]
            await there.unlock()
            async with asyncio.timeout(LIMIT_S):
                await here.until(lambda: not here.holds)


async def test_a_half_open_pubsub_connection(
    own_valkey: EmbeddedValkey, tmp_path: Path, key_prefix: str, seeded_database_url: str
) -> None:
    """A pub/sub connection that falls silent without an end is noticed and replaced."""
    opened: list[asyncio.StreamWriter] = []
    silent: set[asyncio.StreamWriter] = set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on until told to stall, then keep the connection open and pass nothing."""
        up_reader, up_writer = await asyncio.open_unix_connection(own_valkey.url.removeprefix("unix://"))
        opened.append(writer)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                if writer in silent:
                    await asyncio.Event().wait()
                sink.write(data)
                await sink.drain()

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(reader, up_writer))
                group.create_task(pump(up_reader, writer))
        except* OSError:
            pass
        finally:
            up_writer.close()
            writer.close()

    with own_valkey:
        proxy = await asyncio.start_server(relay, "127.0.0.1", 0)
        port = proxy.sockets[0].getsockname()[1]
        addresses = Addresses(redis_url=f"redis://127.0.0.1:{port}/0", database_url=seeded_database_url)
        settings = settings_for(tmp_path, key_prefix, redis_timeout_ms=TIMEOUT_MS)
        async with (
            running(settings, addresses) as app,
            app.client(await app.session()) as one,
            app.client() as watcher,
        ):
            seats = await free(watcher, 1)
            await one.ready()
            silent.update(opened)
            await locked(one, seats[0])
            await until(watcher, seats[0], SeatStatus.LOCKED)
        proxy.close()


async def test_a_database_that_is_gone(servers_folder: Path, tmp_path: Path, key_prefix: str, redis_url: str) -> None:
    """Without the database, open halls go on; what needs it is refused with its code; readiness says so."""
    with EmbeddedPostgres(tmp_path, durable=False, state_dir=servers_folder / key_prefix) as postgres:
        await asyncio.to_thread(upgrade, postgres.url)
        await asyncio.to_thread(seed, postgres.url, now_ms())
        addresses = Addresses(redis_url=redis_url, database_url=postgres.url)
        async with (
            running(settings_for(tmp_path, key_prefix), addresses) as app,
            app.client(await app.session()) as one,
            app.client() as watcher,
            httpx.AsyncClient(base_url=app.url, timeout=LIMIT_S) as http,
        ):
            seats = await free(watcher, 2)
            await one.ready()
            await one.lock(seats[:1])
            postgres.kill()
            await one.lock(seats[1:])
            await until(watcher, seats[1], SeatStatus.LOCKED)
            ready = await http.get("/readyz")
            assert ready.status_code == 503
            assert ready.json()["checks"]["database"]["state"] == "gone"
            assert ready.json()["checks"]["seat store"]["state"] == "ok"
            refused = await http.get("/api/v1/showtimes/demo-large")
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert (await http.get("/healthz")).status_code == 200
