"""The store restarts, with its data or without: a new epoch, in which kept locks stand and letters are right."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from protocol.codes import Outcome
from server.domain.errors import GoneError, SeatsUnavailableError, UnavailableError
from server.domain.showtimes import SeatFacts
from server.embedded import EmbeddedValkey
from server.ports import Position
from server.seats.keys import Keys
from server.seats.opening import _Found
from tests.contract.seats.world import (
    ALICE,
    BOB,
    HOLD_MS,
    SEATS,
    START,
    Clock,
    RedisAdapter,
    make_layout,
    owned,
    redis_adapter,
    sell,
)


@pytest.fixture
def clock() -> Clock:
    """The clock of all stores of a test."""
    return Clock()


async def meta(adapter: RedisAdapter, *fields: str) -> list[str]:
    """Some fields of the showtime's meta, as the store has them."""
    client = await adapter.client()
    values = await client.hmget(Keys(adapter.prefix).showtime("demo").meta, list(fields))
    return [value.decode() if isinstance(value, bytes) else "nothing" for value in values]


async def test_kept_locks_stand_after_a_restart(
    own_valkey: EmbeddedValkey, own_adapter: RedisAdapter, clock: Clock
) -> None:
    """An orderly restart is a new epoch with a greater ordinal: locks, fences, expiries and letters are as before."""
    store = await own_adapter.open(clock=clock)
    held = (await store.lock("demo", ALICE, (0, 1), "all")).holdings
    await store.lock("demo", BOB, (2,), "all")
    clock.advance(1)

    own_valkey.restart()

    assert await store.positions(("demo",)) == (None,), "not known until it is opened under the new identity"
    assert await store.letters(("demo",)) == (None,)
    after = await store.holdings("demo", ALICE)
    assert after.holds == held.holds
    assert (after.epoch != held.epoch, after.version) == (True, 1)
    assert (await store.snapshot("demo")).seats == "LLL" + "A" * (SEATS - 3)
    assert await store.positions(("demo",)) == (Position(after.epoch, 1),)
    assert await store.since("demo", Position(held.epoch, held.version)) is None
    assert await meta(own_adapter, "kept_epoch", "kept_version", "ordinal") == [held.epoch, "3", "2"]
    granted = await store.lock("demo", BOB, (3,), "all")
    assert granted.holdings.holds[-1].ordinal == 2
    assert granted.holdings.holds[0].ordinal == 1


async def test_the_identity_is_read_first(own_adapter: RedisAdapter, clock: Clock) -> None:
    """The first that goes over a new connection is the question who the store is; scripts come after it."""
    client = await own_adapter.client()
    async with client.monitor() as monitor:
        store = await own_adapter.open(clock=clock)
        await store.snapshot("demo")
        commands: list[str] = []
        async for heard in monitor.listen():
            commands.append(heard["command"])
            if "EVALSHA_RO" in commands[-1]:
                break

    assert commands[0] == "INFO server replication"


async def test_kept_locks_end_as_they_would_have(
    own_valkey: EmbeddedValkey, own_adapter: RedisAdapter, clock: Clock
) -> None:
    """A lock whose time ran out while the store was away is free; the others are swept at their time."""
    store = await own_adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(1000)
    await store.lock("demo", ALICE, (1,), "all")
    own_valkey.restart()
    clock.advance(HOLD_MS - 1000)

    assert (await store.snapshot("demo")).seats[:2] == "AL"
    assert [hold.seat for hold in (await store.holdings("demo", ALICE)).holds] == [1]
    clock.advance(1000)
    assert await store.expire("demo") == 1


async def test_a_total_loss_opens_from_the_database(
    own_valkey: EmbeddedValkey, own_adapter: RedisAdapter, clock: Clock
) -> None:
    """With all data gone the database alone says what is sold; nothing was kept."""
    store = await own_adapter.open(clock=clock)
    held = (await store.lock("demo", ALICE, (0,), "all")).holdings
    own_adapter.catalogue.change("demo", occupations=(owned(5),), blocked=(6,))
    client = await own_adapter.client()
    await client.flushall()

    assert await store.positions(("demo",)) == (None,)
    snapshot = await store.snapshot("demo")

    assert (snapshot.seats, snapshot.version) == ("AAAAAOB" + "A" * (SEATS - 7), 1)
    assert snapshot.epoch != held.epoch
    assert (await store.holdings("demo", ALICE)).holds == ()
    assert await meta(own_adapter, "kept_epoch", "kept_version") == ["", "0"]


