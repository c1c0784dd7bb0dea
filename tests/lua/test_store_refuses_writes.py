"""The store itself holds read-only scripts to their word."""

import pytest
import redis.asyncio as redis

from server.seats.keys import Keys
from server.seats.scripts import READ_ONLY, Operation, build, source


@pytest.mark.parametrize("operation", sorted(READ_ONLY))
async def test_a_write_in_a_read_only_script_is_refused(redis_url: str, key_prefix: str, operation: Operation) -> None:
    """A write that slipped into a script which runs by EVALSHA_RO is refused by the store."""
    script = build(source("prelude"), "write('SET', seats_key, 'A')", operation)
    client = redis.Redis.from_url(redis_url, protocol=2)
    keys = Keys(key_prefix).showtime("demo")
    try:
        with pytest.raises(redis.ResponseError, match="read-only"):
            await client.eval_ro(script.text.decode(), len(keys), *keys, "", "", "")
        assert await client.exists(keys.seats) == 0
    finally:
        await client.aclose()


async def test_an_answer_is_an_array_of_integers_and_lists(redis_url: str, key_prefix: str) -> None:
    """Empty tables are packed as arrays and whole numbers as integers, also beyond 32 bits."""
    script = build(source("prelude"), "return reply(REPLY.OK, {{}, 2^53 - 1, -1})", Operation.SNAPSHOT)
    client = redis.Redis.from_url(redis_url, protocol=2)
    keys = Keys(key_prefix).showtime("demo")
    try:
        packed = await client.eval_ro(script.text.decode(), len(keys), *keys, "", "", "1800000000000")
    finally:
        await client.aclose()
    assert packed == (
        b"\x95\x00\xcf"
        + (1_800_000_000_000).to_bytes(8, "big")
        + b"\x93\x90\xcf"
        + (2**53 - 1).to_bytes(8, "big")
        + b"\xff"
        + b"\x00\x90"
    )
