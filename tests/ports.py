"""Ports for servers that go and come back."""

import random
import socket
from typing import Final

OURS: Final = range(20_000, 32_000)
"""Below those that Linux and macOS give away by themselves, to servers that want any port and to every client."""


def lasting_port() -> int:
    """A port of the loopback that is free, and that nobody takes while its server is away."""
    while True:
        port = random.choice(OURS)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
