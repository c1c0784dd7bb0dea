"""Commands of one loop turn go to the store as one pipeline, over a bounded number of connections."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.ops.metrics import STORE_ERRORS, STORE_SECONDS
from server.seats.clock import StoreClock
from server.seats.link import LINK_ERRORS, Argument, ErrorReply, Link
from server.seats.scripts import Operation, Script, Scripts

MAX_PENDING: Final = 20_000
"""Commands that wait for a connection; more are refused at once, outcome none."""

MAX_BATCH: Final = 512
"""Commands in one pipeline: bounds how long a reply waits for those in front of it."""

FIRST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 0.5
"""Between attempts to connect; doubled after each."""

CHANGED_NOTHING: Final = frozenset(
    {
        "OOM", "READONLY", "MISCONF", "NOREPLICAS",  # checked at a script's first write, never after it
        "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "MOVED", "ASK", "TRYAGAIN", "CROSSSLOT", "NOAUTH",  # not run
    }
)  # fmt: skip
"""Error replies of the store after which a script is known to have changed nothing."""

TELL_OF_ANOTHER_ROLE: Final = frozenset({"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOAUTH"})
"""Error replies after which a connection's label may be wrong: it is dropped."""

_log = structlog.get_logger(__name__)


class OtherStoreError(Exception):
    """The only connections to be had reach a store with another identity than the command was meant for; not sent."""


def _new_future() -> "asyncio.Future[tuple[object, str]]":
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True)
class Command:
    """One command and the future of its reply.

    A script takes the expected epoch, `not_after` and the injected time before its own arguments. With `identity` the
    command goes out only on a connection with that label. A command that `changes` nothing has outcome none always.
    """

    arguments: tuple[Argument, ...]
    script: Script | None = None
    keys: tuple[str, ...] = ()
    epoch: str = ""
    identity: str | None = None
    changes: bool = False
    future: "asyncio.Future[tuple[object, str]]" = field(default_factory=_new_future)
    deadline: float = 0.0

    def words(self, not_after: int, injected: int | None, *, by_text: bool = False) -> tuple[Argument, ...]:
        """The command as it is sent."""
        if self.script is None:
            return self.arguments
        head = (self.script.by_text, self.script.text) if by_text else (self.script.by_hash, self.script.sha)
        now = "" if injected is None else injected
        return (*head, len(self.keys), *self.keys, self.epoch, not_after, now, *self.arguments)

    def settle(self, reply: object, identity: str, not_after: int) -> None:
        """Resolve the future with a reply of the store and the identity of the store that gave it."""
        if self.future.done():
            return
        if isinstance(reply, ErrorReply):
            if reply.code not in CHANGED_NOTHING:
                name = self.script.operation if self.script else str(self.arguments[0])
                _log.error("the seat store refused a command", command=name, error=reply.text)
            self.fail(sent=reply.code not in CHANGED_NOTHING, not_after=not_after)
        else:
            self.future.set_result((reply, identity))

    def fail(self, *, sent: bool, not_after: int | None = None) -> None:
        """Resolve the future with `UnavailableError`: outcome unknown if a changing command may have run or yet may."""
        if self.future.done():
            return
        if sent and self.changes:
            self.future.set_exception(UnavailableError(Outcome.UNKNOWN, not_after=not_after))
        else:
            self.future.set_exception(UnavailableError(Outcome.NONE))


