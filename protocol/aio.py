"""`SeatMapClient`: the asyncio shell of the client core, on the `websockets` library.

It raises `ClientError` and what stands below it, all of which `protocol.errors` draws as a tree.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Literal, Self, TypeVar
from urllib.parse import quote, urlencode
from weakref import WeakSet

from msgspec import UNSET
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Origin, Subprotocol

from protocol.client import Client
from protocol.codec import JSON, MSGPACK, NotUnderstoodError, UndecodableError
from protocol.codes import CloseCode
from protocol.effects import (
    Answer,
    Answered,
    ConnectionState,
    Drop,
    Effect,
    Event,
    MapReplaced,
    Reconnect,
    Send,
    Stop,
    Unanswered,
)
from protocol.errors import ClientError, DisconnectedError, RejectedError, StoppedError
from protocol.events import EventStream
from protocol.from_client import Auth, Best, ClientMessage, Extend, Lock, Mode, Ping, Request, Restore, Unlock
from protocol.from_server import Authenticated, Extended, Hold, Locked, Pong, Rejected, Unlocked, Welcome
from protocol.scalars import RequestId
from protocol.seatmap import SeatMap

OPEN_TIMEOUT_S: Final = 10
"""A handshake that takes longer counts as a connection that could not be opened."""

CLOSE_TIMEOUT_S: Final = 2
"""How long `close` waits for the server's half of the closing handshake."""

_CODECS: Final = {"msgpack": MSGPACK, "json": JSON}

_A = TypeVar("_A", bound=Answer)

__all__ = ["ClientError", "DisconnectedError", "RejectedError", "SeatMapClient", "StoppedError"]

log = logging.getLogger(__name__)


