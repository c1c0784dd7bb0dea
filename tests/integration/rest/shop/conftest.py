"""A place over a database of its own for each of these tests, which sell its seats."""

from collections.abc import AsyncIterator

import httpx
import pytest

from server.domain.staff import Role
from tests.integration.rest.place import Place, open_place
from tests.integration.staff.conftest import employ, signed_in


@pytest.fixture
async def place(redis_url: str, key_prefix: str, seeded_database_url: str) -> AsyncIterator[Place]:
    """An application over the demo data, with nothing sold."""
    async with open_place(redis_url, key_prefix, seeded_database_url) as opened:
        yield opened


@pytest.fixture
async def manager(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of a manager."""
    await employ(place, "mai", Role.MANAGER)
    async with signed_in(place, "mai") as browser:
        yield browser
