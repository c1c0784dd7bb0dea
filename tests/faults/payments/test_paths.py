"""Each way that a payment can take, with a worker that dies at each point of it."""

import time

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.checkout.points import Point
from tests.faults.payments.paths import PATHS, Path
from tests.faults.payments.world import Death, world_of

NOW = time.time_ns() // 1_000_000
"""The demo showtimes are on sale by the real clock; every world goes on from here."""


async def travel(path: Path, redis_url: str, prefix: str, engine: AsyncEngine, death: Death) -> None:
    """Go the way to its end, and see that nothing was lost, doubled or left over."""
    async with world_of(redis_url, prefix, engine, now=NOW, death=death) as world:
        order = await path.run(world)
        await world.finish()
        await world.check()
        assert (await world.order(order)).state is path.end


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
async def test_the_way_itself(path: Path, redis_url: str, key_prefix: str, engine: AsyncEngine) -> None:
    """Without any fault the path ends where it should, and passes the points that the table says, and no others."""
    death = Death()
    await travel(path, redis_url, key_prefix, engine, death)
    assert set(death.reached) == set(path.points)


@pytest.mark.parametrize(
    ("path", "point"),
    [pytest.param(path, point, id=f"{path.name}-{point}") for path in PATHS for point in dict.fromkeys(path.points)],
)
async def test_a_worker_dies(path: Path, point: Point, redis_url: str, key_prefix: str, engine: AsyncEngine) -> None:
    """Whoever dies where, the path ends in the same state: a ticket or a refund, once, and the money sums to zero."""
    death = Death(at=point)
    await travel(path, redis_url, key_prefix, engine, death)
    assert death.happened
