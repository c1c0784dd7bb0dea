"""What is done again and again goes on."""

import asyncio
import contextlib

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.ops.recurring import recurring


async def test_a_turn_that_fails_ends_nothing() -> None:
    """Neither a store that is away nor a fault of our own keeps the next turn from coming."""
    turns: list[int] = []
    done = asyncio.Event()

    async def action() -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            raise UnavailableError(Outcome.NONE)
        if len(turns) == 2:
            raise ZeroDivisionError
        done.set()

    task = asyncio.create_task(recurring("count", 0.0, action))
    async with asyncio.timeout(30):
        await done.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert turns[:3] == [0, 1, 2]
