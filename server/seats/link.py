"""One connection to the store, labelled with the identity of the store that it reached."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import hiredis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import RedisError, ResponseError

from server.seats.clock import StoreClock
from server.seats.scripts import Scripts

Argument = bytes | str | int
LINK_ERRORS: Final = (RedisError, OSError, TimeoutError)
"""What opening or using a link raises when the store cannot be reached or does not answer."""


def address(url: str, timeout_s: float) -> ConnectionPool:
    """Where links go, as redis-py reads it from a URL; ValueError if it is none. It pools nothing."""
    return ConnectionPool.from_url(
        url, protocol=2, socket_timeout=None, socket_connect_timeout=timeout_s, driver_info=None
    )


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error that the store answered; `code` is its first word, such as `NOSCRIPT` or `OOM`."""

    code: str
    text: str


class Link:
    """A connection with its label; `identity` is the store's run id and replication id, which each restart changes.

    Nothing is ever sent twice: redis-py's own retries stay out of the way. After any error the link is of no more use.
    """

    def __init__(self, connection: AbstractConnection, identity: str) -> None:
        self._connection = connection
        self.identity = identity

    @classmethod
    async def open(cls, pool: ConnectionPool, timeout_s: float, clock: StoreClock, scripts: Scripts) -> "Link":
        """Connect, read the identity before anything else, learn the time, and make the scripts known."""
        connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's gap
        link = cls(connection, "")
        try:
            async with asyncio.timeout(timeout_s):
                await connection.connect()  # type: ignore[no-untyped-call]  # redis-py's gap
                await link.write([("INFO", "server", "replication")])
                facts = _facts(await link.read())
                link.identity = f"{facts['run_id']}:{facts['master_replid']}"
                clock.learn(int(facts["server_time_usec"]) // 1000)
                await link._make_known(scripts)
        except BaseException:
            await link.close()
            raise
        return link

    async def is_fresh(self) -> bool:
        """Whether the store has neither closed the connection nor sent anything unasked."""
        return self._connection.is_connected and not await self._connection.can_read()

    async def write(self, commands: Iterable[tuple[Argument, ...]]) -> None:
        """Send commands in one piece; after this has begun, any of them may run."""
        # hiredis types its argument as a tuple of one.
        packed = b"".join(hiredis.pack_command(words) for words in commands)  # type: ignore[arg-type]
        await self._connection.send_packed_command(packed, check_health=False)

    async def read(self) -> object:
        """The next reply; an error that the store answered is returned, not raised."""
        try:
            reply: object = await self._connection.read_response()
        except RedisError as error:
            text = str(error)
            if error.status_code:
                return ErrorReply(error.status_code, text)
            if isinstance(error, ResponseError):
                return ErrorReply(text.partition(" ")[0], text)
            raise
        return reply

    async def _make_known(self, scripts: Scripts) -> None:
        await self.write([("SCRIPT", "EXISTS", *(script.sha for script in scripts.values()))])
        known = await self.read()
        if not isinstance(known, list):
            raise RedisError(f"the store runs no scripts: {known}")
        missing = [script for script, there in zip(scripts.values(), known, strict=True) if not there]
        if missing:
            await self.write([("SCRIPT", "LOAD", script.text) for script in missing])
        for script in missing:
            if await self.read() != script.sha:
                raise RedisError(f"the store did not take the script {script.operation}")

    async def close(self) -> None:
        """Drop the connection at once."""
        await self._connection.disconnect(nowait=True)


def _facts(info: object) -> dict[str, str]:
    """The lines of INFO by name; raises `RedisError` if it does not tell who the store is and what time it has."""
    text = info.decode() if isinstance(info, bytes) else ""
    facts = {name: value for name, _, value in (line.partition(":") for line in text.splitlines())}
    if not {"run_id", "master_replid", "server_time_usec"} <= facts.keys():
        raise RedisError(f"the store does not tell who it is: {info if isinstance(info, ErrorReply) else 'INFO'}")
    return facts
