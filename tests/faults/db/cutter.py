"""A stand-in for the way to PostgreSQL that loses the connection at a commit."""

import asyncio
import contextlib
from pathlib import Path
from typing import Literal

Cut = Literal["before", "after"]
"""Whether the connection is lost before the server hears of the commit, or before its answer comes back."""


class Cutter:
    """Passes bytes on between a socket of its own and the server's; `cut`, where set, strikes at the next COMMIT."""

    def __init__(self, real: Path) -> None:
        self._real = real
        self._tasks: set[asyncio.Task[None]] = set()
        self.cut: Cut | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it or it is cut."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        there, back = await asyncio.open_unix_connection(self._real)
        answers = asyncio.create_task(self._pass(there, writer))
        try:
            await self._forward(reader, there, back, answers)
        finally:
            answers.cancel()
            for end in (writer, back):
                end.close()

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        there: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if self.cut and b"COMMIT" in data:
                    cut, self.cut = self.cut, None
                    answers.cancel()
                    await asyncio.wait([answers])
                    if cut == "after":
                        back.write(data)
                        assert b"COMMIT" in await there.read(65536)
                    return
                back.write(data)
                await back.drain()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            # The server has hung up, and so does the way to it.
            writer.close()

    async def close(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
