"""The end of tasks that live as long as the process."""

import asyncio
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

AGAIN_S: Final = 1.0
"""How long a task may take to its end before it is cancelled once more."""


async def ended(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel these tasks, and wait until they have ended; what they end with is not raised.

    A cancellation can get lost: redis-py sends by `asyncio.wait_for`, which up to Python 3.11 returns as if nothing
    were where it is cancelled just when it is done; and where a clean-up fails, that error takes the place of the
    cancellation. A task that goes on after errors would go on for ever, so whatever has not ended is cancelled again.
    """
    pending = {task for task in tasks if task is not None}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
        for task in pending:
            log.info("a task goes on and is cancelled again", task=task.get_name())
