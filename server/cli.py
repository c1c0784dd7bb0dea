"""The command `cinebook`: run, serve, migrate, seed and watch."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from server.db.migrate import upgrade
from server.embedded import Addresses, EmbeddedError, EmbeddedPostgres, EmbeddedValkey
from server.main import create_app, migrate_and_seed
from server.ops.logging import configure
from server.ops.settings import Settings
from server.serving import BindError, listen, serve
from server.watch import WatchError
from server.watch import watch as watch_showtime

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="CineBook Live: a real-time seat-map server. Every setting is an environment variable CINEBOOK_….",
)


@app.command()
def run() -> None:
    """Start what is missing (Valkey, PostgreSQL), migrate, load the demo data and serve: all from nothing."""
    settings = _settings()
    with _failing_clearly(), _addresses(settings) as addresses:
        listener = listen(settings.host, settings.port)
        migrate_and_seed(addresses.database_url)
        serve(create_app(settings, addresses), listener, settings)


@app.command("serve")
def serve_only() -> None:
    """Serve on servers and data that are there already."""
    settings = _settings()
    with _failing_clearly():
        addresses = _configured(settings)
        serve(create_app(settings, addresses), listen(settings.host, settings.port), settings)


@app.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    settings = _settings()
    with _failing_clearly(), _addresses(settings) as addresses:
        upgrade(addresses.database_url)


@app.command()
def seed() -> None:
    """Load the demo data; what is there already is left alone."""
    settings = _settings()
    with _failing_clearly(), _addresses(settings) as addresses:
        migrate_and_seed(addresses.database_url)


@app.command()
def watch(
    showtime: Annotated[str, typer.Argument(help="The showtime's id, such as demo.")],
    url: Annotated[str, typer.Option(help="Where the server is; by default where the settings put it.")] = "",
) -> None:
    """Print a showtime's changes as they happen, until Ctrl-C."""
    settings = _settings()
    with contextlib.suppress(KeyboardInterrupt), _failing_clearly():
        asyncio.run(watch_showtime(url or f"http://{settings.host}:{settings.port}", showtime))


def main() -> None:
    """The console script."""
    app()


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "CINEBOOK_" + "_".join(map(str, fault["loc"])).upper() if fault["loc"] else "settings"
            print(f"cinebook: {name}: {fault['msg']}", file=sys.stderr)
        sys.exit(2)
    configure(settings.log_level, settings.log_format)
    return settings


@contextlib.contextmanager
def _addresses(settings: Settings) -> Iterator[Addresses]:
    """The configured servers, and embedded ones for those that are not; they end with this block, also on SIGTERM."""
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        with contextlib.ExitStack() as embedded:
            yield Addresses(
                redis_url=settings.redis_url or embedded.enter_context(EmbeddedValkey(settings.data_dir)).url,
                database_url=settings.database_url or embedded.enter_context(EmbeddedPostgres(settings.data_dir)).url,
            )
    finally:
        signal.signal(signal.SIGTERM, before)


def _configured(settings: Settings) -> Addresses:
    if not (settings.redis_url and settings.database_url):
        print(
            "cinebook: serve needs CINEBOOK_REDIS_URL and CINEBOOK_DATABASE_URL; `cinebook run` brings its own servers",
            file=sys.stderr,
        )
        sys.exit(2)
    return Addresses(redis_url=settings.redis_url, database_url=settings.database_url)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


@contextlib.contextmanager
def _failing_clearly() -> Iterator[None]:
    """Say in one line what a person has to mend."""
    try:
        yield
    except (EmbeddedError, BindError, WatchError) as error:
        print(f"cinebook: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
