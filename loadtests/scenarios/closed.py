"""How many lock and unlock requests a second one worker answers, each picker asking again when it was answered."""

from typing import Final

from loadtests.figures import latency, median_rows
from loadtests.hall import LARGE, hall
from loadtests.scenarios.plan import Claim, Plan, Report
from loadtests.server import Stores

PICKERS: Final = (16, 64, 256)
SECONDS: Final = 5.0
BOUND: Final = 4000.0


def run(on: Stores, plan: Plan) -> Report:
    """With nobody there but the pickers, who see each other's deltas."""
    report = Report()
    for count in PICKERS:
        rounds = []
        for _ in range(plan.rounds):
            with hall(on, showtime=LARGE) as opened:
                pickers = opened.pickers(count)
                with opened.measured() as cost:
                    answers = pickers.drive_closed(plan.seconds or SECONDS)
                answered = latency(answers.locks_ns)
                rounds.append(
                    {
                        "requests/s": answers.answered / answers.seconds,
                        "CPU µs/request": cost.server_ns / answers.answered / 1000,
                        "rejected": answers.rejected.total(),
                        "answer p50 ms": answered.p50,
                        "answer p99 ms": answered.p99,
                        **cost.busy(),
                    }
                )
        report.rows[f"{count} pickers"] = median_rows(rounds)
    best = max(float(row["requests/s"]) for row in report.rows.values())
    report.claims = [Claim("lock requests through sockets, per second, closed loop", best, BOUND, at_least=True)]
    return report
