"""The store does not answer: what is known of the outcome is said, and what was not done is not done later."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable, Iterator

import pytest

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.embedded import EmbeddedValkey
from server.seats.link import Argument, Link
from tests.contract.seats.world import ALICE, BOB, CAROL, SEATS, START, Clock, RedisAdapter, redis_adapter

TIMEOUT_MS = 500
"""After this a command is given up: soon, and longer than any answer takes on a busy machine."""


@contextlib.contextmanager
def paused(server: EmbeddedValkey) -> Iterator[None]:
    """The server stands still inside of this."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


class Sent:
    """The links over which something was sent since `clear`; the real sending goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.links: set[Link] = set()
        self._event = asyncio.Event()
        real = Link.write

        def write(link: Link, commands: Iterable[tuple[Argument, ...]]) -> None:
            real(link, commands)
            self.links.add(link)
            self._event.set()

        monkeypatch.setattr(Link, "write", write)

    def clear(self) -> None:
        """Forget what was sent until now."""
        self.links.clear()
        self._event.clear()

    async def wait(self) -> None:
        """Until something was sent."""
        async with asyncio.timeout(30):
            await self._event.wait()


@pytest.fixture
async def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Tells when a command has left."""
    return Sent(monkeypatch)


@pytest.fixture
async def timely(own_adapter: RedisAdapter) -> RedisAdapter:
    """Stores on the server's own clock."""
    facts = own_adapter.catalogue.facts_of["demo"]
    own_adapter.catalogue.change("demo", sales=type(facts.sales)(opens_at=0, closes_at=2 * START))
    return own_adapter


async def test_a_pause_longer_than_the_time_out_leaves_the_outcome_unknown(
    own_valkey: EmbeddedValkey, timely: RedisAdapter
) -> None:
    """The request fails as unknown; the command that waits in the store is refused there; `settled` is final."""
    store = await timely.open(timeout_ms=TIMEOUT_MS)
    await store.lock("demo", ALICE, (0,), "all")

    with paused(own_valkey):
        with pytest.raises(UnavailableError) as failure:
            await store.lock("demo", ALICE, (1,), "all")
        assert failure.value.outcome is Outcome.UNKNOWN
        not_after = failure.value.not_after
        assert not_after is not None
        assert not_after <= store.now() + TIMEOUT_MS, "a command may not act long after its client has gone"
        settling = asyncio.create_task(store.settled("demo", ALICE, not_after))
        # Let the store's clock pass the command's time before the store may look at it.
        while store.now() <= not_after:
            await asyncio.sleep(0)
        assert not settling.done()

    async with asyncio.timeout(30):
        holdings = await settling
    assert [hold.seat for hold in holdings.holds] == [0]
    assert (await store.snapshot("demo")).version == 2


async def test_a_pause_shorter_than_the_time_out_goes_unnoticed(
    own_valkey: EmbeddedValkey, timely: RedisAdapter, sent: Sent
) -> None:
    """What the store answers in time is simply answered."""
    store = await timely.open(timeout_ms=30_000)
    await store.snapshot("demo")
    sent.clear()
    with paused(own_valkey):
        asking = asyncio.create_task(store.lock("demo", ALICE, (0,), "all"))
        await sent.wait()

    assert (await asking).seats == (0,)


async def test_a_command_may_still_act_until_its_time(
    own_valkey: EmbeddedValkey, timely: RedisAdapter, sent: Sent
) -> None:
    """Where the client went but the command was in time, it acts, and `settled` shows what it did."""
    patient = await timely.open(timeout_ms=60_000)
    await patient.snapshot("demo")
    sent.clear()
    with paused(own_valkey):
        asking = asyncio.create_task(patient.lock("demo", ALICE, (0,), "all"))
        await sent.wait()
        closing = asyncio.create_task(patient.close())
        with pytest.raises(UnavailableError) as failure:
            await asking
        await closing
    assert failure.value.outcome is Outcome.UNKNOWN

    store = await timely.open()
    not_after = store.now() + 1
    async with asyncio.timeout(30):
        holdings = await store.settled("demo", ALICE, not_after)
    assert [hold.seat for hold in holdings.holds] == [0]


