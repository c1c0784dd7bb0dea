"""The socket that visitors come to, and how its address is written."""

import socket
from typing import Final

USER_TIMEOUT_MS: Final = 30_000
"""How long data may stay unacknowledged before the kernel gives a peer up: one that is gone, or never reads."""

UNSENT_BYTES: Final = 16_384
"""What the kernel takes for a client beyond what is on its way; it would take megabytes, and a client that reads again
would have to read its way through what is old. Past this the server knows that the client is behind."""

BACKLOG: Final = 4096


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
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    return url_of({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104 - compared, not bound


def url_of(host: str, port: int) -> str:
    """The URL of a host, which may be an IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def announce(listener: socket.socket) -> None:
    """Say where the server is: for the person who started it, and for whoever waits until it serves."""
    print(f"CineBook Live is at {address_of(listener)}", flush=True)  # noqa: T201 - what `run` is for
