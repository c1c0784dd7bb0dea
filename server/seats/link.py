"""One connection to the store, labelled with the identity of the store that it reached."""

import asyncio
from collections import deque
from typing import Final

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import RedisError

from server.ops import resp
from server.seats.clock import StoreClock
from server.seats.scripts import Scripts

Argument = resp.Argument
LINK_ERRORS: Final = (RedisError, OSError, TimeoutError)
"""What opening or using a link raises when the store cannot be reached or does not answer."""


def address(url: str, timeout_s: float) -> ConnectionPool:
    """Where links go, as redis-py reads it from a URL; ValueError if it is none, or has options that nobody knows.

    It pools nothing.
    """
    pool = ConnectionPool.from_url(
        url, protocol=2, socket_timeout=None, socket_connect_timeout=timeout_s, driver_info=None
    )
    try:
        # Options are looked at when a connection is made, which connects nowhere yet.
        pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's gap
    except (TypeError, RedisError) as error:
        raise ValueError(f"the URL has options that cannot be used: {error}") from error
    return pool


class Link(resp.RespConnection):
    """A connection with its label; `identity` is the store's run id and replication id, which each restart changes.

    Nothing is ever sent twice. After any error the link is of no more use.
    """

    def __init__(self, made: AbstractConnection) -> None:
        super().__init__(made, on_reply=self._keep, on_lost=self._wake)
        self.identity = ""
        self._unread: deque[object] = deque()
        self._awaited: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, pool: ConnectionPool, timeout_s: float, clock: StoreClock, scripts: Scripts) -> "Link":
        """Connect, read the identity before anything else, learn the time, and make the scripts known."""
        made: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's gap
        link: Link | None = None
        try:
            async with asyncio.timeout(timeout_s):
                await made.connect()  # type: ignore[no-untyped-call]  # redis-py's gap
                link = cls(made)
                link.write([("INFO", "server", "replication")])
                facts = _facts(await link.read())
                link.identity = f"{facts['run_id']}:{facts['master_replid']}"
                clock.learn(int(facts["server_time_usec"]) // 1000)
                await link._make_known(scripts)
        except BaseException:
            if link:
                link.close()
            await made.disconnect(nowait=True)
            raise
        return link

    @property
    def is_fresh(self) -> bool:
        """Whether the store has neither closed the connection nor sent anything unasked."""
        return not self.over and not self._unread

    async def read(self) -> object:
        """The next reply, as long as `on_reply` was not exchanged; raises `OSError` if the link is lost before."""
        while not self._unread:
            if self.over:
                raise ConnectionError("the store closed the connection")
            self._awaited = asyncio.get_running_loop().create_future()
            await self._awaited
        return self._unread.popleft()

    def _keep(self, reply: object) -> None:
        self._unread.append(reply)
        self._wake()

    def _wake(self, _error: Exception | None = None) -> None:
        if self._awaited and not self._awaited.done():
            self._awaited.set_result(None)

    async def _make_known(self, scripts: Scripts) -> None:
        self.write([("SCRIPT", "EXISTS", *(script.sha for script in scripts.values()))])
        known = await self.read()
        if not isinstance(known, list):
            raise RedisError(f"the store runs no scripts: {known}")
        missing = [script for script, there in zip(scripts.values(), known, strict=True) if not there]
        if missing:
            self.write([("SCRIPT", "LOAD", script.text) for script in missing])
        for script in missing:
            if await self.read() != script.sha:
                raise RedisError(f"the store did not take the script {script.operation}")


def _facts(info: object) -> dict[str, str]:
    """The lines of INFO by name; raises `RedisError` if it does not tell who the store is and what time it has."""
    text = info.decode() if isinstance(info, bytes) else ""
    facts = {name: value for name, _, value in (line.partition(":") for line in text.splitlines())}
    if not {"run_id", "master_replid", "server_time_usec"} <= facts.keys():
        raise RedisError(f"the store does not tell who it is: {info if isinstance(info, resp.ErrorReply) else 'INFO'}")
    return facts
