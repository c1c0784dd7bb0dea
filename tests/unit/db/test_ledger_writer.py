"""The writer before the ledger: nobody waits for it, and what it loses is counted."""

import asyncio
from collections.abc import Sequence

import pytest

from protocol.codes import Outcome
from server.db.ledger_writer import BATCH, LedgerWriter
from server.domain.errors import UnavailableError
from server.domain.ledger import SeatEvent
from server.ports.ledger import SeatHistory

LONG_MS = 3_600_000


class Recording:
    """A `SeatLedger` that takes down batches, unless it is told to fail."""

    def __init__(self) -> None:
        self.batches: list[tuple[SeatEvent, ...]] = []
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def append(self, events: Sequence[SeatEvent]) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.batches.append(tuple(events))

    async def of_seat(
        self, showtime: str, seat: int, *, at: int, around_ms: int = 60_000, limit: int = 200
    ) -> SeatHistory:
        raise NotImplementedError

    @property
    def versions(self) -> list[int]:
        """The versions written, in their order."""
        return [event.version for batch in self.batches for event in batch]


@pytest.fixture
def ledger() -> Recording:
    """The ledger that the writer writes to."""
    return Recording()


def event(version: int) -> SeatEvent:
    """A grant."""
    return SeatEvent(
        showtime="s1",
        epoch="e",
        version=version,
        seat=0,
        event="granted",
        holder_hash=None,
        order=None,
        reason=None,
        at=0,
    )


async def test_a_full_batch_is_written_at_once(ledger: Recording) -> None:
    """A batch that is full waits for no interval, and batches are never longer."""
    writer = LedgerWriter(ledger, interval_ms=LONG_MS)
    await writer.start()
    for version in range(BATCH):
        writer.write(event(version))
    async with asyncio.timeout(30):
        await ledger.asked.wait()
    for version in range(BATCH, 2 * BATCH + 1):
        writer.write(event(version))
    await writer.close()
    assert ledger.versions == list(range(2 * BATCH + 1))
    assert max(map(len, ledger.batches)) == BATCH


async def test_a_lone_event_is_written_soon(ledger: Recording) -> None:
    """An event that fills no batch is written after the interval."""
    writer = LedgerWriter(ledger, interval_ms=1)
    await writer.start()
    writer.write(event(1))
    async with asyncio.timeout(30):
        await ledger.asked.wait()
    await writer.close()
    assert ledger.versions == [1]


async def test_a_buffer_that_is_full(ledger: Recording) -> None:
    """What finds no room is dropped and counted; what came before is kept."""
    dropped: list[int] = []
    writer = LedgerWriter(ledger, capacity=3, interval_ms=LONG_MS, dropped=dropped.append)
    await writer.start()
    for version in range(5):
        writer.write(event(version))
    await writer.close()
    assert ledger.versions == [0, 1, 2]
    assert sum(dropped) == 2


async def test_the_database_is_away(ledger: Recording) -> None:
    """Events that could not be written because the database is away are written later."""
    ledger.errors = [UnavailableError(Outcome.NONE), UnavailableError(Outcome.UNKNOWN)]
    writer = LedgerWriter(ledger, interval_ms=1)
    await writer.start()
    writer.write(event(1))
    async with asyncio.timeout(30):
        while not ledger.batches:
            await asyncio.sleep(0)
    await writer.close()
    assert ledger.versions == [1]


async def test_events_that_the_ledger_refuses(ledger: Recording) -> None:
    """A batch that is refused for good is dropped and counted, and the next is written."""
    dropped: list[int] = []
    ledger.errors = [ValueError("nonsense")]
    writer = LedgerWriter(ledger, interval_ms=LONG_MS, dropped=dropped.append)
    await writer.start()
    for version in range(BATCH + 1):
        writer.write(event(version))
    await writer.close()
    assert ledger.versions == [BATCH]
    assert sum(dropped) == BATCH


async def test_closing_in_the_middle_of_a_batch(ledger: Recording) -> None:
    """A batch that was being written when the end came is written again, and nothing is lost."""
    ledger.gate.clear()
    writer = LedgerWriter(ledger, interval_ms=1)
    await writer.start()
    writer.write(event(1))
    async with asyncio.timeout(30):
        await ledger.asked.wait()
    closing = asyncio.ensure_future(writer.close())
    await asyncio.sleep(0)
    ledger.gate.set()
    await closing
    assert set(ledger.versions) == {1}


async def test_closing_is_bounded(ledger: Recording) -> None:
    """A ledger that does not answer keeps nobody from closing; what was not written is counted."""
    dropped: list[int] = []
    ledger.gate.clear()
    writer = LedgerWriter(ledger, interval_ms=LONG_MS, close_ms=1, dropped=dropped.append)
    await writer.start()
    writer.write(event(1))
    async with asyncio.timeout(30):
        await writer.close()
    assert sum(dropped) == 1
