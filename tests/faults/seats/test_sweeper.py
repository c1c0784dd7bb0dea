"""Ended locks are announced: by the workers that watch, and by one of them for all."""

import asyncio

import pytest

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.seats import RedisSeatStore, Sweeper
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, START, Clock, RedisAdapter, make_layout


def sweeper(store: RedisSeatStore, *rooms: str, interval_ms: int = 60_000) -> Sweeper:
    """A sweeper of these rooms."""
    return Sweeper(store, lambda: rooms, interval_ms=interval_ms)


async def test_a_worker_sweeps_its_rooms_and_one_worker_all(adapter: RedisAdapter) -> None:
    """While one holds the lease the others sweep only what they watch; a lock that runs is left."""
    clock = Clock()
    for showtime in ("one", "two", "three"):
        adapter.catalogue.add(showtime, make_layout())
    leader, other = [await adapter.open(clock=clock) for _ in range(2)]
    for showtime in ("one", "two", "three"):
        await leader.lock(showtime, ALICE, (0, 1), "all")
    clock.advance(HOLD_MS - 1)
    await leader.lock("three", BOB, (2,), "all")
    assert await sweeper(leader).sweep() == 0
    clock.advance(1)

    assert await sweeper(other, "one").sweep() == 2
    assert await sweeper(leader, "two", "two").sweep() == 2

    # A lease ends by itself.
    await (await adapter.client()).delete(f"{adapter.prefix}sweep")
    assert await sweeper(other).sweep() == 2
    assert (await leader.snapshot("three")).seats[:3] == "AAL"


async def test_more_than_one_script_ends_are_swept_in_one_turn(
    adapter: RedisAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many have ended, one turn announces all of them, a bounded number in each version."""
    monkeypatch.setattr("server.seats.sweeper.BATCH", 3)
    clock = Clock()
    store = await adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0, 1, 2, 3), "all")
    await store.lock("demo", BOB, (4, 5, 6), "all")
    clock.advance(HOLD_MS)
    listener = await adapter.listen(store.channel("demo"))

    assert await sweeper(store, "demo").sweep() == 7

    assert [len((await listener.next()).changes) for _ in range(3)] == [3, 3, 1]
    assert await listener.silent()


async def test_a_showtime_that_is_past_is_forgotten(adapter: RedisAdapter) -> None:
    """Once none of its seats can be locked any more it is not swept again; the worker that sweeps all sees to that."""
    clock = Clock()
    store = await adapter.open(clock=clock)
    leader, other = sweeper(store), sweeper(store)
    await store.snapshot("demo")
    assert await store.showtimes.names() == ("demo",)

    facts = adapter.catalogue.facts_of["demo"]
    clock.now = facts.sales.closes_at + facts.limits.max_hold_ms
    await leader.sweep()
    await other.sweep()
    assert await leader.retire() == 0
    clock.advance(1)
    assert await other.retire() == 0
    assert await store.showtimes.names() == ("demo",)
    assert await leader.retire() == 1
    assert await store.showtimes.names() == ()


class Database:
    """What an overdue pin's order is in the database: those that are known are sold, the others never were."""

    def __init__(self, store: RedisSeatStore, known: dict[str, tuple[int, ...]]) -> None:
        self.store = store
        self.known = known
        self.asked: list[tuple[str, str]] = []
        self.broken: set[str] = set()

    async def settle(self, showtime: str, order: str) -> None:
        """As the use case does."""
        self.asked.append((showtime, order))
        if order in self.broken:
            raise RuntimeError("the database is away")
        if order in self.known:
            seats = self.known[order]
            await self.store.apply(showtime, order, "alice", seats, deadline=None, row_version=1, all_seats=seats)
        else:
            await self.store.release(showtime, None, order)


async def test_overdue_pins_are_asked_about(adapter: RedisAdapter) -> None:
    """What the database knows becomes so, what it does not falls back; one that fails is asked again, alone."""
    clock = Clock()
    store = await adapter.open(clock=clock)
    adapter.catalogue.add("other", make_layout())
    for showtime, seats, order in (("demo", (0,), "lost"), ("demo", (1,), "paid"), ("other", (2,), "failing")):
        await store.lock(showtime, ALICE, seats, "all")
        await store.pin(showtime, ALICE, seats, order, deadline=START + HOLD_MS)
    database = Database(store, {"paid": (1,)})
    database.broken = {"failing"}
    sweeping = Sweeper(store, lambda: ("other", "demo"), interval_ms=60_000, overdue=database.settle)
    await sweeping.sweep()
    assert await sweeping.ask() == 0
    clock.advance(30_000)

    assert await sweeping.ask() == 3
    assert database.asked == [("other", "failing"), ("demo", "lost"), ("demo", "paid")]
    assert (await store.snapshot("demo")).seats[:2] == "LO"
    assert (await store.snapshot("other")).seats[2] == "O"
    database.broken = set()
    assert await sweeping.ask() == 1
    assert (await store.snapshot("other")).seats[2] == "L"
    assert await sweeping.ask() == 0


async def test_a_database_that_hangs_holds_up_no_sweep(adapter: RedisAdapter) -> None:
    """While somebody waits for an answer about a pin, locks that have ended are announced."""
    clock = Clock()
    store = await adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0,), "all")
    await store.pin("demo", ALICE, (0,), "order", deadline=START + HOLD_MS)
    asked = asyncio.Event()

    async def hang(_showtime: str, _order: str) -> None:
        asked.set()
        await asyncio.Event().wait()

    running = Sweeper(store, lambda: ("demo",), interval_ms=1, overdue=hang)
    await running.start()
    clock.advance(30_000)
    async with asyncio.timeout(30):
        await asked.wait()
    await store.lock("demo", BOB, (1,), "all")
    listener = await adapter.listen(store.channel("demo"))
    clock.advance(HOLD_MS)

    assert (await listener.next()).changes == ((1, "A"),)
    await running.close()


