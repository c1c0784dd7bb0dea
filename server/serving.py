"""Runs the application under Uvicorn with the options that the live engine needs."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

import uvicorn

from protocol.codec import MAX_INBOUND_BYTES
from server.listening import BACKLOG, announce
from server.live.wire import SeatMapProtocol
from server.ops import metrics
from server.ops.settings import Settings
from server.stopping import SHUTDOWN_S, ignore_stop_signals, on_stop_signals
from server.web.app import Application
from server.web.context import Context

ON_THEIR_WAY_S: Final = 0.25
"""How long a connection that was just accepted has to send its request before the server that ends closes it."""

COLLECT_AFTER: Final = (10_000, 20, 20)
"""How many objects more there are before the youngest are looked through, and how often before older ones are."""


class Server(uvicorn.Server):
    """One worker: at its end it first takes leave of its visitors.

    `on_started` is called when it accepts connections, `on_alive` ten times a second from then on, and `on_stopping`
    when it has ceased to accept them; all in the loop.
    """

    def __init__(
        self,
        app: Application,
        settings: Settings,
        *,
        on_started: Callable[[], None] = lambda: None,
        on_alive: Callable[[], None] = lambda: None,
        on_stopping: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config_of(app, settings))
        context: Context = app.state.context
        self._lifecycle = context.lifecycle
        self._on_started = on_started
        self._on_alive = on_alive
        self._on_stopping = on_stopping
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept connections."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            _look_for_garbage_seldom()
            self._on_started()
            # Last: whoever sees it counted may rely on its being looked after.
            metrics.WORKERS.set(1)

    async def on_tick(self, counter: int) -> bool:
        """What Uvicorn does ten times a second; whether to end."""
        self._on_alive()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, say goodbye, then what Uvicorn does: end what is open, and the application."""
        self._begin_to_stop()
        try:
            await asyncio.gather(self._lifecycle.drain(), asyncio.sleep(ON_THEIR_WAY_S))
        finally:
            await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal stops the server in good order, and others change nothing; then the caller cleans up in peace.

        Uvicorn would skip the application's own end at a second SIGINT, and raise the first once more when it is done.
        """
        on_stop_signals(self._stop)
        try:
            yield
        finally:
            ignore_stop_signals()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self.started and not self.should_exit and self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin_to_stop)
        self.should_exit = True

    def _begin_to_stop(self) -> None:
        """Give the listening socket up at once: what waits in a backlog that others share is theirs from now on."""
        if not self._lifecycle.draining:
            self._lifecycle.leave()
            metrics.WORKERS.set(0)
            for server in self.servers:
                server.close()
            self._on_stopping()


def _look_for_garbage_seldom() -> None:
    """Keep what the process was built of out of the garbage collector, and have it look through the rest less often.

    To look through everything takes a tenth of a second, in which nobody is answered. Nearly all that a server throws
    away is gone without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def config_of(app: Application, settings: Settings) -> uvicorn.Config:
    """Uvicorn's options: no compression, our protocol class and its limits, no log lines of its own making."""
    return uvicorn.Config(
        app,
        ws=SeatMapProtocol,
        ws_max_size=MAX_INBOUND_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=settings.heartbeat_ms / 1000,
        ws_ping_timeout=settings.pong_timeout_ms / 1000,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        # Uvicorn believes what loopback forwards, asked or not; whom we believe is a setting of ours.
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


def serve(app: Application, listener: socket.socket, settings: Settings) -> None:
    """Serve until a signal that stops; returns after an orderly stop, and they are ignored from then on.

    Raises SystemExit if the application does not start.
    """
    Server(app, settings, on_started=lambda: announce(listener)).run(sockets=[listener])
