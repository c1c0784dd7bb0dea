"""What is not logged."""

import logging
from collections.abc import Iterator

import pytest

from server.ops.logging import configure


@pytest.fixture
def as_before() -> Iterator[None]:
    """Loggers are the process's: the next test finds them as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("level", ["debug", "info"])
@pytest.mark.parametrize("library", ["httpx", "httpcore", "uvicorn.access"])
def test_addresses_of_requests_are_not_logged(level: str, library: str) -> None:
    """A push address is a browser's secret, and a gateway's query holds signatures."""
    configure(level, "json")
    assert not logging.getLogger(library).isEnabledFor(logging.INFO)
    assert logging.getLogger(library).isEnabledFor(logging.WARNING)
