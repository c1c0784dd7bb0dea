"""What one native call that writes a frame to many sockets would bring.

    python -m loadtests.experiments.native [--connections 1000] [--rounds 300]

In one process and in turns: uvloop's `transport.write` in a loop, as the live engine does it; `os.write` to the same
descriptors; and a loop of `send()` in C, called once for all of them. CPU per frame, medians over the rounds.
"""

import argparse
import asyncio
import ctypes
import os
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from loadtests.machine import cores, raise_file_limit

FRAME = b"\x82\x28" + b"x" * 40
PAUSE_S = 0.01


class Accepted(asyncio.Protocol):
    """Keeps the transports of all connections."""

    transports: list[asyncio.Transport] = []  # noqa: RUF012 - one list for all of them is the point

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """One more."""
        self.transports.append(transport)  # type: ignore[arg-type]  # uvloop's are no subclass of asyncio's


def compiled(folder: Path) -> ctypes.CDLL:
    """The loop in C; needs a compiler."""
    library = folder / "many.so"
    source = Path(__file__).with_name("many.c")
    compiler = shutil.which("cc") or sys.exit("this needs a C compiler (cc)")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return ctypes.CDLL(str(library))


def read_all(port: int, connections: int) -> None:
    """Open the connections and read whatever comes; ends with its parent."""
    os.sched_setaffinity(0, cores()[1])
    poll = select.epoll()
    peers = {}
    for _ in range(connections):
        peer = socket.create_connection(("127.0.0.1", port))
        peer.settimeout(0)
        poll.register(peer, select.EPOLLIN)
        peers[peer.fileno()] = peer
    while True:
        for descriptor, _ in poll.poll():
            if not peers[descriptor].recv(1 << 16):
                os._exit(0)


async def measure(connections: int, rounds: int, library: ctypes.CDLL) -> None:
    """Print each way's CPU per frame."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = await asyncio.get_running_loop().create_server(Accepted, sock=listener)
    child = os.fork()
    if child == 0:
        read_all(listener.getsockname()[1], connections)
    os.sched_setaffinity(0, cores()[0])
    while len(Accepted.transports) < connections:  # noqa: ASYNC110 - the child connects in its own time
        await asyncio.sleep(0.1)
    descriptors = [transport.get_extra_info("socket").fileno() for transport in Accepted.transports]
    writers = [transport.write for transport in Accepted.transports]
    array = (ctypes.c_int * connections)(*descriptors)

    def transports() -> None:
        for write in writers:
            write(FRAME)

    def system_calls() -> None:
        for descriptor in descriptors:
            os.write(descriptor, FRAME)

    def native() -> None:
        assert library.send_many(array, connections, FRAME, ctypes.c_size_t(len(FRAME))) == 0

    ways = {"transport.write, as the engine does": transports, "os.write": system_calls, "one call of C": native}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            before = time.process_time_ns()
            way()
            await asyncio.sleep(0)
            costs[name].append((time.process_time_ns() - before) / connections / 1000)
            await asyncio.sleep(PAUSE_S)
    least = statistics.median(costs["one call of C"])
    for name, found in costs.items():
        median = statistics.median(found)
        print(f"{name:<36} {median:5.2f} µs a frame, {median / least:4.2f} × one call of C")
    os.kill(child, 9)
    server.close()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    raise_file_limit()
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(measure(options.connections, options.rounds, compiled(Path(folder))))


if __name__ == "__main__":
    main()
