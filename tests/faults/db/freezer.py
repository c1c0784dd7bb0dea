"""A stand-in for the way to PostgreSQL that can stand still, connections accepted and nothing answered, or be cut."""

import asyncio
import contextlib
from pathlib import Path


class Freezer:
    """Passes bytes on between a socket of its own and the server's, both ways, but for the time that it is frozen."""

    def __init__(self, real: Path) -> None:
        self._real = real
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.refusing = False
        """Whether new connections are closed at once."""

    def freeze(self) -> None:
        """From now on nothing arrives."""
        self._flowing.clear()

    def thaw(self) -> None:
        """All that was held back arrives, and what comes after it."""
        self._flowing.set()

    def cut(self) -> None:
        """End every connection, as when the server dies."""
        for task in self._tasks:
            task.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(asyncio.CancelledError), contextlib.closing(writer):
            if self.refusing:
                return
            await self._flowing.wait()
            there, back = await asyncio.open_unix_connection(self._real)
            ways = (asyncio.create_task(self._pass(reader, back)), asyncio.create_task(self._pass(there, writer)))
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                back.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()

    async def close(self) -> None:
        """End every connection, and wait until all are gone."""
        tasks = list(self._tasks)
        self.cut()
        await asyncio.gather(*tasks, return_exceptions=True)
