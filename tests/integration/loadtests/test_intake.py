"""Reading in C and in Python: the same pieces, with the times at which they were read."""

import select
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from loadtests.compiled import compiled
from loadtests.intake import InPython, Intake, Piece, intake

PAIRS = 300


@pytest.fixture
def epoll() -> Iterator[select.epoll]:
    """Watches what a test registers."""
    with select.epoll() as found:
        yield found


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Both ends of some connections."""
    found = [socket.socketpair() for _ in range(PAIRS)]
    yield found
    for pair in found:
        for end in pair:
            end.close()


def taken(reader: Intake, count: int) -> list[Piece]:
    """So many pieces."""
    found: list[Piece] = []
    while len(found) < count:
        found += reader.drain(5)
    return found


@pytest.mark.parametrize("make", [intake, InPython])
def test_everything_that_arrives_is_read(
    make: Callable[[select.epoll], Intake], epoll: select.epoll, pairs: list[tuple[socket.socket, socket.socket]]
) -> None:
    """Each piece once, of the socket that it came on, at a time between its sending and its return."""
    assert compiled("reader.c", "-shared", "-fPIC"), "this machine has no C compiler"
    reader = make(epoll)
    for here, _ in pairs:
        epoll.register(here, select.EPOLLIN)
    before = time.monotonic_ns()
    for number, (_, there) in enumerate(pairs):
        there.send(f"piece {number}".encode())
    pieces = taken(reader, PAIRS)
    after = time.monotonic_ns()
    assert {fd: data for fd, data, _ in pieces} == {
        here.fileno(): f"piece {number}".encode() for number, (here, _) in enumerate(pairs)
    }
    assert len(pieces) == PAIRS
    assert all(before <= when <= after for _, _, when in pieces)
    assert not list(reader.drain(0))


@pytest.mark.parametrize("make", [intake, InPython])
def test_an_end_and_a_socket_that_can_be_written_to(
    make: Callable[[select.epoll], Intake], epoll: select.epoll, pairs: list[tuple[socket.socket, socket.socket]]
) -> None:
    """The one comes as empty, the other as nothing read."""
    (here, there), (writable, _) = pairs[:2]
    there.close()
    epoll.register(here, select.EPOLLIN)
    epoll.register(writable, select.EPOLLOUT)
    pieces = {fd: data for fd, data, _ in taken(make(epoll), 2)}
    assert pieces == {here.fileno(): b"", writable.fileno(): None}
