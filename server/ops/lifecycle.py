"""Whether a worker still takes visitors, and how it takes leave of those that it has."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


async def _to_nobody() -> None:
    """What a worker says that has no visitors who stay."""


class Lifecycle:
    """One worker's way out: from `leave` on it is not ready, and `drain` sends its visitors elsewhere.

    `say_goodbye` does the sending; it is given up after `bound_ms`, and may be cancelled at any await.
    """

    def __init__(self, say_goodbye: Callable[[], Awaitable[None]] = _to_nobody, *, bound_ms: int = 0) -> None:
        self._say_goodbye = say_goodbye
        self._bound_s = bound_ms / 1000
        self.draining = False

    def leave(self) -> None:
        """Take no more visitors; there is no way back."""
        self.draining = True

    async def drain(self) -> None:
        """Send the visitors elsewhere, within the bound; raises what the goodbye raises."""
        self.leave()
        try:
            async with asyncio.timeout(self._bound_s):
                await self._say_goodbye()
        except TimeoutError:
            log.warning("some clients were not told in time that the server ends", bound_s=self._bound_s)
