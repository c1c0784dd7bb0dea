"""The store answers with an error of its own: nothing has changed, and that is said."""

import pytest
import redis.asyncio as redis

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.embedded import EmbeddedValkey
from tests.contract.seats.world import ALICE, BOB, SEATS, Clock, RedisAdapter


async def test_a_store_that_is_ready_has_no_findings(adapter: RedisAdapter) -> None:
    """A store that answers and evicts nothing is as it should be."""
    assert await (await adapter.open()).check() == []


@pytest.mark.parametrize("policy", ["volatile-lru", "allkeys-lru", "volatile-ttl"])
async def test_a_store_that_may_evict_is_reported(own_adapter: RedisAdapter, policy: str) -> None:
    """Any `maxmemory-policy` but `noeviction` may drop live seats."""
    store = await own_adapter.open()
    await (await own_adapter.client()).config_set("maxmemory-policy", policy)

    (finding,) = await store.check()

    assert policy in finding
    assert "noeviction" in finding


async def test_a_store_out_of_memory_refuses_and_keeps(own_adapter: RedisAdapter) -> None:
    """Mutations are outcome none, reads go on, nothing is evicted; with memory it goes on where it stopped."""
    clock = Clock()
    store = await own_adapter.open(clock=clock)
    held = (await store.lock("demo", ALICE, (0, 1), "all")).holdings
    client = await own_adapter.client()
    await client.config_set("maxmemory", 1)

    for attempt in (
        store.lock("demo", BOB, (2,), "all"),
        store.unlock("demo", ALICE, None),
        store.extend("demo", ALICE, None),
    ):
        with pytest.raises(UnavailableError) as failure:
            await attempt
        assert failure.value.outcome is Outcome.NONE
    assert await store.holdings("demo", ALICE) == held
    assert (await store.snapshot("demo")).seats == "LL" + "A" * (SEATS - 2)

    await client.config_set("maxmemory", 0)
    assert (await store.lock("demo", BOB, (2,), "all")).holdings.version == held.version + 1


async def test_a_store_that_became_a_replica_refuses(own_valkey: EmbeddedValkey, own_adapter: RedisAdapter) -> None:
    """A replica takes no writes: outcome none; back as a primary it has another identity, so another epoch."""
    clock = Clock()
    store = await own_adapter.open(clock=clock)
    held = (await store.lock("demo", ALICE, (0,), "all")).holdings
    client = redis.Redis.from_url(own_valkey.url)
    await client.replicaof("127.0.0.1", "1")

    with pytest.raises(UnavailableError) as failure:
        await store.lock("demo", BOB, (1,), "all")
    assert failure.value.outcome is Outcome.NONE

    await client.replicaof("NO", "ONE")
    await client.aclose()
    after = await store.holdings("demo", ALICE)
    assert after.holds == held.holds
    assert after.epoch != held.epoch


async def test_a_key_of_the_wrong_kind_is_outcome_unknown(adapter: RedisAdapter) -> None:
    """An error that the store cannot be known to have raised before the first write is not called harmless."""
    clock = Clock()
    store = await adapter.open(clock=clock)
    await store.lock("demo", ALICE, (0,), "all")
    client = await adapter.client()
    key = f"{adapter.prefix}{{st:demo}}:log"
    await client.delete(key)
    await client.set(key, "not a stream")

    with pytest.raises(UnavailableError) as failure:
        await store.lock("demo", BOB, (1,), "all")
    assert failure.value.outcome is Outcome.UNKNOWN

    assert (await store.lock("demo", BOB, (1,), "all")).seats == (1,)
    assert [hold.seat for hold in (await store.holdings("demo", ALICE)).holds] == [0]


async def test_bounded_logs_end_in_a_snapshot(adapter: RedisAdapter) -> None:
    """The log keeps the last deltas alone; what it has dropped cannot be told."""
    clock = Clock()
    store = await adapter.open(clock=clock, log_length=3)
    positions = []
    for seat in range(4):
        await store.lock("demo", ALICE, (seat,), "all")
        (position,) = await store.positions(("demo",))
        assert position is not None
        positions.append(position)
    await store.unlock("demo", ALICE, None)

    client = await adapter.client()
    assert await client.xlen(f"{adapter.prefix}{{st:demo}}:log") == 3
    told = [await store.since("demo", position) for position in positions]
    assert [delta is not None for delta in told] == [False, True, True, True]
