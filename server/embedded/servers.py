"""Both embedded servers as one: what `cinebook run` starts where it is given no REDIS_URL or no DATABASE_URL."""

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from server.embedded.postgres import STATE_DIR, EmbeddedPostgres
from server.embedded.valkey import EmbeddedValkey


@dataclass(frozen=True)
class Addresses:
    """Where the servers listen; the database's has its password in it, so neither is shown by `repr`."""

    redis_url: str = field(repr=False)
    database_url: str = field(repr=False)
    """A SQLAlchemy URL for asyncpg."""


class EmbeddedServers:
    """A Valkey and a PostgreSQL of one application, with all that they keep under `data_dir`.

    A server that is to be found at `redis_url` or `database_url` already is not started. A context manager: started on
    entry, which gives the addresses, and stopped on exit. The caller turns SIGTERM into an orderly exit of its own.
    `state_dir` is used only as root, see `EmbeddedPostgres`.
    """

    def __init__(
        self, data_dir: Path, *, redis_url: str = "", database_url: str = "", state_dir: Path = STATE_DIR
    ) -> None:
        self.valkey = EmbeddedValkey(data_dir)
        self.postgres = EmbeddedPostgres(data_dir, state_dir=state_dir)
        self._given = Addresses(redis_url, database_url)

    def start(self) -> Addresses:
        """Start what is missing on the data that are there, and wait until it answers.

        Raises EmbeddedError if that cannot be, also if the folder is in use by another start; nothing runs then.
        """
        try:
            return Addresses(
                redis_url=self._given.redis_url or self.valkey.start(),
                database_url=self._given.database_url or self.postgres.start(),
            )
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both orderly; nothing happens to one that is not running."""
        try:
            self.postgres.stop()
        finally:
            self.valkey.stop()

    def ended(self) -> str | None:
        """The name of one that was started and runs no more; None while all do."""
        for server, given in ((self.valkey, self._given.redis_url), (self.postgres, self._given.database_url)):
            if not given and not server.alive:
                return server.name
        return None

    def __enter__(self) -> Addresses:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
