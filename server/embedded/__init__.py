"""A private Valkey and a private PostgreSQL from wheels, for `cinebook run` without any server installed and for tests.

Both listen only on unix sockets in folders that no other user may enter, keep their data under DATA_DIR, and end with
the application. `EmbeddedServers` starts both; `EmbeddedValkey` and `EmbeddedPostgres` start one. All that can go wrong
is an `EmbeddedError`.
"""

from server.embedded.errors import EmbeddedError
from server.embedded.postgres import EmbeddedPostgres
from server.embedded.servers import Addresses, EmbeddedServers
from server.embedded.valkey import EmbeddedValkey

__all__ = ["Addresses", "EmbeddedError", "EmbeddedPostgres", "EmbeddedServers", "EmbeddedValkey"]
