"""Both embedded servers as one: what `cinebook run` starts when it is given no REDIS_URL and no DATABASE_URL."""

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

    A context manager: started on entry, which gives the addresses, and stopped on exit. The caller turns SIGTERM into
    an orderly exit of its own. `state_dir` is used only as root, see `EmbeddedPostgres`.
    """

    def __init__(self, data_dir: Path, *, state_dir: Path = STATE_DIR) -> None:
        self.valkey = EmbeddedValkey(data_dir)
        self.postgres = EmbeddedPostgres(data_dir, state_dir=state_dir)

    def start(self) -> Addresses:
        """Start both on the data that are there and wait until they answer.

        Raises EmbeddedError if that cannot be, also if the folder is in use by another start; nothing runs then.
        """
        redis_url = self.valkey.start()
        try:
            return Addresses(redis_url, self.postgres.start())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both orderly; nothing happens to one that is not running."""
        try:
            self.postgres.stop()
        finally:
            self.valkey.stop()

    def __enter__(self) -> Addresses:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
