"""The writer before the database: nobody waits for it, and what it loses is counted."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from protocol.codes import Outcome
from server.db.buffered_writer import BufferedWriter
from server.domain.errors import UnavailableError

LONG_MS = 3_600_000
BATCH = 50


class Recording:
    """Takes down batches, unless it is told to fail."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def append(self, records: Sequence[int]) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.batches.append(tuple(records))

    @property
    def written(self) -> list[int]:
        """The records written, in their order."""
        return [record for batch in self.batches for record in batch]


@pytest.fixture
def ledger() -> Recording:
    """What the writer writes to."""
    return Recording()


def writer_to(ledger: Recording, *, capacity: int = 1000, **more: Any) -> BufferedWriter[int]:
    """The writer under test."""
    return BufferedWriter("records of a test", ledger.append, capacity=capacity, batch=BATCH, **more)


async def test_a_full_batch_is_written_at_once(ledger: Recording) -> None:
    """A batch that is full waits for no interval, and batches are never longer."""
    writer = writer_to(ledger, interval_ms=LONG_MS)
    await writer.start()
    for version in range(BATCH):
        writer.write(version)
    async with asyncio.timeout(30):
        await ledger.asked.wait()
    for version in range(BATCH, 2 * BATCH + 1):
        writer.write(version)
    await writer.close()
    assert ledger.written == list(range(2 * BATCH + 1))
    assert max(map(len, ledger.batches)) == BATCH


async def test_a_lone_record_is_written_soon(ledger: Recording) -> None:
    """A record that fills no batch is written after the interval."""
    writer = writer_to(ledger, interval_ms=1)
    await writer.start()
    writer.write(1)
    async with asyncio.timeout(30):
        await ledger.asked.wait()
    await writer.close()
    assert ledger.written == [1]


async def test_a_buffer_that_is_full(ledger: Recording) -> None:
    """What finds no room is dropped and counted; what came before is kept."""
    dropped: list[int] = []
    writer = writer_to(ledger, capacity=3, interval_ms=LONG_MS, dropped=dropped.append)
    await writer.start()
    for version in range(5):
        writer.write(version)
    await writer.close()
    assert ledger.written == [0, 1, 2]
    assert sum(dropped) == 2


async def test_the_database_is_away(ledger: Recording) -> None:
    """Records that could not be written because the database is away are written later."""
    ledger.errors = [UnavailableError(Outcome.NONE), UnavailableError(Outcome.UNKNOWN)]
    writer = writer_to(ledger, interval_ms=1)
    await writer.start()
    writer.write(1)
    async with asyncio.timeout(30):
        while not ledger.batches:
            await asyncio.sleep(0)
    await writer.close()
    assert ledger.written == [1]


async def test_records_that_are_refused(ledger: Recording) -> None:
    """A batch that is refused for good is dropped and counted, and the next is written."""
    dropped: list[int] = []
    ledger.errors = [ValueError("nonsense")]
    writer = writer_to(ledger, interval_ms=LONG_MS, dropped=dropped.append)
    await writer.start()
    for version in range(BATCH + 1):
        writer.write(version)
    await writer.close()
    assert ledger.written == [BATCH]
    assert sum(dropped) == BATCH


async def test_closing_in_the_middle_of_a_batch(ledger: Recording) -> None:
    """A batch that was being written when the end came is written again, and nothing is lost."""
    ledger.gate.clear()
    writer = writer_to(ledger, interval_ms=1)
    await writer.start()
    writer.write(1)
    async with asyncio.timeout(30):
        await ledger.asked.wait()
    closing = asyncio.ensure_future(writer.close())
    await asyncio.sleep(0)
    ledger.gate.set()
    await closing
    assert set(ledger.written) == {1}


async def test_closing_is_bounded(ledger: Recording) -> None:
    """A ledger that does not answer keeps nobody from closing; what was not written is counted."""
    dropped: list[int] = []
    ledger.gate.clear()
    writer = writer_to(ledger, interval_ms=LONG_MS, close_ms=1, dropped=dropped.append)
    await writer.start()
    writer.write(1)
    async with asyncio.timeout(30):
        await writer.close()
    assert sum(dropped) == 1
