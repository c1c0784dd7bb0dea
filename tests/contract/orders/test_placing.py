"""Placing: every seat or none, under the unique index, with keys that take effect once."""

import asyncio

import msgspec
import pytest

from server.domain.errors import (
    ConflictError,
    GoneError,
    IdempotencyInProgressError,
    IdempotencyMismatchError,
    OrderExistsError,
    OrderNotFoundError,
)
from server.domain.holds import Once
from server.domain.orders import Effect, EffectKind, NoticeKind, OrderState
from server.domain.settlement import cancel
from server.domain.showtimes import Occupation
from server.ports import Catalogue
from server.ports.orders import Orders
from server.ports.outbox import Outbox
from tests.contract.orders.world import (
    KEPT,
    NOW,
    PAYMENT_MS,
    give_up,
    make,
    new_order,
    paid,
    place_paid,
    plain,
    with_payment,
)

SEATS = Effect(kind=EffectKind.SEATS)
ONCE = Once(key="key-1", body_hash="hash-1")


async def test_an_order_is_read_as_it_was_placed(orders: Orders) -> None:
    """Everything about an order comes back, its seats in the order in which they were named."""
    order = with_payment(new_order("o1", "B2", "A1", "A3"), ask_at=NOW + 7, client_ip="2001:db8::1")
    await orders.place(order)
    assert await orders.order("o1") == order


@pytest.mark.parametrize("order", ["unknown", "", "a" * 65, "a\x00b", "\ud800", "'; DROP TABLE orders; --"])
async def test_unknown_orders(orders: Orders, order: str) -> None:
    """An id that is unknown, or cannot be one, is not found, for reading as for changing."""
    with pytest.raises(OrderNotFoundError):
        await orders.order(order)
    with pytest.raises(OrderNotFoundError):
        async with orders.change(order):
            pass
    assert await orders.of_reference("sandbox", order) is None


async def test_all_or_nothing(orders: Orders, outbox: Outbox) -> None:
    """One seat that is another's refuses the whole order: no seat, no row, no effect and no key is left of it."""
    await orders.place(new_order("o1", "A2"))
    with pytest.raises(ConflictError) as caught:
        await orders.place(new_order("o2", "A1", "A2", "A3", holder="bob"), (SEATS,), once=ONCE)
    assert (caught.value.order, caught.value.seats) == (None, (1,))
    assert (await orders.order("o1")).live_seats() == ("A2",)
    with pytest.raises(OrderNotFoundError):
        await orders.order("o2")
    assert await outbox.waiting() == 0
    assert await orders.kept("bob", ONCE, now=NOW) is None
    await orders.place(new_order("o3", "A1", "A3"))


async def test_a_conflict_names_only_ones_own_order(orders: Orders) -> None:
    """Whoever has the seats in another checkout of the same holder is told which; strangers are not named."""
    await orders.place(new_order("o1", "A1"))
    await orders.place(new_order("o2", "A2", holder="bob"))
    with pytest.raises(ConflictError) as caught:
        await orders.place(new_order("o3", "A1", "A2", "A3"))
    assert (caught.value.order, caught.value.seats) == ("o1", (0,))


async def test_the_same_seat_of_another_showtime(orders: Orders) -> None:
    """Seats are taken a showtime at a time."""
    await orders.place(new_order("o1", "A1"))
    await orders.place(new_order("o2", "A1", showtime="s2"))
    assert [(await orders.order(order)).live_seats() for order in ("o1", "o2")] == [("A1",), ("A1",)]


async def test_an_order_twice(orders: Orders) -> None:
    """An id that is there already is refused, and the order stays as it was."""
    await orders.place(new_order("o1", "A1"))
    with pytest.raises(OrderExistsError):
        await orders.place(new_order("o1", "A2"))
    assert (await orders.order("o1")).live_seats() == ("A1",)


async def test_an_overdue_order_makes_room(orders: Orders, outbox: Outbox) -> None:
    """An open order past its deadline is expired by who wants its seats, with the news for the store; not before."""
    await orders.place(new_order("o1", "A1", "A2"))
    deadline = NOW + PAYMENT_MS
    with pytest.raises(ConflictError):
        await orders.place(new_order("o2", "A2", "A3", at=deadline - 1, fence=(1, 2)))
    await orders.place(new_order("o2", "A2", "A3", at=deadline, fence=(1, 2)), (SEATS,))
    expired = await orders.order("o1")
    assert (expired.state, expired.live_seats(), expired.row_version) == (OrderState.EXPIRED, (), 2)
    jobs = await outbox.claim(now=deadline, lease_ms=1000)
    assert [(job.order, job.effect) for job in jobs] == [("o1", SEATS), ("o2", SEATS)]


async def test_a_refused_order_expires_nobody(orders: Orders) -> None:
    """What is expired to make room is not, if the order is refused in the end."""
    await orders.place(new_order("o1", "A1"))
    await orders.place(new_order("o2", "A2", at=NOW + 60_000, fence=(1, 2)))
    with pytest.raises(ConflictError):
        await orders.place(new_order("o3", "A1", "A2", at=NOW + PAYMENT_MS, fence=(1, 3)))
    assert (await orders.order("o1")).state is OrderState.OPEN


