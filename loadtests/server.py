"""A server of its own for a measurement: its own processes, its own data, a free port."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.embedded import EmbeddedPostgres, EmbeddedValkey


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
        request = urllib.request.Request(f"{self.url}/api/v1/sessions", method="POST")  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            token: str = json.load(answer)["token"]
        return token


@contextlib.contextmanager
def running(**settings: str) -> Iterator[Target]:
    """`cinebook serve` with the demo data on embedded servers; `settings` by their names without the prefix."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cinebook-load-"))
        # As root, PostgreSQL runs as another user, who must be able to pass through.
        Path(folder).chmod(0o711)
        valkey = stack.enter_context(EmbeddedValkey(Path(folder)))
        postgres = stack.enter_context(EmbeddedPostgres(Path(folder), state_dir=Path(folder) / "state"))
        environment = {
            **os.environ,
            "CINEBOOK_DATA_DIR": folder,
            "CINEBOOK_HOST": "127.0.0.1",
            "CINEBOOK_PORT": "0",
            "CINEBOOK_REDIS_URL": valkey.url,
            "CINEBOOK_DATABASE_URL": postgres.url,
            "CINEBOOK_LOG_LEVEL": "warning",
            **{f"CINEBOOK_{name}": value for name, value in settings.items()},
        }
        command = [sys.executable, "-m", "server.cli"]
        subprocess.run([*command, "seed"], env=environment, check=True)
        process = subprocess.Popen([*command, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            port = int(said.rsplit(":", 1)[1])
            yield Target(host="127.0.0.1", port=port, pid=process.pid, redis_url=valkey.url)
        finally:
            process.terminate()
            process.wait(30)
