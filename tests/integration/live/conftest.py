"""An application for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.embedded import Addresses
from tests.integration.app import App, running, settings_for


@pytest.fixture
def addresses(redis_url: str, seeded_database_url: str) -> Addresses:
    """The shared Valkey and a fresh database with the demo data."""
    return Addresses(redis_url=redis_url, database_url=seeded_database_url)


@pytest.fixture
async def app(tmp_path: Path, key_prefix: str, addresses: Addresses) -> AsyncIterator[App]:
    """An application with ordinary settings."""
    async with running(settings_for(tmp_path, key_prefix), addresses) as app:
        yield app


@pytest.fixture
async def hasty_app(tmp_path: Path, key_prefix: str, addresses: Addresses) -> AsyncIterator[App]:
    """An application whose holds last two seconds, and hardly more by asking."""
    settings = settings_for(tmp_path, key_prefix, hold_ms=2000, max_hold_ms=2500, sweep_ms=50)
    async with running(settings, addresses) as app:
        yield app
