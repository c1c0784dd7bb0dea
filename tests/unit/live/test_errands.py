"""Errands are carried out in order by few tasks, and one that fails hurts no other."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from server.live.errands import Errands


@pytest.fixture
async def errands() -> AsyncIterator[Errands]:
    """Errands of which three may be under way."""
    errands = Errands(3)
    yield errands
    await errands.close()


async def settle() -> None:
    """Let everything happen that waits for nothing."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_they_begin_in_order_and_are_bounded(errands: Errands) -> None:
    """Three are under way, the others wait, and each that ends makes room for the next."""
    begun: list[int] = []
    gates = [asyncio.Event() for _ in range(6)]

    async def errand(number: int) -> None:
        begun.append(number)
        await gates[number].wait()

    for number in range(6):
        errands.run(lambda number=number: errand(number))  # type: ignore[misc]  # mypy's gap
    await settle()
    assert begun == [0, 1, 2]
    gates[1].set()
    await settle()
    assert begun == [0, 1, 2, 3]
    for gate in gates:
        gate.set()
    await settle()
    assert begun == [0, 1, 2, 3, 4, 5]
    assert len(errands._tasks) == 3


async def test_tasks_are_used_again(errands: Errands) -> None:
    """A hundred errands, one after the other, take one task; idle, it waits without being woken."""
    ran: list[asyncio.Task[object] | None] = []

    async def errand() -> None:
        ran.append(asyncio.current_task())

    for _ in range(100):
        errands.run(errand)
        await settle()
    assert len(ran) == 100
    assert len(set(ran)) == 1


async def test_a_failure_is_logged_and_ends_nothing_else(errands: Errands) -> None:
    """Those before and after it are carried out, in the same task."""
    ran: list[str] = []

    async def good() -> None:
        ran.append("good")

    async def bad() -> None:
        raise RuntimeError("a defect")

    with capture_logs() as logs:
        for errand in (good, bad, good):
            errands.run(errand)
        await settle()
    assert ran == ["good", "good"]
    assert [entry["event"] for entry in logs] == ["an errand failed"]


async def test_closing_gives_everything_up(errands: Errands) -> None:
    """What is under way is cancelled, what waits never begins."""
    ended: list[int] = []

    async def errand(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    for number in range(5):
        errands.run(lambda number=number: errand(number))  # type: ignore[misc]  # mypy's gap
    await settle()
    await errands.close()
    assert sorted(ended) == [0, 1, 2]
    assert errands._tasks == set()
