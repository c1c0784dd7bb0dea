"""Folders for the command's data, and the command itself."""

import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command import Command, embedded_pids, wait_until_gone
from tests.servers import discard

Cinebook = Callable[..., Command]


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A shell that runs the tests in the background has them ignore Ctrl-C, `nohup` SIGHUP; that would be inherited."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGHUP, hang_up)


def _data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="cinebook-tests-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    # A command that a failed test killed has its servers end a little later.
    wait_until_gone(embedded_pids(folder))
    discard(folder)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A DATA_DIR that the module's tests start on one after the other; empty at first."""
    yield from _data_dir()


@pytest.fixture
def new_data_dir() -> Iterator[Path]:
    """A DATA_DIR with nothing in it."""
    yield from _data_dir()


@pytest.fixture
def cinebook(tmp_path: Path) -> Cinebook:
    """Makes commands, on a free port if none is asked for."""
    count = 0

    def make(*arguments: str, **settings: object) -> Command:
        nonlocal count
        count += 1
        return Command(*arguments, log=tmp_path / f"stderr-{count}", **{"port": 0, **settings})

    return make


@pytest.fixture
def given(tmp_path: Path, redis_url: str, key_prefix: str, empty_database_url: str) -> dict[str, object]:
    """Settings with servers that are there already, and a database with nothing in it."""
    return {
        "data_dir": tmp_path / "data",
        "redis_url": redis_url,
        "redis_prefix": key_prefix,
        "database_url": empty_database_url,
    }
