"""`SeatStore.apply`: what the database says of an order becomes so, in whatever order it is told."""

import itertools

import pytest

from server.domain.errors import GoneError, NotHeldError, SeatsUnavailableError
from server.ports import SeatStore
from tests.contract.seats.world import ALICE, BOB, HOLD_MS, START, Adapter, Clock, make_layout, owned

DEADLINE = START + 300_000
GRACE_MS = 60_000


async def apply(
    store: SeatStore,
    row_version: int,
    seats: tuple[int, ...],
    *,
    deadline: int | None = None,
    order: str = "order",
    holder: str = "alice",
    all_seats: tuple[int, ...] = (0, 1),
) -> int:
    """Tell what the database says of an order of the seats 0 and 1."""
    return await store.apply(
        "demo", order, holder, seats, deadline=deadline, row_version=row_version, all_seats=all_seats
    )


async def letters(store: SeatStore) -> str:
    """The first four seats."""
    return (await store.snapshot("demo")).seats[:4]


async def test_an_open_order_stays_pinned_past_its_deadline(store: SeatStore, clock: Clock) -> None:
    """Confirmed, the pin is overdue not after its own 30 s, but a minute after the deadline that `holds` show."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)
    await apply(store, 1, (0, 1), deadline=DEADLINE)

    clock.now = DEADLINE + GRACE_MS - 1
    assert await store.overdue_pins(("demo",)) == ()
    assert [hold.expires_at for hold in (await store.holdings("demo", ALICE)).holds] == [DEADLINE] * 2
    clock.advance(1)
    assert await store.overdue_pins(("demo",)) == (("demo", "order"),)


async def test_a_sale_ends_the_lock(store: SeatStore) -> None:
    """A sold seat is no hold of anybody's and counts against no limit; after a refund it is free for all."""
    await store.lock("demo", ALICE, (0, 1, 2, 3), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)
    await apply(store, 1, (0, 1), deadline=DEADLINE)

    await apply(store, 2, (0, 1))

    assert await letters(store) == "OOLL"
    assert [hold.seat for hold in (await store.holdings("demo", ALICE)).holds] == [2, 3]
    assert (await store.lock("demo", ALICE, (4, 5), "all")).seats == (4, 5)
    assert await store.overdue_pins(("demo",)) == ()
    await apply(store, 3, (1,))
    assert await letters(store) == "AOLL"
    await apply(store, 4, ())
    assert await letters(store) == "AALL"


async def test_an_order_given_up_falls_back_to_its_locks(store: SeatStore, clock: Clock) -> None:
    """A lock that was kept underneath and still runs stands again; one that has ended leaves the seat free, `gone`."""
    await store.lock("demo", ALICE, (0,), "all")
    clock.advance(1000)
    await store.lock("demo", ALICE, (1,), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)
    await apply(store, 1, (0, 1), deadline=DEADLINE)
    clock.advance(HOLD_MS - 1000)

    await apply(store, 2, ())

    assert await letters(store) == "ALAA"
    assert [(hold.seat, hold.order) for hold in (await store.holdings("demo", ALICE)).holds] == [(1, None)]
    assert (await store.extend("demo", ALICE, None)).seats == (1,)
    with pytest.raises(GoneError):
        await store.pin("demo", ALICE, (0, 1), "another", deadline=DEADLINE)


