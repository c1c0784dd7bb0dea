"""Every way that a payment can take: one table, from which the tests are made.

A path tells what customers and gateways do; `points` are where a worker passes on it, and may die. `end` is where it
ends, however often somebody died: tickets, or money sent back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from server.checkout.points import Point
from server.domain.holds import Holder
from server.domain.orders import OrderState
from tests.faults.payments.bank import Bank, Choice, Mood
from tests.faults.payments.world import MINUTE, PAYMENT_MS, SHOWTIME, World, represent

BUYING = (Point.PINNED, Point.PLACED)
HEARING = (Point.CALLBACK_READ, Point.SETTLED)
WORKING = (Point.CLAIMED, Point.APPLIED, Point.DONE)
TELLING = (*WORKING, Point.NOTICE_SENT)
RETURNING = (Point.REFUND_MARKED, Point.REFUND_SENT, Point.REFUND_RECORDED)
LATE = (Point.ASKED, Point.OCCUPIED, Point.RESEATED)
PAYING = (*BUYING, *HEARING, *TELLING)


@dataclass(frozen=True)
class Path:
    """One way; `run` returns the order that it is about."""

    run: Callable[[World], Awaitable[str]]
    end: OrderState
    points: tuple[Point, ...]

    @property
    def name(self) -> str:
        """The function's."""
        return self.run.__name__


async def paid(world: World) -> str:
    """Choose, pay, ticket."""
    order = await world.buy("anna", "A1", "A2")
    await world.work()
    await world.pay(order)
    return order


async def paid_before_the_store_knew(world: World) -> str:
    """The callback is quicker than the outbox."""
    order = await world.buy("anna", "A1", "A2")
    await world.pay(order)
    return order


async def told_twice(world: World) -> str:
    """The callback comes again, then again much later."""
    order = await world.buy("anna", "A1")
    callback = await world.choose(order)
    await world.deliver(callback)
    await world.deliver(callback)
    await world.wait(50 * MINUTE)
    await world.deliver(callback)
    return order


async def never_told(world: World) -> str:
    """The customer paid, and the callback never comes: we ask."""
    order = await world.buy("anna", "A1")
    await world.choose(order)
    await world.wait(PAYMENT_MS)
    return order


async def never_paid(world: World) -> str:
    """The deadline passes; the seats are free again."""
    order = await world.buy("anna", "A1")
    await world.wait(PAYMENT_MS)
    return order


async def failed_then_paid(world: World) -> str:
    """The first attempt fails, the second pays."""
    order = await world.buy("anna", "A1")
    await world.pay(order, Choice.FAIL)
    await _another(world, order)
    await world.pay(order)
    return order


async def paid_late_seats_free(world: World) -> str:
    """The payment comes after expiry, and nobody else took the seats."""
    order = await world.buy("anna", "A1", "A2")
    await world.wait(PAYMENT_MS)
    await world.pay(order)
    return order


async def paid_late_seat_locked(world: World) -> str:
    """One of the seats is in somebody else's hands."""
    order = await world.buy("anna", "A1", "A2")
    await world.wait(PAYMENT_MS)
    await _lock(world, "ben", "A2")
    await world.pay(order)
    return order


async def paid_late_seat_sold(world: World) -> str:
    """One of the seats was sold meanwhile."""
    order = await world.buy("anna", "A1", "A2")
    await world.wait(PAYMENT_MS)
    await world.pay(await world.buy("ben", "A2"))
    await world.work()
    await world.pay(order)
    return order


async def paid_late_after_the_store_was_lost(world: World) -> str:
    """The store forgot everything; the database knows."""
    order = await world.buy("anna", "A1")
    await world.wait(PAYMENT_MS)
    await world.lose_store()
    await world.pay(order)
    return order


async def store_lost_before_payment(world: World) -> str:
    """The seats of an open order are its own all the same."""
    order = await world.buy("anna", "A1")
    await world.work()
    await world.lose_store()
    await world.pay(order)
    return order


async def told_twice_at_once(world: World) -> str:
    """Two copies of one callback meet."""
    order = await world.buy("anna", "A1")
    callback = await world.choose(order)
    await world.act(
        lambda worker: asyncio.gather(
            *(worker.till.callbacks.receive("sandbox", callback, address=None) for _ in range(4))
        )
    )
    await world.deliver(callback)
    return order


