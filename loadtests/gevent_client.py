"""The gevent shell of the client core, for Locust: `protocol.client` on the sans-I/O half of `websockets`."""

import random
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import urlencode

import gevent  # type: ignore[import-untyped]  # it has none
from gevent import socket
from gevent.event import AsyncResult, Event  # type: ignore[import-untyped]  # as above
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from protocol.client import Client
from protocol.codec import MSGPACK, NotUnderstoodError, UndecodableError
from protocol.codes import CloseCode
from protocol.effects import Answer, Answered, Drop, Effect, MapChanged, MapReplaced, Reconnect, Send, Stop, Unanswered
from protocol.errors import DisconnectedError, RejectedError
from protocol.from_client import Auth, Extend, Lock, Request, Unlock
from protocol.from_server import Locked, Rejected
from protocol.scalars import RequestId

OPEN_TIMEOUT_S: Final = 10.0
RECEIVE_BYTES: Final = 1 << 16


class GeventClient:
    """One client of one showtime, in a greenlet that reconnects by itself.

    `on_map(from_version, version)` is called when the map moved; `on_ready(seconds)` when a connection has brought it
    up to date, with the time since the connection was begun.
    """

    def __init__(
        self,
        url: str,
        showtime: str,
        *,
        token: str | None = None,
        display: bool = False,
        on_map: Callable[[int, int], None] = lambda _from, _to: None,
        on_ready: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._url = f"{url.replace('http', 'ws', 1)}/ws/showtimes/{showtime}"
        self._display = display
        self._token = token
        self._on_map = on_map
        self._on_ready = on_ready
        self.core: Final = Client(random=random.random)
        self._socket: socket.socket | None = None
        self._protocol: ClientProtocol | None = None
        self._waiting: dict[RequestId, AsyncResult[Answer]] = {}
        self._retry_s = 0.0
        self._began = 0.0
        self._version = -1
        self._up_to_date = False
        self._stopped = False
        self._ready = Event()
        self._greenlet = gevent.spawn(self._run)

    def ready(self, timeout_s: float = OPEN_TIMEOUT_S) -> bool:
        """Wait for the first map; whether it came."""
        return bool(self._ready.wait(timeout_s))

    def close(self) -> None:
        """End the connection."""
        self._perform(self.core.stop())
        self._cut()
        self._greenlet.kill()

    def drop(self) -> None:
        """Lose the connection, as if the network had gone."""
        self._cut()

    # Requests: each waits for its answer, or raises `RejectedError` or `DisconnectedError`.

    def lock(self, seats: Iterable[int]) -> Locked:
        """Ask for seats, all or none."""
        answer = self._ask(Lock(id=self.core.next_id(), seats=tuple(seats)))
        assert isinstance(answer, Locked)
        return answer

    def extend(self) -> None:
        """Give all own seats a full hold anew."""
        self._ask(Extend(id=self.core.next_id()))

    def unlock(self) -> None:
        """Give all own seats back."""
        self._ask(Unlock(id=self.core.next_id()))

    def auth(self, token: str) -> None:
        """Become another holder."""
        self._ask(Auth(id=self.core.next_id(), token=token))
        self._token = token

    def _ask(self, message: Request) -> Answer:
        self._waiting[message.id] = result = AsyncResult()
        try:
            self._perform(self.core.request(message, _now()))
            answer: Answer = result.get()
        finally:
            del self._waiting[message.id]
        if isinstance(answer, Rejected):
            raise RejectedError(answer)
        return answer

    # The connections, one after another.

    def _run(self) -> None:
        while not self._stopped:
            gevent.sleep(self._retry_s)
            self._perform(self.core.connecting())
            self._up_to_date = False
            self._began = time.monotonic()
            try:
                self._connect()
                code = self._converse()
            except (OSError, EOFError):
                code = CloseCode.ABNORMAL
            self._cut()
            if not self._stopped:
                self._perform(self.core.closed(code, _now()))

    def _connect(self) -> None:
        query: dict[str, str | int] = {}
        if self.core.position is not None:
            query["epoch"], query["version"] = self.core.position
        if self._display:
            query["display"] = 1
        uri = parse_uri(f"{self._url}?{urlencode(query)}" if query else self._url)
        self._protocol = protocol = ClientProtocol(uri, subprotocols=[Subprotocol(MSGPACK.subprotocol)])
        plain = socket.create_connection((uri.host, uri.port), timeout=OPEN_TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=uri.host) if uri.secure else plain
        )
        request = protocol.connect()
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        protocol.send_request(request)
        self._flush()

    def _converse(self) -> int:
        """Read until the connection ends; the code that it ended with."""
        protocol, connection = self._protocol, self._socket
        assert protocol is not None
        assert connection is not None
        while True:
            deadline = self.core.deadline
            connection.settimeout(OPEN_TIMEOUT_S if deadline is None else max(0.001, (deadline - _now()) / 1000))
            try:
                data = connection.recv(RECEIVE_BYTES)
            except TimeoutError:
                if deadline is None:
                    raise
                self._perform(self.core.tick(_now()))
                continue
            if data:
                protocol.receive_data(data)
            else:
                protocol.receive_eof()
            for event in protocol.events_received():
                if isinstance(event, Response):
                    self._perform(self.core.opened(_now()))
                elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                    self._received(bytes(event.data))
            self._flush()
            if not data or protocol.close_rcvd is not None:
                return CloseCode.ABNORMAL if protocol.close_rcvd is None else protocol.close_rcvd.code

    def _received(self, data: bytes) -> None:
        try:
            self._perform(self.core.received(MSGPACK.decode_server(data), _now()))
        except NotUnderstoodError as error:
            self._perform(self.core.not_understood(error.id, _now()))
        except UndecodableError:
            self._cut()

    def _flush(self) -> None:
        if self._socket is not None and self._protocol is not None:
            for data in self._protocol.data_to_send():
                if data:
                    self._socket.sendall(data)

    def _cut(self) -> None:
        if self._socket is not None:
            # The reader may be waiting in it.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None

    # Effects.

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(message):
                    if self._protocol is not None and self._socket is not None:
                        self._protocol.send_binary(MSGPACK.encode(message))
                        with suppress(OSError):
                            self._flush()
                case Drop():
                    self._cut()
                case Reconnect(delay_ms):
                    self._retry_s = delay_ms / 1000
                case Stop():
                    self._stopped = True
                case Answered(request, answer):
                    self._settle(request, answer)
                case Unanswered(request, sent):
                    self._settle(request, DisconnectedError(sent=sent))
                case MapReplaced() | MapChanged():
                    self._moved()
                case _:
                    pass

    def _moved(self) -> None:
        assert self.core.map is not None
        before, self._version = self._version, self.core.map.version
        if not self._up_to_date:
            self._up_to_date = True
            self._on_ready(time.monotonic() - self._began)
            self._ready.set()
        elif before < self._version:
            self._on_map(before, self._version)

    def _settle(self, request: Request, result: Answer | DisconnectedError) -> None:
        waiting = self._waiting.get(request.id)
        if waiting is None:
            return
        if isinstance(result, DisconnectedError):
            waiting.set_exception(result)
        else:
            waiting.set(result)


def _now() -> int:
    return time.monotonic_ns() // 1_000_000
