"""Showtimes that are past leave the store, whole and at one time; those on sale, held or in a checkout never do."""

import asyncio

import msgspec
import pytest

from server.seats import RedisSeatStore
from server.seats.keys import Keys
from tests.contract.seats.world import (
    ALICE,
    BOB,
    HOLD_MS,
    MAX_HOLD_MS,
    SEATS,
    START,
    Clock,
    RedisAdapter,
    make_layout,
    owned,
    sell,
)

KEEP_MS = 3_600_000
NEVER = -1
"""What the store says of a key that stays."""

CLOSES_AT = START + MAX_HOLD_MS
PAST = CLOSES_AT + MAX_HOLD_MS


@pytest.fixture
def clock() -> Clock:
    """The clock of all stores of a test."""
    return Clock()


@pytest.fixture
async def store(adapter: RedisAdapter, clock: Clock) -> RedisSeatStore:
    """A store with the showtime `demo`, whose sales end soon."""
    close_at(adapter, CLOSES_AT)
    return await adapter.open(clock=clock, keep_ms=KEEP_MS)


def close_at(adapter: RedisAdapter, closes_at: int) -> None:
    """From now on the database says that the sales of `demo` end then."""
    sales = adapter.catalogue.facts_of["demo"].sales
    adapter.catalogue.change("demo", sales=msgspec.structs.replace(sales, closes_at=closes_at))


async def ends(adapter: RedisAdapter) -> dict[str, int]:
    """When each key of the showtime goes (ms by the store's own clock), or `NEVER`, by its last part."""
    client = await adapter.client()
    keys = Keys(adapter.prefix)
    names = (*keys.showtime("demo"), *keys.orders("demo"))
    found = {name.rpartition(":")[2]: int(await client.pexpiretime(name)) for name in names}
    return {name: at for name, at in found.items() if at != -2}


async def end_in_ms(adapter: RedisAdapter) -> float:
    """How long the showtime still has; all of its keys must go at one time."""
    client = await adapter.client()
    seconds, microseconds = await client.time()
    (at,) = set((await ends(adapter)).values())
    assert at != NEVER
    return at - (seconds * 1000 + microseconds / 1000)


async def gone(adapter: RedisAdapter) -> None:
    """Wait until the store has let the showtime go."""
    async with asyncio.timeout(10):
        while await ends(adapter):
            await asyncio.sleep(0.01)


async def restarted(adapter: RedisAdapter) -> None:
    """As after a restart of the store with its data."""
    await (await adapter.client()).hset(Keys(adapter.prefix).showtime("demo").meta, "identity", "another")


async def test_all_keys_go_at_one_time(adapter: RedisAdapter, store: RedisSeatStore, clock: Clock) -> None:
    """Past, with seats sold, given back and blocked, none is left that would stay; until then it is told as it was."""
    await store.lock("demo", ALICE, (0, 1, 2), "all")
    await store.unlock("demo", ALICE, (2,))
    await store.lock("demo", BOB, (3,), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=START + HOLD_MS)
    await sell(store, (0, 1))
    await store.block("demo", (4,), blocked=True)
    clock.advance(HOLD_MS)
    assert await store.expire("demo") == 1
    before = await store.snapshot("demo")
    clock.now = PAST + 1

    assert await store.showtimes.retire() == 1

    assert KEEP_MS - 60_000 < await end_in_ms(adapter) <= KEEP_MS
    assert set(await ends(adapter)) == {"seats", "locks", "meta", "log", "ended", "orders"}
    assert await store.showtimes.names() == ()
    assert await store.snapshot("demo") == before


async def test_no_key_of_a_live_showtime_ever_goes(adapter: RedisAdapter, store: RedisSeatStore, clock: Clock) -> None:
    """Whatever happens to it, and however often it is looked at, to the last moment in which a hold could end."""

    async def look() -> None:
        assert await store.showtimes.retire() == 0
        assert set((await ends(adapter)).values()) == {NEVER}
        assert await store.showtimes.names() == ("demo",)

    await store.snapshot("demo")
    await look()
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.lock("demo", BOB, (5,), "all")
    await look()
    await store.pin("demo", ALICE, (0, 1), "order", deadline=START + HOLD_MS)
    await look()
    await sell(store, (0, 1))
    await store.block("demo", (4,), blocked=True)
    await look()
    await restarted(adapter)
    store = await adapter.open(clock=clock, keep_ms=KEEP_MS)
    adapter.catalogue.change("demo", occupations=(owned(0), owned(1)), blocked=(4,))
    await store.snapshot("demo")
    await look()
    clock.now = CLOSES_AT - 1
    await store.expire("demo")
    await store.lock("demo", BOB, (6,), "all")
    await look()
    clock.now = PAST
    await store.expire("demo")
    await look()


@pytest.mark.parametrize("when", ["before its sale", "after its sale"])
async def test_a_lock_that_nobody_swept_keeps_it(
    adapter: RedisAdapter, store: RedisSeatStore, clock: Clock, when: str
) -> None:
    """A stale lock is announced first; then it goes, other seats sold or not."""
    await store.lock("demo", ALICE, (0,), "all")
    if when == "after its sale":
        await sell(store, (1,))
    clock.now = PAST + 1

    assert await store.showtimes.retire() == 0
    assert set((await ends(adapter)).values()) == {NEVER}
    assert await store.expire("demo") == 1
    assert await store.showtimes.retire() == 1
    assert await end_in_ms(adapter) > 0


