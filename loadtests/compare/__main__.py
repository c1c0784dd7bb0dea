"""The same delta to the same viewers on ours and on other servers, side by side in one run.

    python -m loadtests.compare [--viewers 1000 5000] [--rounds 3] [--seconds 8] [--only NAME …] [--out FOLDER]

Each server runs alone on one core; the viewers (this process), Valkey and PostgreSQL share the others. A round runs
every server once, one after the other; medians over the rounds are written as JSON, as tables and as a plot, and take
the place of those of as many viewers.
"""

import argparse
import gc
import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from loadtests.compare.install import install
from loadtests.compare.measure import Installed, lowest, ours, theirs
from loadtests.compare.peers import PEERS
from loadtests.compare.plot import plot
from loadtests.figures import median_rows, table
from loadtests.floor import languages
from loadtests.machine import cores, describe, pinned, raise_file_limit
from loadtests.scenarios.plan import Claim
from loadtests.server import Stores, stores

OURS: Final = "CineBook Live"
RESULTS: Final = Path(__file__).parent.parent / "results"
FRAMES_PER_SECOND: Final = 5000
"""What even the slowest can deliver; the rate of deltas follows from the viewers."""

COST: Final = "µs/frame"
BOUNDS: Final = {"floor in C": 1.5, "nchan (nginx), its publish": 1.0, "Django Channels": 0.1}
"""What ours may cost, as a multiple of each."""

Rows = dict[str, dict[str, float]]
Found = dict[str, Any]
"""What was found with so many viewers, as it is written to a file: `machine` and `rows`."""

Measurement = Callable[[int, float, float], dict[str, float]]


def main() -> None:
    """The command."""
    options = _options()
    machine = {**describe(), "rounds": str(options.rounds)}
    raise_file_limit()
    gc.disable()
    options.out.mkdir(parents=True, exist_ok=True)
    with pinned(cores()[1]), stores() as on:
        measurements = _measurements(on, options.only)
        for viewers in options.viewers:
            rows = _medians(measurements, viewers, options)
            print("\n" + _text(viewers, {"machine": machine, "rows": rows}))
            _keep(options.out, viewers, {"machine": machine, "rows": rows})


def _keep(folder: Path, viewers: int, found: Found) -> None:
    """Write what was found in the place of what there was for as many viewers; the plot is of the fewest."""
    file = folder / "compare.json"
    kept: dict[str, Found] = json.loads(file.read_text()) if file.exists() else {}
    kept[str(viewers)] = found
    kept = dict(sorted(kept.items(), key=lambda item: int(item[0])))
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    texts = [_text(int(number), each) for number, each in kept.items()]
    (folder / "compare.md").write_text("\n\n".join(texts) + "\n")
    fewest, first = next(iter(kept.items()))
    costs = {name: row[COST] for name, row in first["rows"].items()}
    plot(costs, OURS, _title(int(fewest), first), folder / "compare.svg")


def _text(viewers: int, found: Found) -> str:
    """What was found as Markdown."""
    machine = "\n".join(f"- {name}: {value}" for name, value in found["machine"].items())
    claims = {claim.text: claim.as_row() for claim in _claims(found["rows"])}
    parts = [f"## {_title(viewers, found)}", machine, table(found["rows"]), *([table(claims)] if claims else [])]
    return "\n\n".join(parts)


def _title(viewers: int, found: Found) -> str:
    rounds = found["machine"]["rounds"]
    return f"{viewers:,} viewers, {FRAMES_PER_SECOND / viewers:g} deltas/s, medians of {rounds} rounds"


def _medians(measurements: dict[str, Measurement], viewers: int, options: argparse.Namespace) -> Rows:
    """The medians of each server's rounds, the cheapest first."""
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in measurements}
    for number in range(options.rounds):
        for name, measure in measurements.items():
            row = measure(viewers, FRAMES_PER_SECOND / viewers, options.seconds)
            rounds[name].append(row)
            print(f"{viewers:,} viewers, round {number + 1}  {name:<28} {row[COST]:8.2f} {COST}", flush=True)
            gc.collect()
    rows = {name: median_rows(each) for name, each in rounds.items()}
    base = rows[f"floor in {languages()[0]}"][COST]
    return {
        name: {COST: row[COST], "× floor": row[COST] / base, **{key: row[key] for key in row if key != COST}}
        for name, row in sorted(rows.items(), key=lambda item: item[1][COST])
    }


def _claims(rows: Rows) -> list[Claim]:
    return [
        Claim(f"CPU per frame of ours: × that of {name}", rows[OURS][COST] / rows[name][COST], bound)
        for name, bound in BOUNDS.items()
        if name in rows
    ]


def _measurements(on: Stores, only: list[str] | None) -> dict[str, Measurement]:
    """Everything that is to be measured, by name; a peer that cannot be installed is left out, and that is said."""
    redis_socket = on.redis_url.removeprefix("unix://")
    found: dict[str, Measurement] = {f"floor in {language}": partial(lowest, language) for language in languages()}
    found[OURS] = partial(ours, on)
    for peer in PEERS:
        if only and not any(word.lower() in peer.name.lower() for word in only):
            continue
        print(peer.name, flush=True)
        try:
            home = install(peer)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"    left out, because it could not be installed: {error}", flush=True)
            continue
        found[peer.name] = partial(theirs, Installed(peer, home, redis_socket))
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1000, 5000], help="the plot is of the fewest")
    parser.add_argument("--seconds", type=float, default=8.0, help="of publishing, for each server and round")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over so many")
    parser.add_argument("--only", nargs="+", help="parts of the names of the peers to run; by default all")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder to write to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
