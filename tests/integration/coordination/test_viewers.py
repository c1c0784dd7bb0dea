"""The audience on a real store: what it leaves behind, and a store that restarts, is silent or is gone."""

import asyncio
import contextlib
import socket

import pytest
from redis.asyncio import Redis

from protocol.codes import Outcome
from server.coordination.viewers import RedisAudience
from server.domain.errors import UnavailableError
from server.ops import ending
from server.ops.ending import ended
from tests.contract.audience.conftest import PATIENCE_MS


async def test_nothing_is_left_behind(redis_url: str, key_prefix: str) -> None:
    """The one key of a showtime is in its slot, holds no more than the living, and ends by itself."""
    dead, living = (
        RedisAudience(redis_url, key_prefix, worker="a", timeout_ms=PATIENCE_MS, counts_for_ms=100),
        RedisAudience(redis_url, key_prefix, worker="b", timeout_ms=PATIENCE_MS),
    )
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        await living.tell({"s1": 2})
        assert [key async for key in redis.scan_iter(f"{key_prefix}*")] == [f"{key_prefix}{{st:s1}}:viewers"]
        await dead.tell({"s1": 8})
        async with asyncio.timeout(30):
            while await living.tell({"s1": 2}) != {"s1": 2}:
                await asyncio.sleep(0.02)
        assert set(await redis.hgetall(f"{key_prefix}{{st:s1}}:viewers")) == {"b"}
        assert 0 < await redis.pttl(f"{key_prefix}{{st:s1}}:viewers") <= 10_000
        await living.tell({"s1": 0})
        assert not await redis.exists(f"{key_prefix}{{st:s1}}:viewers")
    await dead.close()
    await living.close()


async def test_a_worker_that_ends_takes_its_viewers_along(redis_url: str, key_prefix: str) -> None:
    """After an orderly end they count no longer, without anybody waiting for it."""
    ending, staying = (
        RedisAudience(redis_url, key_prefix, worker="a", timeout_ms=PATIENCE_MS),
        RedisAudience(redis_url, key_prefix, worker="b", timeout_ms=PATIENCE_MS),
    )
    await ending.tell({"s1": 8, "s2": 1})
    await ending.close()
    assert await staying.tell({"s1": 2, "s2": 3}) == {"s1": 2, "s2": 3}
    await staying.close()


async def test_a_store_that_forgot_its_scripts(redis_url: str, key_prefix: str) -> None:
    """After SCRIPT FLUSH, as after a restart, the next call works as if nothing had been."""
    audience = RedisAudience(redis_url, key_prefix, worker="a", timeout_ms=PATIENCE_MS)
    await audience.tell({"s1": 1})
    async with Redis.from_url(redis_url) as redis:
        await redis.script_flush()
    assert await audience.tell({"s1": 2}) == {"s1": 2}
    await audience.close()


async def test_a_lost_connection_is_made_again(redis_url: str, key_prefix: str) -> None:
    """A call may fail with its connection; the one after it does not."""
    audience = RedisAudience(redis_url, key_prefix, worker="a", timeout_ms=PATIENCE_MS)
    await audience.tell({"s1": 1})
    async with Redis.from_url(redis_url) as redis:
        await redis.client_kill_filter(_type="normal", skipme=True)
    with contextlib.suppress(UnavailableError):
        await audience.tell({"s1": 2})
    assert await audience.tell({"s1": 3}) == {"s1": 3}
    await audience.close()


async def test_a_store_that_is_gone() -> None:
    """It is said at once, outcome none."""
    audience = RedisAudience("redis://127.0.0.1:1", "p", worker="a")
    with pytest.raises(UnavailableError) as caught:
        await audience.tell({"s1": 1})
    assert caught.value.outcome == Outcome.NONE
    await audience.close()


async def test_a_silent_store_is_given_up() -> None:
    """One that accepts and never answers holds nobody longer than the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        audience = RedisAudience(f"redis://127.0.0.1:{port}", "p", worker="a", timeout_ms=100)
        async with asyncio.timeout(30):
            with pytest.raises(UnavailableError):
                await audience.tell({"s1": 1})
        await audience.close()


async def test_who_tells_ends_at_any_moment(redis_url: str, key_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stops while it tells of its viewers does stop, whichever turn of the loop that is in."""
    monkeypatch.setattr(ending, "AGAIN_S", 0.05)
    audience = RedisAudience(redis_url, key_prefix, worker="a", timeout_ms=PATIENCE_MS)

    async def telling() -> None:
        while True:
            await audience.tell({"s1": 1})

    for turns in range(40):
        task = asyncio.create_task(telling())
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            await ended(task)
    await audience.close()
