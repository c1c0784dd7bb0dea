"""Fixtures of the seat store's contract; each adapter that joins the list runs through the whole suite."""

from collections.abc import AsyncIterator

import pytest

from server.ports import SeatStore
from tests.contract.seats.world import Adapter, Clock, redis_adapter


@pytest.fixture
def clock() -> Clock:
    """The store's clock, moved by hand."""
    return Clock()


@pytest.fixture(params=["redis"])
async def adapter(request: pytest.FixtureRequest, redis_url: str, key_prefix: str) -> AsyncIterator[Adapter]:
    """Every adapter of the port in turn."""
    assert request.param == "redis"
    async with redis_adapter(redis_url, key_prefix) as made:
        yield made


@pytest.fixture
async def store(adapter: Adapter, clock: Clock) -> SeatStore:
    """A store whose clock the test moves, with the showtime `demo`."""
    return await adapter.open(clock=clock)
