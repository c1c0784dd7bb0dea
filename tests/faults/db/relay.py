"""Puts something on the way to PostgreSQL that a test can spoil."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy.engine import make_url


class Relay(Protocol):
    """Passes bytes on between a socket of its own and the server's."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it is over."""
        ...

    async def close(self) -> None:
        """End every connection, and wait until all are gone."""
        ...


R = TypeVar("R", bound=Relay)


@contextlib.asynccontextmanager
async def standing_before(url: str, folder: Path, make: Callable[[Path], R]) -> AsyncIterator[tuple[R, str]]:
    """What `make` makes of the server's socket, with its own in `folder`; and the URL that leads through it."""
    parts = make_url(url)
    name = f".s.PGSQL.{parts.query['port']}"
    made = make(Path(str(parts.query["host"])) / name)
    server = await asyncio.start_unix_server(made.serve, folder / name)
    try:
        through = parts.update_query_dict({"host": str(folder)})
        yield made, through.render_as_string(hide_password=False)
    finally:
        server.close()
        await made.close()
        await server.wait_closed()
