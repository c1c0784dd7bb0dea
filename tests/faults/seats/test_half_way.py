"""A script that breaks off half-way keeps its earlier writes: nothing half held may be seen afterwards."""

import asyncio

import pytest

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.domain.holds import Once
from server.seats.scripts import Operation, Scripts, build, load_scripts, source
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, SEATS, START, Clock, RedisAdapter, owned, sell

WRITES = (
    "HSET writing",
    "XADD",
    "HSET locks",
    "SETRANGE",
    "SETRANGE",
    "ZADD",
    "HSET holders",
    "HSET version",
    "SPUBLISH",
)
"""What a lock of two seats writes, in this order."""

GUARD = "local function write(...)\n  return redis.call(...)\nend"


def breaking_after(count: int, operations: set[Operation]) -> Scripts:
    """The scripts, of which these fail with an error after so many writes."""
    prelude = source("prelude")
    assert prelude.count(GUARD) == 1
    broken = prelude.replace(
        GUARD,
        "local writes = 0\nlocal function write(...)\n"
        f"  if writes == {count} then error('injected') end\n"
        "  writes = writes + 1\n  return redis.call(...)\nend",
    )
    scripts = dict(load_scripts())
    for operation in operations:
        scripts[operation] = build(broken, source(operation), operation)
    return scripts


@pytest.mark.parametrize("count", range(len(WRITES) + 1), ids=lambda n: f"after {WRITES[n - 1]}" if n else "before any")
async def test_a_lock_that_breaks_off_is_whole_or_nothing(adapter: RedisAdapter, count: int) -> None:
    """Whatever write it fails after: both seats are held or none, letters and holds agree, and the store goes on."""
    clock = Clock()
    breaking = await adapter.open(clock=clock, scripts=breaking_after(count, {Operation.LOCK}))
    store = await adapter.open(clock=clock)
    before = await store.snapshot("demo")
    await store.lock("demo", BOB, (5,), "all")

    if count < len(WRITES):
        with pytest.raises(UnavailableError) as failure:
            await breaking.lock("demo", ALICE, (0, 1), "all")
        assert failure.value.outcome is Outcome.UNKNOWN
    else:
        await breaking.lock("demo", ALICE, (0, 1), "all")

    snapshot = await store.snapshot("demo")
    held = [hold.seat for hold in (await store.holdings("demo", ALICE)).holds]
    assert held in ([], [0, 1])
    assert snapshot.seats == ("LL" if held else "AA") + "AAAL" + "A" * (SEATS - 6)
    torn = 0 < count < len(WRITES) - 1
    assert (snapshot.epoch != before.epoch) == torn, "a torn mutation ends its epoch"
    assert (await store.lock("demo", BOB, (2,), "all")).seats == (2,)
    assert bool(held) == (count >= WRITES.index("HSET locks") + 1)
    clock.advance(HOLD_MS)
    assert await store.expire("demo") == len(held) + 2


PIN_WRITES = (
    "HSET writing",
    "XADD",
    "HSET locks",
    "SETRANGE",
    "SETRANGE",
    "ZREM",
    "HSET holders",
    "HSET orders",
    "ZADD pins",
    "HSET version",
    "SPUBLISH",
)
"""What a pin of two locks writes, in this order."""