async def test_the_database_has_the_last_word(
    own_valkey: EmbeddedValkey, own_adapter: RedisAdapter, clock: Clock
) -> None:
    """Seats sold or blocked meanwhile are so; a sale without an order is free, a pin without one its former lock."""
    store = await own_adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0, 1, 2, 3), "all")
    await store.pin("demo", ALICE, (0,), "gone", deadline=START + 30_000)
    await store.pin("demo", ALICE, (1,), "kept", deadline=START + 30_000)
    await sell(store, (4,), "sold and gone")
    await sell(store, (5,), "sold and kept")
    own_adapter.catalogue.change(
        "demo",
        occupations=(owned(1, "kept", deadline=START + 30_000), owned(5, "sold"), owned(2, "other", holder="bob")),
        blocked=(3, 7),
    )

    own_valkey.restart()

    assert (await store.snapshot("demo")).seats[:8] == "LOOBAOAB"
    holds = (await store.holdings("demo", ALICE)).holds
    assert [(hold.seat, hold.order) for hold in holds] == [(0, None), (1, "kept")]
    await store.apply("demo", "kept", "alice", (), deadline=None, row_version=2, all_seats=(1,))
    assert (await store.snapshot("demo")).seats[1] == "L"
    with pytest.raises(GoneError) as refusal:
        await store.pin("demo", ALICE, (2, 3), "another", deadline=START + 30_000)
    assert refusal.value.seats == (2, 3)


async def test_limits_are_read_anew(own_valkey: EmbeddedValkey, own_adapter: RedisAdapter, clock: Clock) -> None:
    """A new epoch goes by the limits that the database has now."""
    store = await own_adapter.open(clock=clock)
    await store.snapshot("demo")
    limits = own_adapter.catalogue.facts_of["demo"].limits
    own_adapter.catalogue.change("demo", limits=type(limits)(max_seats=1, hold_ms=5, max_hold_ms=10))
    own_valkey.restart()

    granted = await store.lock("demo", ALICE, (0, 1), "any")

    assert [hold.expires_at for hold in granted.holdings.holds] == [START + 5]


async def test_another_layout_maps_seats_by_id(
    own_valkey: EmbeddedValkey, own_adapter: RedisAdapter, clock: Clock
) -> None:
    """Locks follow the id printed on the seat to its new index; a seat that is no more is lost."""
    store = await own_adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0, 2, 3), "all")
    await store.pin("demo", ALICE, (3,), "order", deadline=START + 30_000)
    own_adapter.catalogue.add(
        "demo", make_layout(version=2, seats=10, first=3), occupations=(owned(1, deadline=START + 30_000),)
    )
    own_valkey.restart()

    snapshot = await store.snapshot("demo")

    assert (snapshot.seats, snapshot.layout) == ("LO" + "A" * 8, 2)
    assert [(hold.seat, hold.order) for hold in (await store.holdings("demo", ALICE)).holds] == [
        (0, None),
        (1, "order"),
    ]
    assert (await store.unlock("demo", ALICE, None)).seats == (0,)
    with pytest.raises(SeatsUnavailableError):
        await store.lock("demo", BOB, (1,), "all")


async def test_a_layout_that_is_no_more_loses_its_locks(
    own_valkey: EmbeddedValkey, own_adapter: RedisAdapter, clock: Clock
) -> None:
    """Where the former layout cannot be read, no seat of it can be told."""
    store = await own_adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0,), "all")
    own_adapter.catalogue.add("demo", make_layout(version=2))
    del own_adapter.catalogue.layouts[1]
    own_valkey.restart()
    other = await own_adapter.open(clock=clock)

    assert (await other.snapshot("demo")).seats == "A" * SEATS
    assert (await other.holdings("demo", ALICE)).holds == ()


@pytest.fixture
async def workers(own_adapter: RedisAdapter, clock: Clock) -> AsyncIterator[list[RedisAdapter]]:
    """Three workers of one deployment, each with a view of its own on one catalogue."""
    async with redis_adapter(own_adapter.url, own_adapter.prefix) as second:
        second.catalogue = own_adapter.catalogue
        yield [own_adapter, own_adapter, second]


async def test_workers_that_open_at_once_agree(
    own_valkey: EmbeddedValkey, workers: list[RedisAdapter], clock: Clock
) -> None:
    """One epoch wins: the others adopt it; each of their requests runs in it, and exactly one opening is announced."""
    stores = [await adapter.open(clock=clock) for adapter in workers]
    listener = await workers[0].listen(stores[0].channel("demo"))

    for _ in range(5):
        own_valkey.restart()
        listener = await workers[0].listen(stores[0].channel("demo"))
        snapshots = await asyncio.gather(*(store.snapshot("demo") for store in stores for _ in range(10)))

        assert len({(snapshot.epoch, snapshot.version) for snapshot in snapshots}) == 1
        opening = await listener.next()
        assert (opening.epoch, opening.version) == (snapshots[0].epoch, 1)
        assert await listener.silent()


