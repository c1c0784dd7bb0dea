"""Commands of one loop turn go to the store as one pipeline, over a bounded number of connections."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.ops.ending import ended
from server.ops.metrics import STORE_ERRORS, STORE_SECONDS
from server.ops.resp import ErrorReply
from server.seats.clock import StoreClock
from server.seats.link import LINK_ERRORS, Argument, Link
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

log = structlog.get_logger(__name__)


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
                log.error("the seat store refused a command", command=name, error=reply.text)
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


class _Lane:
    """A link, once there is one, and the batch that is under way on it."""

    __slots__ = ("batch", "by_text", "deadline", "link", "not_after", "opening", "timer", "unknown", "usable")

    def __init__(self) -> None:
        self.link: Link | None = None
        self.opening: asyncio.Task[None] | None = None
        self.batch: deque[Command] = deque()
        """Commands whose replies are still to come, in their order."""
        self.unknown: list[Command] = []
        """Scripts that the store did not know: they have not run."""
        self.by_text = False
        self.usable = True
        self.not_after = 0
        self.deadline = 0.0
        self.timer: asyncio.TimerHandle | None = None

    def fail(self) -> None:
        """Nothing more will be answered of what is under way."""
        for command in (*self.unknown, *self.batch):
            command.fail(sent=True, not_after=self.not_after)
        self.unknown.clear()
        self.batch.clear()

    def drop(self) -> None:
        """Give the link up."""
        if self.link:
            self.link.close()
            self.link = None
        if self.timer:
            self.timer.cancel()
            self.timer = None


class Pipeline:
    """Sends commands and resolves their futures.

    `open_link` connects; `connections` bounds the links. One that is free takes all commands that wait and sends them
    as one pipeline; replies settle them as they are read, without a task in between. A command that finds no connection
    within `timeout_ms` was never sent: outcome none. One that is not answered within `timeout_ms` of being sent:
    unknown, and its connection is dropped. Nothing is sent twice, but a script that the store did not know: that one
    has not run.
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
        self._seconds = {operation: STORE_SECONDS.labels(operation) for operation in scripts}
        self._pending: deque[Command] = deque()
        self._lanes: list[_Lane] = []
        self._idle: list[_Lane] = []
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
        self._seconds[operation].observe(time.perf_counter() - started)
        return reply

    async def close(self) -> None:
        """Close all connections; commands that were not sent fail with outcome none, the others with unknown."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        await ended(*(lane.opening for lane in self._lanes))
        for lane in self._lanes:
            lane.fail()
            lane.drop()
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
        """Send all that this loop turn has brought; where all links are at work, they take it in passing."""
        self._dispatching = False
        if self._closed:
            return
        if self._idle:
            self._serve(self._idle.pop())
        elif len(self._lanes) < self._connections:
            lane = _Lane()
            self._lanes.append(lane)
            self._serve(lane)
        if self._timer is None and self._pending:
            self._timer = asyncio.get_running_loop().call_at(self._pending[0].deadline, self._give_up)

    def _give_up(self) -> None:
        """Fail the commands that have waited for a connection too long."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._pending and self._pending[0].deadline <= loop.time():
            self._pending.popleft().fail(sent=False)
        if self._pending:
            self._timer = loop.call_at(self._pending[0].deadline, self._give_up)

    # Lanes

    def _serve(self, lane: _Lane) -> None:
        """Have a lane that is free take what waits; without a good link it gets one first."""
        link = lane.link
        if link and (link.identity != self._identity or not link.is_fresh):
            # It has ended while nothing was asked, or a later one met another store.
            lane.drop()
            link = None
        if link:
            self._send(lane, link)
        else:
            lane.opening = asyncio.get_running_loop().create_task(self._open(lane))

    async def _open(self, lane: _Lane) -> None:
        pause = FIRST_PAUSE_S
        while not lane.link:
            try:
                link = await self._open_link()
            except LINK_ERRORS as error:
                self._say_reachable(error)
            except BaseException:
                self._lanes.remove(lane)
                raise
            else:
                self._say_reachable(None)
                self._identity = link.identity
                link.on_reply = partial(self._answered, lane)
                link.on_lost = partial(self._lost, lane)
                lane.link = link
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            if not self._pending:
                break
        lane.opening = None
        self._free(lane)

    def _say_reachable(self, error: Exception | None) -> None:
        """Log that the store is gone, and that it is back; not each attempt in between."""
        if error and self._reachable:
            log.warning("no connection to the seat store", error=str(error), kind=type(error).__name__)
        elif not error and not self._reachable:
            log.info("connected to the seat store again")
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
        return batch

    def _send(self, lane: _Lane, link: Link) -> None:
        """Send what waits over this lane, which is free; it is free again if there is nothing."""
        batch = self._take(link.identity)
        if not batch:
            self._idle.append(lane)
            return
        injected = self._clock.injected() if self._clock.injected else None
        lane.not_after = self._clock.now() + self._timeout_ms
        lane.usable, lane.by_text = True, False
        lane.batch.extend(batch)
        link.write([command.words(lane.not_after, injected) for command in batch])
        loop = asyncio.get_running_loop()
        lane.deadline = loop.time() + self._timeout_ms / 1000
        if lane.timer is None:
            lane.timer = loop.call_at(lane.deadline, self._check, lane)
        if self._pending:
            self._dispatch()

    def _check(self, lane: _Lane) -> None:
        """Give a batch up that is not answered in time; one timer sees many batches."""
        lane.timer = None
        if not lane.batch:
            return
        if asyncio.get_running_loop().time() >= lane.deadline:
            self._lost(lane, TimeoutError("no answer in time"))
        else:
            lane.timer = asyncio.get_running_loop().call_at(lane.deadline, self._check, lane)

    def _answered(self, lane: _Lane, reply: object) -> None:
        """Settle the command that the next reply answers."""
        link = lane.link
        if link is None or not lane.batch:
            raise ConnectionError("the store said something unasked")
        command = lane.batch.popleft()
        if isinstance(reply, ErrorReply) and reply.code == "NOSCRIPT" and not lane.by_text:
            lane.unknown.append(command)
        else:
            if isinstance(reply, ErrorReply) and reply.code in TELL_OF_ANOTHER_ROLE:
                lane.usable = False
            command.settle(reply, link.identity, lane.not_after)
        if not lane.batch:
            self._finish(lane, link)

    def _finish(self, lane: _Lane, link: Link) -> None:
        if lane.unknown:
            # The text goes along this time, so that a cache that is flushed again does no harm.
            injected = self._clock.injected() if self._clock.injected else None
            lane.by_text = True
            lane.batch.extend(lane.unknown)
            lane.unknown.clear()
            link.write([command.words(lane.not_after, injected, by_text=True) for command in lane.batch])
        else:
            if not lane.usable:
                lane.drop()
            self._free(lane)

    def _lost(self, lane: _Lane, error: Exception) -> None:
        """The link is of no more use, and what is under way is not answered."""
        busy = bool(lane.batch)
        lane.fail()
        lane.drop()
        if busy:
            log.warning("a connection to the seat store broke", error=str(error), kind=type(error).__name__)
            self._free(lane)

    def _free(self, lane: _Lane) -> None:
        if self._pending and not self._closed:
            self._serve(lane)
        else:
            self._idle.append(lane)
