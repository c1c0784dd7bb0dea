"""Runs the application under Uvicorn with the options that the live engine needs."""

import contextlib
import signal
import socket
from collections.abc import Iterator
from types import FrameType
from typing import Final

import uvicorn

from protocol.codec import MAX_INBOUND_BYTES
from server.live.wire import SeatMapProtocol
from server.ops.settings import Settings
from server.web.app import Application

PONG_TIMEOUT_S: Final = 20.0
"""A client that has not answered a ping by then gave no sign of life (4002)."""

USER_TIMEOUT_MS: Final = 30_000
"""How long data may stay unacknowledged before the kernel gives a peer up: one that is gone, or never reads."""

SHUTDOWN_S: Final = 10
"""How long open requests may take after SIGTERM."""

BACKLOG: Final = 4096

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class BindError(OSError):
    """The address cannot be listened on; the message says which and why."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. Raises `BindError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise BindError(f"cannot listen on {url_of(host, port)}: {error.strerror}") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    return url_of({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104 - compared, not bound


def url_of(host: str, port: int) -> str:
    """The URL of a host, which may be an IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(f"CineBook Live is at {address_of(sockets[0])}", flush=True)  # noqa: T201 - what `run` is for

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal stops the server in good order, and others change nothing; then the caller cleans up in peace.

        Uvicorn would skip the application's own end at a second SIGINT, and raise the first once more when it is done.
        """
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)
        try:
            yield
        finally:
            ignore_stop_signals()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.should_exit = True


def ignore_stop_signals() -> None:
    """From now on the process ends by itself alone: SIGINT and SIGTERM would break off what is being put in order."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def config_of(app: Application, settings: Settings) -> uvicorn.Config:
    """Uvicorn's options: no compression, our protocol class and its limits, no log lines of its own making."""
    return uvicorn.Config(
        app,
        ws=SeatMapProtocol,
        ws_max_size=MAX_INBOUND_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=settings.heartbeat_ms / 1000,
        ws_ping_timeout=PONG_TIMEOUT_S,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


def serve(app: Application, listener: socket.socket, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; returns after an orderly stop, and both are ignored from then on.

    Raises SystemExit if the application does not start.
    """
    _Server(config_of(app, settings)).run(sockets=[listener])
