"""How long from a lock's sending to its delta at each viewer, for requests that come at random (Poisson) times.

Beside it the floor: as many rounds of a bare loop of `send()`, ordered at the same times, from each order to each
arrival. It does no request, asks no store and lets nobody wait; what it takes is what the machine takes.
"""

from typing import Final

from loadtests.figures import delivery, latency, median_rows
from loadtests.floor import floor, languages
from loadtests.hall import hall
from loadtests.machine import cores
from loadtests.scenarios.plan import Claim, Plan, Report
from loadtests.server import Stores

CASES: Final = ((1000, 20.0, 50.0), (5000, 5.0, 100.0))
"""Viewers, requests a second, and the bound on the 99th percentile in milliseconds."""

SECONDS: Final = 15.0
PICKERS: Final = 20


def run(on: Stores, plan: Plan) -> Report:
    """Each case on a server of its own, with the settings that people have."""
    report = Report()
    language = languages()[0]
    for viewers, rate, bound in CASES:
        rounds, floors = [], []
        for _ in range(plan.rounds):
            with hall(on) as opened:
                opened.admit(viewers)
                pickers = opened.pickers(PICKERS)
                with opened.measured() as cost:
                    answers = pickers.drive(rate, plan.seconds or SECONDS, poisson=True)
                answered = latency(answers.locks_ns)
                rounds.append(
                    {
                        **delivery(opened.swarm.messages()).as_row(),
                        "answer p50 ms": answered.p50,
                        "answer p99 ms": answered.p99,
                        "requests": answers.answered,
                        "behind": opened.behind(),
                        **cost.busy(),
                    }
                )
            with floor(language, viewers, cores()[0]) as sender:
                floors.append(sender.delivery(rate, plan.seconds or SECONDS).as_row())
        name = f"{viewers:,} viewers, {rate:g} requests/s"
        row = report.rows[name] = median_rows(rounds)
        report.rows[f"{name}: floor in {language}"] = median_rows(floors)
        report.claims.append(Claim(f"lock sent to delta received, p99 ms, {name}", row["p99 ms"], bound))
    return report
