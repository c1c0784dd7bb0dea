"""`Once` on `lock` and `extend`: one key, one effect, one answer."""

import asyncio
from typing import Any

import msgspec
import pytest

from server.domain.errors import (
    HoldCapError,
    IdempotencyMismatchError,
    NotHeldError,
    SeatsUnavailableError,
    UnknownSeatError,
)
from server.domain.holds import Granted, Once
from server.ports import SeatStore
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, MAX_HOLD_MS, Adapter, Clock


def once(key: str = "key", body_hash: str = "hash") -> Once:
    """A key with what was asked."""
    return Once(key=key, body_hash=body_hash)


def again(granted: Granted) -> Granted:
    """The same answer, marked as given before."""
    return msgspec.structs.replace(granted, replayed=True)


async def test_the_same_key_gets_the_same_answer(store: SeatStore, adapter: Adapter, clock: Clock) -> None:
    """Whatever is so meanwhile, at whichever worker, and with the very receipt; nothing changes by it."""
    granted = await store.lock("demo", ALICE, (0, 1), "all", once=once())
    assert not granted.replayed
    await store.unlock("demo", ALICE, (0,))
    await store.lock("demo", BOB, (0, 2), "all")
    before = await store.snapshot("demo")
    clock.advance(1000)

    assert await store.lock("demo", ALICE, (0, 1), "all", once=once()) == again(granted)
    other = await adapter.open(clock=clock)
    assert await other.lock("demo", ALICE, (0, 1), "all", once=once()) == again(granted)
    assert await store.snapshot("demo") == before


async def test_an_answer_in_part_is_kept_whole(store: SeatStore) -> None:
    """In mode `any` the seats that were not granted are told again too."""
    await store.lock("demo", BOB, (0,), "all")
    granted = await store.lock("demo", ALICE, (0, 1), "any", once=once())

    assert await store.lock("demo", ALICE, (0, 1), "any", once=once()) == again(granted)
    assert [seat.seat for seat in granted.rejected] == [0]


async def test_an_extension_is_made_once(store: SeatStore, clock: Clock) -> None:
    """Sent again later it gains nothing more."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(1000)
    extended = await store.extend("demo", ALICE, None, once=once())
    clock.advance(1000)

    assert await store.extend("demo", ALICE, None, once=once()) == again(extended)
    (hold,) = (await store.holdings("demo", ALICE)).holds
    assert hold.expires_at == clock.now - 1000 + HOLD_MS


async def test_another_request_under_the_key_is_refused(store: SeatStore) -> None:
    """Before every other refusal, and nothing changes."""
    await store.lock("demo", ALICE, (0,), "all", once=once())
    before = await store.snapshot("demo")

    for seats in ((0,), (1,), (99,)):
        with pytest.raises(IdempotencyMismatchError):
            await store.lock("demo", ALICE, seats, "all", once=once(body_hash="another"))
    assert await store.snapshot("demo") == before


async def test_keys_are_each_holders_and_each_operations(store: SeatStore, clock: Clock) -> None:
    """The same key of somebody else, or for an extension, or in another showtime, is another key."""
    await store.lock("demo", ALICE, (0,), "all", once=once())
    clock.advance(1)

    assert not (await store.lock("demo", BOB, (1,), "all", once=once(body_hash="of bob"))).replayed
    assert not (await store.extend("demo", ALICE, None, once=once(body_hash="of an extension"))).replayed


async def test_what_changed_nothing_is_not_kept(store: SeatStore, clock: Clock) -> None:
    """Refused, or granted what was held already: the key is free, and the next attempt is looked at anew."""
    await store.lock("demo", BOB, (0,), "all")
    for _ in range(2):
        with pytest.raises(SeatsUnavailableError):
            await store.lock("demo", ALICE, (0, 1), "all", once=once())
    with pytest.raises(NotHeldError):
        await store.extend("demo", ALICE, None, once=once())
    await store.unlock("demo", BOB, None)
    assert (await store.lock("demo", ALICE, (0, 1), "all", once=once())).seats == (0, 1)

    assert not (await store.lock("demo", ALICE, (1,), "all", once=once("other"))).replayed
    assert not (await store.lock("demo", ALICE, (1,), "all", once=once("other", "another"))).replayed
    clock.advance(HOLD_MS - 1)
    await store.extend("demo", ALICE, None)
    clock.advance(MAX_HOLD_MS - 2 * HOLD_MS + 1)
    await store.extend("demo", ALICE, None)
    for _ in range(2):
        with pytest.raises(HoldCapError):
            await store.extend("demo", ALICE, None, once=once("third"))


async def test_an_answer_is_kept_as_long_as_a_hold(store: SeatStore, clock: Clock) -> None:
    """After that the key is as new."""
    granted = await store.lock("demo", ALICE, (0,), "all", once=once())
    clock.advance(HOLD_MS - 1)
    assert await store.lock("demo", ALICE, (0,), "all", once=once()) == again(granted)
    clock.advance(1)
    assert not (await store.lock("demo", ALICE, (0,), "all", once=once(body_hash="another"))).replayed


async def test_the_last_keys_of_a_holder_are_kept(store: SeatStore) -> None:
    """Sixteen of them: a client that makes up keys fills no memory."""
    for number in range(17):
        await store.lock("demo", ALICE, (0,), "all", once=once(f"key {number}", "lock"))
        await store.unlock("demo", ALICE, None)

    replayed = [number for number in range(17) if await _is_kept(store, f"key {number}")]
    assert replayed == list(range(1, 17))


async def _is_kept(store: SeatStore, key: str) -> bool:
    with pytest.raises((IdempotencyMismatchError, UnknownSeatError)) as refusal:
        await store.lock("demo", ALICE, (99,), "all", once=once(key, "another"))
    return refusal.type is IdempotencyMismatchError


async def test_many_at_once_have_one_effect(adapter: Adapter, clock: Clock) -> None:
    """Forty tabs with one key on three workers: one grant, the others are told of it."""
    stores = [await adapter.open(clock=clock) for _ in range(3)]
    version = (await stores[0].snapshot("demo")).version

    answers: list[Any] = await asyncio.gather(
        *(stores[number % 3].lock("demo", ALICE, (0, 1), "all", once=once()) for number in range(40))
    )

    assert [answer.replayed for answer in answers].count(False) == 1
    assert len({answer.holdings.receipt for answer in answers}) == 1
    assert (await stores[0].snapshot("demo")).version == version + 1
