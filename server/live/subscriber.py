"""The one owner of this worker's pub/sub connection.

redis-py's own pub/sub reconnects silently, loses what was published meanwhile, and never notices a half-open
connection. Here one task owns one plain connection. It tells of every confirmed subscription, first or repeated,
because what was published before it may have been missed; it probes the connection and drops a silent one; and it
only hands messages on, so that a slow consumer cannot stop it reading.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.ops.ending import ended
from server.ops.resp import ErrorReply, RespConnection

log = structlog.get_logger(__name__)

PROBE_INTERVAL_S: Final = 1.0
SILENCE_LIMIT_S: Final = 2.5
"""Longer than two probes: with nothing heard for this long the connection counts as lost."""

RECONNECT_DELAYS_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Pauses between attempts to reconnect; the last one repeats."""


class _SilentError(Exception):
    """The connection is half-open: probes go unanswered."""


class Subscriber:
    """Keeps sharded subscriptions alive and hands their messages on, in order.

    `on_message(channel, data)` is called for each message; `on_subscribed(channel)` each time the store confirms a
    subscription, after which nothing is missed until the next such call. Neither may block or raise.
    """

    def __init__(
        self,
        redis_url: str,
        *,
        timeout_ms: int,
        on_message: Callable[[str, bytes], None],
        on_subscribed: Callable[[str], None],
    ) -> None:
        seconds = timeout_ms / 1000
        self._pool = ConnectionPool.from_url(
            redis_url,
            protocol=2,
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            health_check_interval=0,
            retry=Retry(NoBackoff(), 0),
        )
        self._timeout = seconds
        self._on_message = on_message
        self._on_subscribed = on_subscribed
        self._wanted: dict[str, asyncio.Future[None]] = {}
        self._connection: RespConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._heard_at = 0.0

    async def start(self) -> None:
        """Begin to own a connection; it is made, and made again when lost, until `close`."""
        self._task = asyncio.create_task(self._own(), name="subscriber")

    async def close(self) -> None:
        """Give the connection up."""
        await ended(self._task)
        for confirmed in self._wanted.values():
            confirmed.cancel()
        self._wanted.clear()

    async def subscribe(self, channel: str) -> None:
        """Follow `channel`; returns when the store has confirmed it.

        Raises `UnavailableError` if that takes longer than the time-out; the channel stays wanted all the same, and
        `on_subscribed` tells when it is confirmed at last.
        """
        confirmed = self._wanted.get(channel)
        if confirmed is None:
            confirmed = self._wanted[channel] = asyncio.get_running_loop().create_future()
            self._say("SSUBSCRIBE", channel)
        try:
            async with asyncio.timeout(self._timeout):
                await asyncio.shield(confirmed)
        except TimeoutError as error:
            raise UnavailableError(Outcome.NONE) from error

    def unsubscribe(self, channel: str) -> None:
        """Stop following `channel`; messages on their way may still arrive."""
        if self._wanted.pop(channel, None) is not None:
            self._say("SUNSUBSCRIBE", channel)

    async def _own(self) -> None:
        attempt = 0
        while True:
            made: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's lack
            try:
                await made.connect()  # type: ignore[no-untyped-call]  # redis-py's lack
                attempt = 0
                await self._serve(made)
            except (RedisError, OSError, _SilentError) as error:
                log.warning("pub/sub connection lost", cause=type(error).__name__, channels=len(self._wanted))
            except Exception:
                # The boundary: without its owner this worker would hear nothing more, and not say so.
                log.exception("pub/sub failed", channels=len(self._wanted))
            finally:
                await made.disconnect(nowait=True)
            self._forget_confirmations()
            await asyncio.sleep(RECONNECT_DELAYS_S[min(attempt, len(RECONNECT_DELAYS_S) - 1)])
            attempt += 1

    def _forget_confirmations(self) -> None:
        loop = asyncio.get_running_loop()
        for channel, confirmed in self._wanted.items():
            if confirmed.done():
                self._wanted[channel] = loop.create_future()

    async def _serve(self, made: AbstractConnection) -> None:
        """Follow everything that is wanted until the connection ends; raises why it did."""
        loop = asyncio.get_running_loop()
        lost: asyncio.Future[None] = loop.create_future()

        def on_lost(error: Exception) -> None:
            if not lost.done():
                lost.set_exception(error)

        connection = RespConnection(made, on_reply=self._heard, on_lost=on_lost)
        self._heard_at = loop.time()
        self._connection = connection
        try:
            for channel in self._wanted:
                self._say("SSUBSCRIBE", channel)
            while True:
                await asyncio.wait((lost,), timeout=PROBE_INTERVAL_S)
                if lost.done():
                    return lost.result()
                if loop.time() - self._heard_at > SILENCE_LIMIT_S:
                    raise _SilentError
                self._say("PING", "probe")
        finally:
            self._connection = None
            connection.close()

    def _say(self, *command: str) -> None:
        """Send a command if there is a connection; of one channel, because a cluster takes no two slots."""
        if self._connection is not None and not self._connection.over:
            self._connection.write((command,))

    def _heard(self, reply: object) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        match reply:
            case [b"smessage", bytes(channel), bytes(data)]:
                self._on_message(channel.decode(), data)
            case [b"ssubscribe", bytes(channel), _]:
                self._confirm(channel.decode())
            case [b"sunsubscribe", bytes(channel), _]:
                self._resubscribe_if_wanted(channel.decode())
            case ErrorReply():
                raise RedisError(reply.text)
            case _:
                pass  # a probe's answer; that it was heard is all it tells

    def _confirm(self, channel: str) -> None:
        confirmed = self._wanted.get(channel)
        if confirmed is None:
            return
        if not confirmed.done():
            confirmed.set_result(None)
        self._on_subscribed(channel)

    def _resubscribe_if_wanted(self, channel: str) -> None:
        """A cluster ends subscriptions by itself when it moves a slot; a repeated subscription does no harm."""
        if channel in self._wanted:
            self._say("SSUBSCRIBE", channel)
