"""The floor in both languages: what sending one small frame to every connection costs where nothing else is done.

    python -m loadtests.floor CONNECTIONS FRAME_BYTES

is the loop in Python, which says and reads the same lines as the one in C (`floor.c`).
"""

import contextlib
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

from loadtests.compiled import compiled
from loadtests.figures import Latency, delivery
from loadtests.frames import handshake
from loadtests.machine import pinned
from loadtests.swarm import Link, Message, Swarm

FRAME_BYTES: Final = 42
SOURCE: Final = "floor.c"
AT_ONCE_RATE: Final = 1e6
NUMBER: Final = slice(0, 8)
"""Where a frame's payload says in hexadecimal digits which round it is of."""

SEED: Final = 20261101
HOST: Final = "127.0.0.1"
LANGUAGES: Final = {"C": (), "C with io_uring": ("-DURING",), "Python": None}
"""What each is compiled with."""


class RoundReader:
    """Reads of which round a frame is."""

    def __init__(self) -> None:
        self.sent: dict[int, int] = {}
        """When rounds were ordered."""

    def shared(self, payload: bytes) -> Message | None:
        """Every frame of a round is the same message."""
        when = self.sent.get(int(payload[NUMBER], 16))
        return Message(start=-1, version=0, sent=() if when is None else (when,), ready=True)

    def personal(self, link: Link, payload: bytes, arrived: int) -> None:
        """There are none."""


class Floor:
    """A sender and as many connections that read."""

    def __init__(self, process: "subprocess.Popen[str]", reader: RoundReader, swarm: Swarm, links: list[Link]) -> None:
        self._process = process
        self._reader = reader
        self._rounds = 0
        self._swarm = swarm
        self._links = links

    def us_per_frame(self, rate: float, seconds: float) -> float:
        """CPU microseconds that each frame takes, at `rate` rounds a second over all connections."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        rounds = max(1, int(rate * seconds))
        self._swarm.begin()
        self._rounds += rounds
        self._process.stdin.write(f"{rounds} {rate}\n")
        self._process.stdin.flush()
        self._swarm.run(rounds / rate)
        self._swarm.settle()
        frames = sum(link.messages for link in self._links)
        assert frames == rounds * len(self._links), (frames, rounds, len(self._links))
        return int(self._process.stdout.readline()) / frames / 1000

    def delivery(self, rate: float, seconds: float) -> Latency:
        """From the order to send a round, given at random (Poisson) times, to its arrival at each connection."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        chance = random.Random(SEED)
        self._swarm.begin()
        due = started = time.monotonic()
        ordered = 0
        while due - started < seconds:
            self._swarm.run(due - time.monotonic())
            self._reader.sent[self._rounds] = time.monotonic_ns()
            self._process.stdin.write(f"1 {AT_ONCE_RATE}\n")
            self._process.stdin.flush()
            self._rounds += 1
            ordered += 1
            due += chance.expovariate(rate)
        self._swarm.settle()
        frames = sum(link.messages for link in self._links)
        assert frames == ordered * len(self._links), (frames, ordered, len(self._links))
        for _ in range(ordered):
            self._process.stdout.readline()
        return delivery(self._swarm.messages())


@contextlib.contextmanager
def floor(language: str, connections: int, core: set[int]) -> Iterator[Floor]:
    """The sender in this language, kept on `core`."""
    options = LANGUAGES[language]
    program = [sys.executable, "-m", "loadtests.floor"] if options is None else [str(compiled(SOURCE, *options))]
    command = [*program, str(connections), str(FRAME_BYTES)]
    with contextlib.ExitStack() as stack:
        with pinned(core):
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
        stack.callback(process.kill)
        assert process.stdout is not None
        address = HOST, int(process.stdout.readline())
        reader = RoundReader()
        swarm = Swarm(reader, ready_when_open=True)
        stack.callback(swarm.close)
        links = swarm.connect(address, [handshake("/", HOST)] * connections)
        assert all(link.open for link in links)
        yield Floor(process, reader, swarm, links)


def languages() -> tuple[str, ...]:
    """Those that this machine can run."""
    return tuple(name for name, options in LANGUAGES.items() if options is None or _works(options))


def _works(options: tuple[str, ...]) -> bool:
    """Whether there is a compiler for it, and a kernel."""
    program = compiled(SOURCE, *options)
    if program is None:
        return False
    try:
        subprocess.run(
            [program, "0", str(FRAME_BYTES)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    except subprocess.CalledProcessError:
        return False
    return True


def main(connections: int, size: int) -> None:
    """The loop in Python."""
    head, rest, total = bytes((0x82, size - 2)), b"x" * (size - 10), 0
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
            frame = head + f"{total:08x}".encode() + rest
            total += 1
            for connection in sockets:
                connection.send(frame)
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
        print(time.process_time_ns() - cpu, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
