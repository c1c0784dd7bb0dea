"""A connection to Redis or Valkey that is read without a stream, a task or a timer for each reply."""

import asyncio
import select
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

import hiredis

Argument = bytes | str | int


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error that the store answered; `code` is its first word, such as `NOSCRIPT` or `OOM`."""

    code: str
    text: str

    @classmethod
    def of(cls, text: str) -> "ErrorReply":
        """As the store said it."""
        return cls(text.partition(" ")[0], text)


class RespConnection(asyncio.Protocol):
    """Takes over the transport of a connection that redis-py has just made and authenticated.

    `on_reply` is told each reply, an error that the store answered as `ErrorReply`; what it raises ends the connection.
    `on_lost` is told once, unless `close` came first, that nothing more will come, and why: an `OSError`, or what
    `on_reply` raised. Both may be exchanged.
    """

    def __init__(
        self,
        made: Any,
        *,
        on_reply: Callable[[object], None],
        on_lost: Callable[[Exception], None],
    ) -> None:
        # It is the streams' owner who closes the transport when it is collected, so it has to stay.
        self._writer: Final[asyncio.StreamWriter | None] = made._writer  # noqa: SLF001 - there is no public way
        made._reader = made._writer = None  # noqa: SLF001 - redis-py is to forget it
        if self._writer is None:
            raise ConnectionError("the connection was lost at once")
        self.on_reply = on_reply
        self.on_lost = on_lost
        self._replies: Final = hiredis.Reader(
            protocolError=ConnectionError,
            replyError=ErrorReply.of,  # type: ignore[arg-type]  # hiredis does not ask for an exception, its types do
        )
        self._over = False
        # A stream's transport is one for both directions.
        self._transport: Final = cast("asyncio.Transport", self._writer.transport)
        self._transport.set_protocol(self)
        self._ended: Final = select.poll()
        # Elsewhere than on Linux the end of both directions is told, which is always, and all that a store does.
        self._ended.register(self._transport.get_extra_info("socket"), getattr(select, "POLLRDHUP", 0))

    @property
    def over(self) -> bool:
        """Whether nothing more will come, as the kernel knows it at this moment: then what is written is lost."""
        return self._over or self._transport.is_closing() or bool(self._ended.poll(0))

    def write(self, commands: Iterable[tuple[Argument, ...]]) -> None:
        """Send commands in one piece; after this has begun, any of them may run."""
        # hiredis types its argument as a tuple of one.
        self._transport.write(b"".join([hiredis.pack_command(words) for words in commands]))  # type: ignore[arg-type]

    def close(self) -> None:
        """Drop the connection at once."""
        self._over = True
        self._transport.abort()

    # The transport's side

    def data_received(self, data: bytes) -> None:
        """Tell what the store answered."""
        self._replies.feed(data)
        try:
            while not self._over and (reply := self._replies.gets()) is not False:
                self.on_reply(reply)
        except Exception as error:  # noqa: BLE001 - the boundary: the owner is told of whatever it was
            self._lose(error)
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The store has closed the connection, or it broke."""
        self._lose(exc or ConnectionError("the store closed the connection"))

    def _lose(self, error: Exception) -> None:
        if not self._over:
            self._over = True
            self.on_lost(error)
