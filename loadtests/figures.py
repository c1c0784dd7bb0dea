"""Quantiles of what was measured, medians of rounds, and tables."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from loadtests.swarm import Message

SAMPLES: Final = 1_000_000
"""Of more arrivals than this only every so many-th is looked at."""


@dataclass(frozen=True)
class Latency:
    """Of many times, in milliseconds; zeros if there were none."""

    p50: float
    p99: float
    max: float
    count: int

    def as_row(self) -> dict[str, float]:
        """For a table."""
        return {"p50 ms": round(self.p50, 2), "p99 ms": round(self.p99, 2), "max ms": round(self.max, 2)}


def latency(times_ns: Iterable[int]) -> Latency:
    """The quantiles of times in nanoseconds."""
    times = sorted(times_ns)
    if not times:
        return Latency(0, 0, 0, 0)

    def at(share: float) -> float:
        return times[min(len(times) - 1, int(share * len(times)))] / 1e6

    return Latency(at(0.5), at(0.99), times[-1] / 1e6, len(times))


def delivery(messages: Iterable[Message]) -> Latency:
    """From the sending of each request to each arrival of the message that tells of it."""
    told = [message for message in messages if message.sent and message.arrivals]
    count = sum(len(message.sent) * len(message.arrivals) for message in told)
    every = max(1, count // SAMPLES)
    found: list[int] = []
    offset = 0
    for message in told:
        arrivals = message.arrivals
        for sent in message.sent:
            found += [arrived - sent for arrived in islice(arrivals, offset % every, None, every)]
            # So that not always the same of the connections are looked at.
            offset += 1
    # The latest arrival is never missed.
    found += [max(message.arrivals) - min(message.sent) for message in told]
    return latency(found)


def median_rows(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {name: statistics.median(row[name] for row in rounds) for name in rounds[0]}


def table(rows: Mapping[str, Mapping[str, float | str]]) -> str:
    """A Markdown table: a line per name, a column per figure."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = [["", *columns]]
    lines += [[name, *(_shown(row.get(column, "")) for column in columns)] for name, row in rows.items()]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns) + 1)]
    lines.insert(1, ["-" * max(3, width) for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.2f}"
