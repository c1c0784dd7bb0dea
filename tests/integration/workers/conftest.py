"""Two workers that many tests share, and settings for those that need their own."""

import secrets
from collections.abc import Iterator

import pytest

from server.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.command import Command
from tests.integration.workers.pair import Pair


@pytest.fixture(scope="module")
def given(
    tmp_path_factory: pytest.TempPathFactory, valkey: EmbeddedValkey, postgres: EmbeddedPostgres, seeded_template: str
) -> Iterator[dict[str, object]]:
    """Settings of a server on the demo data."""
    name = f"test_{secrets.token_hex(6)}"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE {seeded_template}")
    yield {
        "port": 0,
        "data_dir": tmp_path_factory.mktemp("data"),
        "redis_url": valkey.url,
        "redis_prefix": f"t{secrets.token_hex(6)}",
        "database_url": postgres.url_of(name),
        "log_level": "warning",
        # A slow machine is no store that is away.
        "redis_timeout_ms": 5000,
    }
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def pair(given: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two workers for all of a module's tests; each leaves two behind."""
    with Command("serve", "--workers", "2", log=tmp_path_factory.mktemp("log") / "stderr", **given) as command:
        yield Pair(command, command.address())
        assert command.terminate() == 0
        assert "Traceback" not in command.errors
