"""What an idle connection takes of the server's memory, and how many handshakes a second end in a snapshot."""

import time
from typing import Final

from loadtests.figures import median_rows
from loadtests.hall import hall
from loadtests.scenarios.plan import Claim, Plan, Report
from loadtests.server import Stores

WARM_UP: Final = 50
"""Few, because what they leave behind is used again by those that are counted."""
AT_ONCE: Final = 64


def run(on: Stores, plan: Plan) -> Report:
    """Open the viewers after a few that warm the server up, and let them be idle."""
    report = Report()
    for viewers in plan.viewers:
        rounds = []
        for _ in range(plan.rounds):
            with hall(on) as opened:
                opened.admit(WARM_UP, at_once=AT_ONCE)
                before = opened.memory()
                with opened.measured() as cost:
                    started = time.monotonic()
                    opened.admit(viewers, at_once=AT_ONCE)
                    took = time.monotonic() - started
                idle = opened.idle_share()
                rounds.append(
                    {
                        "KB/connection": (opened.memory() - before) / viewers / 1024,
                        "handshakes/s": viewers / took,
                        "CPU µs/handshake": cost.server_ns / viewers / 1000,
                        "idle core %": idle * 100,
                        **cost.busy(),
                    }
                )
        row = report.rows[f"{viewers:,} viewers"] = median_rows(rounds)
        report.claims += [
            Claim(f"KB of memory per idle connection, {viewers:,} of them", row["KB/connection"], 8),
            Claim(f"handshake to snapshot, per second, {viewers:,} of them", row["handshakes/s"], 1500, at_least=True),
        ]
    return report
