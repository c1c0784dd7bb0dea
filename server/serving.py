"""Runs the application under Uvicorn with the options that the live engine needs."""

import signal
import socket
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from protocol.codec import MAX_INBOUND_BYTES
from server.live.wire import SeatMapProtocol
from server.ops.settings import Settings

PONG_TIMEOUT_S: Final = 20.0
"""A client that has not answered a ping by then gave no sign of life (4002)."""

USER_TIMEOUT_MS: Final = 30_000
"""How long data may stay unacknowledged before the kernel gives a peer up: one that is gone, or never reads."""

SHUTDOWN_S: Final = 10
"""How long open requests may take after SIGTERM."""

BACKLOG: Final = 4096


class BindError(OSError):
    """The address cannot be listened on; the message says which and why."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. Raises `BindError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise BindError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(f"CineBook Live is at {address_of(sockets[0])}", flush=True)  # noqa: T201 - what `run` is for


def config_of(app: ASGIApp, settings: Settings) -> uvicorn.Config:
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
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


def serve(app: ASGIApp, listener: socket.socket, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; returns after an orderly stop by either, so that the caller can clean up.

    Raises SystemExit if the application does not start.
    """
    handlers = {name: signal.signal(name, _ignore) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        _Server(config_of(app, settings)).run(sockets=[listener])
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Uvicorn raises the signal that stopped it once more when it is done; by then it has had its effect."""
