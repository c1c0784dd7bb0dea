"""What is announced: one message for each version, with the changes, and for whom it means what."""

import pytest

from server.domain.errors import CineBookError
from server.ports import Announcement, Origin, PrivateChange, SeatStore
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, START, Adapter, Clock, Listener, sell


@pytest.fixture
async def channel(store: SeatStore, adapter: Adapter) -> Listener:
    """The announcements of `demo`, after its opening."""
    await store.snapshot("demo")
    return await adapter.listen(store.channel("demo"))


def row(seat: int, expires_at: int, fence: int, order: str | None = None) -> tuple[int, int, int, int, int, str | None]:
    """A hold as an announcement carries it, first locked at the start, in the first epoch."""
    return (seat, expires_at, START, 1, fence, order)


async def test_the_opening_is_announced(store: SeatStore, adapter: Adapter) -> None:
    """The first announcement of an epoch is its version 1, without changes: only a snapshot can show a new epoch."""
    listener = await adapter.listen(store.channel("demo"))

    epoch = (await store.snapshot("demo")).epoch

    announced = await listener.next()
    assert (announced.epoch, announced.version, announced.changes, announced.private) == (epoch, 1, (), ())
    assert await listener.silent()


async def test_a_lock_is_announced(store: SeatStore, channel: Listener) -> None:
    """Letters for all; for the holder what was granted and all that it has now; who asked, so it is answered once."""
    granted = await store.lock("demo", ALICE, (1, 0), "all", Origin("worker", 7))

    announced = await channel.next()
    rows = (row(0, START + HOLD_MS, 2), row(1, START + HOLD_MS, 2))
    assert announced == Announcement(
        epoch=granted.holdings.epoch,
        version=2,
        changes=((1, "L"), (0, "L")),
        published_at=START,
        private=(PrivateChange(holder="alice", cause="granted", seats=(1, 0), holds=rows),),
        origin=Origin("worker", 7),
    )
    assert announced.private[0].holdings() == granted.holdings.holds


async def test_private_holds_are_all_of_the_holders(store: SeatStore, channel: Listener) -> None:
    """The seats are those of this mutation, the holds all that there are after it."""
    await store.lock("demo", ALICE, (0,), "all")
    await store.lock("demo", ALICE, (0, 1), "all")
    await channel.next()

    (private,) = (await channel.next()).private
    assert private.seats == (1,)
    assert [hold.seat for hold in private.holdings()] == [0, 1]


async def test_an_extension_is_announced_without_letters(store: SeatStore, channel: Listener, clock: Clock) -> None:
    """It raises the version and changes no letter; another tab of the holder learns the new expiry."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(1000)
    await store.extend("demo", ALICE, None)
    await channel.next()

    announced = await channel.next()
    assert (announced.version, announced.changes) == (3, ())
    assert announced.private == (
        PrivateChange(holder="alice", cause="extended", seats=(0,), holds=(row(0, START + 1000 + HOLD_MS, 2),)),
    )


async def test_an_unlock_is_announced(store: SeatStore, channel: Listener) -> None:
    """The seat is free for all, and gone from the holder's holds."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.unlock("demo", ALICE, (0,), Origin("worker", 1))
    await channel.next()

    announced = await channel.next()
    assert announced.changes == ((0, "A"),)
    assert announced.private == (
        PrivateChange(holder="alice", cause="released", seats=(0,), holds=(row(1, START + HOLD_MS, 2),)),
    )
    assert announced.origin == Origin("worker", 1)


