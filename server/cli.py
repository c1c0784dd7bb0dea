"""The command `cinebook`: run, serve, migrate, seed, watch and staff.

What only some commands need is imported by these, since all of it takes a second to load; and before they handle
signals, for what a handler raises in the midst of an import may be lost.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Annotated, Final, NoReturn

import typer
from pydantic import ValidationError

from server.cli_staff import staff_commands
from server.domain.errors import UnavailableError
from server.domain.staff import StaffError
from server.embedded import Addresses, EmbeddedError, EmbeddedPostgres, EmbeddedServers
from server.identity.secrets import SecretError, load_secret
from server.listening import BindError, address_of, listen, url_of
from server.ops.logging import configure
from server.ops.settings import Settings
from server.stopping import ignore_stop_signals, on_stop_signals

WATCH_S: Final = 0.5
"""How often it is looked whether the embedded servers still run: without one of them nothing works."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="CineBook Live: a real-time seat-map server. Every setting is an environment variable CINEBOOK_….",
)

Workers = Annotated[int | None, typer.Option(help="Processes that serve the port; by default as the settings say.")]


@app.command()
def run(workers: Workers = None) -> None:
    """Start what is missing (Valkey, PostgreSQL), migrate, load the demo data and serve: all from nothing."""
    from server.db.migrate import upgrade
    from server.db.seed import seed as load
    from server.staff_accounts import hint

    settings = _settings(workers)
    serving = _serving(settings)
    with _failing_clearly():
        # First of all, because it is the likeliest to fail; whoever connects meanwhile waits for the start.
        listener = listen(settings.host, settings.port)
        with _addresses(settings) as addresses:
            upgrade(addresses.database_url)
            load(addresses.database_url, _now_ms())
            if (advice := hint(addresses.database_url)) is not None:
                print(advice, file=sys.stderr)
            serving(addresses, listener)


@app.command("serve")
def serve_only(workers: Workers = None) -> None:
    """Serve on servers and data that are there already."""
    settings = _settings(workers)
    addresses = _configured(settings)
    serving = _serving(settings)
    with _failing_clearly():
        serving(addresses, listen(settings.host, settings.port))


@app.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    from server.db.migrate import upgrade

    settings = _settings()
    with _failing_clearly(), _addresses(settings) as addresses:
        upgrade(addresses.database_url)


@app.command()
def seed() -> None:
    """Load the demo data; what is there already is left alone."""
    from server.db.migrate import upgrade
    from server.db.seed import seed as load

    settings = _settings()
    with _failing_clearly(), _addresses(settings) as addresses:
        upgrade(addresses.database_url)
        load(addresses.database_url, _now_ms())


@app.command()
def watch(
    showtime: Annotated[str, typer.Argument(help="The showtime's id, such as demo.")],
    url: Annotated[str, typer.Option(help="Where the server is; by default where the settings put it.")] = "",
) -> None:
    """Print a showtime's changes as they happen, until Ctrl-C."""
    from server.watch import WatchError
    from server.watch import watch as watch_showtime

    settings = _settings()
    # What the client would log of its connections is among the lines that are printed.
    logging.getLogger("protocol").setLevel(logging.WARNING)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(watch_showtime(url or url_of(settings.host, settings.port), showtime))
        except WatchError as error:
            _fail(str(error))


def main() -> None:
    """The console script."""
    app()


def _settings(workers: int | None = None) -> Settings:
    try:
        settings = Settings() if workers is None else Settings(workers=workers)
    except ValidationError as error:
        for fault in error.errors():
            name = "CINEBOOK_" + "_".join(map(str, fault["loc"])).upper() if fault["loc"] else "settings"
            print(f"cinebook: {name}: {fault['msg'].removeprefix('Value error, ')}", file=sys.stderr)
        sys.exit(2)
    configure(settings.log_level, settings.log_format)
    if settings.redis_url:
        from server.seats.link import address

        try:
            address(settings.redis_url, 1.0)
        except ValueError as error:
            _fail(f"CINEBOOK_REDIS_URL: {error}", 2)
    return settings


@contextlib.contextmanager
def _addresses(settings: Settings) -> Iterator[Addresses]:
    """The configured servers, and embedded ones for those that are not; they end with this block, also by a signal."""
    on_stop_signals(_end)
    servers = EmbeddedServers(settings.data_dir, redis_url=settings.redis_url, database_url=settings.database_url)
    over = threading.Event()
    lost: list[str] = []

    def watch() -> None:
        while not over.wait(WATCH_S):
            name = servers.ended()
            if name is not None:
                lost.append(name)
                os.kill(os.getpid(), signal.SIGTERM)
                return

    with servers as addresses:
        threading.Thread(target=watch, name="embedded servers", daemon=True).start()
        try:
            yield addresses
        finally:
            over.set()
            ignore_stop_signals()
    if lost:
        _fail(f"the embedded {lost[0]} has ended by itself; its log is in {settings.data_dir}")


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """The first signal ends what is under way; those after it must not break off the cleaning up."""
    ignore_stop_signals()
    sys.exit(128 + number)


def _serving(settings: Settings) -> Callable[[Addresses, socket.socket], None]:
    """What serves on these servers and this socket: this process, or as many others as are wanted."""
    if settings.workers == 1:
        from server.main import create_app
        from server.serving import serve

        def begin(addresses: Addresses, listener: socket.socket) -> None:
            serve(create_app(settings, addresses, address=address_of(listener)), listener, settings)
    else:
        from server.supervisor import Supervisor

        def begin(addresses: Addresses, listener: socket.socket) -> None:
            Supervisor(settings, addresses, listener).run()

    def checked(addresses: Addresses, listener: socket.socket) -> None:
        try:
            # Each worker reads the key again; what is wrong with it is said once, and before any of them starts.
            load_secret(settings.secret_key.get_secret_value(), settings.data_dir)
        except OSError as error:
            _fail(f"cannot keep the key in {settings.data_dir}: {error.strerror}")
        begin(addresses, listener)

    return checked


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _configured(settings: Settings) -> Addresses:
    if not (settings.redis_url and settings.database_url):
        _fail("serve needs CINEBOOK_REDIS_URL and CINEBOOK_DATABASE_URL; `cinebook run` brings its own servers", 2)
    return Addresses(redis_url=settings.redis_url, database_url=settings.database_url)


@contextlib.contextmanager
def _database() -> Iterator[str]:
    """The configured database, that of a server which runs in the folder, or the embedded one; at its newest version.

    It ends with this block where it was started by it.
    """
    from server.db.migrate import upgrade

    settings = _settings()
    running = None if settings.database_url else EmbeddedPostgres(settings.data_dir).join()
    if running is not None:
        yield running
        return
    with _addresses(settings) as addresses:
        upgrade(addresses.database_url)
        yield addresses.database_url


@contextlib.contextmanager
def _failing_clearly() -> Iterator[None]:
    """Say in one line what a person has to mend."""
    try:
        yield
    except (EmbeddedError, BindError, SecretError, StaffError) as error:
        _fail(str(error))
    except UnavailableError as error:
        # Only what is done to the database before serving lets it through.
        reason = str(error.__cause__).partition("\n")[0]
        _fail(f"the database does not serve: {reason}")


app.add_typer(staff_commands(_database, _failing_clearly), name="staff")


def _fail(reason: str, code: int = 1) -> NoReturn:
    print(f"cinebook: {reason}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
