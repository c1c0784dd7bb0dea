"""5,000 viewers reconnect at once after a restart of their worker: how long until each is up to date again."""

import time
from typing import Final

import redis

from loadtests.figures import latency, median_rows
from loadtests.hall import hall
from loadtests.scenarios.plan import Claim, Plan, Report
from loadtests.seatmap import request
from loadtests.server import HOST, Stores, free_port

VIEWERS: Final = 5000
PICKERS: Final = 5
RATE: Final = 50.0
SECONDS: Final = 2.0
LIMIT_S: Final = 60.0
SNAPSHOT_READS: Final = ("get", "xrange", "xrevrange")
"""The commands that read a showtime's letters or its missed deltas, whoever asks for them."""


def run(on: Stores, plan: Plan) -> Report:
    """Each resumes from the position that it had."""
    rounds = [_once(on) for _ in range(plan.rounds)]
    row = median_rows(rounds)
    worst = {name: max(one[name] for one in rounds) for name in rounds[0]}
    return Report(
        {f"{VIEWERS:,} viewers": row},
        [
            Claim("connected to up to date, s, the slowest viewer", worst["slowest s"], 1),
            Claim("all up to date, s after the worker listens", worst["all s"], 15),
            Claim("viewers not up to date", worst["missing"], 0),
            Claim("reads of the showtime in the store", worst["store reads"], 2),
        ],
    )


def _once(on: Stores) -> dict[str, float]:
    port = free_port()
    host = f"{HOST}:{port}"
    store = redis.Redis.from_url(on.redis_url)
    with hall(on, port=port) as opened:
        opened.admit(VIEWERS)
        opened.pickers(PICKERS).drive(RATE, SECONDS)
        assert not opened.behind()
        version = opened.viewers[0].version
        epoch = opened.target.epoch(opened.showtime)
    resumed = request(host, query=f"?epoch={epoch}&version={version}")
    # They were closed with the server above; those that follow take their place.
    with hall(on, port=port) as opened:
        before = _reads(store)
        started = time.monotonic()
        with opened.measured() as cost:
            links = opened.swarm.connect(
                (HOST, port),
                (resumed for _ in range(VIEWERS)),
                version=version,
                at_once=VIEWERS + 1,
                timeout_s=LIMIT_S,
            )
            took = time.monotonic() - started
        reads = _reads(store) - before
        ready = [link for link in links if link.ready_at]
        waits = latency(link.ready_at - link.opened_at for link in ready)
        missing = sum(not link.ready_at or link.version != opened.target.version(opened.showtime) for link in links[:1])
        missing += sum(link.version != links[0].version or not link.ready_at for link in links[1:])
        store.close()
        return {
            "all s": took,
            "p50 s": waits.p50 / 1000,
            "p99 s": waits.p99 / 1000,
            "slowest s": waits.max / 1000,
            "missing": missing,
            "store reads": reads,
            "CPU µs/reconnection": cost.server_ns / VIEWERS / 1000,
            **cost.busy(),
        }


def _reads(store: "redis.Redis") -> int:
    stats = store.info("commandstats")
    assert isinstance(stats, dict)
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in SNAPSHOT_READS)
