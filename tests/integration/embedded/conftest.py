"""Folders for servers of a test's own, and programs that start them in another process."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.embedded.scenario import Scenario


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that PostgreSQL's service user may pass through."""
    path = Path(tempfile.mkdtemp(prefix="cinebook-tests-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def data_dir(folder: Path) -> Path:
    """Where a test's servers keep their data; not there yet."""
    return folder / "data"


@pytest.fixture
def state_dir(folder: Path) -> Path:
    """The state folder that is used when the tests run as root; not there yet."""
    return folder / "state"


@pytest.fixture
def scenario(data_dir: Path, state_dir: Path) -> Iterator[Scenario]:
    """A program that runs servers on this test's folders; ended with the test."""
    with Scenario(data_dir, state_dir) as program:
        yield program


@pytest.fixture
def not_ours() -> int:
    """The id of a process that is alive and no server of ours: this one."""
    return os.getpid()
