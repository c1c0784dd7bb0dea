"""Work on the accounts of staff without a server, for the command line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from server.db.engine import create_lone_engine
from server.db.staff import PostgresStaffAccounts
from server.ports import StaffAccounts

HINT: Final = "Nobody can sign in at /staff yet; open an account with: cinebook staff add LOGIN --role manager"

T = TypeVar("T")


def work_on(url: str, work: Callable[[StaffAccounts], Awaitable[T]]) -> T:
    """What `work` makes of the accounts in the migrated database at `url`; blocks. Raises what it raises."""

    async def run() -> T:
        engine = create_lone_engine(url)
        try:
            return await work(PostgresStaffAccounts(engine))
        finally:
            await engine.dispose()

    return asyncio.run(run())


def hint(url: str) -> str | None:
    """How to open the first account, for whoever starts a server whose database at `url` has none; else None."""
    return None if work_on(url, lambda accounts: accounts.members()) else HINT
