"""Fixtures of the seat store's faults."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedValkey
from tests.contract.seats.world import RedisAdapter, redis_adapter


@pytest.fixture
async def adapter(redis_url: str, key_prefix: str) -> AsyncIterator[RedisAdapter]:
    """Stores on the shared Valkey, which no test here stops or configures."""
    async with redis_adapter(redis_url, key_prefix) as made:
        yield made


@pytest.fixture
def own_valkey(request: pytest.FixtureRequest) -> Iterator[EmbeddedValkey]:
    """A Valkey of this test alone, to be stopped, killed and configured; its data are on disk."""
    folder = Path(tempfile.mkdtemp(prefix="cinebook-seats-", dir="/tmp"))
    with EmbeddedValkey(folder) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture
async def own_adapter(own_valkey: EmbeddedValkey) -> AsyncIterator[RedisAdapter]:
    """Stores on the test's own Valkey."""
    async with redis_adapter(own_valkey.url, "test:") as made:
        yield made
