"""The sockets that a server accepts."""

import contextlib
import socket

from server.listening import UNSENT_BYTES, listen


def test_the_kernel_takes_little_for_a_client_that_does_not_read() -> None:
    """Beyond what is on its way it takes about `UNSENT_BYTES`, so that the server soon knows; by itself, megabytes."""
    with listen("127.0.0.1", 0) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        accepted, _ = listener.accept()
        taken = 0
        with accepted, contextlib.suppress(BlockingIOError):
            accepted.settimeout(0)
            while True:
                taken += accepted.send(bytes(1024))
        assert taken < 4 * UNSENT_BYTES
