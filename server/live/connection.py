"""A WebSocket connection that belongs to a session alone: no ASGI call, no task, no queue; frames in, frames out."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, assert_never

from protocol.codec import MAX_INBOUND_BYTES
from protocol.codes import CloseCode
from server.live.frames import Way
from server.live.framing import (
    Binary,
    Closed,
    Event,
    FrameReader,
    Ping,
    Pong,
    Text,
    Violation,
    close_frame,
    ping_frame,
    pong_frame,
)
from server.live.pulse import Pulse

if TYPE_CHECKING:
    from server.live.session import Session

CLOSE_GRACE_S: Final = 2.0
"""How long a client may take to answer a close before it is cut off."""

_PING: Final = ping_frame()


class Connection(asyncio.Protocol):
    """The transport's protocol after the handshake, and the session's way out.

    `connections` is the server's set of open ones, for its shutdown. When more than `write_bytes` wait for the client,
    it counts as behind; more does not pile up, because nothing more is sent to it. Reading begins with `proceed`.
    `answer`, that to the handshake, leaves in one piece with what is written until `flush`, which comes by itself when
    the turn of the loop is over: to send is the dearest part of a handshake.
    """

    __slots__ = (
        "_closing", "_connections", "_held", "_pulse", "_reader", "_session", "_timer", "_transport", "asked", "due",
        "heard", "way", "write",
    )  # fmt: skip

    def __init__(
        self,
        transport: asyncio.Transport,
        way: Way,
        pulse: Pulse,
        write_bytes: int,
        connections: set[object],
        *,
        answer: bytes,
    ) -> None:
        self.way: Final = way
        self._held: list[bytes] | None = [answer]
        self.write: Callable[[bytes], None] = self._held.append
        self._transport = transport
        self._pulse = pulse
        self._connections = connections
        self._reader = FrameReader(MAX_INBOUND_BYTES)
        self._session: Session | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self.heard = self.asked = self.due = 0
        transport.set_write_buffer_limits(high=write_bytes)
        transport.pause_reading()
        transport.set_protocol(self)
        connections.add(self)
        asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Send what was held back, and hold nothing back from now on."""
        held, self._held = self._held, None
        if held is not None:
            self.write = self._transport.write
            self.write(b"".join(held))

    def attach(self, session: "Session") -> None:
        """Be `session`'s from now on: it is told when the client falls behind, and left when the connection ends."""
        if self._closing:
            session.leave()
        else:
            self._session = session
            self._pulse.add(self)

    # The session's side

    def close(self, code: CloseCode) -> None:
        """Close after what was written; cut off a client that does not take it."""
        self._end(code, "")

    def hold(self) -> None:
        """Take in nothing more from the client until `proceed`."""
        if not self._closing:
            self._transport.pause_reading()

    def proceed(self) -> None:
        """Take in again what the client says."""
        if not self._closing:
            self._transport.resume_reading()

    # The pulse's side

    def ask(self) -> None:
        """Send a ping."""
        self.write(_PING)

    def give_up(self) -> None:
        """End a connection that gave no sign of life."""
        self.close(CloseCode.IDLE)

    # The server's side

    def shutdown(self) -> None:
        """Close because the server ends."""
        self.close(CloseCode.SERVICE_RESTART)

    # The transport's side

    def data_received(self, data: bytes) -> None:
        """Take in what the client sent."""
        self.heard = self._pulse.now
        for event in self._reader.feed(data):
            if self._closing and not isinstance(event, Closed):
                continue
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case Text(payload) | Binary(payload):
                if self._session is not None:
                    self._session.receive(payload, binary=isinstance(event, Binary))
            case Ping(payload):
                self.write(pong_frame(payload))
            case Pong():
                pass
            case Violation(code, reason):
                self._end(code, reason)
                # Nothing more is read as frames, so the client's answer is the end of its stream.
                if self._transport.can_write_eof():
                    self._transport.write_eof()
            case Closed(code):
                self._answer_close(code)
            case _:
                assert_never(event)

    def pause_writing(self) -> None:
        """The client does not take what is written."""
        if self._session is not None and not self._closing:
            self._session.fell_behind()

    def resume_writing(self) -> None:
        """The client has taken what was waiting."""
        if self._session is not None and not self._closing:
            self._session.caught_up()

    def eof_received(self) -> None:
        """The client says nothing more: without a closing handshake, too, the connection is over."""
        self._closing = True
        self._write_no_more()
        self._leave()
        self._hang_up()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The connection is gone, whoever ended it."""
        self._closing = True
        self._write_no_more()
        self._connections.discard(self)
        self._leave()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, code: int, reason: str) -> None:
        if self._closing:
            return
        self._closing = True
        self._leave()
        self._say_last(close_frame(code, reason))
        self._transport.resume_reading()
        self._timer = asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._transport.abort)

    def _answer_close(self, code: int) -> None:
        if not self._closing:
            self._closing = True
            self._leave()
            self._say_last(close_frame(CloseCode.NORMAL if code == CloseCode.NO_STATUS else code))
        self._hang_up()

    def _say_last(self, data: bytes) -> None:
        self.write(data)
        self.flush()
        self._write_no_more()

    def _write_no_more(self) -> None:
        self._held = None
        self.write = _write_nothing

    def _hang_up(self) -> None:
        self._transport.close()
        if self._timer is None:
            # A client that takes nothing more would keep the transport open with what waits for it.
            self._timer = asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._transport.abort)

    def _leave(self) -> None:
        self._pulse.remove(self)
        session, self._session = self._session, None
        if session is not None:
            session.leave()


def _write_nothing(_data: bytes) -> None:
    """What `write` is from a connection's end on: transports object to what comes too late."""
