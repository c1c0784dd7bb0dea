"""How near the live engine comes to the floor of the machine: the server's cost, latency and memory under viewers.

    python -m loadtests.fanout [SCENARIO …] [--viewers 1000 5000] [--rate D] [--seconds S] [--rounds 3] [--json FILE]

Without a scenario: cost and memory. The server has one core to itself; the viewers and pickers (this process), Valkey
and PostgreSQL share the others. Linux only. Every scenario starts servers of its own on free ports of 127.0.0.1.
"""

import argparse
import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from loadtests.figures import table
from loadtests.machine import cores, describe, pinned, raise_file_limit
from loadtests.scenarios import burst, closed, cost, latency, memory, pickers, restart, saturation, stalled
from loadtests.scenarios.plan import Plan, Report
from loadtests.server import Stores, stores

SCENARIOS: Final[dict[str, Callable[[Stores, Plan], Report]]] = {
    "cost": cost.run,
    "memory": memory.run,
    "latency": latency.run,
    "pickers": pickers.run,
    "closed": closed.run,
    "burst": burst.run,
    "stalled": stalled.run,
    "restart": restart.run,
    "saturation": saturation.run,
}
Found = dict[str, Any]
"""What a scenario found, as it is written to a file: `machine`, `rows`, `claims`."""

DEFAULT: Final = ("cost", "memory")


def main() -> None:
    """The command."""
    options = _options()
    plan = Plan(tuple(options.viewers), options.rate, options.seconds, options.rounds)
    names = tuple(SCENARIOS) if "all" in options.scenario else tuple(options.scenario) or DEFAULT
    machine = describe()
    print("\n".join(f"{name}: {value}" for name, value in machine.items()))
    raise_file_limit()
    # Collections of a large process would stand in the latencies of others.
    gc.disable()
    with pinned(cores()[1]):
        for name in names:
            with stores() as on:
                report = SCENARIOS[name](on, plan)
            found = _as_json(report, machine, plan)
            print("\n" + _text(name, found), flush=True)
            if options.json:
                _keep(options.json, name, found)
            gc.collect()


def _as_json(report: Report, machine: dict[str, str], plan: Plan) -> Found:
    return {
        "machine": {**machine, "rounds": str(plan.rounds)},
        "rows": report.rows,
        "claims": {claim.text: claim.as_row() for claim in report.claims},
    }


def _keep(file: Path, name: str, found: Found) -> None:
    """Put one scenario's numbers into the file, each row in the place of its last; all of it as Markdown beside."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Found] = json.loads(file.read_text()) if file.exists() else {}
    if name in kept:
        # Another number of viewers has rows of its own.
        found = {**found, **{part: kept[name][part] | found[part] for part in ("rows", "claims")}}
    kept = {each: found if each == name else kept[each] for each in SCENARIOS if each == name or each in kept}
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    file.with_suffix(".md").write_text("\n\n".join(_text(each, kept[each]) for each in kept) + "\n")


def _text(name: str, found: Found) -> str:
    """A report as Markdown."""
    machine = "\n".join(f"- {key}: {value}" for key, value in found["machine"].items())
    parts = [f"## {name}", _question(name), machine, table(found["rows"])]
    if found["claims"]:
        parts.append(table(found["claims"]))
    return "\n\n".join(parts)


def _question(name: str) -> str:
    """The first line of the scenario's module."""
    return str(sys.modules[SCENARIOS[name].__module__].__doc__).partition("\n")[0]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", default=[], help=", ".join([*SCENARIOS, "all"]))
    parser.add_argument("--viewers", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--rate", type=float, default=0.0, help="deltas a second; by default what suits the viewers")
    parser.add_argument("--seconds", type=float, default=0.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over so many")
    parser.add_argument(
        "--json",
        type=Path,
        help="keep the numbers there, each scenario's in the place of its last; tables beside it as .md",
    )
    options = parser.parse_args()
    if unknown := set(options.scenario) - {*SCENARIOS, "all"}:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    main()
