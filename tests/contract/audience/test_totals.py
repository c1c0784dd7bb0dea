"""Viewers are added up over all workers that live."""

import asyncio

from tests.contract.audience.conftest import SOON_MS, Worker


async def test_one_worker_is_told_its_own_count(worker: Worker) -> None:
    """Alone, a worker's viewers are all there are; and nothing is asked where nothing is told."""
    alone = worker("a")
    assert await alone.tell({"s1": 3, "s2": 1}) == {"s1": 3, "s2": 1}
    assert await alone.tell({}) == {}


async def test_workers_are_added_up_by_showtime(worker: Worker) -> None:
    """Each is told the sum for its own showtimes alone."""
    one, other = worker("a"), worker("b")
    await one.tell({"s1": 3, "s2": 1})
    assert await other.tell({"s1": 4, "s3": 2}) == {"s1": 7, "s3": 2}
    assert await one.tell({"s1": 3, "s2": 1}) == {"s1": 7, "s2": 1}


async def test_the_last_count_stands(worker: Worker) -> None:
    """To tell again replaces what was told, and 0 takes it back at once."""
    one, other = worker("a"), worker("b")
    await one.tell({"s1": 30})
    await one.tell({"s1": 5})
    assert await other.tell({"s1": 1}) == {"s1": 6}
    assert await one.tell({"s1": 0}) == {"s1": 1}
    assert await other.tell({"s1": 0}) == {"s1": 0}


async def test_a_dead_workers_viewers_are_gone_soon(worker: Worker) -> None:
    """What is not told again stops counting, while the other's own goes on."""
    dead, living = worker("a", counts_for_ms=SOON_MS), worker("b")
    await dead.tell({"s1": 8})
    assert await living.tell({"s1": 2}) == {"s1": 10}
    async with asyncio.timeout(30):
        while await living.tell({"s1": 2}) != {"s1": 2}:
            await asyncio.sleep(0.02)


async def test_a_worker_that_tells_again_goes_on_counting(worker: Worker) -> None:
    """Its note is renewed each time: well past its first end it counts still."""
    steady, other = worker("a", counts_for_ms=SOON_MS), worker("b")
    end = asyncio.get_running_loop().time() + 2 * SOON_MS / 1000
    while asyncio.get_running_loop().time() < end:
        await steady.tell({"s1": 8})
        assert await other.tell({"s1": 1}) == {"s1": 9}


async def test_many_workers_at_once(worker: Worker) -> None:
    """Workers that tell in the same instant lose none of each other's notes."""
    workers = [worker(f"w{number}") for number in range(8)]
    await asyncio.gather(*(each.tell({"s1": 1, "s2": 2}) for each in workers))
    assert await workers[0].tell({"s1": 1, "s2": 2}) == {"s1": 8, "s2": 16}