@pytest.mark.parametrize("count", range(1, len(PIN_WRITES)), ids=lambda n: f"after {PIN_WRITES[n - 1]}")
async def test_a_pin_that_breaks_off_falls_back_to_its_locks(adapter: RedisAdapter, count: int) -> None:
    """The database knows no such order: both seats are locks again, in a new epoch, and may be pinned again."""
    clock = Clock()
    breaking = await adapter.open(clock=clock, scripts=breaking_after(count, {Operation.PIN}))
    store = await adapter.open(clock=clock)
    held = (await store.lock("demo", ALICE, (0, 1), "all")).holdings

    with pytest.raises(UnavailableError) as failure:
        await breaking.pin("demo", ALICE, (0, 1), "order", deadline=START + HOLD_MS)

    assert failure.value.outcome is Outcome.UNKNOWN
    if count == PIN_WRITES.index("HSET version") + 1:
        # All is written; only its announcement is not.
        assert (await store.snapshot("demo")).seats[:2] == "OO"
        await store.release("demo", None, "order")
    assert (await store.holdings("demo", ALICE)).holds == held.holds
    assert (await store.snapshot("demo")).seats[:2] == "LL"
    clock.advance(HOLD_MS // 2)
    assert await store.overdue_pins(("demo",)) == ()
    assert (await store.pin("demo", ALICE, (0, 1), "another", deadline=START + HOLD_MS)).fences == ((1, 2), (1, 2))


APPLY_WRITES = (
    "HSET writing",
    "XADD",
    "HSET locks",
    "HDEL holders",
    "HSET orders",
    "ZREM pins",
    "HSET version",
    "SPUBLISH",
)
"""What the sale of pinned seats writes, in this order."""


@pytest.mark.parametrize("count", range(1, len(APPLY_WRITES)), ids=lambda n: f"after {APPLY_WRITES[n - 1]}")
async def test_a_sale_that_breaks_off_is_made_by_the_new_epoch(adapter: RedisAdapter, count: int) -> None:
    """The database knows it, so the epoch that follows has it sold, and told again it changes nothing."""
    clock = Clock()
    breaking = await adapter.open(clock=clock, scripts=breaking_after(count, {Operation.APPLY}))
    store = await adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=START + HOLD_MS)
    adapter.catalogue.change("demo", occupations=(owned(0), owned(1)))
    with pytest.raises(UnavailableError):
        await sell(breaking, (0, 1))

    assert (await store.snapshot("demo")).seats[:2] == "OO"
    version = await sell(store, (0, 1))
    is_whole = count == APPLY_WRITES.index("HSET version") + 1
    assert (await store.snapshot("demo")).version == version == (4 if is_whole else 1)
    assert (await store.holdings("demo", ALICE)).holds == ()
    assert await store.release("demo", None, "order") == version


ONCE = Once(key="key", body_hash="hash")


@pytest.mark.parametrize("count", range(1, len(WRITES) + 1))
async def test_an_answer_is_kept_only_of_what_happened(adapter: RedisAdapter, count: int) -> None:
    """Wherever a lock with a key breaks off: sent again, it is told as done before only if its seats are held."""
    clock = Clock()
    breaking = await adapter.open(clock=clock, scripts=breaking_after(count, {Operation.LOCK}))
    store = await adapter.open(clock=clock)
    await store.snapshot("demo")
    with pytest.raises(UnavailableError):
        await breaking.lock("demo", ALICE, (0, 1), "all", once=ONCE)
    held = [hold.seat for hold in (await store.holdings("demo", ALICE)).holds]

    again = await store.lock("demo", ALICE, (0, 1), "all", once=ONCE)

    assert again.seats == (0, 1)
    assert not again.replayed or held == [0, 1]
    assert again.replayed == (count > WRITES.index("HSET locks") + 1)
    assert (await store.snapshot("demo")).seats[:2] == "LL"


async def test_workers_agree_after_a_mutation_that_broke_off(adapter: RedisAdapter) -> None:
    """Many who meet the torn showtime at once end in one new epoch, from which changes can be told."""
    clock = Clock()
    breaking = await adapter.open(clock=clock, scripts=breaking_after(3, {Operation.LOCK}))
    stores = [await adapter.open(clock=clock) for _ in range(3)]
    with pytest.raises(UnavailableError):
        await breaking.lock("demo", ALICE, (0, 1), "all")

    snapshots = await asyncio.gather(*(store.snapshot("demo") for store in stores for _ in range(5)))

    assert len({snapshot.epoch for snapshot in snapshots}) == 1
    assert {(snapshot.version, snapshot.seats[:2]) for snapshot in snapshots} == {(1, "LL")}


async def test_an_opening_that_breaks_off_is_done_again(adapter: RedisAdapter) -> None:
    """A showtime whose opening failed in the middle is no view of anything; the next opener makes it whole."""
    clock = Clock()
    adapter.catalogue.change("demo", occupations=(owned(3),), blocked=(4,))
    breaking = await adapter.open(clock=clock, scripts=breaking_after(3, {Operation.LOAD}), opening_ms=100)
    with pytest.raises(UnavailableError) as failure:
        async with asyncio.timeout(30):
            await breaking.snapshot("demo")
    assert failure.value.outcome is Outcome.NONE

    store = await adapter.open(clock=clock)
    clock.advance(3000)
    assert (await store.snapshot("demo")).seats == "AAAOB" + "A" * (SEATS - 5)
