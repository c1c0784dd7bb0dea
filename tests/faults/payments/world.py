"""Checkout on the real store and database, with workers that die where they are told to, and a clock by hand.

A dead worker never comes back: another takes its place, and the world outside repeats what it was not answered.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec
import redis.asyncio as redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.checkout.asking import Ask
from server.checkout.points import Point
from server.checkout.till import Till
from server.db.catalogue import PostgresCatalogue
from server.db.orders import PostgresOrders
from server.db.outbox import PostgresOutbox
from server.db.sandbox import PostgresSandboxLedger
from server.db.traffic import PostgresTraffic
from server.domain.holds import Holder, Once
from server.domain.orders import Customer, Order, PaymentState, RefundState
from server.domain.payments import Callback
from server.domain.refunds import SYSTEM, balance
from server.domain.showtimes import Limits
from server.payments.sandbox import SandboxChoice, SandboxGateway
from server.ports.notices import Notice
from server.ports.orders import KeptAnswer
from server.seats.receipts import ReceiptSigner
from server.seats.store import RedisSeatStore
from tests.faults.payments.bank import Bank, Choice
from tests.faults.payments.books import Books, money_of, wipe

SHOWTIME: Final = "demo"
PAYMENT_MS: Final = 900_000
MINUTE: Final = 60_000
LIMITS: Final = Limits(max_seats=8, hold_ms=900_000, max_hold_ms=1_800_000)

T = TypeVar("T")

_PAY: Final = SandboxChoice.PAY
_EVERYWHERE: Final = frozenset({Choice.PAY, Choice.FAIL, Choice.SUSPECT})


class DiedError(BaseException):
    """The worker is gone: nothing in it runs any further."""


@dataclass
class Clock:
    """Milliseconds since the Unix epoch, moved by hand."""

    now: int

    def __call__(self) -> int:
        """The time."""
        return self.now


@dataclass
class Death:
    """Kills one worker when it reaches a point for the `nth` time; `reached` are the points of all, in order."""

    at: Point | None = None
    nth: int = 1
    reached: list[Point] = field(default_factory=list)
    happened: bool = False
    died: set[Point] = field(default_factory=set)

    def arm(self, at: Point, nth: int) -> None:
        """Kill one more, when it reaches this point for the `nth` time from now."""
        self.at, self.nth, self.happened = at, self.reached.count(at) + nth, False

    def reach(self, point: Point) -> None:
        """What a worker calls at each point."""
        self.reached.append(point)
        if point is self.at and not self.happened and self.reached.count(point) == self.nth:
            self.happened = True
            self.died.add(point)
            raise DiedError(point.value)


class Mailbox:
    """What customers were sent, by key: the same key twice is one message to them."""

    def __init__(self) -> None:
        self.by_key: dict[str, Notice] = {}

    async def send(self, notice: Notice) -> None:
        """As `Notifier.send`."""
        self.by_key[notice.key] = notice

    def kinds(self, order: str) -> Counter[str]:
        """How many of each kind were sent about an order."""
        return Counter(notice.kind.value for notice in self.by_key.values() if notice.order.id == order)


def represent(order: Order) -> KeptAnswer:
    """An answer that tells of an order what these tests need."""
    body = {"id": order.id, "state": order.state.value, "url": order.payments[-1].redirect_url}
    return KeptAnswer(status=201, body=msgspec.json.encode(body))


class Worker:
    """One worker's store and till."""

    def __init__(self, world: "World") -> None:
        self.store = RedisSeatStore(
            world.redis_url,
            world.prefix,
            facts=world.catalogue.seat_facts,
            layout=world.catalogue.layout,
            next_ordinal=world.catalogue.next_ordinal,
            receipts=ReceiptSigner(b"secret"),
            worker="w",
            timeout_ms=20_000,
            connections=2,
            clock=world.clock,
        )
        self.till = Till(
            store=self.store,
            catalogue=world.catalogue,
            orders=world.orders,
            outbox=world.outbox,
            gateways={"sandbox": world.gateway, "bank": world.bank},
            notifier=world.mailbox,
            traffic=PostgresTraffic(world.engine),
            traffic_ms=90 * 86_400_000,
            payment_ms=PAYMENT_MS,
            order_url=lambda order: f"http://cinema.example/orders/{order}",
            reach=world.death.reach,
        )