class Pipeline:
    """Sends commands and resolves their futures.

    `open_link` connects; `connections` bounds the links, each served by a task that takes all commands that wait and
    sends them as one pipeline. A command that finds no connection within `timeout_ms` was never sent: outcome none.
    One that is not answered within `timeout_ms` of being sent: unknown, and its connection is dropped. Nothing is sent
    twice, but a script that the store did not know: that one has not run.
    """

    def __init__(
        self,
        open_link: Callable[[], Awaitable[Link]],
        *,
        clock: StoreClock,
        scripts: Scripts,
        connections: int,
        timeout_ms: int,
    ) -> None:
        self._open_link = open_link
        self._clock = clock
        self._scripts = scripts
        self._connections = connections
        self._timeout_ms = timeout_ms
        self._pending: deque[Command] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._dispatching = False
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._identity = ""
        self._reachable = True

    async def run(self, *arguments: Argument) -> tuple[object, str]:
        """A command that is no script and changes no seat: its reply, and the identity of the store that gave it.

        Raises `UnavailableError`, outcome none.
        """
        return await self._submit(Command(arguments))

    def start(self, *arguments: Argument) -> "asyncio.Future[tuple[object, str]]":
        """As `run`, without waiting: several in one loop turn go out together."""
        return self._submit(Command(arguments))

    async def script(
        self,
        operation: Operation,
        keys: tuple[str, ...],
        epoch: str,
        identity: str,
        *arguments: Argument,
        changes: bool,
    ) -> object:
        """Run a script on a store with this identity; its reply.

        Raises `OtherStoreError` if the store is another by now (nothing was sent), and `UnavailableError`.
        """
        command = Command(arguments, self._scripts[operation], keys, epoch, identity, changes)
        started = time.perf_counter()
        try:
            reply, _ = await self._submit(command)
        except UnavailableError as error:
            STORE_ERRORS.labels(operation, error.outcome or Outcome.NONE).inc()
            raise
        STORE_SECONDS.labels(operation).observe(time.perf_counter() - started)
        return reply

    async def close(self) -> None:
        """Close all connections; commands that were not sent fail with outcome none, the others with unknown."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._pending:
            self._pending.popleft().fail(sent=False)

    def _submit(self, command: Command) -> "asyncio.Future[tuple[object, str]]":
        loop = asyncio.get_running_loop()
        if self._closed or len(self._pending) >= MAX_PENDING:
            command.fail(sent=False)
            return command.future
        command.deadline = loop.time() + self._timeout_ms / 1000
        self._pending.append(command)
        if not self._dispatching:
            self._dispatching = True
            loop.call_soon(self._dispatch)
        return command.future

    def _dispatch(self) -> None:
        """Wake one task for all that this loop turn has brought; where all are at work, they take it in passing."""
        self._dispatching = False
        if self._closed:
            return
        if self._timer is None and self._pending:
            self._timer = asyncio.get_running_loop().call_at(self._pending[0].deadline, self._give_up)
        while self._idle:
            waiter = self._idle.pop()
            if not waiter.done():
                waiter.set_result(None)
                return
        if len(self._tasks) < self._connections:
            task = asyncio.get_running_loop().create_task(self._serve())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _give_up(self) -> None:
        """Fail the commands that have waited for a connection too long."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._pending and self._pending[0].deadline <= loop.time():
            self._pending.popleft().fail(sent=False)
        if self._pending:
            self._timer = loop.call_at(self._pending[0].deadline, self._give_up)

    async def _serve(self) -> None:
        """Take what waits, send it over one connection, and again."""
        link: Link | None = None
        pause = FIRST_PAUSE_S
        try:
            while True:
                if not self._pending:
                    waiter = asyncio.get_running_loop().create_future()
                    self._idle.append(waiter)
                    await waiter
                try:
                    link = await self._ready(link)
                    pause = FIRST_PAUSE_S
                except LINK_ERRORS as error:
                    self._say_reachable(error)
                    link = None
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_S)
                    continue
                batch = self._take(link.identity)
                if batch and not await self._exchange(link, batch):
                    link = None
        finally:
            if link:
                await link.close()

    async def _ready(self, link: Link | None) -> Link:
        """The link, or a new one where it has ended while nothing was asked, or where a later one met another store."""
        if link:
            if link.identity == self._identity and await link.is_fresh():
                return link
            await link.close()
        link = await self._open_link()
        self._identity = link.identity
        self._say_reachable(None)
        return link

    def _say_reachable(self, error: Exception | None) -> None:
        """Log that the store is gone, and that it is back; not each attempt in between."""
        if error and self._reachable:
            _log.warning("no connection to the seat store", error=str(error), kind=type(error).__name__)
        elif not error and not self._reachable:
            _log.info("connected to the seat store again")
        self._reachable = error is None

    def _take(self, identity: str) -> list[Command]:
        batch: list[Command] = []
        while self._pending and len(batch) < MAX_BATCH:
            command = self._pending.popleft()
            if command.future.done():
                continue
            if command.identity not in {None, identity}:
                command.future.set_exception(OtherStoreError())
                continue
            batch.append(command)
        if self._pending:
            self._dispatch()
        return batch

    async def _exchange(self, link: Link, batch: list[Command]) -> bool:
        """Send a batch and settle its commands; False if the link is of no more use."""
        injected = self._clock.injected() if self._clock.injected else None
        not_after = self._clock.now() + self._timeout_ms
        unknown: list[Command] = []
        usable = True
        try:
            async with asyncio.timeout(self._timeout_ms / 1000):
                await link.write(command.words(not_after, injected) for command in batch)
                for command in batch:
                    reply = await link.read()
                    if isinstance(reply, ErrorReply):
                        if reply.code == "NOSCRIPT":
                            unknown.append(command)
                            continue
                        usable = usable and reply.code not in TELL_OF_ANOTHER_ROLE
                    command.settle(reply, link.identity, not_after)
                if unknown:
                    # The text goes along this time, so that a cache that is flushed again does no harm.
                    await link.write(command.words(not_after, injected, by_text=True) for command in unknown)
                    for command in unknown:
                        command.settle(await link.read(), link.identity, not_after)
        except LINK_ERRORS as error:
            _log.warning("a connection to the seat store broke", error=str(error), kind=type(error).__name__)
            usable = False
        finally:
            for command in batch:
                command.fail(sent=True, not_after=not_after)
            if not usable:
                with contextlib.suppress(*LINK_ERRORS):
                    await link.close()
        return usable
