"""A server process on the shared databases, which keeps its port over a restart."""

import asyncio
from pathlib import Path

from protocol.aio import SeatMapClient
from tests.command import Command
from tests.ports import lasting_port


class Server:
    """`cinebook serve` with these settings; `start`, then `stop`, as often as wanted."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self._log = folder / "stderr"
        self._settings = {"data_dir": folder, "port": lasting_port(), **settings}
        self._command: Command | None = None
        self.url = ""

    async def start(self) -> None:
        """Serve; returns when it does."""
        command = self._command = Command("serve", log=self._log, **self._settings)
        command.__enter__()
        self.url = await asyncio.to_thread(command.address)

    async def crash(self) -> None:
        """End at once, with every connection; `start` brings it back."""
        assert self._command is not None
        await asyncio.to_thread(self._command.kill)
        self._command.__exit__(None, None, None)
        self._command = None

    async def stop(self) -> None:
        """Stop in good order."""
        if self._command is not None:
            command, self._command = self._command, None
            try:
                assert await asyncio.to_thread(command.terminate) == 0, command.errors
            finally:
                command.__exit__(None, None, None)

    def client(self, token: str | None = None, showtime: str = "demo") -> SeatMapClient:
        """Another program that watches, and with a token locks."""
        return SeatMapClient(self.url.replace("http", "ws", 1), showtime, token=token)
