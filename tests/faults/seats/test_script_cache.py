"""The store may forget scripts at any time: nobody notices."""

import asyncio

import pytest

from server.domain.errors import SeatsUnavailableError
from tests.contract.seats.world import ALICE, BOB, Clock, RedisAdapter


async def test_a_flushed_cache_is_invisible(own_adapter: RedisAdapter) -> None:
    """With SCRIPT FLUSH in a loop every command gets its answer, and none runs twice."""
    clock = Clock()
    store = await own_adapter.open(clock=clock)
    client = await own_adapter.client()
    await store.snapshot("demo")
    listener = await own_adapter.listen(store.channel("demo"))
    done = asyncio.Event()

    async def flush() -> int:
        flushed = 0
        while not done.is_set():
            await client.script_flush("SYNC")
            flushed += 1
        return flushed

    flushing = asyncio.create_task(flush())
    for _ in range(100):
        await asyncio.gather(
            store.lock("demo", ALICE, (0, 1), "all"), store.holdings("demo", BOB), store.snapshot("demo")
        )
        with pytest.raises(SeatsUnavailableError):
            await store.lock("demo", BOB, (1, 2), "all")
        await store.unlock("demo", ALICE, None)
    done.set()

    assert await flushing > 10
    assert (await client.info("commandstats"))["cmdstat_evalsha"]["failed_calls"] > 0, "no script was ever missing"
    versions = [(await listener.next()).version for _ in range(200)]
    assert versions == list(range(2, 202))
    assert await listener.silent()
    assert (await store.snapshot("demo")).version == 201


async def test_only_the_missing_script_is_sent_again(own_adapter: RedisAdapter) -> None:
    """In one pipeline NOSCRIPT fails its own entries: the others are not run a second time."""
    clock = Clock()
    store = await own_adapter.open(clock=clock)
    client = await own_adapter.client()
    await store.lock("demo", ALICE, (0,), "all")
    await client.script_flush("SYNC")
    # This one alone is known again, by its text.
    await store.extend("demo", ALICE, None)
    before = (await store.snapshot("demo")).version

    extended, locked = await asyncio.gather(store.extend("demo", ALICE, None), store.lock("demo", ALICE, (1,), "all"))

    assert (await store.snapshot("demo")).version == before + 2
    assert (extended.seats, locked.seats) == ((0,), (1,))