class SeatMapClient:
    """A live seat map of one showtime that reconnects by itself, and requests on it.

    `async with SeatMapClient("ws://127.0.0.1:8000", "demo", token=…) as client:` begins to connect, and closes at the
    end; `await client.ready()` is the first map. Requests are made while `state` is `ONLINE`, else they raise
    `DisconnectedError` at once; none is ever repeated by itself. Seats are indexes of the layout.
    """

    def __init__(
        self,
        url_base: str,
        showtime: str,
        *,
        token: str | None = None,
        codec: Literal["msgpack", "json"] = "msgpack",
        display: bool = False,
        origin: str | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._url = f"{url_base.rstrip('/')}/ws/showtimes/{quote(showtime, safe='')}"
        self._codec = _CODECS[codec]
        self._display = display
        self._origin = None if origin is None else Origin(origin)
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._core = Client(random=jitter)
        # Monotonic time that reads like the wall clock, so that `server_now` is sensible before the first message too.
        self._clock_start = time.time() - time.monotonic()
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._retry_ms = 0
        self._stop: Stop | None = None
        self._waiting: dict[RequestId, asyncio.Future[Answer]] = {}
        self._first_map = asyncio.Event()
        self._streams: WeakSet[EventStream] = WeakSet()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection, and everything that waits on it; raises what made the client itself fail, if anything."""
        task, self._task = self._task, None
        if task is None:
            return
        await self._perform(self._core.stop())
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    # What is known now.

    @property
    def map(self) -> SeatMap | None:
        """The seat map; None before the first snapshot. It may be behind while `state` is not `ONLINE`."""
        return self._core.map

    @property
    def holds(self) -> tuple[Hold, ...]:
        """This holder's seats, in every tab of theirs."""
        return self._core.holds

    @property
    def position(self) -> tuple[str, int] | None:
        """(epoch, version) of the map; None before the first snapshot."""
        return self._core.position

    @property
    def state(self) -> ConnectionState:
        """Where the client stands with the server."""
        return self._core.state

    @property
    def welcome(self) -> Welcome | None:
        """The latest `welcome`: limits, layout and the server's word on who this is; None before the first."""
        return self._core.welcome

    @property
    def can_lock(self) -> bool:
        """Whether the server knows a holder on this connection."""
        return self._core.can_lock

    @property
    def viewers(self) -> int:
        """How many watch this showtime, as far as known."""
        return self._core.viewers

    @property
    def receipt(self) -> str | None:
        """The newest receipt; the client redeems it by itself after a new epoch."""
        return self._core.receipt

    def server_now(self) -> int:
        """The server's time in milliseconds since the Unix epoch, as well as it is known."""
        return self._core.clock.at(self._now())

    def events(self) -> EventStream:
        """What happens from now on; each call gives a stream of its own, which keeps the last 1000 unread events."""
        stream = EventStream()
        if self._stop is not None:
            stream.end()
        self._streams.add(stream)
        return stream

    async def ready(self) -> SeatMap:
        """The map, once there is one; raises `StoppedError` if there will be none."""
        await self._first_map.wait()
        if self.map is None:
            raise StoppedError(self._last_word())
        return self.map

    async def until(self, holds_true: Callable[[], bool]) -> None:
        """Wait until a condition on this client holds, looking again after each event; raises `StoppedError`."""
        stream = self.events()
        while not holds_true():
            try:
                await anext(stream)
            except StopAsyncIteration:
                raise StoppedError(self._last_word()) from None

    # Requests: each returns the answer, or raises `RejectedError` or `DisconnectedError`.

    async def lock(self, seats: Iterable[int], mode: Mode = "all") -> Locked:
        """Ask for seats: every one or none, or with `any` those that are free."""
        return await self._ask(Lock(id=self._core.next_id(), seats=tuple(seats), mode=mode), Locked)

    async def best(self, count: int, *, zone: str | None = None, accessible: bool | None = None) -> Locked:
        """Ask for the best `count` free seats."""
        message = Best(
            id=self._core.next_id(),
            count=count,
            zone=UNSET if zone is None else zone,
            accessible=UNSET if accessible is None else accessible,
        )
        return await self._ask(message, Locked)

    async def unlock(self, seats: Iterable[int] | None = None) -> Unlocked:
        """Give own seats back; without `seats` all of them."""
        named = UNSET if seats is None else tuple(seats)
        return await self._ask(Unlock(id=self._core.next_id(), seats=named), Unlocked)

    async def extend(self, seats: Iterable[int] | None = None) -> Extended:
        """Give own seats a full hold anew; without `seats` all of them."""
        named = UNSET if seats is None else tuple(seats)
        return await self._ask(Extend(id=self._core.next_id(), seats=named), Extended)

    async def restore(self, receipt: str) -> Locked:
        """Ask for a receipt's locks back; after a new epoch the client does so by itself with its last one."""
        return await self._ask(Restore(id=self._core.next_id(), receipt=receipt), Locked)

    async def auth(self, token: str) -> Authenticated:
        """Become the holder of this token, on this connection and those that replace it."""
        answer = await self._ask(Auth(id=self._core.next_id(), token=token), Authenticated)
        self._headers = {"Authorization": f"Bearer {token}"}
        return answer

    async def ping(self) -> Pong:
        """Ask for a sign of life; the answer makes `server_now` more exact."""
        return await self._ask(Ping(id=self._core.next_id()), Pong)

    async def _ask(self, message: Request, expected: type[_A]) -> _A:
        if self._stop is not None:
            raise StoppedError(self._stop)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[message.id] = future
        try:
            await self._perform(self._core.request(message, self._now()))
            answer = await future
        finally:
            del self._waiting[message.id]
        if isinstance(answer, Rejected):
            raise RejectedError(answer)
        if not isinstance(answer, expected):
            raise ClientError(f"a {type(message).__name__} was answered by a {type(answer).__name__}")
        return answer

    # The connections, one after another.

    def _now(self) -> int:
        return int((self._clock_start + time.monotonic()) * 1000)

    async def _run(self) -> None:
        try:
            await self._connect()
            while self._stop is None:
                await asyncio.sleep(self._retry_ms / 1000)
                await self._connect()
        finally:
            # Also when this task failed: nobody may wait for a client that is no more.
            self._finish(Stop())

    async def _connect(self) -> None:
        """One connection from its handshake to its end."""
        await self._perform(self._core.connecting())
        try:
            socket = await connect(
                self._target(),
                origin=self._origin,
                subprotocols=[Subprotocol(self._codec.subprotocol)],
                additional_headers=self._headers,
                compression=None,
                proxy=None,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                # The core has a heartbeat of its own, which the server answers with its time.
                ping_interval=None,
            )
        except InvalidStatus as error:
            retry_after = error.response.headers.get("Retry-After", "")
            effects = self._core.refused(
                error.response.status_code, int(retry_after) * 1000 if retry_after.isdecimal() else None
            )
        except (OSError, InvalidHandshake) as error:
            log.info("could not connect: %s", type(error).__name__)
            effects = self._core.closed(CloseCode.ABNORMAL, self._now())
        else:
            self._socket = socket
            try:
                code = await self._converse(socket)
            finally:
                self._socket = None
                await socket.close()
            effects = self._core.closed(code, self._now())
        await self._perform(effects)

    def _target(self) -> str:
        query: dict[str, str | int] = {}
        if self._core.position is not None:
            query["epoch"], query["version"] = self._core.position
        if self._display:
            query["display"] = 1
        return f"{self._url}?{urlencode(query)}" if query else self._url

    async def _converse(self, socket: ClientConnection) -> int:
        """Read until the connection ends; the code that it ended with."""
        await self._perform(self._core.opened(self._now()))
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch())
            code = await self._read(socket)
            watch.cancel()
        return code

    async def _read(self, socket: ClientConnection) -> int:
        try:
            while True:
                data = await socket.recv(decode=False)
                try:
                    message = self._codec.decode_server(data)
                except NotUnderstoodError as error:
                    log.info("a message of another version")
                    await self._perform(self._core.not_understood(error.id, self._now()))
                except UndecodableError:
                    # If it was a delta, the next one shows the gap.
                    log.warning("a message that cannot be decoded")
                else:
                    await self._perform(self._core.received(message, self._now()))
        except ConnectionClosed as closed:
            # Ours, where this side found the server's frames at fault and the server did not stay to confirm it.
            first = closed.rcvd or closed.sent
            return CloseCode.ABNORMAL if first is None else first.code

    async def _watch(self) -> None:
        """Wake the core at its deadlines, which move away as messages come."""
        while (deadline := self._core.deadline) is not None:
            await asyncio.sleep(max(0, deadline - self._now()) / 1000)
            await self._perform(self._core.tick(self._now()))

    # Effects.

    async def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(message):
                    await self._send(message)
                case Drop():
                    if self._socket is not None:
                        self._socket.transport.abort()
                case Reconnect(delay_ms):
                    self._retry_ms = delay_ms
                case Stop():
                    self._finish(effect)
                case _:
                    self._tell(effect)

    async def _send(self, message: ClientMessage) -> None:
        if self._socket is None:
            return
        # A connection that is gone is met by the reader, and whoever waits for an answer hears of it from there.
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(self._codec.encode(message), text=not self._codec.binary)

    def _tell(self, event: Event) -> None:
        match event:
            case Answered(request, answer) if self._settle(request, answer):
                return
            case Unanswered(request, sent) if self._settle(request, DisconnectedError(sent=sent)):
                return
            case MapReplaced():
                self._first_map.set()
            case _:
                pass
        for stream in self._streams:
            stream.put(event)

    def _settle(self, request: Request, result: Answer | DisconnectedError) -> bool:
        """Whether somebody waited for this, who has it now."""
        future = self._waiting.get(request.id)
        if future is None or future.done():
            return False
        if isinstance(result, DisconnectedError):
            future.set_exception(result)
        else:
            future.set_result(result)
        return True

    def _last_word(self) -> Stop:
        return Stop() if self._stop is None else self._stop

    def _finish(self, stop: Stop) -> None:
        if self._stop is not None:
            return
        self._stop = stop
        self._first_map.set()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(StoppedError(stop, sent=True))
        for stream in self._streams:
            stream.end()
