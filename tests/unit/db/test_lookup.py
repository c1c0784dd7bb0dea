"""Reads that are remembered, share one query and never flood the database."""

import asyncio
from collections.abc import Mapping

import pytest

from protocol.codes import Outcome
from server.db.lookup import Lookup
from server.domain.errors import UnavailableError


class Source:
    """A recording source: finds `known`, keeps each batch that it was asked for, and answers when `gate` is open."""

    def __init__(self, **known: int) -> None:
        self.known = known
        self.batches: list[tuple[str, ...]] = []
        self.running = 0
        self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def load(self, keys: tuple[str, ...]) -> Mapping[str, int]:
        """What is known of `keys`, or the error that was set."""
        self.batches.append(keys)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        if self.error is not None:
            raise self.error
        return {key: self.known[key] for key in keys if key in self.known}


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        """The present millisecond."""
        return self.now


def lookup(source: Source, clock: Clock, *, size: int = 10, batch: int = 10) -> Lookup[str, int]:
    """A lookup that keeps what is found for 100 ms and what is not for 50."""
    return Lookup(source.load, size=size, batch=batch, keep_ms=100, absent_ms=50, clock=clock)


async def turn() -> None:
    """Let every task that is ready run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_found_is_kept_until_it_is_old() -> None:
    """What was found is not asked for again before its time, and is afterwards."""
    source, clock = Source(a=1), Clock()
    found = lookup(source, clock)
    assert await found.get("a") == 1
    source.known["a"] = 2
    clock.now = 99
    assert await found.get("a") == 1
    clock.now = 100
    assert await found.get("a") == 2
    assert source.batches == [("a",), ("a",)]


async def test_absent_is_remembered_for_its_own_time() -> None:
    """What was not found is believed absent for a shorter time, then found if it has come."""
    source, clock = Source(), Clock()
    found = lookup(source, clock)
    assert await found.get("a") is None
    source.known["a"] = 1
    clock.now = 49
    assert await found.get("a") is None
    clock.now = 50
    assert await found.get("a") == 1


async def test_found_that_went_away_is_absent() -> None:
    """What is no longer there when it is asked for again is not told from memory."""
    source, clock = Source(a=1), Clock()
    found = lookup(source, clock)
    await found.get("a")
    del source.known["a"]
    clock.now = 100
    assert await found.get("a") is None
    assert await found.get("a") is None
    assert len(source.batches) == 2


async def test_one_flight_for_one_key() -> None:
    """However many ask for a key at once, one query answers them all."""
    source = Source(a=1)
    found = lookup(source, Clock())
    assert await asyncio.gather(*(found.get("a") for _ in range(50))) == [1] * 50
    assert source.batches == [("a",)]


async def test_a_flood_is_one_query_at_a_time() -> None:
    """Keys that come while a query runs wait, and go out together in batches, one after the other."""
    source = Source()
    source.gate.clear()
    found = lookup(source, Clock(), batch=40)
    asked = [asyncio.create_task(found.get(f"k{number}")) for number in range(100)]
    await turn()
    asked += [asyncio.create_task(found.get(f"l{number}")) for number in range(20)]
    await turn()
    source.gate.set()
    assert await asyncio.gather(*asked) == [None] * 120
    assert source.most == 1
    assert [len(batch) for batch in source.batches] == [40, 40, 40]


async def test_memories_are_bounded_and_apart() -> None:
    """Both memories drop the entry unused for longest; a flood of absent keys displaces nothing that was found."""
    source = Source(a=1, b=2, c=3)
    found = lookup(source, Clock(), size=2)
    for key in ("a", "b", "a", "c"):
        await found.get(key)
    for number in range(100):
        await found.get(f"absent{number}")
    source.batches.clear()
    assert [await found.get(key) for key in ("a", "c")] == [1, 3]
    assert source.batches == []
    assert await found.get("b") == 2
    assert await found.get("absent99") is None
    assert source.batches == [("b",)]
    assert len(found._found) == len(found._absent) == 2


async def test_an_error_reaches_all_and_is_not_remembered() -> None:
    """All who waited get the error; the next to ask gets a new try."""
    source = Source(a=1)
    source.error = OSError("gone")
    found = lookup(source, Clock())
    results = await asyncio.gather(found.get("a"), found.get("a"), found.get("b"), return_exceptions=True)
    assert [str(result) for result in results] == ["gone"] * 3
    source.error = None
    assert await found.get("a") == 1


async def test_those_behind_a_query_that_found_the_database_away_do_not_ask_again() -> None:
    """Who gathered while it ran gets its answer; after any other failure they get a query of their own."""
    for error, batches in (
        (UnavailableError(Outcome.NONE), [("a",)]),
        (OSError("a slip"), [("a",), ("b",)]),
    ):
        source = Source(a=1, b=2)
        found = lookup(source, Clock())
        source.gate.clear()
        source.error = error
        first = asyncio.create_task(found.get("a"))
        await turn()
        second = asyncio.create_task(found.get("b"))
        await turn()
        source.gate.set()
        results = await asyncio.gather(first, second, return_exceptions=True)
        assert all(result is error for result in results)
        assert source.batches == batches
        source.error = None
        assert await found.get("b") == 2


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    """A caller that is cancelled leaves the query running for the others, also if it was the first."""
    source = Source(a=1)
    source.gate.clear()
    found = lookup(source, Clock())
    first, second = asyncio.create_task(found.get("a")), asyncio.create_task(found.get("a"))
    await turn()
    first.cancel()
    await turn()
    source.gate.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(source.batches) == 1


async def test_an_error_that_nobody_waits_for_is_no_fault() -> None:
    """If all callers have given up, a failing query ends quietly and the next one works."""
    source = Source(a=1)
    source.gate.clear()
    source.error = OSError("gone")
    found = lookup(source, Clock())
    only = asyncio.create_task(found.get("a"))
    await turn()
    only.cancel()
    await turn()
    source.gate.set()
    await turn()
    source.error = None
    assert await found.get("a") == 1


async def test_cancelling_the_query_cancels_those_who_wait() -> None:
    """When the query's own task is cancelled, as at the end of the program, nobody is left hanging."""
    source = Source(a=1)
    source.gate.clear()
    found = lookup(source, Clock(), batch=1)
    waiting = [asyncio.create_task(found.get(key)) for key in ("a", "b")]
    await turn()
    assert found._task is not None
    found._task.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
    source.gate.set()
    assert await found.get("a") == 1
