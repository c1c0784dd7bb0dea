"""A server of its own for a measurement: its own processes, its own data, a free port."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtests.machine import pinned
from server.embedded import EmbeddedPostgres, EmbeddedValkey

HOST: Final = "127.0.0.1"
COMMAND: Final = (sys.executable, "-m", "server.cli")


@dataclass(frozen=True)
class Stores:
    """A Valkey and a PostgreSQL with the demo data, and the settings by which a server finds them."""

    redis_url: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Target:
    """A running server and the Valkey that it uses."""

    host: str
    port: int
    pid: int
    redis_url: str

    @property
    def url(self) -> str:
        """Where HTTP requests go."""
        return f"http://{self.host}:{self.port}"

    def session(self) -> str:
        """A new guest's token."""
        token: str = self._ask("POST", "/sessions")["token"]
        return token

    def seats_of_kind(self, showtime: str, kind: str) -> list[int]:
        """The indexes of the showtime's seats of one kind that are available."""
        layout = self._ask("GET", f"/showtimes/{showtime}/layout")["seats"]
        status = {seat["seat"]: seat["status"] for seat in self._status(showtime)["seats"]}
        return [seat["index"] for seat in layout if seat["kind"] == kind and status[seat["id"]] == "available"]

    def version(self, showtime: str) -> int:
        """The showtime's version in the store."""
        version: int = self._status(showtime)["version"]
        return version

    def epoch(self, showtime: str) -> str:
        """The showtime's epoch in the store."""
        epoch: str = self._status(showtime)["epoch"]
        return epoch

    def metric(self, name: str) -> float:
        """The present value of one of the server's metrics, named as in `/metrics`; 0 if it has none yet."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as answer:  # noqa: S310 - our own server
            lines = answer.read().decode().splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == name), 0.0)

    def _status(self, showtime: str) -> dict[str, Any]:
        return self._ask("GET", f"/showtimes/{showtime}/seats/status")

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/api/v1{path}", method=method)  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(answer)
        return found


@contextlib.contextmanager
def stores() -> Iterator[Stores]:
    """An embedded Valkey and PostgreSQL in a folder of their own, with the demo data."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cinebook-load-"))
        # As root, PostgreSQL runs as another user, who must be able to pass through.
        Path(folder).chmod(0o711)
        valkey = stack.enter_context(EmbeddedValkey(Path(folder)))
        postgres = stack.enter_context(EmbeddedPostgres(Path(folder), state_dir=Path(folder) / "state"))
        environment = {
            **os.environ,
            "CINEBOOK_DATA_DIR": folder,
            "CINEBOOK_HOST": HOST,
            "CINEBOOK_REDIS_URL": valkey.url,
            "CINEBOOK_DATABASE_URL": postgres.url,
            "CINEBOOK_LOG_LEVEL": "warning",
        }
        subprocess.run([*COMMAND, "seed"], env=environment, check=True)
        yield Stores(redis_url=valkey.url, environment=environment)


@contextlib.contextmanager
def serving(
    on: Stores, settings: Mapping[str, str], *, core: set[int] | None = None, port: int = 0
) -> Iterator[Target]:
    """`cinebook serve` on these stores, kept on `core`; `settings` by their names in capitals, without the prefix."""
    environment = {
        **on.environment,
        "CINEBOOK_PORT": str(port),
        **{f"CINEBOOK_{name}": value for name, value in settings.items()},
    }
    with pinned(core or os.sched_getaffinity(0)):
        process = subprocess.Popen([*COMMAND, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said, "the server did not start"
            yield Target(host=HOST, port=int(said.rsplit(":", 1)[1]), pid=process.pid, redis_url=on.redis_url)
        finally:
            process.terminate()
            process.wait(60)


@contextlib.contextmanager
def running(**settings: str) -> Iterator[Target]:
    """Stores and a server on them, pinned to nothing."""
    with stores() as on, serving(on, settings) as target:
        yield target


def free_port() -> int:
    """A port that nobody listens on, for a server that is to be started there again and again."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
