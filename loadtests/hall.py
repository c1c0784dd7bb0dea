"""One server under test with its viewers: the server alone on one core, everybody else on the others."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from loadtests.machine import cores, cpu_ns, memory_bytes
from loadtests.pickers import Pickers
from loadtests.seatmap import SHOWTIME, SeatMapReader, request
from loadtests.server import Stores, Target, serving
from loadtests.swarm import Link, Swarm

IDLE_S: Final = 2.0
LARGE: Final = "demo-large"
PRESENT: Final[Mapping[str, str]] = {}
"""The settings that people have who set none."""


@dataclass
class Cost:
    """What a stretch of time took, filled in when it ends."""

    seconds: float = 0.0
    server_ns: int = 0
    own_ns: int = 0

    def busy(self) -> dict[str, float]:
        """How much of their cores the server and the measuring side used, in percent."""
        return {
            "server core %": round(self.server_ns / self.seconds / 1e7, 1),
            "viewers' core %": round(self.own_ns / self.seconds / 1e7, 1),
        }


class Hall:
    """A running server, the swarm that watches it, and what its messages mean."""

    def __init__(self, target: Target, showtime: str = SHOWTIME) -> None:
        self.target = target
        self.showtime = showtime
        self.reader = SeatMapReader()
        self.swarm = Swarm(self.reader)
        self.viewers: list[Link] = []
        self._pickers: Pickers | None = None

    def admit(self, count: int, *, narrow: bool = False, at_once: int = 64) -> list[Link]:
        """Open so many viewers; each has its snapshot when this returns."""
        host = f"{self.target.host}:{self.target.port}"
        links = self.swarm.connect(
            (self.target.host, self.target.port),
            (request(host, showtime=self.showtime) for _ in range(count)),
            at_once=at_once,
            narrow=narrow,
        )
        missing = [link.code for link in links if not link.ready_at]
        assert not missing, f"{len(missing)} of {count} viewers got no snapshot: {missing[:5]}"
        self.viewers += links
        return links

    def pickers(self, count: int, *, together: int = 1) -> Pickers:
        """Open so many pickers, in the place of those before, who ask for `together` seats at a time."""
        self.dismiss()
        self._pickers = Pickers(self.swarm, self.reader, self.target, count, self.showtime, together=together)
        return self._pickers

    def dismiss(self) -> None:
        """Send the pickers home, without their seats."""
        if self._pickers is not None:
            self._pickers.leave()
            self._pickers = None

    @contextlib.contextmanager
    def measured(self) -> Iterator[Cost]:
        """Count CPU and messages from here to the end of the block."""
        self.swarm.begin()
        cost = Cost()
        started, server, own = time.monotonic(), cpu_ns(self.target.pid), time.process_time_ns()
        yield cost
        cost.seconds = time.monotonic() - started
        cost.server_ns = cpu_ns(self.target.pid) - server
        cost.own_ns = time.process_time_ns() - own

    def idle_share(self) -> float:
        """The CPU that the server takes while nothing happens, in seconds per second."""
        with self.measured() as cost:
            self.swarm.run(IDLE_S)
        return cost.server_ns / cost.seconds / 1e9

    def memory(self) -> int:
        """The server's memory, in bytes."""
        return memory_bytes(self.target.pid)

    def behind(self) -> int:
        """How many viewers are not at the store's version, or missed one on the way."""
        version = self.target.version(self.showtime)
        return sum(link.version != version or link.gaps > 0 for link in self.viewers)


@contextlib.contextmanager
def hall(
    on: Stores, settings: Mapping[str, str] = PRESENT, *, showtime: str = SHOWTIME, port: int = 0
) -> Iterator[Hall]:
    """A server on these stores, alone on its core."""
    with serving(on, settings, core=cores()[0], port=port) as target:
        opened = Hall(target, showtime)
        try:
            yield opened
            opened.dismiss()
        finally:
            opened.swarm.close()
