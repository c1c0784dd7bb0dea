"""Thousands of WebSocket connections in one epoll loop: they count what arrives, and when, with no library on the way.

What arrives at many is read once: connections are sent the same bytes, so each piece is looked up among those that were
taken apart before. Linux alone has epoll.
"""

import contextlib
import errno
import os
import select
import socket
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from loadtests import frames
from loadtests.intake import intake

SOURCES: Final = 8
"""Loopback addresses to connect from, because one has but 28,000 ports."""

NARROW_BUFFER: Final = 4096
NARROW_SEGMENT: Final = 128
KNOWN_PIECES: Final = 5000
_IP_BIND_ADDRESS_NO_PORT: Final = 24
ABNORMAL: Final = 1006


class Message:
    """One message that was sent to many; `arrivals` are the times at which those that are timed had it."""

    __slots__ = ("arrivals", "ready", "sent", "start", "version")

    def __init__(self, *, start: int, version: int, sent: Sequence[int], ready: bool) -> None:
        self.start = start
        """The version that it follows; -1 for a snapshot, which follows any."""
        self.version = version
        self.sent = sent
        """When the requests that it tells of were sent."""
        self.ready = ready
        """Whether who has it has a whole map."""
        self.arrivals = array("q")


class Reader(Protocol):
    """What the payloads mean."""

    def shared(self, payload: bytes) -> Message | None:
        """The message, if it is one that everybody gets."""

    def personal(self, link: "Link", payload: bytes, arrived: int) -> None:
        """Any other message."""


class Link:
    """One connection."""

    __slots__ = (
        "code", "fd", "gaps", "messages", "open", "opened_at", "ready_at",
        "request", "rest", "sock", "timed", "version",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, request: bytes) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.request = request
        self.open = False
        self.rest = b""
        self.version = -1
        self.messages = 0
        self.gaps = 0
        self.timed = True
        self.code = 0
        """The close code; 0 while the connection lives, 1006 if it ended without one."""
        self.opened_at = self.ready_at = 0

    def send(self, opcode: int, payload: bytes) -> None:
        """Send one frame, small enough for the kernel to take whole."""
        self.sock.send(frames.frame(opcode, payload))