async def test_a_running_sweeper_announces_ended_locks(adapter: RedisAdapter) -> None:
    """Started, it sweeps by itself; closed, it has stopped."""
    clock = Clock()
    store = await adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0,), "all")
    listener = await adapter.listen(store.channel("demo"))
    running = sweeper(store, "demo", interval_ms=5)
    await running.start()
    clock.advance(HOLD_MS)

    announced = await listener.next()

    assert [(private.cause, private.seats) for private in announced.private] == [("expired", (0,))]
    await running.close()
    await running.close()


async def test_a_fault_does_not_end_the_sweeping(adapter: RedisAdapter) -> None:
    """A store that does not answer, and a showtime that is no more, are met again at the next turn."""
    clock = Clock()
    store = await adapter.open(clock=clock)
    adapter.catalogue.add("gone", make_layout())
    for showtime in ("gone", "demo"):
        await store.lock(showtime, ALICE, (0,), "all")
    clock.advance(HOLD_MS)
    # As after a restart of the store, by which the showtime has left the database.
    await (await adapter.client()).hset(f"{adapter.prefix}{{st:gone}}:meta", "identity", "another")
    del adapter.catalogue.facts_of["gone"]
    store = await adapter.open(clock=clock)
    real, faults = store.lead_sweep, 0

    async def failing(lease_ms: int) -> bool:
        nonlocal faults
        faults += 1
        if faults < 3:
            raise UnavailableError(Outcome.NONE)
        return await real(lease_ms)

    store.lead_sweep = failing  # type: ignore[method-assign]  # the store is away for two turns
    listener = await adapter.listen(store.channel("demo"))
    running = sweeper(store, "gone", "demo", interval_ms=1)
    await running.start()

    async with asyncio.timeout(30):
        announced = await listener.next()
    assert announced.changes == ((0, "A"),)
    assert faults >= 3
    await running.close()
    assert clock.now == START + HOLD_MS
