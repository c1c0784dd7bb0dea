"""Where messages go while there is nobody to send them: files that people can open."""

import asyncio
import os
from pathlib import Path


class OutboxFolder:
    """A folder of messages, for their owner's eyes alone; one written again under its name is replaced.

    What is not yet whole ends in `.part`, so that whoever looks for `*.eml` never meets it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, content: bytes) -> None:
        """Write one message whole or not at all; raises `OSError`."""
        await asyncio.to_thread(self._write, name, content)

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._folder / f".{name}.part"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        draft.replace(self._folder / name)
