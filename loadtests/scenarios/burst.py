"""500 deltas a second on one showtime with 1,000 viewers: whether anybody ends behind, and what coalescing saves."""

from typing import Final

from loadtests.figures import delivery, median_rows
from loadtests.floor import floor, languages
from loadtests.hall import hall
from loadtests.machine import cores
from loadtests.scenarios.plan import Claim, Plan, Report
from loadtests.server import Stores

VIEWERS: Final = 1000
RATE: Final = 500.0
SECONDS: Final = 30.0
PICKERS: Final = 20
FLOOR_RATE: Final = 20.0
FLOOR_S: Final = 5.0


def run(on: Stores, plan: Plan) -> Report:
    """The floor is one write per delta and viewer, as it would be without coalescing."""
    language = languages()[0]
    rounds = []
    for _ in range(plan.rounds):
        with hall(on) as opened:
            opened.admit(VIEWERS)
            pickers = opened.pickers(PICKERS)
            with opened.measured() as cost:
                answers = pickers.drive(plan.rate or RATE, plan.seconds or SECONDS)
            frames = sum(link.messages for link in opened.viewers)
            row = {
                "deltas/s": answers.answered / answers.seconds,
                "writes/s/viewer": frames / VIEWERS / answers.seconds,
                "µs/delta/viewer": cost.server_ns / answers.answered / VIEWERS / 1000,
                "behind": opened.behind(),
                **delivery(opened.swarm.messages()).as_row(),
                **cost.busy(),
            }
        with floor(language, VIEWERS, cores()[0]) as sender:
            row["floor µs"] = sender.us_per_frame(FLOOR_RATE, FLOOR_S)
        row["× floor"] = row["µs/delta/viewer"] / row["floor µs"]
        rounds.append(row)
    row = median_rows(rounds)
    return Report(
        {f"{VIEWERS:,} viewers, {plan.rate or RATE:g} requests/s": row},
        [
            Claim("viewers that end behind", max(one["behind"] for one in rounds), 0),
            Claim("writes per second and viewer", row["writes/s/viewer"], 45),
            Claim(f"CPU per delta and viewer: × the floor in {language}", row["× floor"], 0.2),
        ],
    )
