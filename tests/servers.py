"""Real servers for the tests: one Valkey and one PostgreSQL a test process, started when the first test asks for them.

A test that uses the shared Valkey takes a fresh `key_prefix`; one that uses PostgreSQL gets a fresh database.
"""

import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db import migrate
from server.db.engine import create_engine
from server.db.seed import seed
from server.embedded import EmbeddedPostgres, EmbeddedValkey


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A short folder for the data of the shared servers, which PostgreSQL's service user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="cinebook-tests-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def valkey(servers_folder: Path) -> Iterator[EmbeddedValkey]:
    """The shared Valkey of this test process; a test that stops or configures one starts its own instead."""
    with EmbeddedValkey(servers_folder, persistent=False) as server:
        yield server


@pytest.fixture
def redis_url(valkey: EmbeddedValkey) -> str:
    """The shared Valkey's URL; put `key_prefix` before each key and channel."""
    return valkey.url


@pytest.fixture
def key_prefix() -> str:
    """A prefix that no other test uses."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    """The shared PostgreSQL of this test process, without the waits for the disk."""
    with EmbeddedPostgres(servers_folder, durable=False, state_dir=servers_folder / "state") as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres) -> str:
    """The name of a database at the newest migration, to be copied and never connected to."""
    name = "migrated"
    postgres.sql(f"CREATE DATABASE {name}")
    migrate.upgrade(postgres.url_of(name))
    return name


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """A fresh database at the newest migration, dropped after the test."""
    yield from _fresh_database(postgres, migrated_template)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections to a fresh database at the newest migration, enough of them for a crowd."""
    engine = create_engine(database_url, connections=20, timeout_ms=20_000)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def seeded_template(postgres: EmbeddedPostgres, migrated_template: str) -> str:
    """The name of a database with the demo data, to be copied and never connected to."""
    name = "seeded"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    seed(postgres.url_of(name), time.time_ns() // 1_000_000)
    return name


@pytest.fixture
def seeded_database_url(postgres: EmbeddedPostgres, seeded_template: str) -> Iterator[str]:
    """A fresh database with the demo data, dropped after the test."""
    yield from _fresh_database(postgres, seeded_template)


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A fresh database with nothing in it, dropped after the test."""
    yield from _fresh_database(postgres, "template0")


def discard(data_dir: Path) -> None:
    """Remove what stopped servers kept, also the cluster that they keep elsewhere for root."""
    place = data_dir / "postgres" / "place"
    if place.exists():
        shutil.rmtree(place.read_text().strip())
    shutil.rmtree(data_dir)


def _fresh_database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    # Copied as files, which takes a fifth of what it takes through the log, and nothing here outlives a crash anyway.
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield postgres.url_of(name)
    # Connections that a test left open show as unclosed resources; they must not fail the next one too.
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")