async def test_a_read_that_is_not_answered_has_changed_nothing(
    own_valkey: EmbeddedValkey, timely: RedisAdapter
) -> None:
    """Reads are outcome none, always."""
    store = await timely.open(timeout_ms=TIMEOUT_MS)
    await store.snapshot("demo")

    with paused(own_valkey):
        for read in (
            store.snapshot("demo"),
            store.holdings("demo", ALICE),
            store.positions(("demo",)),
            store.letters(("demo",)),
        ):
            with pytest.raises(UnavailableError) as failure:
                await read
            assert failure.value.outcome is Outcome.NONE


async def test_settled_is_strict(own_adapter: RedisAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command may act at `not_after` itself: only a clock beyond it ends the waiting."""
    monkeypatch.setattr("server.seats.store.SETTLE_POLL_S", 0)
    clock = Clock()
    store = await own_adapter.open(clock=clock)
    await store.snapshot("demo")
    settling = asyncio.create_task(store.settled("demo", ALICE, clock.now))
    for _ in range(20):
        await store.snapshot("demo")
    assert not settling.done()

    clock.advance(1)
    async with asyncio.timeout(30):
        assert (await settling).holds == ()


async def test_a_pause_is_over_when_it_is_over(own_valkey: EmbeddedValkey, timely: RedisAdapter) -> None:
    """Requests after a pause are served at once, and the many that failed in it are not sent again."""
    store = await timely.open(timeout_ms=TIMEOUT_MS)
    await store.snapshot("demo")
    with paused(own_valkey):
        failures = await asyncio.gather(
            *(store.lock("demo", ALICE, (seat,), "all") for seat in range(SEATS)), return_exceptions=True
        )
        assert all(isinstance(failure, UnavailableError) for failure in failures)
        last = max(failure.not_after or 0 for failure in failures if isinstance(failure, UnavailableError))
        while store.now() <= last:
            await asyncio.sleep(0)

    async with asyncio.timeout(30):
        assert (await store.settled("demo", ALICE, last)).holds == ()
    assert (await store.lock("demo", BOB, (0,), "all")).holdings.version == 2


async def test_a_store_that_is_gone_is_outcome_none(own_valkey: EmbeddedValkey, own_adapter: RedisAdapter) -> None:
    """What was never sent has changed nothing, and never will; `check` says that the store does not answer."""
    store = await own_adapter.open(timeout_ms=TIMEOUT_MS)
    await store.snapshot("demo")
    own_valkey.kill()

    for _ in range(3):
        with pytest.raises(UnavailableError) as failure:
            await store.lock("demo", ALICE, (0,), "all")
        assert failure.value.outcome is Outcome.NONE
    assert await store.check() == ["the seat store does not answer"]
    own_valkey.start()


async def test_a_store_that_comes_back_in_time_is_waited_for(
    own_valkey: EmbeddedValkey, own_adapter: RedisAdapter
) -> None:
    """Commands that were not sent wait for a connection until their time-out: a short restart goes unnoticed."""
    store = await own_adapter.open(timeout_ms=30_000)
    await store.snapshot("demo")
    own_valkey.kill()

    asking = asyncio.create_task(store.snapshot("demo"))
    await asyncio.to_thread(own_valkey.start)

    assert (await asking).seats == "A" * SEATS


async def test_commands_wait_for_a_connection(own_valkey: EmbeddedValkey, timely: RedisAdapter) -> None:
    """With every connection at work more commands wait, in one pipeline, instead of failing or opening more."""
    store = await timely.open(connections=1, timeout_ms=30_000)
    await store.snapshot("demo")
    client = await timely.client()
    before = (await client.info("clients"))["connected_clients"]
    with paused(own_valkey):
        asking = []
        for seat in range(SEATS):
            holder = (ALICE, BOB, CAROL)[seat % 3]
            asking.append(asyncio.create_task(store.lock("demo", holder, (seat,), "any")))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    await asyncio.gather(*asking, return_exceptions=True)

    assert (await client.info("clients"))["connected_clients"] == before
    assert (await store.snapshot("demo")).seats.count("L") == 12


async def test_a_command_that_finds_no_connection_in_time_is_outcome_none(
    own_valkey: EmbeddedValkey, timely: RedisAdapter, sent: Sent
) -> None:
    """The one that was sent is unknown; the one that waited behind it is not, for it was never sent."""
    store = await timely.open(connections=1, timeout_ms=TIMEOUT_MS)
    await store.snapshot("demo")
    sent.clear()
    with paused(own_valkey):
        asking = asyncio.create_task(store.lock("demo", ALICE, (0,), "all"))
        await sent.wait()
        waiting = asyncio.create_task(store.lock("demo", BOB, (1,), "all"))
        results = await asyncio.gather(asking, waiting, return_exceptions=True)

    outcomes = [failure.outcome for failure in results if isinstance(failure, UnavailableError)]
    assert outcomes == [Outcome.UNKNOWN, Outcome.NONE]


async def test_a_connection_that_ended_while_idle_is_replaced(own_valkey: EmbeddedValkey, timely: RedisAdapter) -> None:
    """A store that closed idle connections is simply connected to again: no command is lost on them."""
    store = await timely.open()
    await store.snapshot("demo")
    client = await timely.client()
    for seat in range(4):
        await client.client_kill_filter(_type="normal", skipme=True)
        assert (await store.lock("demo", ALICE, (seat,), "all")).seats == (seat,)


async def test_a_late_refusal_learns_the_clock_anew(timely: RedisAdapter) -> None:
    """A worker whose estimate of the store's clock has fallen behind is refused, learns, and is served."""
    store = await timely.open()
    await store.snapshot("demo")
    store._clock.learn(store.now() - 3_600_000)

    assert (await store.lock("demo", ALICE, (0,), "all")).seats == (0,)
    client = await timely.client()
    seconds, _ = await client.time()
    assert abs(store.now() - seconds * 1000) < 60_000


async def test_a_closed_store_refuses(own_adapter: RedisAdapter) -> None:
    """After `close` nothing is sent."""
    store = await own_adapter.open()
    await store.snapshot("demo")
    await store.close()

    with pytest.raises(UnavailableError) as failure:
        await store.lock("demo", ALICE, (0,), "all")
    assert failure.value.outcome is Outcome.NONE


async def test_a_queue_that_is_full_refuses(
    own_valkey: EmbeddedValkey, timely: RedisAdapter, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands that wait are bounded; one more is refused at once, outcome none."""
    store = await timely.open(connections=1, timeout_ms=60_000)
    await store.snapshot("demo")
    monkeypatch.setattr("server.seats.pipeline.MAX_PENDING", 2)
    sent.clear()
    with paused(own_valkey):
        asking = [asyncio.create_task(store.holdings("demo", ALICE))]
        await sent.wait()
        asking += [asyncio.create_task(store.holdings("demo", ALICE)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError) as failure:
            await store.holdings("demo", ALICE)
        assert failure.value.outcome is Outcome.NONE
    assert len(await asyncio.gather(*asking)) == 3


async def test_two_stores_of_other_identity_do_not_mix(
    own_valkey: EmbeddedValkey, redis_url: str, key_prefix: str
) -> None:
    """A command meant for one store is never sent to another that answers at its address."""
    async with redis_adapter(own_valkey.url, "test:") as first, redis_adapter(redis_url, key_prefix) as second:
        one, two = await first.open(), await second.open()
        await one.snapshot("demo")
        await two.snapshot("demo")
        held = one._opener._known["demo"]
        two._opener._known["demo"] = held

        snapshot = await two.snapshot("demo")

        assert snapshot.epoch != held.epoch


async def test_redis_py_retries_nothing(own_valkey: EmbeddedValkey, timely: RedisAdapter, sent: Sent) -> None:
    """A connection that breaks under a command fails that command; it runs once at most."""
    store = await timely.open(timeout_ms=TIMEOUT_MS)
    await store.snapshot("demo")
    client = await timely.client()
    await client.config_resetstat()
    sent.clear()
    with paused(own_valkey):
        asking = asyncio.create_task(store.lock("demo", ALICE, (0,), "all"))
        await sent.wait()
        for link in set(sent.links):
            link._transport.abort()
        with pytest.raises(UnavailableError) as failure:
            await asking
    assert failure.value.outcome is Outcome.UNKNOWN
    assert failure.value.not_after is not None

    async with asyncio.timeout(30):
        await store.settled("demo", ALICE, failure.value.not_after)
    ran = (await client.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})
    assert ran["calls"] <= 1
