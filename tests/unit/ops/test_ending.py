"""Tasks end when they are told to, whatever becomes of the first word."""

import asyncio

import pytest
from structlog.testing import capture_logs

from server.ops import ending
from server.ops.ending import ended


async def forever() -> None:
    """Nothing, until cancelled."""
    await asyncio.get_running_loop().create_future()


async def test_all_have_ended() -> None:
    """None and tasks that are over are among them, and what one ended with is not raised."""

    async def failing() -> None:
        raise ValueError("a defect")

    async def failing_at_the_end() -> None:
        try:
            await forever()
        finally:
            raise ValueError("a defect")

    tasks = [asyncio.create_task(each()) for each in (forever, failing, failing_at_the_end)]
    await asyncio.sleep(0)
    await ended(None, *tasks)
    assert [type(task.exception()) if not task.cancelled() else None for task in tasks] == [
        None,
        ValueError,
        ValueError,
    ]
    await ended()


async def test_a_cancellation_that_gets_lost_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clean-up that fails puts its error in place of the cancellation, and the task goes on; it ends all the same."""
    monkeypatch.setattr(ending, "AGAIN_S", 0.01)
    lost = 0

    async def going_on() -> None:
        nonlocal lost
        while True:
            try:
                try:
                    await forever()
                finally:
                    if lost < 2:
                        lost += 1
                        raise ConnectionError
            except ConnectionError:
                pass

    task = asyncio.create_task(going_on(), name="stubborn")
    await asyncio.sleep(0)
    with capture_logs() as logs:
        async with asyncio.timeout(30):
            await ended(task)
    assert (task.cancelled(), lost) == (True, 2)
    assert [line["task"] for line in logs] == ["stubborn", "stubborn"]