async def test_one_flight_for_each_showtime(own_adapter: RedisAdapter, clock: Clock) -> None:
    """However many ask at once, one worker opens a showtime once."""
    store = await own_adapter.open(clock=clock)

    await asyncio.gather(*(store.snapshot("demo") for _ in range(50)))

    # Once to learn that it exists before anything is written, once after the old epoch is closed.
    assert own_adapter.catalogue.reads == 2
    assert own_adapter.catalogue.ordinal == 1


async def test_an_opener_that_hangs_is_replaced(own_adapter: RedisAdapter, clock: Clock) -> None:
    """A closed showtime is waited for, and after a bounded time opened by the next, whose epoch the first adopts."""
    hanging = await own_adapter.open(clock=clock)
    facts, reached, goes_on = own_adapter.catalogue.seat_facts, asyncio.Event(), asyncio.Event()

    async def hang(showtime: str) -> SeatFacts:
        if own_adapter.catalogue.ordinal:
            reached.set()
            await goes_on.wait()
        return await facts(showtime)

    hanging._opener._facts = hang
    opening = asyncio.create_task(hanging.snapshot("demo"))
    await reached.wait()
    assert await meta(own_adapter, "state", "version") == ["closed", "0"]

    store = await own_adapter.open(clock=clock)
    waiting = asyncio.create_task(store.snapshot("demo"))
    for _ in range(20):
        assert await store.positions(("demo",)) == (None,)
    assert not waiting.done()
    clock.advance(3000)

    async with asyncio.timeout(30):
        snapshot = await waiting
        assert (snapshot.version, await meta(own_adapter, "state", "ordinal")) == (1, ["open", "2"])
        await store.lock("demo", ALICE, (0,), "all")
        goes_on.set()
        assert (await opening).epoch == snapshot.epoch
    assert (await store.snapshot("demo")).seats[0] == "L"


async def test_an_opener_that_comes_late_changes_nothing(own_adapter: RedisAdapter, clock: Clock) -> None:
    """Neither a second beginning after what it found is past, nor a second loading of the same epoch."""
    store = await own_adapter.open(clock=clock)
    opened = await store.snapshot("demo")
    await store.lock("demo", ALICE, (0,), "all")
    own_adapter.catalogue.change("demo", blocked=(5,))
    identity = store._opener._known["demo"].identity

    await store._opener._begin("demo", _Found("", "", "", None, 0), identity)
    await store._opener._begin("demo", _Found("an epoch before", "open", "", 1, 0), identity)
    await store._opener._load("demo", _Found(opened.epoch, "closed", identity, 1, clock.now), identity)

    snapshot = await store.snapshot("demo")
    assert (snapshot.epoch, snapshot.version) == (opened.epoch, 2)
    assert snapshot.seats == "L" + "A" * (SEATS - 1)


async def test_an_epoch_that_never_opened_hands_on_what_was_kept(
    own_valkey: EmbeddedValkey, own_adapter: RedisAdapter, clock: Clock
) -> None:
    """Where the database is away during an opening, the next one still knows the position where the data ended."""
    store = await own_adapter.open(clock=clock)
    held = (await store.lock("demo", ALICE, (0,), "all")).holdings
    own_valkey.restart()
    facts = store._opener._facts

    async def away(showtime: str) -> SeatFacts:
        raise UnavailableError(Outcome.NONE)

    store._opener._facts = away
    with pytest.raises(UnavailableError) as failure:
        await store.snapshot("demo")
    assert failure.value.outcome is Outcome.NONE
    assert await meta(own_adapter, "state", "kept_epoch", "kept_version") == ["closed", held.epoch, "2"]

    own_valkey.restart()
    store._opener._facts = facts
    assert (await store.holdings("demo", ALICE)).holds == held.holds
    assert await meta(own_adapter, "state", "kept_epoch", "kept_version") == ["open", held.epoch, "2"]


async def test_the_opener_goes_on_once_the_database_is_back(own_adapter: RedisAdapter, clock: Clock) -> None:
    """A worker that could not finish its own opening does so at the next request, without any wait."""
    store = await own_adapter.open(clock=clock)
    facts, calls = store._opener._facts, 0

    async def once_away(showtime: str) -> SeatFacts:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise UnavailableError(Outcome.NONE)
        return await facts(showtime)

    store._opener._facts = once_away
    with pytest.raises(UnavailableError):
        await store.snapshot("demo")

    assert (await store.snapshot("demo")).version == 1
    assert own_adapter.catalogue.ordinal == 1