class World:
    """Everything around the workers. `worker` is the one that lives now."""

    def __init__(self, redis_url: str, prefix: str, engine: AsyncEngine, *, now: int, death: Death) -> None:
        self.redis_url = redis_url
        self.prefix = prefix
        self.engine = engine
        self.death = death
        self.clock = Clock(now)
        self.catalogue = PostgresCatalogue(engine, LIMITS)
        self.orders = PostgresOrders(engine)
        self.outbox = PostgresOutbox(engine)
        self.sandbox = PostgresSandboxLedger(engine)
        self.gateway = SandboxGateway(
            key=b"sandbox", ledger=self.sandbox, base_url="http://cinema.example", clock=self.clock
        )
        self.bank = Bank()
        self.mailbox = Mailbox()
        self.discounts: Counter[str] = Counter()
        """What staff sent back of an order's price beyond the prices of the seats that they freed."""
        self.by_hand: Counter[str] = Counter()
        """What staff paid back otherwise than through the gateway, by reference of the attempt."""
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "World":
        self.worker = await self._hire()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _hire(self) -> Worker:
        worker = Worker(self)
        await worker.store.start()
        self._stack.push_async_callback(worker.store.close)
        return worker

    async def act(self, action: Callable[[Worker], Awaitable[T]]) -> T:
        """Something from outside, repeated to another worker if this one dies of it, a lease later."""
        try:
            return await self.once(action)
        except DiedError:
            self.clock.now += 61_000
            return await self.once(action)

    async def once(self, action: Callable[[Worker], Awaitable[T]]) -> T:
        """Something from outside that nobody repeats; another worker is there after `DiedError`."""
        try:
            return await action(self.worker)
        except DiedError:
            self.worker = await self._hire()
            raise

    async def buy(self, holder: str, *seats: str, key: str = "k1") -> str:
        """Lock and check out; the order's id."""
        return (await self.checkout(holder, *seats, key=key))["id"]

    async def checkout(self, holder: str, *seats: str, key: str = "k1") -> dict[str, str]:
        """Lock and check out with an idempotency key, as a page does; what was answered."""
        who = Holder(id=holder, expires_at=self.clock.now * 2)
        await self.worker.store.lock(SHOWTIME, who, await self.indexes(seats), "all")
        ask = Ask(
            showtime=SHOWTIME,
            seats=seats,
            customer=Customer(email=f"{holder}@example.org"),
            gateway="sandbox",
        )
        once = Once(key=key, body_hash=" ".join(seats))
        answered = await self.act(lambda worker: worker.till.checkout.start(who, ask, once, represent))
        answer: dict[str, str] = msgspec.json.decode(answered.kept.body)
        return answer

    async def order(self, order: str) -> Order:
        """An order as it is in the database."""
        return await self.orders.order(order)

    async def all_orders(self) -> list[Order]:
        """Every order as it is in the database."""
        return [await self.order(order) for order in await self._column("SELECT id FROM orders")]

    async def indexes(self, seats: tuple[str, ...]) -> tuple[int, ...]:
        """The indexes of seats by their printed ids."""
        layout = await self.catalogue.layout((await self.catalogue.showtime(SHOWTIME)).layout)
        return tuple(layout.index_of[seat] for seat in seats)

    async def choose(self, order: str, choice: Choice = Choice.PAY, *, attempt: int = -1) -> Callback:
        """The customer decides at the gateway, which has its callback ready."""
        payment = (await self.order(order)).payments[attempt]
        token = (payment.redirect_url or "").partition("#")[2]
        if payment.gateway == Bank.name:
            return self.bank.decide(token, choice)
        # At the sandbox a customer can neither reserve money nor pay too little.
        news = await self.gateway.callback_for(token, SandboxChoice(choice) if choice in _EVERYWHERE else _PAY)
        return news.callback

    async def deliver(self, callback: Callback, gateway: str = "sandbox") -> None:
        """The gateway calls, and calls again if it is not answered."""
        answer = await self.act(lambda worker: worker.till.callbacks.receive(gateway, callback, address=None))
        assert answer.status == 200

    async def pay(self, order: str, choice: Choice = Choice.PAY, *, attempt: int = -1) -> None:
        """The customer decides, and the gateway tells us at once."""
        await self.deliver(await self.choose(order, choice, attempt=attempt))

    async def wait(self, ms: int) -> None:
        """Let time pass, and let the workers do what is due then."""
        self.clock.now += ms
        await self.work()

    async def work(self) -> None:
        """All that workers do by themselves, until nothing is left that is due."""
        for _ in range(20):
            if not await self.act(self._round):
                return
        raise AssertionError("the workers never come to rest")

    async def _round(self, worker: Worker) -> int:
        rounds = worker.till.rounds
        done = await worker.till.dispatcher.work() + await rounds.expire() + await rounds.ask()
        await rounds.ask_refunds()
        for showtime, order in await worker.store.overdue_pins((SHOWTIME,)):
            await rounds.overdue_pin(showtime, order)
            done += 1
        return done + await worker.store.expire(SHOWTIME)

    async def lose_store(self) -> None:
        """Every key of the store is gone."""
        client = redis.Redis.from_url(self.redis_url)
        keys = [key async for key in client.scan_iter(match=f"{self.prefix}*")]
        if keys:
            await client.delete(*keys)
        await client.aclose()

    async def finish(self) -> None:
        """Let all leases, retries and questions run out."""
        for ms in (61_000, 61_000, PAYMENT_MS + 61 * MINUTE, 6 * MINUTE):
            await self.wait(ms)

    async def check(self) -> None:
        """What must hold at the end, whatever happened on the way."""
        orders = await self.all_orders()
        self._check_money(orders, await money_of(self.engine, self.bank))
        await self._check_seats(orders)
        cleared = set(await self._column("SELECT subject FROM audit WHERE action = 'order.approve'"))
        for order in orders:
            told = self.mailbox.kinds(order.id)
            # Who is given all back before the news are out is not told of tickets.
            in_vain = not told["tickets"] and not order.live_seats()
            assert in_vain or told["tickets"] == _had_tickets(order, cleared), (order.state, told)
            assert told["refund_done"] == sum(row.state is RefundState.DONE for row in order.refunds)
        assert await self.outbox.waiting() == 0
        assert await self.outbox.dead() == ()

    def _check_money(self, orders: list[Order], money: Books) -> None:
        """What gateways took pays for live seats or went back, by our books and by theirs."""
        payments = {payment.reference: payment for order in orders for payment in order.payments}
        assert {reference for reference, sums in money.items() if sums.taken} <= set(payments)
        assert not any(sums.reserved for sums in money.values())
        for order in orders:
            assert balance(order) == 0
            assert all(row.state is RefundState.DONE for row in order.owed())
            for payment in order.payments:
                theirs = money[payment.reference]
                returned = theirs.returned + self.by_hand[payment.reference]
                assert (theirs.taken, returned) == (payment.captured, order.returning(payment.reference))
                assert theirs.taken == returned or payment.reference == order.paid_by
            attempts = [payment.reference for payment in order.payments]
            kept = sum(money[reference].kept - self.by_hand[reference] for reference in attempts)
            prices = sum(seat.price for seat in order.seats if seat.live)
            assert kept == prices - self.discounts[order.id], (order, money)

    async def check_owners(self) -> None:
        """What must hold at any time: no seat is in two live orders."""
        query = "SELECT seat FROM order_seats WHERE live GROUP BY showtime, seat HAVING count(*) > 1"
        assert await self._column(query) == []

    async def _check_seats(self, orders: list[Order]) -> None:
        """Store and database agree on every seat, and none is in two live orders."""
        owned = Counter(seat for order in orders for seat in order.live_seats())
        assert all(count == 1 for count in owned.values())
        layout = await self.catalogue.layout((await self.catalogue.showtime(SHOWTIME)).layout)
        letters = (await self.worker.store.snapshot(SHOWTIME)).seats
        occupied = {seat.id for seat in layout.seats if letters[seat.index] == "O"}
        assert occupied == set(owned)
        assert "L" not in letters

    async def _column(self, query: str) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(text(query))).scalars())


def _had_tickets(order: Order, cleared: set[str]) -> bool:
    """Whether the order was paid for good: not under suspicion, or cleared of it by staff."""
    paid = order.payment(order.paid_by or "")
    if paid is None or any(row.by == SYSTEM and row.payment == paid.reference for row in order.refunds):
        return False
    return paid.state is PaymentState.PAID or f"order:{order.id}" in cleared


@contextlib.asynccontextmanager
async def world_of(
    redis_url: str, prefix: str, engine: AsyncEngine, *, now: int, death: Death | None = None
) -> AsyncIterator[World]:
    """A world of its own on these servers, with nothing sold; its keys are gone at the end."""
    await wipe(engine)
    async with World(redis_url, prefix, engine, now=now, death=death or Death()) as world:
        yield world
        await world.lose_store()
