"""At which rate of deltas the viewers saturate the server's core, with coalescing off and on."""

from typing import Final

from loadtests.figures import delivery
from loadtests.hall import hall
from loadtests.scenarios.plan import COALESCED, UNCOALESCED, Plan, Report
from loadtests.server import Stores

RATES: Final = (2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 100.0, 200.0)
SECONDS: Final = 6.0
PICKERS: Final = 20
SATURATED_PERCENT: Final = 95.0
UNANSWERED_SHARE: Final = 0.1
UNDER_WAY: Final = 2
"""A server that shares its core with others never shows it as full; but then it falls behind: more than a share of the
requests waits for its answer at the end, and more than are under way at any time."""

LATE_MS: Final = 250.0
"""Or its deltas pile up: half of them take longer than this."""


def run(on: Stores, plan: Plan) -> Report:
    """Rates in rising order, each on the same server, until it can do no more."""
    viewers = max(plan.viewers)
    report = Report()
    for name, settings in (("off", UNCOALESCED), ("on", COALESCED)):
        with hall(on, settings) as opened:
            opened.admit(viewers)
            pickers = opened.pickers(PICKERS)
            for rate in RATES:
                with opened.measured() as cost:
                    answers = pickers.drive(rate, plan.seconds or SECONDS, poisson=True, settle=False)
                busy = cost.busy()
                pickers.drive(1, 1)
                frames = sum(link.messages for link in opened.viewers)
                seen = delivery(opened.swarm.messages())
                report.rows[f"{viewers:,} viewers, {rate:g} requests/s, coalescing {name}"] = {
                    **busy,
                    "frames/s": frames / cost.seconds,
                    "writes/s/viewer": frames / viewers / cost.seconds,
                    "answered": answers.answered / max(1, answers.sent),
                    **seen.as_row(),
                    "behind": opened.behind(),
                }
                unanswered = answers.sent - answers.answered
                falls_behind = unanswered > max(UNDER_WAY, UNANSWERED_SHARE * answers.sent)
                if busy["server core %"] >= SATURATED_PERCENT or falls_behind or seen.p50 > LATE_MS:
                    break
    return report