async def test_the_pin_of_an_open_order_keeps_it(adapter: RedisAdapter, store: RedisSeatStore, clock: Clock) -> None:
    """Whether the database has confirmed it or not, also over a restart; it goes when the order has ended."""
    deadline = PAST + HOLD_MS
    await store.lock("demo", ALICE, (0,), "all")
    await store.pin("demo", ALICE, (0,), "order", deadline=deadline)
    clock.now = PAST + 1
    assert await store.showtimes.retire() == 0
    await store.apply("demo", "order", "alice", (0,), deadline=deadline, row_version=1, all_seats=(0,))
    assert await store.showtimes.retire() == 0
    adapter.catalogue.change("demo", occupations=(owned(0, deadline=deadline),))
    await restarted(adapter)
    store = await adapter.open(clock=clock, keep_ms=KEEP_MS)
    assert await store.showtimes.retire() == 0
    assert (await store.snapshot("demo")).seats[0] == "O"
    assert set((await ends(adapter)).values()) == {NEVER}
    assert await store.showtimes.names() == ("demo",)

    await store.apply("demo", "order", "alice", (), deadline=None, row_version=2, all_seats=(0,))
    assert await store.showtimes.retire() == 1
    assert await end_in_ms(adapter) > 0


async def test_who_comes_later_has_it_from_the_database(adapter: RedisAdapter, clock: Clock) -> None:
    """Gone, it is opened in a new epoch as the database has it, for as long again, and is not swept any more."""
    close_at(adapter, CLOSES_AT)
    store = await adapter.open(clock=clock, keep_ms=1)
    before = await store.snapshot("demo")
    adapter.catalogue.change("demo", occupations=(owned(5),), blocked=(6,))
    await sell(store, (5,))
    clock.now = PAST + 1
    assert await store.showtimes.retire() == 1
    await gone(adapter)
    assert await store.letters(("demo",)) == (None,)

    other = await adapter.open(clock=clock, keep_ms=KEEP_MS)
    after = await other.snapshot("demo")
    assert (after.epoch != before.epoch, after.version) == (True, 1)
    assert after.seats == "AAAAAOB" + "A" * (SEATS - 7)
    assert (await store.snapshot("demo")) == after, "also for a worker that remembers the old epoch"
    left = await end_in_ms(adapter)
    assert left > 0
    assert await other.showtimes.retire() == 1
    assert await other.showtimes.names() == ()
    assert await end_in_ms(adapter) <= left, "it is not kept for longer because somebody looked"


async def test_one_that_is_gone_already_is_not_opened_again(
    adapter: RedisAdapter, store: RedisSeatStore, clock: Clock
) -> None:
    """Where a worker died before it was forgotten, the next one forgets it, and reads nothing for that."""
    await store.snapshot("demo")
    keys = Keys(adapter.prefix)
    await (await adapter.client()).unlink(*keys.showtime("demo"), *keys.orders("demo"))
    clock.now = PAST + 1
    reads = adapter.catalogue.reads

    assert await store.showtimes.retire() == 1

    assert (await ends(adapter), await store.showtimes.names()) == ({}, ())
    assert adapter.catalogue.reads == reads


async def test_what_is_written_of_it_goes_with_the_rest(
    adapter: RedisAdapter, store: RedisSeatStore, clock: Clock
) -> None:
    """A refund, a late payment or a block after the film leaves nothing behind, not even where it makes a new key."""
    await store.snapshot("demo")
    clock.now = PAST + 1
    assert await store.showtimes.retire() == 1
    before = await ends(adapter)
    assert set(before) == {"seats", "meta", "log"}

    await store.occupy("demo", "alice", (0,), "order", deadline=clock.now + HOLD_MS)
    await store.apply("demo", "order", "alice", (0,), deadline=None, row_version=1, all_seats=(0,))
    await store.apply("demo", "unknown", "bob", (), deadline=None, row_version=7, all_seats=(1,))
    await store.block("demo", (3,), blocked=True)
    after = await ends(adapter)
    assert {"locks", "orders"} <= set(after)
    assert set(after.values()) == set(before.values())


async def test_a_showtime_that_is_put_on_sale_once_more_stays(
    adapter: RedisAdapter, store: RedisSeatStore, clock: Clock
) -> None:
    """Opened anew with other hours, none of its keys goes, and it is swept again."""
    await store.lock("demo", ALICE, (0,), "all")
    await store.unlock("demo", ALICE, None)
    clock.now = PAST + 1
    assert await store.showtimes.retire() == 1
    close_at(adapter, PAST + MAX_HOLD_MS)
    await restarted(adapter)
    store = await adapter.open(clock=clock, keep_ms=KEEP_MS)

    await store.lock("demo", ALICE, (0,), "all")

    assert set((await ends(adapter)).values()) == {NEVER}
    assert await store.showtimes.names() == ("demo",)
    clock.now = PAST + 3 * MAX_HOLD_MS
    await store.expire("demo")
    assert await store.showtimes.retire() == 1
    assert await end_in_ms(adapter) > 0


async def test_one_that_left_the_database_leaves_the_store(
    adapter: RedisAdapter, store: RedisSeatStore, clock: Clock
) -> None:
    """After a restart nobody can open it any more; it goes at once, and holds up no other."""
    adapter.catalogue.add("other", make_layout())
    adapter.catalogue.facts_of["other"] = adapter.catalogue.facts_of["demo"]
    await store.snapshot("demo")
    await store.snapshot("other")
    await restarted(adapter)
    del adapter.catalogue.facts_of["demo"]
    store = await adapter.open(clock=clock, keep_ms=KEEP_MS)
    clock.now = PAST + 1

    assert await store.showtimes.retire() == 2

    assert await ends(adapter) == {}
    assert await store.showtimes.names() == ()
