"""The private PostgreSQL: the wheel's server on a unix socket, with a password, its cluster made at the first start.

For a normal user the cluster lives in `<data_dir>/postgres/data`. PostgreSQL refuses to run as root, so for root it
runs as a service user (see `service_user`) who as a rule may not reach DATA_DIR: then the cluster lives in a folder of
its own under the system's state folder, and `<data_dir>/postgres/place` says which. No mode of a folder that existed
is ever changed.
"""

import os
import secrets
import shutil
import signal
import tempfile
import time
from pathlib import Path

from server.embedded.base import EmbeddedServer
from server.embedded.errors import EmbeddedError
from server.embedded.folders import SocketFolder, passable_folder, write_private
from server.embedded.installation import Installation, installation
from server.embedded.processes import Program, arguments_of
from server.embedded.service_user import ServiceUser, owner_of, service_user

STATE_DIR = Path("/var/lib/cinebook")
"""Where clusters live, and a copy of the programs if need be, when CineBook runs as root."""

DATABASE = "cinebook"
ROLE = "cinebook"

_PORT = 5432  # of the socket's name alone: nothing listens on TCP
_READY_LIMIT_S = 120.0  # after a crash it first replays its log
# SIGINT ends sessions and stops at once, SIGQUIT leaves the rest to recovery at the next start.
_STOPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
_SESSIONS_LEFT = "pre-existing shared memory block"
_SESSIONS_LIMIT_S = 30.0
_SESSIONS_RETRY_S = 0.1

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(_PORT),
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors of sessions quote what people typed; the application gets them, and the log only what the server says.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}
# Acknowledged means on disk. Tests of other things may do without the wait for the disk.
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_VOLATILE = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL with the database `cinebook`, owned by the role `cinebook`, whose password is kept in DATA_DIR.

    `durable=False` gives up safety against a power cut, for tests; `state_dir` is used only as root.
    """

    name = "PostgreSQL"

    def __init__(self, data_dir: Path, *, durable: bool = True, state_dir: Path = STATE_DIR) -> None:
        sockets = SocketFolder(f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock")
        super().__init__(data_dir / "postgres", sockets, ready_limit_s=_READY_LIMIT_S)
        self._durable = durable
        self._state_dir = state_dir
        self._place = self._home / "place"
        self._pgpass = self._home / "pgpass"
        self._cluster = Path()
        self._tools: Installation | None = None

    @property
    def url(self) -> str:
        """A SQLAlchemy URL for asyncpg, of the database `cinebook`."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """A SQLAlchemy URL for asyncpg, of any database of this server."""
        password = _password(self._pgpass)
        return f"postgresql+asyncpg://{ROLE}:{password}@/{database}?host={self._sockets.path}&port={_PORT}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement through psql and return its rows, columns divided by `|`: for administration and tests."""
        where = ("-h", str(self._sockets.path), "-p", str(_PORT), "-U", ROLE, "-d", database)
        options = ("-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1")
        settings = {"PGPASSFILE": str(self._pgpass), "PGCONNECT_TIMEOUT": "5"}
        return self._installed().run("psql", *where, *options, "-c", statement, settings=settings).strip()

    def _installed(self) -> Installation:
        if self._tools is None:
            raise EmbeddedError("PostgreSQL has not been started.")
        return self._tools

    def _start(self) -> None:
        deadline = time.monotonic() + _SESSIONS_LIMIT_S
        while True:
            try:
                super()._start()
                return
            except EmbeddedError as error:
                # Sessions outlive a killed server until they look up from their query; PostgreSQL will not join them.
                if _SESSIONS_LEFT not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(_SESSIONS_RETRY_S)

    def _prepare(self) -> None:
        place = self._find_place()
        self._cluster = place / "data"
        if self._tools is None:
            self._tools = installation(self._state_dir, self._user)
        if not (self._cluster / "PG_VERSION").exists():
            self._initialise(self._tools)

    def _find_place(self) -> Path:
        """The folder that holds the cluster; sets the user who owns it."""
        if self._place.exists():
            place = Path(self._place.read_text(encoding="utf-8").strip())
            if not place.is_dir():
                raise EmbeddedError(
                    f"The database of {self._home} was kept in {place}, which is gone: bring it back, "
                    f"or remove {self._home} to begin with an empty one."
                )
            self._user = owner_of(place)
            return place
        if (self._home / "data").is_dir():
            self._user = owner_of(self._home / "data")
            return self._home
        self._user = service_user()
        return self._home if self._user is None else self._make_place(self._user)

    def _make_place(self, user: ServiceUser) -> Path:
        passable_folder(self._state_dir)
        place = self._state_dir / secrets.token_hex(6)
        place.mkdir(mode=0o700)
        os.chown(place, user.uid, user.gid)
        write_private(self._place, f"{place}\n")
        return place

    def _initialise(self, tools: Installation) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        if not self._pgpass.exists():
            write_private(self._pgpass, f"*:*:*:{ROLE}:{secrets.token_urlsafe(24)}\n")
        new = self._cluster.with_name("new")
        if new.exists():
            shutil.rmtree(new)  # an earlier first start was interrupted
        password = self._password_file()
        try:
            tools.run(
                "initdb",
                *("-D", str(new), "-U", ROLE, f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums"),
                *("--no-instructions", *(() if self._durable else ("--no-sync",))),
                user=self._user,
            )
        finally:
            password.unlink()
        new.rename(self._cluster)

    def _password_file(self) -> Path:
        """A copy of the password that the service user may read, in a folder where only we make files."""
        folder = self._home if self._user is None else self._state_dir
        descriptor, path = tempfile.mkstemp(prefix="password-", dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if self._user is not None:
                os.fchown(descriptor, self._user.uid, self._user.gid)
            file.write(_password(self._pgpass))
        return Path(path)

    def _program(self, sockets: Path) -> Program:
        settings = _SETTINGS | (_DURABLE if self._durable else _VOLATILE) | {"unix_socket_directories": str(sockets)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        arguments = (self._installed().program("postgres"), "-D", str(self._cluster), *options)
        return Program(self.name, arguments, self._home / "postgres.log", _STOPS, self._user)

    def _marker(self) -> str:
        return f"-D {self._cluster} -c"

    def _leftovers(self) -> list[int]:
        """Also what the cluster's own process file says: PostgreSQL would not start if that process lived."""
        file = self._cluster / "postmaster.pid"
        try:
            pid = int(file.read_text(encoding="utf-8").splitlines()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return super()._leftovers()
        if self._marker() not in arguments_of(pid):
            # Another process may have that number by now, and PostgreSQL would take it for a running server.
            file.unlink()
            return super()._leftovers()
        return [pid, *super()._leftovers()]

    def _answers(self) -> bool:
        if not self._says_ready():
            return False
        if self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'") == "":  # noqa: S608 (our constant)
            self.sql(f"CREATE DATABASE {DATABASE}")
        return True

    def _says_ready(self) -> bool:
        try:
            lines = (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"


def _password(pgpass: Path) -> str:
    try:
        return pgpass.read_text(encoding="utf-8").strip().rpartition(":")[2]
    except FileNotFoundError:
        raise EmbeddedError(f"The password of the database is missing: {pgpass} is gone.") from None
