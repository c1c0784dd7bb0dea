"""What a delivered frame costs the server in CPU, with coalescing off and on, beside the floor in the same run.

Idle CPU is taken off. The requests that cause the deltas are part of the cost; what they take alone is measured
without viewers, so that both can be told apart. With coalescing on, ten times as many deltas show what it saves.

A machine that is shared is faster at one time than at another, so the floor in the first language is measured right
before and right after each of ours, and each ratio is to the mean of both.
"""

from typing import Final

from loadtests.figures import delivery, median_rows
from loadtests.floor import floor, languages
from loadtests.hall import Hall, hall
from loadtests.machine import cores
from loadtests.scenarios.plan import COALESCED, UNCOALESCED, Claim, Plan, Report
from loadtests.server import Stores

FRAMES_PER_SECOND: Final = 20_000
"""What the rate is chosen for: far from what saturates the core."""

SECONDS: Final = 5.0
PICKERS: Final = 20
BUSY: Final = 10


def run(on: Stores, plan: Plan) -> Report:
    """A round measures everything once, one after the other; medians over the rounds."""
    report = Report()
    for viewers in plan.viewers:
        rate = plan.rate or round(FRAMES_PER_SECOND / viewers, 1)
        rounds = [_round(on, viewers, rate, plan.seconds or SECONDS) for _ in range(plan.rounds)]
        rows = {name: median_rows([found[name] for found in rounds]) for name in rounds[0]}
        for name, row in rows.items():
            report.rows[f"{viewers:,} viewers: {name}"] = row
        report.claims.append(
            Claim(
                f"CPU per frame, {viewers:,} viewers, uncoalesced: × the floor in {languages()[0]}",
                rows[f"coalescing off, {rate:g}/s"]["× floor"],
                1.5,
            )
        )
    return report


def _round(on: Stores, viewers: int, rate: float, seconds: float) -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, float]] = {}
    base = languages()[0]
    for name, settings in (("off", UNCOALESCED), ("on", COALESCED)):
        with hall(on, settings) as opened, floor(base, viewers, cores()[0]) as sender:
            request_ns = _requests_alone(opened, rate, seconds)
            opened.admit(viewers)
            idle = opened.idle_share()
            pickers = opened.pickers(PICKERS)
            floors = [sender.us_per_frame(rate, seconds)]
            for times in (1,) if name == "off" else (1, BUSY):
                with opened.measured() as cost:
                    answers = pickers.drive(rate * times, seconds)
                receivers = [*opened.viewers, *pickers.links]
                frames = sum(link.messages for link in receivers)
                spent = cost.server_ns - idle * cost.seconds * 1e9
                seen = delivery(opened.swarm.messages())
                floors.append(sender.us_per_frame(rate, seconds))
                floor_us = sum(floors[-2:]) / 2
                rows[f"coalescing {name}, {rate * times:g}/s"] = {
                    "× floor": spent / frames / 1000 / floor_us,
                    "floor µs": floor_us,
                    "µs/frame": spent / frames / 1000,
                    "less requests": (spent - request_ns * answers.sent) / frames / 1000,
                    "frames": frames,
                    "deltas": answers.answered,
                    "deltas/frame": answers.answered * len(receivers) / frames,
                    "µs/delta/viewer": spent / answers.answered / len(receivers) / 1000,
                    **seen.as_row(),
                    **cost.busy(),
                }
                assert not opened.behind()
    first = 0.0
    for language in languages():
        with floor(language, viewers, cores()[0]) as sender:
            cost_us = sender.us_per_frame(rate, seconds)
        first = first or cost_us
        rows[f"floor in {language}"] = {"× floor": cost_us / first, "floor µs": first, "µs/frame": cost_us}
    return rows


def _requests_alone(opened: Hall, rate: float, seconds: float) -> float:
    """The CPU of one request in nanoseconds, seen by nobody but the one who asks."""
    idle = opened.idle_share()
    picker = opened.pickers(1)
    with opened.measured() as cost:
        answers = picker.drive(rate, seconds)
    opened.dismiss()
    return (cost.server_ns - idle * cost.seconds * 1e9) / max(1, answers.answered)
