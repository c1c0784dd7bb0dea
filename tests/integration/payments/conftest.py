"""A town for each test, or one with settings of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from server.embedded import Addresses
from tests.integration.payments.town import Town, open_town

Opening = Callable[..., AbstractAsyncContextManager[Town]]
"""Opens a town with these settings."""


@pytest.fixture
def opening(redis_url: str, key_prefix: str, seeded_database_url: str, tmp_path: Path) -> Opening:
    """Opens the one town of a test."""
    addresses = Addresses(redis_url=redis_url, database_url=seeded_database_url)
    return partial(open_town, addresses, tmp_path, key_prefix)


@pytest.fixture
async def town(opening: Opening) -> AsyncIterator[Town]:
    """The application and both gateways."""
    async with opening() as opened:
        yield opened
