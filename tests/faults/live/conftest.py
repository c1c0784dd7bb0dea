"""Faults are met on the event loop that serves in production."""

import asyncio
from collections.abc import Callable

import uvloop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What transports do when they are full or gone is the loop's."""
    return {"uvloop": uvloop.new_event_loop}
