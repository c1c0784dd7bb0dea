"""Workers that share an audience; each adapter that joins the list runs through the whole suite."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from server.coordination.viewers import RedisAudience
from server.ports import Audience

SOON_MS = 3000
"""How long a note counts in these tests; long beside a round trip on a busy machine."""

PATIENCE_MS = 20_000
"""How long the store may take for an answer; a slow machine is no store that is away."""

Worker = Callable[..., Audience]


@pytest.fixture(params=["redis"])
async def worker(request: pytest.FixtureRequest, redis_url: str, key_prefix: str) -> AsyncIterator[Worker]:
    """Makes workers by name; what they tell counts for a minute, or as long as is said."""
    assert request.param == "redis"
    async with AsyncExitStack() as stack:

        def make(name: str, *, counts_for_ms: int = 60_000) -> Audience:
            audience = RedisAudience(
                redis_url, key_prefix, worker=name, timeout_ms=PATIENCE_MS, counts_for_ms=counts_for_ms
            )
            stack.push_async_callback(audience.close)
            return audience

        yield make