class Swarm:
    """Connections and the loop that serves them."""

    def __init__(self, reader: Reader, *, ready_when_open: bool = False) -> None:
        self._reader = reader
        self._ready_when_open = ready_when_open
        self._epoll = select.epoll()
        self._intake = intake(self._epoll)
        self._links: dict[int, Link] = {}
        self._messages: dict[bytes, Message] = {}
        self._pieces: dict[bytes, tuple[list[Message], bytes]] = {}
        self._waiting = 0
        self.heard_at = 0
        """When anything last arrived, in nanoseconds of the monotonic clock."""

    def close(self) -> None:
        """Drop every connection."""
        for link in list(self._links.values()):
            self.drop(link)
        self._epoll.close()

    # Connections

    def connect(
        self,
        address: tuple[str, int],
        requests: Iterable[bytes],
        *,
        version: int = -1,
        at_once: int = 64,
        narrow: bool = False,
        timeout_s: float = 60,
    ) -> list[Link]:
        """One connection per request, `at_once` under way, from a `version` on; returns when each is ready or ended.

        `narrow`: so that the kernels of both sides keep little of what is not read.
        """
        links: list[Link] = []
        deadline = time.monotonic() + timeout_s
        first = self._waiting
        for request in requests:
            links.append(link := self._begin(address, request, len(links), narrow=narrow))
            link.version = version
            while self._waiting - first >= at_once:
                self.step(1)
                assert time.monotonic() < deadline, "connections do not become ready"
        while self._waiting > first and time.monotonic() < deadline:
            self.step(0.1)
        return links

    def drop(self, link: Link) -> None:
        """Cut a connection without a word, so that no port stays taken."""
        with contextlib.suppress(OSError):
            link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._end(link, ABNORMAL)

    def pause(self, link: Link) -> None:
        """Read no more from this connection."""
        self._epoll.modify(link.fd, 0)

    def resume(self, link: Link) -> None:
        """Read again."""
        self._epoll.modify(link.fd, select.EPOLLIN)

    def _begin(self, address: tuple[str, int], request: bytes, number: int, *, narrow: bool) -> Link:
        sock = socket.socket()
        sock.setblocking(False)  # noqa: FBT003 - the name of the method says it
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((f"127.0.0.{2 + number % SOURCES}", 0))
        if narrow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BUFFER)
            # The other side's kernel makes its buffer for as many segments.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW_SEGMENT)
        link = Link(sock, request)
        result = sock.connect_ex(address)
        assert result in {0, errno.EINPROGRESS}, os.strerror(result)
        self._links[link.fd] = link
        self._waiting += 1
        self._epoll.register(link.fd, select.EPOLLOUT)
        return link

    def _end(self, link: Link, code: int) -> None:
        if self._links.pop(link.fd, None) is None:
            return
        if not link.ready_at:
            self._waiting -= 1
        link.code = code
        self._epoll.unregister(link.fd)
        link.sock.close()

    def _ready(self, link: Link, now: int) -> None:
        if not link.ready_at:
            link.ready_at = now
            self._waiting -= 1

    # The loop

    def step(self, timeout_s: float) -> None:
        """Wait at most so long for something to happen, and take what came."""
        for fd, data, now in self._intake.drain(timeout_s):
            link = self._links.get(fd)
            if link is None:
                continue
            if data is None:
                self._connected(link)
                continue
            if data:
                self._take(link, data, now)
            else:
                self._end(link, ABNORMAL)
            self.heard_at = now

    def run(self, seconds: float) -> None:
        """Only listen."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.step(left)

    def settle(self, quiet_s: float = 0.3, *, timeout_s: float = 30, until: Callable[[], bool] = lambda: True) -> bool:
        """Listen until nothing arrived for a while and `until` holds; whether that came in time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.step(quiet_s)
            if time.monotonic_ns() - self.heard_at >= quiet_s * 1e9 and until():
                return True
        return False

    def begin(self) -> None:
        """Forget what was counted."""
        self._messages.clear()
        self._pieces.clear()
        for link in self._links.values():
            link.messages = link.gaps = 0

    def messages(self) -> list[Message]:
        """What was sent to everybody since `begin`."""
        return list(self._messages.values())

    def _connected(self, link: Link) -> None:
        error = link.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._end(link, ABNORMAL)
            return
        link.sock.send(link.request)
        self._epoll.modify(link.fd, select.EPOLLIN)

    def _take(self, link: Link, data: bytes, now: int) -> None:
        if link.rest:
            data = link.rest + data
        if not link.open:
            data = self._handshaken(link, data, now)
            if not data:
                return
        piece = self._pieces.get(data)
        if piece is None:
            piece = self._read(link, data, now)
        messages, link.rest = piece
        for message in messages:
            if message.start > link.version:
                link.gaps += 1
            elif message.version > link.version:
                link.version = message.version
            link.messages += 1
            if link.timed:
                message.arrivals.append(now)
            if message.ready and not link.ready_at:
                self._ready(link, now)

    def _handshaken(self, link: Link, data: bytes, now: int) -> bytes:
        """Read the answer to the handshake; what follows it."""
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            link.rest = data
            return b""
        link.rest = b""
        if frames.status_of(head) != 101:
            self._end(link, frames.status_of(head))
            return b""
        link.open, link.opened_at = True, now
        if self._ready_when_open:
            self._ready(link, now)
        return rest

    def _read(self, link: Link, data: bytes, now: int) -> tuple[list[Message], bytes]:
        """Take a piece apart that was not seen before, and remember it if everybody gets the same."""
        found, rest = frames.split(data)
        messages = []
        personal = False
        for opcode, payload in found:
            message = self._messages.get(payload)
            if message is not None:
                messages.append(message)
            elif opcode == frames.PING:
                personal = True
                link.send(frames.PONG, payload)
            elif opcode == frames.CLOSE:
                self._end(link, int.from_bytes(payload[:2]) or ABNORMAL)
                return messages, b""
            elif (message := self._reader.shared(payload)) is not None:
                self._messages[payload] = message
                messages.append(message)
            else:
                personal = True
                self._reader.personal(link, payload, now)
        piece = (messages, rest)
        if not personal:
            if len(self._pieces) > KNOWN_PIECES:
                self._pieces.clear()
            self._pieces[data] = piece
        return piece