@pytest.mark.parametrize("told", list(itertools.permutations((1, 2, 3))))
async def test_the_highest_version_wins(store: SeatStore, told: tuple[int, ...]) -> None:
    """Opened, paid and refunded, told in any order and some twice: what was told last in the database is so."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)
    said: dict[int, tuple[tuple[int, ...], int | None]] = {1: ((0, 1), DEADLINE), 2: ((0, 1), None), 3: ((1,), None)}

    for version in (*told, *told):
        seats, deadline = said[version]
        await apply(store, version, seats, deadline=deadline)

    assert await letters(store) in {"AOAA", "LOAA"}
    assert await store.overdue_pins(("demo",)) == ()


async def test_the_same_again_changes_nothing(store: SeatStore) -> None:
    """Neither seats nor the version, nor what others did since."""
    await apply(store, 1, (0, 1))
    await apply(store, 2, (1,))
    version = (await store.lock("demo", BOB, (0,), "all")).version

    assert await apply(store, 2, (1,)) == version
    assert await apply(store, 1, (0, 1)) == version
    assert await letters(store) == "LOAA"


async def test_a_version_without_a_change_is_recorded(store: SeatStore) -> None:
    """An order that owns nothing here is known all the same: older news of it are ignored from then on."""
    assert await apply(store, 2, ()) == 1
    await apply(store, 1, (0, 1))
    assert await letters(store) == "AAAA"


async def test_the_database_takes_over(store: SeatStore) -> None:
    """Free, blocked, locked by another, sold to another order: the order has its seats, and no lock underneath."""
    await store.lock("demo", BOB, (0,), "all")
    await store.block("demo", (1,), blocked=True)
    listed = (0, 1, 2)

    await apply(store, 1, listed, deadline=DEADLINE, all_seats=listed)

    assert await letters(store) == "OOOA"
    assert (await store.holdings("demo", BOB)).holds == ()
    with pytest.raises(GoneError):
        await store.pin("demo", BOB, (0,), "another", deadline=DEADLINE)
    await apply(store, 2, (), all_seats=listed)
    assert await letters(store) == "AAAA"


async def test_an_order_that_loses_a_seat_is_asked_about(store: SeatStore) -> None:
    """Two orders that are both told to own a seat cannot both be right: the one that lost it is overdue at once."""
    await apply(store, 5, (0, 1), order="another", holder="bob")
    await apply(store, 1, (1,), all_seats=(1,))
    assert await store.overdue_pins(("demo",)) == (("demo", "another"),)

    await apply(store, 5, (0, 1), order="another", holder="bob")

    assert await store.overdue_pins(("demo",)) == (("demo", "order"),)
    await apply(store, 2, (), all_seats=(1,))
    assert await store.overdue_pins(("demo",)) == ()
    assert await letters(store) == "OOAA"


async def test_a_late_payment_in_flight_survives_old_news(store: SeatStore, clock: Clock) -> None:
    """Told of its expiry again, an order keeps the seats that were occupied for it since, until they are overdue."""
    await apply(store, 1, (0, 1), deadline=DEADLINE)
    await apply(store, 2, ())
    await store.occupy("demo", "alice", (0, 1), "order", deadline=DEADLINE)

    await apply(store, 2, ())
    assert await letters(store) == "OOAA"
    clock.advance(30_000)
    assert await store.overdue_pins(("demo",)) == (("demo", "order"),)
    await apply(store, 2, ())
    assert await letters(store) == "AAAA"
    assert await store.overdue_pins(("demo",)) == ()


async def test_a_late_payment_that_was_not_written_is_undone(store: SeatStore) -> None:
    """Release undoes what was occupied anew, though the database had spoken of the order before."""
    await apply(store, 1, (0, 1), deadline=DEADLINE)
    await apply(store, 2, ())
    await store.occupy("demo", "alice", (0, 1), "order", deadline=DEADLINE)

    await store.release("demo", (0, 1), "order")

    assert await letters(store) == "AAAA"


async def test_what_the_database_confirmed_is_not_undone(store: SeatStore) -> None:
    """Neither a release nor another pin of the same order touches it."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)
    version = await apply(store, 1, (0, 1), deadline=DEADLINE)

    assert await store.release("demo", (0, 1), "order") == version
    assert await store.release("demo", None, "order") == version
    assert (await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE + 1)).version == version
    await apply(store, 2, (0, 1))
    assert (await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE + 1)).version == version + 1
    assert await letters(store) == "OOAA"


async def test_an_epoch_opens_with_what_orders_own(store: SeatStore, adapter: Adapter, clock: Clock) -> None:
    """Sales and pins, deadlines, fences and row versions come from the database, and go on as if told one by one."""
    adapter.catalogue.add(
        "other",
        make_layout(),
        occupations=(
            owned(0, "sold", row_version=7),
            owned(1, "open", deadline=DEADLINE, row_version=3),
            owned(2, "open", deadline=DEADLINE, row_version=3),
        ),
    )
    assert (await store.snapshot("other")).seats[:4] == "OOOA"
    holds = (await store.holdings("other", ALICE)).holds
    assert [(hold.seat, hold.order, hold.expires_at, hold.fence) for hold in holds] == [
        (1, "open", DEADLINE, 1),
        (2, "open", DEADLINE, 1),
    ]
    with pytest.raises(SeatsUnavailableError):
        await store.lock("other", BOB, (0,), "all")

    await store.apply("other", "sold", "alice", (), deadline=None, row_version=6, all_seats=(0,))
    await store.apply("other", "open", "alice", (1,), deadline=None, row_version=3, all_seats=(1, 2))
    assert (await store.snapshot("other")).seats[:4] == "OOOA"
    clock.now = DEADLINE + GRACE_MS
    assert await store.overdue_pins(("other",)) == (("other", "open"),)
    await store.apply("other", "open", "alice", (), deadline=None, row_version=4, all_seats=(1, 2))
    assert (await store.snapshot("other")).seats[:4] == "OAAA"


async def test_seats_that_were_given_up_are_free(store: SeatStore) -> None:
    """Whoever cancels leaves no lock behind, though it still ran, and may have the seats again as anybody may."""
    await store.lock("demo", ALICE, (0, 1), "all")
    await store.pin("demo", ALICE, (0, 1), "order", deadline=DEADLINE)
    await apply(store, 1, (0, 1), deadline=DEADLINE)
    await store.apply("demo", "order", "alice", (), deadline=None, row_version=2, all_seats=(0, 1), keep_locks=False)

    assert (await letters(store)).startswith("AA")
    assert (await store.holdings("demo", ALICE)).holds == ()
    with pytest.raises(NotHeldError):
        await store.pin("demo", ALICE, (0,), "another", deadline=DEADLINE)
    assert (await store.lock("demo", BOB, (0,), "all")).seats == (0,)
