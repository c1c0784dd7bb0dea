"""How long until others see a lock: from the sending of `lock` to the arrival of its delta at each of 100 viewers.

    python -m loadtests.latency [--viewers 100] [--locks 300]

Beside it, in the same run and in turns with it, a bare Redis PUBLISH to one subscriber and to as many subscribers as
there are viewers: the part of the way that any server built on pub/sub has to go.
"""

import argparse
import asyncio
import statistics
import time

import redis.asyncio
import uvloop

from loadtests.server import Target, running
from loadtests.viewer import open_viewers
from protocol.aio import SeatMapClient
from protocol.codec import MSGPACK, DecodeError
from protocol.from_server import Delta, Snapshot

ROUNDS = 3
PAUSE_S = 0.03
"""Longer than the interval within which deltas are folded: each of these is alone, and leaves at once."""

LIMIT_S = 10
CHANNEL = "latency"
PAYLOAD = b"x" * 40


class Arrivals:
    """Collects when a message that is waited for arrived, from each of those who wait."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._times: list[int] = []
        self._all = asyncio.Event()

    def begin(self) -> None:
        """Wait anew."""
        self._times = []
        self._all.clear()

    def add(self, arrived: int) -> None:
        """One of them has it."""
        self._times.append(arrived)
        if len(self._times) == self.count:
            self._all.set()

    async def since(self, sent: int) -> list[float]:
        """Milliseconds from `sent` to each arrival, once all have arrived."""
        async with asyncio.timeout(LIMIT_S):
            await self._all.wait()
        return [(arrived - sent) / 1e6 for arrived in self._times]


async def lock_round(client: SeatMapClient, seats: list[int], arrivals: Arrivals, locks: int) -> list[float]:
    """Lock and unlock one seat after another; each change is waited for at every viewer."""
    found: list[float] = []
    for number in range(locks):
        seat = seats[number // 2 % len(seats)]
        arrivals.begin()
        sent = time.perf_counter_ns()
        await (client.unlock([seat]) if number % 2 else client.lock([seat]))
        found += await arrivals.since(sent)
        await asyncio.sleep(PAUSE_S)
    return found


async def publish_round(store: "redis.asyncio.Redis", arrivals: Arrivals, messages: int) -> list[float]:
    """Publish one message after another; each is waited for at every subscriber."""
    found: list[float] = []
    for _ in range(messages):
        arrivals.begin()
        sent = time.perf_counter_ns()
        await store.publish(CHANNEL, PAYLOAD)
        found += await arrivals.since(sent)
        await asyncio.sleep(PAUSE_S)
    return found


async def subscribe(store: "redis.asyncio.Redis", arrivals: Arrivals) -> list[asyncio.Task[None]]:
    """As many bare subscribers as `arrivals` waits for."""

    async def listen(ready: asyncio.Event) -> None:
        async with store.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            async for message in pubsub.listen():
                if message["type"] == "subscribe":
                    ready.set()
                else:
                    arrivals.add(time.perf_counter_ns())

    tasks = []
    for _ in range(arrivals.count):
        ready = asyncio.Event()
        tasks.append(asyncio.create_task(listen(ready)))
        await ready.wait()
    return tasks


def report(name: str, rounds: list[list[float]]) -> float:
    """Print the medians over the rounds of the median, the 99th percentile and the maximum; return the median."""
    median = statistics.median(statistics.median(times) for times in rounds)
    p99 = statistics.median(statistics.quantiles(times, n=100)[98] for times in rounds)
    worst = max(max(times) for times in rounds)
    print(f"{name:<44} median {median:7.2f} ms   p99 {p99:7.2f} ms   max {worst:7.2f} ms")
    return median


async def measure(target: Target, viewers: int, locks: int) -> None:
    """Run the three in turns and print what they took."""
    seen, ready = Arrivals(viewers), Arrivals(viewers)

    def on_message(arrived: int, payload: bytes) -> None:
        try:
            message = MSGPACK.decode_server(payload)
        except DecodeError as error:
            raise SystemExit(f"a viewer was sent what it cannot read: {error}") from error
        if isinstance(message, Delta):
            seen.add(arrived)
        elif isinstance(message, Snapshot):
            ready.add(arrived)

    token = await asyncio.to_thread(target.session)
    opened = await open_viewers(target.host, target.port, "demo", viewers, on_message)
    await ready.since(0)
    store = redis.asyncio.Redis.from_url(target.redis_url, max_connections=2 * viewers + 10)
    one, many = Arrivals(1), Arrivals(viewers)
    results: dict[str, list[list[float]]] = {"ours": [], "one": [], "many": []}
    async with SeatMapClient(target.url.replace("http", "ws"), "demo", token=token) as client:
        seat_map = await client.ready()
        seats = [index for index, letter in enumerate(seat_map.letters) if letter == "A"][:50]
        await lock_round(client, seats, seen, 20)
        for _ in range(ROUNDS):
            results["ours"].append(await lock_round(client, seats, seen, locks))
            for name, arrivals in (("one", one), ("many", many)):
                tasks = await subscribe(store, arrivals)
                results[name].append(await publish_round(store, arrivals, locks))
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    for viewer in opened:
        viewer.close()
    await store.aclose()
    ours = report(f"lock sent -> delta received, {viewers} viewers", results["ours"])
    one_ms = report("bare PUBLISH -> one subscriber", results["one"])
    many_ms = report(f"bare PUBLISH -> {viewers} subscribers", results["many"])
    print(f"ours is {ours / one_ms:.1f} times one bare subscriber, {ours / many_ms:.1f} times {viewers} of them")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--locks", type=int, default=200, help="locks and unlocks in each of three rounds")
    options = parser.parse_args()
    with running(HEARTBEAT_MS="600000") as target:  # the viewers here answer no ping
        uvloop.run(measure(target, options.viewers, options.locks))


if __name__ == "__main__":
    main()
