"""How long 300 pickers wait for their answers at 200 requests a second, beside 1,000 viewers of the same showtime."""

from typing import Final

from loadtests.figures import delivery, latency, median_rows
from loadtests.hall import LARGE, hall
from loadtests.scenarios.plan import Claim, Plan, Report
from loadtests.server import Stores

VIEWERS: Final = 1000
PICKERS: Final = 300
RATE: Final = 200.0
SECONDS: Final = 15.0
BOUND_MS: Final = 50.0


def run(on: Stores, plan: Plan) -> Report:
    """In the large hall, which has seats for that many; requests at random times."""
    rounds = []
    for _ in range(plan.rounds):
        with hall(on, showtime=LARGE) as opened:
            opened.admit(VIEWERS)
            pickers = opened.pickers(PICKERS)
            with opened.measured() as cost:
                answers = pickers.drive(plan.rate or RATE, plan.seconds or SECONDS, poisson=True)
            answered = latency(answers.locks_ns)
            seen = delivery(opened.swarm.messages())
            rounds.append(
                {
                    "requests/s": answers.answered / answers.seconds,
                    "rejected": answers.rejected.total(),
                    "answer p50 ms": answered.p50,
                    "answer p99 ms": answered.p99,
                    "answer max ms": answered.max,
                    "delta p50 ms": seen.p50,
                    "delta p99 ms": seen.p99,
                    "behind": opened.behind(),
                    **cost.busy(),
                }
            )
    row = median_rows(rounds)
    return Report(
        {f"{PICKERS} pickers beside {VIEWERS:,} viewers": row},
        [Claim("lock answered, p99 ms", row["answer p99 ms"], BOUND_MS)],
    )
