"""One round of one server: connect the viewers, let them be idle, publish, and count what each frame cost."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtests.compare.install import configure_nginx
from loadtests.compare.peers import LOG, Peer, Place, StampReader, delta, start
from loadtests.figures import delivery
from loadtests.floor import FRAME_BYTES, floor
from loadtests.frames import handshake
from loadtests.hall import hall
from loadtests.machine import cores, cpu_ns, memory_bytes, pinned
from loadtests.scenarios.plan import UNCOALESCED
from loadtests.server import HOST, Stores
from loadtests.swarm import Swarm

IDLE_S: Final = 2.0
QUIET_SHARE: Final = 0.1
PATIENCE_S: Final = 120.0
"""For a server that cannot keep up: what it has queued still counts."""

PICKERS: Final = 1
WARM_UP: Final = 20
FIRST: Final = 10
FIRST_RATE: Final = 5.0


@dataclass(frozen=True)
class Installed:
    """A peer, where it was installed, and the Redis that it may use."""

    peer: Peer
    home: Path
    redis_socket: str


def ours(on: Stores, viewers: int, rate: float, seconds: float) -> dict[str, float]:
    """CineBook itself, every delta on its own: caused by lock requests, whose cost is part of it."""
    with hall(on, UNCOALESCED) as opened:
        opened.admit(WARM_UP)
        before = opened.memory()
        opened.admit(viewers - WARM_UP)
        grown = opened.memory() - before
        pickers = opened.pickers(PICKERS)
        pickers.drive(FIRST_RATE, FIRST / FIRST_RATE)
        idle = opened.idle_share()
        with opened.measured() as cost:
            pickers.drive(rate, seconds)
        frames = sum(link.messages for link in [*opened.viewers, *pickers.links])
        assert not opened.behind()
        return {
            "µs/frame": (cost.server_ns - idle * cost.seconds * 1e9) / frames / 1000,
            "KB/connection": grown / (viewers - WARM_UP) / 1024,
            "arrived": 1.0,
            **delivery(opened.swarm.messages()).as_row(),
        }


def theirs(server: Installed, viewers: int, rate: float, seconds: float) -> dict[str, float]:
    """One of the others."""
    peer = server.peer
    with _serving(server) as (process, place):
        swarm = Swarm(StampReader(), ready_when_open=peer.ready_when_open)
        requests = [handshake(peer.path, f"{HOST}:{place.port}")] * viewers
        try:
            links = swarm.connect((HOST, place.port), requests[:WARM_UP])
            before = memory_bytes(process.pid)
            links += swarm.connect((HOST, place.port), requests[WARM_UP:])
            assert all(link.ready_at for link in links), [link.code for link in links if not link.ready_at][:5]
            grown = memory_bytes(process.pid) - before
            started, cpu = time.monotonic(), cpu_ns(process.pid)
            swarm.run(IDLE_S)
            idle = (cpu_ns(process.pid) - cpu) / (time.monotonic() - started)
            # First ones, for what is set up or compiled only then.
            for _ in range(FIRST):
                peer.publish(place, delta(time.monotonic_ns()))
                swarm.run(1 / FIRST_RATE)
            _settle(swarm, process.pid)
            swarm.begin()
            started, cpu = time.monotonic(), cpu_ns(process.pid)
            published = int(rate * seconds)
            for number in range(published):
                swarm.run(started + number / rate - time.monotonic())
                peer.publish(place, delta(time.monotonic_ns()))
            _settle(swarm, process.pid)
            spent = cpu_ns(process.pid) - cpu - idle * (time.monotonic() - started)
            frames = sum(link.messages for link in links)
            return {
                "µs/frame": spent / max(1, frames) / 1000,
                "KB/connection": grown / (viewers - WARM_UP) / 1024,
                "arrived": frames / published / viewers,
                **delivery(swarm.messages()).as_row(),
            }
        finally:
            swarm.close()


def _settle(swarm: Swarm, pid: int) -> None:
    """Listen until the server has nothing left to do; it may be silent for long while it works."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        before = cpu_ns(pid)
        swarm.run(1)
        if cpu_ns(pid) - before < QUIET_SHARE * 1e9:
            return


def lowest(language: str, viewers: int, rate: float, seconds: float) -> dict[str, float]:
    """A bare loop of send()."""
    with floor(language, viewers, cores()[0]) as sender:
        return {"µs/frame": sender.us_per_frame(rate, seconds), "arrived": 1.0}


@contextlib.contextmanager
def _serving(server: Installed) -> Iterator[tuple["subprocess.Popen[str]", Place]]:
    port = configure_nginx(server.home) if server.peer.installer == "apt" else 0
    command = server.peer.command(server.home, server.redis_socket)
    with contextlib.ExitStack() as stack:
        with pinned(cores()[0]):
            process = start(command, server.home, publishing=False)
        stack.callback(_stop, process)
        if port:
            _wait_for(port)
        else:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said, f"{server.peer.name} does not start: see {server.home / LOG}"
            port = int(said)
        publisher = None
        if server.peer.own_publisher:
            helper = start(command, server.home, publishing=True)
            stack.callback(_stop, helper)
            publisher = helper.stdin
        yield process, Place(server.redis_socket, port, publisher)


def _stop(process: "subprocess.Popen[str]") -> None:
    """End it and all that it started, whatever its connections do."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


assert len(delta(0)) + 2 == FRAME_BYTES
