"""A crowd of viewers with nothing in between: each keeps the history that the server told it."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from protocol.codec import MSGPACK
from protocol.codes import CloseCode
from protocol.from_server import Delta, Snapshot


class Viewer:
    """One connection after the other, each resumed where the last one ended; any other end than 4003 is an error.

    `there` is set while it has the map, `port` is its end's of the open connection or 0, `moves` counts those that
    the server ended, and `breaks` are the messages that did not continue what it knew.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._epoch = ""
        self.version = -1
        self.port = 0
        self.moves = 0
        self.breaks: list[str] = []
        self.there = asyncio.Event()

    async def watch(self) -> None:
        """Watch until cancelled."""
        while True:
            resume = f"?epoch={self._epoch}&version={self.version}" if self._epoch else ""
            async with connect(
                self._url + resume, subprotocols=[Subprotocol(MSGPACK.subprotocol)], compression=None, open_timeout=60
            ) as connection:
                self.port = connection.local_address[1]
                await self._listen(connection)

    async def _listen(self, connection: ClientConnection) -> None:
        told = 0
        # The code is asked for below.
        with contextlib.suppress(ConnectionClosed):
            async for data in connection:
                assert isinstance(data, bytes)
                match MSGPACK.decode_server(data):
                    case Snapshot() as snapshot:
                        self._replace(snapshot)
                    case Delta() as delta:
                        self._follow(delta, told)
                    case _:
                        continue
                told += 1
                self.there.set()
        assert connection.close_code == CloseCode.DRAINING
        self.port = 0
        self.there.clear()
        self.moves += 1

    def _replace(self, snapshot: Snapshot) -> None:
        if self._epoch:
            self.breaks.append(f"a map at {snapshot.version} in place of the way from {self.version}")
        self._epoch, self.version = snapshot.epoch, snapshot.version

    def _follow(self, delta: Delta, told: int) -> None:
        """Where a connection begins amid a tick, the tick's delta begins before it; any other begins where we are."""
        overlaps = told == 1 and delta.from_version < self.version
        if delta.from_version != self.version and not overlaps:
            self.breaks.append(f"{delta.from_version} to {delta.version} at {self.version}")
        self.version = max(self.version, delta.version)


class Crowd:
    """So many viewers of the demo showtime; a context manager, on entry of which each has its map."""

    def __init__(self, url: str, size: int) -> None:
        self.viewers = [Viewer(f"{url.replace('http', 'ws', 1)}/ws/showtimes/demo") for _ in range(size)]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for viewer in self.viewers:
            self._tasks.append(asyncio.create_task(viewer.watch()))
            # One after the other: a rush is not what is to be shown.
            await self.until(viewer.there.is_set)
        return self

    def add(self, somebody: Coroutine[None, None, None]) -> None:
        """Somebody else who does something until the end."""
        self._tasks.append(asyncio.create_task(somebody))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; raises what made anybody fail meanwhile."""
        while not is_so():
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.002)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def ports_of(worker: int) -> set[int]:
    """The other ends' ports of the TCP connections that a process has; none if it is gone."""
    inodes = set()
    with contextlib.suppress(FileNotFoundError):
        for path in Path(f"/proc/{worker}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                inodes.add(str(path.readlink()).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[9] in inodes:
            found.add(int(fields[2].rpartition(":")[2], 16))
    # A socket that listens has nobody at its other end.
    return found - {0}
