"""How many people watch each showtime, over all workers: the port `Audience` on Redis or Valkey."""

import asyncio
import contextlib
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from protocol.codes import Outcome
from server.domain.errors import UnavailableError

COUNTS_FOR_MS: Final = 10_000
"""How long what a worker has told counts: five turns of every 2 s, so that a missed one shows nowhere."""

_SCRIPT: Final = files(__package__).joinpath("lua/viewers.lua").read_bytes()
_SHA: Final = hashlib.sha1(_SCRIPT, usedforsecurity=False).hexdigest()


class RedisAudience:
    """The port `Audience` on one connection; it connects when it is first told, and again after an error.

    `worker` names this process; a call is given up after `timeout_ms`. `close` after use.
    """

    def __init__(
        self, url: str, prefix: str, *, worker: str, timeout_ms: int = 1000, counts_for_ms: int = COUNTS_FOR_MS
    ) -> None:
        seconds = self._timeout_s = timeout_ms / 1000
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=1,
            timeout=seconds,
            protocol=2,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis: Redis = Redis(connection_pool=self._pool)
        self._prefix = prefix
        self._worker = worker
        self._counts_for_ms = counts_for_ms
        self._told: set[str] = set()

    async def tell(self, counts: Mapping[str, int]) -> dict[str, int]:
        """See the port."""
        if not counts:
            return {}
        self._told = {showtime for showtime, count in counts.items() if count}
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._tell(counts)
        except (RedisError, OSError, TimeoutError) as error:
            # What an abandoned answer would be taken for must not come to be.
            await self._pool.disconnect()
            raise UnavailableError(Outcome.NONE) from error

    async def close(self) -> None:
        """Take back all that was told, if the store answers, and drop the connection."""
        with contextlib.suppress(UnavailableError):
            await self.tell(dict.fromkeys(self._told, 0))
        await self._redis.aclose()
        await self._pool.disconnect()

    async def _tell(self, counts: Mapping[str, int]) -> dict[str, int]:
        totals = await self._in_one_go(counts)
        if any(isinstance(total, NoScriptError) for total in totals):
            # A store that has just started knows no script; to tell twice changes nothing.
            await self._redis.script_load(_SCRIPT)
            totals = await self._in_one_go(counts)
        told: dict[str, int] = {}
        for showtime, total in zip(counts, totals, strict=True):
            if not isinstance(total, int):
                raise RedisError(f"no number of viewers: {total}")
            told[showtime] = total
        return told

    async def _in_one_go(self, counts: Mapping[str, int]) -> list[object]:
        pipeline = self._redis.pipeline(transaction=False)
        for showtime, count in counts.items():
            key = f"{self._prefix}{{st:{showtime}}}:viewers"
            pipeline.evalsha(_SHA, 1, key, self._worker, str(count), str(self._counts_for_ms))
        answers: list[object] = await pipeline.execute(raise_on_error=False)
        return answers
