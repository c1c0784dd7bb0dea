"""What every scenario is given and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

STEADY: Final = {"HEARTBEAT_MS": "600000"}
"""Heartbeats are put off where CPU is compared, or they would fall into one stretch of time and not into another."""

UNCOALESCED: Final = {**STEADY, "COALESCE_MS": "0"}
COALESCED: Final = {**STEADY, "COALESCE_MS": "25"}


@dataclass(frozen=True)
class Plan:
    """The options of a run."""

    viewers: tuple[int, ...] = (1000, 5000)
    rate: float = 0.0
    """Deltas a second; 0 takes what suits the number of viewers."""
    seconds: float = 0.0
    """Of each measurement; 0 takes what suits the scenario."""
    rounds: int = 3


@dataclass(frozen=True)
class Claim:
    """A figure beside the bound that it is to keep."""

    text: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the figure is on the right side."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def as_row(self) -> dict[str, float | str]:
        """For a table."""
        sign = "≥" if self.at_least else "≤"
        return {"measured": self.value, "asked": f"{sign} {self.bound:g}", "": "yes" if self.kept else "NO"}


@dataclass
class Report:
    """A table, by lines and columns, and claims."""

    rows: dict[str, Mapping[str, float | str]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