async def test_old_grants_are_refused(orders: Orders) -> None:
    """A seat whose grant is older than one that was ordered before is gone; the same grant may order again."""
    await orders.place(new_order("o1", "A1", fence=(2, 5)))
    await make(orders, "o1", cancel)
    for fence in ((2, 4), (1, 9)):
        with pytest.raises(GoneError) as caught:
            await orders.place(new_order("o2", "A1", "A2", fence=fence))
        assert caught.value.seats == (0,)
    await orders.place(new_order("o2", "A1", "A2", fence=(2, 5)))
    await make(orders, "o2", cancel)
    await orders.place(new_order("o3", "A1", fence=(3, 1)))


async def test_a_key_is_answered_by_what_was_kept(orders: Orders) -> None:
    """The answer kept with the order comes back for the same key and body; each holder has keys of its own."""
    await orders.place(new_order("o1"), once=ONCE, kept=KEPT)
    assert await orders.kept("alice", ONCE, now=NOW) == KEPT
    assert await orders.kept("bob", ONCE, now=NOW) is None
    with pytest.raises(OrderExistsError):
        await orders.place(new_order("o9", "A2"), once=ONCE)


async def test_the_same_key_for_another_request(orders: Orders) -> None:
    """A key that comes with another body is refused, whether it is asked about or placed under."""
    other = Once(key="key-1", body_hash="hash-2")
    await orders.place(new_order("o1"), once=ONCE, kept=KEPT)
    with pytest.raises(IdempotencyMismatchError):
        await orders.kept("alice", other, now=NOW)
    with pytest.raises(IdempotencyMismatchError):
        await orders.place(new_order("o2", "A2"), once=other)
    with pytest.raises(IdempotencyMismatchError):
        await give_up(orders, "o1", lambda change: change.answer("alice", other, KEPT))
    assert (await orders.order("o1")).state is OrderState.OPEN


async def test_a_request_that_died_is_continued_by_one(orders: Orders) -> None:
    """An unfinished request is running for 60 s; then whoever asks first has it for 60 s more, and may finish it."""
    await orders.place(new_order("o1"), once=ONCE)
    for ask in (orders.kept("alice", ONCE, now=NOW + 59_999), orders.place(new_order("o2", "A2"), once=ONCE)):
        with pytest.raises(IdempotencyInProgressError):
            await ask
    later = NOW + 60_000
    asked = await asyncio.gather(*(orders.kept("alice", ONCE, now=later) for _ in range(5)), return_exceptions=True)
    assert [answer for answer in asked if isinstance(answer, str)] == ["o1"]
    assert sum(isinstance(answer, IdempotencyInProgressError) for answer in asked) == 4
    async with orders.change("o1") as change:
        change.answer("alice", ONCE, KEPT)
    assert await orders.kept("alice", ONCE, now=later) == KEPT


async def test_an_answer_is_kept_once(orders: Orders) -> None:
    """Of two changes under one key the second is undone, with all that it would have changed."""
    await orders.place(new_order("o1"))
    async with orders.change("o1") as change:
        change.answer("alice", ONCE, KEPT)
    with pytest.raises(IdempotencyInProgressError):
        await give_up(orders, "o1", lambda change: change.answer("alice", ONCE, KEPT))
    assert (await orders.order("o1")).state is OrderState.OPEN


async def test_keys_are_forgotten_after_a_day(orders: Orders) -> None:
    """A key stays for 24 h, answered or not, and is as new after that."""
    await orders.place(new_order("o1"), once=ONCE, kept=KEPT)
    assert await orders.forget(now=NOW + 86_399_999) == 0
    assert await orders.kept("alice", ONCE, now=NOW) == KEPT
    assert await orders.forget(now=NOW + 86_400_000) == 1
    assert await orders.kept("alice", ONCE, now=NOW) is None


async def test_what_the_store_is_told_when_it_opens(orders: Orders, catalogue: Catalogue) -> None:
    """The seats of live orders, by index: in payment with their deadline, sold without; those let go are not there."""
    await orders.place(new_order("o1", "B1", "A2", fence=(3, 7)))
    await place_paid(orders, new_order("o2", "A3", holder="bob"))
    await orders.place(with_payment(new_order("o3", "A4"), "pay-o3"))
    await make(orders, "o3", lambda order: paid(order, "pay-o3"))
    await orders.place(new_order("o4", "A1"))
    await make(orders, "o4", cancel)
    facts = await catalogue.seat_facts("s1")
    mine = Occupation(seat=1, order="o1", holder="alice", deadline=NOW + PAYMENT_MS, row_version=1, ordinal=3, fence=7)
    sold = Occupation(seat=2, order="o2", holder="bob", deadline=None, row_version=2, ordinal=1, fence=1)
    assert facts.occupations == (
        mine,
        sold,
        msgspec.structs.replace(sold, seat=3, order="o3", holder="alice"),
        msgspec.structs.replace(mine, seat=4),
    )
    assert (await catalogue.seat_facts("s2")).occupations == ()


async def test_notices_and_news_of_a_placing(orders: Orders, outbox: Outbox) -> None:
    """What follows from placing an order is queued with it, each effect once however often it is stated."""
    told = Effect(kind=EffectKind.NOTICE, subject=NoticeKind.REVIEW.value)
    await orders.place(new_order("o1"), (SEATS, SEATS, told))
    jobs = await outbox.claim(now=NOW, lease_ms=1000)
    assert [job.effect for job in jobs] == [SEATS, told]
    assert plain(await orders.order("o1")) == plain(new_order("o1"))