async def told_out_of_order(world: World) -> str:
    """That it failed comes after that it was paid."""
    order = await world.buy("anna", "A1")
    failed = await world.choose(order, Choice.FAIL)
    await world.pay(order)
    await world.deliver(failed)
    return order


async def paid_after_cancelling(world: World) -> str:
    """The customer gave up here and paid there."""
    order = await world.buy("anna", "A1")
    await world.work()
    await _cancel(world, order)
    await world.pay(order)
    return order


async def refunded_vaguely(world: World) -> str:
    """The gateway answers a refund without deciding it, and takes no request that it has had."""
    order = await world.buy("anna", "A1")
    await _another(world, order, gateway=Bank.name)
    await _cancel(world, order)
    world.bank.moods.append(Mood.VAGUE)
    await world.deliver(await world.choose(order), Bank.name)
    return order


async def paid_twice(world: World) -> str:
    """Two attempts, both paid."""
    order = await world.buy("anna", "A1")
    await _another(world, order)
    await world.pay(order, attempt=0)
    await world.pay(order, attempt=1)
    return order


async def paid_twice_late(world: World) -> str:
    """Two attempts, both paid after expiry."""
    order = await world.buy("anna", "A1")
    await _another(world, order)
    await world.wait(PAYMENT_MS)
    first, second = await world.choose(order, attempt=0), await world.choose(order, attempt=1)
    await world.deliver(first)
    await world.deliver(second)
    return order


async def suspected(world: World) -> str:
    """The gateway suspects fraud: the seats are kept, and a person decides."""
    order = await world.buy("anna", "A1")
    await world.pay(order, Choice.SUSPECT)
    await world.wait(PAYMENT_MS)
    return order


async def suspected_late(world: World) -> str:
    """Nothing is kept for it."""
    order = await world.buy("anna", "A1")
    await world.wait(PAYMENT_MS)
    await world.pay(order, Choice.SUSPECT)
    return order


async def _another(world: World, order: str, gateway: str = "sandbox") -> None:
    await world.act(
        lambda worker: worker.till.desk.pay(
            order, holder="anna", gateway=gateway, client_ip=None, once=None, represent=represent
        )
    )


async def _cancel(world: World, order: str) -> None:
    await world.act(lambda worker: worker.till.desk.cancel(order, holder="anna", once=None, represent=represent))


async def _lock(world: World, holder: str, seat: str) -> None:
    who = Holder(id=holder, expires_at=world.clock.now * 2)
    await world.worker.store.lock(SHOWTIME, who, await world.indexes((seat,)), "all")


BACK = (*PAYING, *RETURNING)

PATHS = (
    Path(paid, OrderState.PAID, PAYING),
    Path(paid_before_the_store_knew, OrderState.PAID, PAYING),
    Path(told_twice, OrderState.PAID, PAYING),
    Path(never_told, OrderState.PAID, (*BUYING, Point.SETTLED, *TELLING, *LATE)),
    Path(never_paid, OrderState.EXPIRED, (*BUYING, *WORKING, Point.ASKED, Point.SETTLED)),
    Path(told_twice_at_once, OrderState.PAID, PAYING),
    Path(told_out_of_order, OrderState.PAID, PAYING),
    Path(failed_then_paid, OrderState.PAID, PAYING),
    Path(paid_late_seats_free, OrderState.PAID, (*PAYING, *LATE)),
    Path(paid_late_seat_locked, OrderState.REFUNDED, (*BACK, *LATE)),
    Path(paid_late_seat_sold, OrderState.REFUNDED, (*BACK, *LATE)),
    Path(paid_late_after_the_store_was_lost, OrderState.PAID, (*PAYING, *LATE)),
    Path(store_lost_before_payment, OrderState.PAID, PAYING),
    Path(paid_after_cancelling, OrderState.REFUNDED, BACK),
    Path(refunded_vaguely, OrderState.REFUNDED, (*BACK, Point.ASKED)),
    Path(paid_twice, OrderState.PAID, BACK),
    Path(paid_twice_late, OrderState.PAID, (*BACK, *LATE)),
    Path(suspected, OrderState.REVIEW, PAYING),
    Path(suspected_late, OrderState.REFUNDED, (*BACK, Point.ASKED)),
)
