"""The floor in both languages: what sending one small frame to every connection costs where nothing else is done.

    python -m loadtests.floor CONNECTIONS FRAME_BYTES

is the loop in Python, which says and reads the same lines as the one in C (`floor.c`).
"""

import atexit
import contextlib
import functools
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from loadtests.frames import handshake
from loadtests.machine import pinned
from loadtests.swarm import Link, Message, Swarm

FRAME_BYTES: Final = 42
HOST: Final = "127.0.0.1"
LANGUAGES: Final = {"C": (), "C with io_uring": ("-DURING",), "Python": None}
"""What each is compiled with."""


class Counting:
    """A reader that takes every message for one and the same."""

    def shared(self, _payload: bytes) -> Message | None:
        """A message that says nothing."""
        return Message(start=-1, version=0, sent=(), ready=True)

    def personal(self, link: Link, payload: bytes, arrived: int) -> None:
        """There are none."""


class Floor:
    """A sender and as many connections that read."""

    def __init__(self, process: "subprocess.Popen[str]", swarm: Swarm, links: list[Link]) -> None:
        self._process = process
        self._swarm = swarm
        self._links = links

    def us_per_frame(self, rate: float, seconds: float) -> float:
        """CPU microseconds that each frame takes, at `rate` rounds a second over all connections."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        rounds = max(1, int(rate * seconds))
        self._swarm.begin()
        self._process.stdin.write(f"{rounds} {rate}\n")
        self._process.stdin.flush()
        self._swarm.run(rounds / rate)
        self._swarm.settle()
        frames = sum(link.messages for link in self._links)
        assert frames == rounds * len(self._links), (frames, rounds, len(self._links))
        return int(self._process.stdout.readline()) / frames / 1000


@contextlib.contextmanager
def floor(language: str, connections: int, core: set[int]) -> Iterator[Floor]:
    """The sender in this language, kept on `core`."""
    options = LANGUAGES[language]
    program = [sys.executable, "-m", "loadtests.floor"] if options is None else [str(_compiled(options))]
    command = [*program, str(connections), str(FRAME_BYTES)]
    with contextlib.ExitStack() as stack:
        with pinned(core):
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
        stack.callback(process.kill)
        assert process.stdout is not None
        address = HOST, int(process.stdout.readline())
        swarm = Swarm(Counting(), ready_when_open=True)
        stack.callback(swarm.close)
        links = swarm.connect(address, [handshake("/", HOST)] * connections)
        assert all(link.open for link in links)
        yield Floor(process, swarm, links)


def languages() -> tuple[str, ...]:
    """Those that this machine can run."""
    return tuple(name for name, options in LANGUAGES.items() if options is None or _works(options))


def _works(options: tuple[str, ...]) -> bool:
    """Whether there is a compiler for it, and a kernel."""
    if shutil.which("cc") is None:
        return False
    try:
        subprocess.run(
            [_compiled(options), "0", str(FRAME_BYTES)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    except subprocess.CalledProcessError:
        return False
    return True


@functools.cache
def _compiled(options: tuple[str, ...]) -> Path:
    compiler = shutil.which("cc")
    assert compiler is not None
    folder = Path(tempfile.mkdtemp(prefix="cinebook-floor-"))
    atexit.register(shutil.rmtree, folder)
    program = folder / "floor"
    subprocess.run([compiler, "-O2", *options, "-o", program, Path(__file__).with_suffix(".c")], check=True)
    return program


def main(connections: int, size: int) -> None:
    """The loop in Python."""
    frame = bytes((0x82, size - 2)) + b"x" * (size - 2)
    listener = socket.create_server((HOST, 0), backlog=4096)
    print(listener.getsockname()[1], flush=True)
    sockets = []
    for _ in range(connections):
        connection, _address = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        sockets.append(connection)
    for line in sys.stdin:
        rounds, rate = int(line.split()[0]), float(line.split()[1])
        started, cpu = time.monotonic(), time.process_time_ns()
        for number in range(1, rounds + 1):
            for connection in sockets:
                connection.send(frame)
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
        print(time.process_time_ns() - cpu, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
