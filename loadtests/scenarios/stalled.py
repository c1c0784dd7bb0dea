"""What 100 of 1,000 viewers that stop reading for 20 s cost the other 900, and how each of them ends."""

from collections import Counter
from typing import Final

from loadtests.figures import Latency, delivery, median_rows
from loadtests.hall import hall
from loadtests.pickers import Answers
from loadtests.scenarios.plan import Claim, Plan, Report
from loadtests.server import Stores

READING: Final = 900
STALLED: Final = 100
RATE: Final = 500.0
TOGETHER: Final = 4
"""Seats a request: so much that the kernels' buffers for those who stopped are soon full."""

SECONDS: Final = 20.0
PICKERS: Final = 20
LIMIT_S: Final = 15.0
ENDS: Final = {4001: "closed 4001", 1006: "closed 1006"}


def run(on: Stores, plan: Plan) -> Report:
    """In each round once with all reading, and once with the hundred stalled; the same viewers are timed in both."""
    usual, beside = [], []
    for _ in range(plan.rounds):
        usual.append(_once(on, plan, stall=False))
        beside.append(_once(on, plan, stall=True))
    rows: dict[str, dict[str, float]] = {"all read": median_rows(usual), f"{STALLED} stop reading": median_rows(beside)}
    without, with_them = rows.values()
    return Report(
        {**rows},
        [
            Claim("p99 of the others, × of the run without them", with_them["p99 ms"] / without["p99 ms"], 1.3),
            Claim("KB of memory per stalled viewer", with_them["KB/stalled"], 64),
            Claim("stalled viewers that the server had to hold back", with_them["conflated"], STALLED, at_least=True),
            Claim("stalled viewers that end otherwise", max(row["otherwise"] for row in beside), 0),
            Claim("others that end behind", max(row["others behind"] for row in beside), 0),
        ],
    )


def _once(on: Stores, plan: Plan, *, stall: bool) -> dict[str, float]:
    with hall(on) as opened:
        others = opened.admit(READING)
        hundred = opened.admit(STALLED, narrow=True)
        for link in hundred:
            link.timed = False
        pickers = opened.pickers(PICKERS, together=TOGETHER)
        pickers.drive(plan.rate or RATE, 2)
        before = opened.memory()
        if stall:
            for link in hundred:
                opened.swarm.pause(link)
        with opened.measured() as cost:
            answers: Answers = pickers.drive(plan.rate or RATE, plan.seconds or SECONDS, poisson=True, settle=False)
        seen: Latency = delivery(opened.swarm.messages())
        grown = opened.memory() - before
        if stall:
            for link in hundred:
                # A connection that was reset meanwhile is no longer known.
                if not link.code:
                    opened.swarm.resume(link)
        opened.swarm.settle()
        version = opened.target.version(opened.showtime)
        opened.swarm.settle(
            timeout_s=LIMIT_S, until=lambda: all(link.code or link.version == version for link in hundred)
        )
        ends = Counter(
            ENDS.get(link.code, f"closed {link.code}") if link.code else _at(link.version, version) for link in hundred
        )
        return {
            **seen.as_row(),
            "requests": answers.answered,
            "KB/stalled": grown / STALLED / 1024,
            "conflated": opened.target.metric('cinebook_slow_clients_total{outcome="conflated"}'),
            "converged": ends.pop("converged", 0),
            **{name: ends.pop(name, 0) for name in ENDS.values()},
            "otherwise": ends.total(),
            "others behind": sum(link.version != version or link.gaps > 0 for link in others),
            **cost.busy(),
        }


def _at(version: int, there: int) -> str:
    return "converged" if version == there else "behind"
