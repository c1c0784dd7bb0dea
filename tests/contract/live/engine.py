"""A real server with real sessions in a real room, on a recording store: what a client meets, without databases."""

import asyncio
import socket
from pathlib import Path
from typing import Any, cast

import uvicorn

from server.domain.errors import ShowtimeNotFoundError
from server.domain.holds import Granted, Holder, Holdings
from server.domain.showtimes import Showtime
from server.identity.origins import OriginPolicy
from server.listening import listen
from server.live.bounds import Bounds
from server.live.errands import Errands
from server.live.hub import Hub
from server.live.pulse import Pulse
from server.live.room import Room
from server.live.session import Desk, Session
from server.ops.lifecycle import Lifecycle
from server.ops.settings import Settings
from server.serving import config_of
from server.web.app import build_app
from server.web.context import Context
from server.web.sockets import SocketEndpoint
from tests.unit.live.clients import read_token
from tests.unit.live.recording import SHOWTIME, HistoryStore

LIMIT_S = 30

SEND_BUFFER = 4096
"""What the kernel takes for a client that does not read, about; so that little is enough to fall behind."""


class GatedStore(HistoryStore):
    """Answers only while its gate is open; a lock that has no answer prepared is granted."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def holdings(self, showtime: str, holder: Holder) -> Holdings:
        holdings = await super().holdings(showtime, holder)
        await self.gate.wait()
        return holdings

    async def lock(self, showtime: str, holder: Holder, seats: tuple[int, ...], *rest: object) -> Granted:
        self._asked(f"lock {seats}")
        await self.gate.wait()
        if self.answers:
            return self._next(Granted)
        holdings = Holdings(epoch=self.epoch, version=self.version, holds=(), receipt="r")
        return Granted(version=self.version, seats=seats, holdings=holdings)


class NoOtherShowtimes:
    """A catalogue that knows no showtime besides those that have a room."""

    async def showtime(self, showtime: str) -> Showtime:
        raise ShowtimeNotFoundError(showtime)


class Bearers:
    """Sessions that know two tokens."""

    def holder_from_headers(self, headers: Any) -> Holder | None:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        return read_token(bearer) if bearer else None


class Server(uvicorn.Server):
    """Ends as soon as it is told to, where Uvicorn looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_end = asyncio.Event()

    async def main_loop(self) -> None:
        """Serve until told to end."""
        await self.told_to_end.wait()


class Engine:
    """A server in the test's loop with the showtime `s1`; `detached` or under a protocol class that cannot detach."""

    def __init__(self, bounds: Bounds, *, detached: bool) -> None:
        self.detached = detached
        self.store = GatedStore()
        self.lifecycle = Lifecycle()
        self.pulse = Pulse(interval_s=2, timeout_s=1)
        store = cast("Any", self.store)
        self.hub = Hub(
            store=store,
            catalogue=cast("Any", NoOtherShowtimes()),
            audience=cast("Any", None),
            lifecycle=self.lifecycle,
            redis_url="redis://127.0.0.1:1",
            timeout_ms=1000,
            bounds=bounds,
        )
        self.room = Room(SHOWTIME, store, bounds)
        self.hub._rooms[SHOWTIME.id] = self.room
        self.desk = Desk(
            store=store,
            errands=Errands(),
            readings=Errands(),
            read_token=read_token,
            heartbeat_ms=25_000,
            bounds=bounds,
            left=self.hub.left,
        )
        endpoint = SocketEndpoint(self.hub, self.desk, self.pulse, worker="w", max_connections=1000)
        context = Context(
            catalogue=cast("Any", NoOtherShowtimes()),
            store=store,
            sessions=cast("Any", Bearers()),
            staff=cast("Any", None),
            audit=cast("Any", None),
            shop=cast("Any", None),
            push=cast("Any", None),
            origins=OriginPolicy(public_url="", host="127.0.0.1", listed=()),
            public_url="",
            static=Path(__file__).parent,
            probes={},
            lifecycle=self.lifecycle,
        )
        config = config_of(build_app(context, sockets=endpoint), Settings())
        config.lifespan = "off"
        if not detached:
            config.ws = "websockets-sansio"
        self.server = Server(config)
        self._listener = listen("127.0.0.1", 0)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.port: int = self._listener.getsockname()[1]
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the map, and return when connections are accepted."""
        self.room.follower.refill()
        await self.room.ready()
        self._task = asyncio.create_task(self.server.serve(sockets=[self._listener]))
        while not self.server.started:
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """End in good order."""
        if self._task is not None:
            self.server.told_to_end.set()
            task, self._task = self._task, None
            await task
        await self.desk.errands.close()
        await self.desk.readings.close()
        await self.hub.close()

    def mutate(self, *changes: tuple[int, str]) -> None:
        """Change seats, and let the room hear of it."""
        self.room.follower.announced(self.store.mutate(*changes))  # type: ignore[arg-type]  # letters

    def reads(self, session: Session) -> bool:
        """Whether what this client says is taken in at the moment."""
        outgoing: Any = session.outgoing
        return bool(outgoing._transport.is_reading() if self.detached else outgoing.reading.is_set())

    async def forgets_everybody(self) -> None:
        """Return when no trace of any connection is left; fails if one stays."""
        async with asyncio.timeout(LIMIT_S):
            while self._traces():
                await asyncio.sleep(0.001)
        assert self.room._coalescer._timer is None

    def _traces(self) -> list[object]:
        return [
            *self.room.members,
            *(session for writers in self.room._live.values() for session in writers),
            *self.room._holders,
            *(beating for place in self.pulse._wheel for beating in place),
            *range(self.hub.connections),
            *(self.server.server_state.connections if self.detached else ()),
        ]