async def test_an_expiry_tells_each_holder(store: SeatStore, channel: Listener, clock: Clock) -> None:
    """One version for all locks that ended; each holder concerned is told which were its own."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.lock("demo", BOB, (2,), "all")
    clock.advance(HOLD_MS)
    await store.expire("demo")
    await channel.next()
    await channel.next()

    announced = await channel.next()
    assert announced.changes == ((0, "A"), (1, "A"), (2, "A"))
    assert announced.private == (
        PrivateChange(holder="alice", cause="expired", seats=(0, 1), holds=()),
        PrivateChange(holder="bob", cause="expired", seats=(2,), holds=()),
    )
    assert announced.origin is not None
    assert announced.origin.connection == 0


async def test_a_takeover_concerns_two(store: SeatStore, channel: Listener, clock: Clock) -> None:
    """No letter changes; the old holder is told of the end, the new one of the grant."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(HOLD_MS)
    await store.lock("demo", BOB, (0,), "all")
    await channel.next()

    announced = await channel.next()
    assert (announced.version, announced.changes) == (3, ())
    assert [(private.holder, private.cause, private.seats) for private in announced.private] == [
        ("alice", "expired", (0,)),
        ("bob", "granted", (0,)),
    ]
    assert announced.private[0].holds == ()


async def test_ones_own_takeover_is_a_grant_alone(store: SeatStore, channel: Listener, clock: Clock) -> None:
    """Taking over one's own stale lock is a new grant without `expired`."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(HOLD_MS)
    await store.lock("demo", ALICE, (0,), "all")
    await channel.next()

    announced = await channel.next()
    assert [(private.holder, private.cause) for private in announced.private] == [("alice", "granted")]


async def test_orders_are_announced(store: SeatStore, channel: Listener, clock: Clock) -> None:
    """Pinned, sold and released seats: letters for all, and the holder learns what it still has."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=START + 30_000)
    await store.release("demo", (1,), "order")
    await sell(store, (0,))
    await channel.next()

    pinned, released, sold = [await channel.next() for _ in range(3)]
    assert pinned.changes == ((0, "O"), (1, "O"))
    assert pinned.private == (
        PrivateChange(
            holder="alice",
            cause="ordered",
            seats=(0, 1),
            holds=(row(0, START + 30_000, 2, "order"), row(1, START + 30_000, 2, "order")),
        ),
    )
    assert released.changes == ((1, "L"),)
    assert [(private.cause, private.seats) for private in released.private] == [("released", (1,))]
    assert sold.changes == ()
    assert sold.private == (
        PrivateChange(holder="alice", cause="ordered", seats=(0,), holds=(row(1, START + HOLD_MS, 2),)),
    )


async def test_a_release_after_the_locks_end_says_expired(store: SeatStore, channel: Listener, clock: Clock) -> None:
    """A holder whose lock ended underneath its pin is told that it did."""
    await store.lock("demo", ALICE, (0,), "all")
    await store.pin("demo", ALICE, (0,), "order", deadline=START + 30_000)
    clock.advance(HOLD_MS)
    await store.release("demo", (0,), "order")
    await channel.next()
    await channel.next()

    announced = await channel.next()
    assert announced.changes == ((0, "A"),)
    assert [(private.cause, private.holds) for private in announced.private] == [("expired", ())]


async def test_blocks_are_announced_to_all(store: SeatStore, channel: Listener) -> None:
    """House seats change letters and concern no holder."""
    await store.block("demo", (0,), blocked=True)
    await store.block("demo", (0,), blocked=False)

    blocked, unblocked = await channel.next(), await channel.next()
    assert (blocked.changes, blocked.private) == (((0, "B"),), ())
    assert unblocked.changes == ((0, "A"),)


async def test_what_changes_nothing_is_not_announced(store: SeatStore, channel: Listener) -> None:
    """Refusals, repeated requests and reads are silent, and raise no version."""
    await store.lock("demo", ALICE, (0,), "all")
    await channel.next()

    await store.lock("demo", ALICE, (0,), "all")
    for holder, seats in ((BOB, (0,)), (ALICE, (0, 1, 2, 3, 4)), (ALICE, (99,))):
        with pytest.raises(CineBookError):
            await store.lock("demo", holder, seats, "all")
    await store.unlock("demo", BOB, None)
    await store.expire("demo")
    await store.release("demo", (0,), "order")
    await store.block("demo", (1,), blocked=False)
    await store.holdings("demo", ALICE)
    await store.snapshot("demo")

    assert await channel.silent()
    assert (await store.snapshot("demo")).version == 2
