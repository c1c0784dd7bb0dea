"""The same delta to the same viewers on ours and on other servers, side by side in one run.

    python -m loadtests.compare [--viewers 1000] [--rate 5] [--seconds 8] [--rounds 3] [--only NAME …] [--out FOLDER]

Each server runs alone on one core; the viewers (this process), Valkey and PostgreSQL share the others. A round runs
every server once, one after the other; medians over the rounds are written as JSON, as a table and as a plot.
"""

import argparse
import gc
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from loadtests.compare.install import install
from loadtests.compare.measure import Installed, lowest, ours, theirs
from loadtests.compare.peers import PEERS
from loadtests.compare.plot import plot
from loadtests.figures import median_rows, table
from loadtests.floor import languages
from loadtests.machine import cores, describe, pinned, raise_file_limit
from loadtests.server import Stores, stores

OURS: Final = "CineBook Live"
RESULTS: Final = Path(__file__).parent.parent / "results"

Measurement = Callable[[], dict[str, float]]


def main() -> None:
    """The command."""
    options = _options()
    machine = describe()
    raise_file_limit()
    gc.disable()
    rounds: dict[str, list[dict[str, float]]] = {}
    with pinned(cores()[1]), stores() as on:
        measurements = _measurements(on, options)
        for number in range(options.rounds):
            for name, measure in measurements.items():
                row = measure()
                rounds.setdefault(name, []).append(row)
                print(f"round {number + 1}  {name:<28} {row['µs/frame']:8.2f} µs/frame", flush=True)
                gc.collect()
    medians = {name: median_rows(found) for name, found in rounds.items()}
    base = medians[f"floor in {languages()[0]}"]["µs/frame"]
    rows = {
        name: {"µs/frame": row.pop("µs/frame"), "× floor": medians[name]["µs/frame"] / base, **row}
        for name, row in ((name, dict(row)) for name, row in medians.items())
    }
    rows = dict(sorted(rows.items(), key=lambda item: item[1]["µs/frame"]))
    options.out.mkdir(parents=True, exist_ok=True)
    parameters = f"{options.viewers:,} viewers, {options.rate:g} deltas/s, medians of {options.rounds} rounds"
    lines = [parameters, "", *(f"- {name}: {value}" for name, value in machine.items()), "", table(rows)]
    (options.out / "compare.md").write_text("\n".join(lines) + "\n")
    (options.out / "compare.json").write_text(
        json.dumps(
            {"machine": machine, "parameters": parameters, "rows": rows, "rounds": rounds}, indent=1, ensure_ascii=False
        )
        + "\n"
    )
    plot({name: row["µs/frame"] for name, row in rows.items()}, OURS, parameters, options.out / "compare.svg")
    print("\n" + "\n".join(lines))


def _measurements(on: Stores, options: argparse.Namespace) -> dict[str, Measurement]:
    """Everything that is to be measured, by name; a peer that cannot be installed is left out, and that is said."""
    viewers, rate, seconds = options.viewers, options.rate, options.seconds
    redis_socket = on.redis_url.removeprefix("unix://")
    found: dict[str, Measurement] = {
        f"floor in {language}": lambda language=language: lowest(language, viewers, rate, seconds)  # type: ignore[misc]
        for language in languages()
    }
    found[OURS] = lambda: ours(on, viewers, rate, seconds)
    for peer in PEERS:
        if options.only and not any(word.lower() in peer.name.lower() for word in options.only):
            continue
        print(peer.name, flush=True)
        try:
            server = Installed(peer, install(peer), redis_socket)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"    left out, because it could not be installed: {error}", flush=True)
            continue
        found[peer.name] = lambda server=server: theirs(server, viewers, rate, seconds)  # type: ignore[misc]
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=5.0, help="deltas a second")
    parser.add_argument("--seconds", type=float, default=8.0, help="of publishing, for each server and round")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over so many")
    parser.add_argument("--only", nargs="+", help="parts of the names of the peers to run; by default all")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder to write to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
