"""Locks that are about to end."""

from server.domain.errors import NotFoundError
from server.seats.endings import Ending, EndingWatch
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, START, Clock, RedisAdapter


async def test_each_holder_is_told_once(adapter: RedisAdapter, clock: Clock) -> None:
    """In the last minute, by one of the workers, of all locks that end then; locks that run on are not told of."""
    first, second = await adapter.open(clock=clock), await adapter.open(clock=clock)
    await first.lock("demo", ALICE, (1, 3), "all")
    clock.advance(1000)
    await second.lock("demo", BOB, (5,), "all")
    clock.advance(HOLD_MS - 61_500)
    assert await first.endings.of("demo", 60_000) == ()
    clock.advance(500)
    told = (*await first.endings.of("demo", 60_000), *await second.endings.of("demo", 60_000))
    assert told == (Ending(showtime="demo", holder="alice", seats=(1, 3), expires_at=START + HOLD_MS),)
    clock.advance(1000)
    assert [ending.holder for ending in await second.endings.of("demo", 60_000)] == ["bob"]
    clock.advance(60_000)
    assert await first.endings.of("demo", 60_000) == ()


async def test_pinned_seats_do_not_end(adapter: RedisAdapter, clock: Clock) -> None:
    """Who is paying is not told to hurry about a lock that no longer counts."""
    store = await adapter.open(clock=clock)
    await store.lock("demo", ALICE, (1,), "all")
    await store.pin("demo", ALICE, (1,), "order", deadline=START + 2 * HOLD_MS)
    clock.advance(HOLD_MS - 1000)
    assert await store.endings.of("demo", 60_000) == ()


async def test_a_reminder_that_fails_keeps_no_other_back(adapter: RedisAdapter, clock: Clock) -> None:
    """Every holder is told, whatever comes of it."""
    store = await adapter.open(clock=clock)
    await store.lock("demo", ALICE, (1,), "all")
    await store.lock("demo", BOB, (2,), "all")
    clock.advance(HOLD_MS - 1000)
    told = []

    async def remind(ending: Ending) -> None:
        told.append(ending.holder)
        raise NotFoundError("no such showtime")

    async def active() -> tuple[str, ...]:
        return ("demo",)

    assert await EndingWatch(store.endings, active, remind).look() == 2
    assert sorted(told) == ["alice", "bob"]
