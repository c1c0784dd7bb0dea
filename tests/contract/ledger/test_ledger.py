"""The ledger: everything once, nothing changed, and one seat's history told around an instant."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.seat_ledger import PostgresSeatLedger
from server.domain.ledger import SeatEvent
from server.ports.ledger import SeatHistory, SeatLedger

AT = 1_800_000_000_000


@pytest.fixture
def ledger(engine: AsyncEngine) -> SeatLedger:
    """The ledger on PostgreSQL."""
    return PostgresSeatLedger(engine)


def event(name: Any, version: int, at: int, **more: Any) -> SeatEvent:
    """Something that happened to seat 3 of `s1`, to one holder and for no order unless `more` says so."""
    values: dict[str, Any] = {
        "showtime": "s1",
        "epoch": "e1",
        "version": version,
        "seat": 3,
        "event": name,
        "holder_hash": "a" * 16,
        "order": None,
        "reason": "lock",
        "at": AT + at,
    }
    return SeatEvent(**(values | more))


async def test_who_had_it_and_who_was_refused(ledger: SeatLedger) -> None:
    """A refusal at an instant stands beside what gave the seat to another before it, to the millisecond."""
    granted = event("granted", 5, 0)
    refused = event("refused", 5, 7, holder_hash="b" * 16, reason="seats_unavailable")
    expired = event("expired", 9, 900_000, reason="expire")
    await ledger.append([granted, event("granted", 6, 1, seat=4), refused, expired])
    assert await ledger.of_seat("s1", 3, at=AT + 7) == SeatHistory(last=granted, events=(granted, refused))
    assert await ledger.of_seat("s1", 3, at=AT + 7, around_ms=0) == SeatHistory(last=granted, events=(refused,))
    assert (await ledger.of_seat("s1", 3, at=AT - 1)).last is None
    assert (await ledger.of_seat("s1", 3, at=AT + 900_000)).last == expired
    assert await ledger.of_seat("s1", 5, at=AT) == SeatHistory(last=None, events=())


async def test_a_batch_may_come_again(ledger: SeatLedger) -> None:
    """What is written already is not written twice, and holds up nothing that is new beside it."""
    first = [event("granted", 5, 0), event("refused", 5, 1, holder_hash="b" * 16)]
    await ledger.append(first)
    await ledger.append([*first, event("released", 6, 2)])
    await ledger.append([])
    history = await ledger.of_seat("s1", 3, at=AT)
    assert [found.event for found in history.events] == ["granted", "refused", "released"]


async def test_refusals_at_one_version_are_all_kept(ledger: SeatLedger) -> None:
    """A refusal raises no version: those of two holders, and of one at two instants, are three."""
    refusals = [event("refused", 5, at, holder_hash=who * 16) for who, at in (("b", 0), ("c", 0), ("b", 1))]
    await ledger.append(refusals)
    assert set((await ledger.of_seat("s1", 3, at=AT)).events) == set(refusals)


async def test_a_takeover_is_two_events(ledger: SeatLedger) -> None:
    """At one version a seat may end for one and begin for another, and the later of the two is what it became."""
    ended, begun = event("expired", 5, 0), event("granted", 5, 0, holder_hash="b" * 16)
    await ledger.append([ended, begun])
    history = await ledger.of_seat("s1", 3, at=AT)
    assert (history.last, history.events) == (begun, (ended, begun))


async def test_the_nearest_are_told(ledger: SeatLedger) -> None:
    """Of too many events the nearest to the instant are told, oldest first."""
    await ledger.append([event("granted", version, version * 10) for version in range(20)])
    history = await ledger.of_seat("s1", 3, at=AT + 100, limit=3)
    assert [found.version for found in history.events] == [9, 10, 11]


@pytest.mark.parametrize("showtime", ["", "no such", "\x00", "\ud800"])
async def test_strange_questions(ledger: SeatLedger, showtime: str) -> None:
    """Of what cannot be, nothing is known."""
    assert await ledger.of_seat(showtime, 0, at=AT) == SeatHistory(last=None, events=())
    assert await ledger.of_seat("s1", 1 << 40, at=AT) == SeatHistory(last=None, events=())
