"""The one owner of pub/sub, on a real store."""

import asyncio

import redis.asyncio

from server.live.subscriber import Subscriber

LIMIT_S = 30


async def test_a_fault_of_ours_does_not_end_it(redis_url: str, key_prefix: str) -> None:
    """What goes wrong over one message costs the connection, which is made again, and not the hearing."""
    channel = f"{key_prefix}{{st:x}}:deltas"
    heard: list[bytes] = []
    confirmed: list[str] = []

    def on_message(_channel: str, data: bytes) -> None:
        heard.append(data)
        if data == b"poison":
            raise ZeroDivisionError

    subscriber = Subscriber(redis_url, timeout_ms=5000, on_message=on_message, on_subscribed=confirmed.append)
    store = redis.asyncio.Redis.from_url(redis_url)
    await subscriber.start()
    await subscriber.subscribe(channel)
    await store.spublish(channel, b"poison")
    async with asyncio.timeout(LIMIT_S):
        while len(confirmed) < 2:
            await asyncio.sleep(0.01)
        await store.spublish(channel, b"good")
        while heard[-1] != b"good":
            await asyncio.sleep(0.01)
    assert heard == [b"poison", b"good"]
    await subscriber.close()
    await store.aclose()


async def test_it_follows_what_is_wanted_alone(redis_url: str, key_prefix: str) -> None:
    """A channel that was given up is heard no more, and may be followed again."""
    channel = f"{key_prefix}{{st:x}}:deltas"
    heard: list[bytes] = []
    subscriber = Subscriber(
        redis_url, timeout_ms=5000, on_message=lambda _channel, data: heard.append(data), on_subscribed=lambda _: None
    )
    store = redis.asyncio.Redis.from_url(redis_url)
    await subscriber.start()
    await subscriber.subscribe(channel)
    subscriber.unsubscribe(channel)
    async with asyncio.timeout(LIMIT_S):
        while await store.pubsub_shardnumsub(channel) != [(channel.encode(), 0)]:
            await asyncio.sleep(0.01)
        await store.spublish(channel, b"unheard")
        await subscriber.subscribe(channel)
        await store.spublish(channel, b"heard")
        while not heard:
            await asyncio.sleep(0.01)
    assert heard == [b"heard"]
    await subscriber.close()
    await store.aclose()
