"""Work that is done again and again for as long as the process lives, whatever becomes of one turn."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from server.domain.errors import UnavailableError

log = structlog.get_logger(__name__)


async def recurring(what: str, interval_s: float, action: Callable[[], Awaitable[object]]) -> None:
    """Do `action` every `interval_s`, until cancelled. A turn that fails is logged, and the next comes all the same."""
    while True:
        await asyncio.sleep(interval_s)
        try:
            await action()
        except UnavailableError as error:
            log.debug("put off", what=what, reason=str(error))
        except Exception:  # the boundary: a task that ended here would end for good, unseen
            log.exception("failed", what=what)
