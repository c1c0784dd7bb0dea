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
from server.db.engine import create_engine
from server.db.orders import PostgresOrders
from server.db.outbox import PostgresOutbox
from server.db.sandbox import PostgresSandboxLedger
from server.domain.holds import Holder, Once
from server.domain.orders import Customer, Order, OrderState, RefundState
from server.domain.payments import Callback
from server.domain.refunds import SYSTEM, balance
from server.domain.showtimes import Limits
from server.payments.sandbox import SandboxChoice, SandboxGateway
from server.ports.notices import Notice
from server.ports.orders import KeptAnswer
from server.seats.receipts import ReceiptSigner
from server.seats.store import RedisSeatStore

SHOWTIME: Final = "demo"
PAYMENT_MS: Final = 900_000
MINUTE: Final = 60_000
LIMITS: Final = Limits(max_seats=8, hold_ms=900_000, max_hold_ms=1_800_000)

T = TypeVar("T")


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

    def reach(self, point: Point) -> None:
        """What a worker calls at each point."""
        self.reached.append(point)
        if point is self.at and not self.happened and self.reached.count(point) == self.nth:
            self.happened = True
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
            timeout_ms=5000,
            connections=2,
            clock=world.clock,
        )
        self.till = Till(
            store=self.store,
            catalogue=world.catalogue,
            orders=world.orders,
            outbox=world.outbox,
            gateways={"sandbox": world.gateway},
            notifier=world.mailbox,
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
        self.gateway = SandboxGateway(
            key=b"sandbox", ledger=PostgresSandboxLedger(engine), base_url="http://cinema.example", clock=self.clock
        )
        self.mailbox = Mailbox()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "World":
        self.worker = await self._hire()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()
        await self.engine.dispose()

    async def _hire(self) -> Worker:
        worker = Worker(self)
        await worker.store.start()
        self._stack.push_async_callback(worker.store.close)
        return worker

    async def act(self, action: Callable[[Worker], Awaitable[T]]) -> T:
        """Something from outside, repeated to another worker if this one dies of it, a lease later."""
        try:
            return await action(self.worker)
        except DiedError:
            self.worker = await self._hire()
            self.clock.now += 61_000
            return await action(self.worker)

    async def buy(self, holder: str, *seats: str, key: str = "k1") -> str:
        """Lock and check out; the order's id."""
        return (await self.checkout(holder, *seats, key=key))["id"]

    async def checkout(self, holder: str, *seats: str, key: str = "k1") -> dict[str, str]:
        """Lock and check out with an idempotency key, as a page does; what was answered."""
        who = Holder(id=holder, expires_at=self.clock.now * 2)
        layout = await self.catalogue.layout((await self.catalogue.showtime(SHOWTIME)).layout)
        await self.worker.store.lock(SHOWTIME, who, tuple(layout.index_of[seat] for seat in seats), "all")
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

    async def choose(self, order: str, choice: SandboxChoice = SandboxChoice.PAY, *, attempt: int = -1) -> Callback:
        """The customer decides at the gateway, which has its callback ready."""
        url = (await self.order(order)).payments[attempt].redirect_url or ""
        news = await self.gateway.callback_for(url.partition("#")[2], choice)
        return news.callback

    async def deliver(self, callback: Callback) -> None:
        """The gateway calls, and calls again if it is not answered."""
        answer = await self.act(lambda worker: worker.till.callbacks.receive("sandbox", callback, address=None))
        assert answer.status == 200

    async def pay(self, order: str, choice: SandboxChoice = SandboxChoice.PAY, *, attempt: int = -1) -> None:
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
        await client.delete(*keys)
        await client.aclose()

    async def finish(self) -> None:
        """Let all leases, retries and questions run out."""
        for ms in (61_000, 61_000, PAYMENT_MS + 61 * MINUTE, 6 * MINUTE):
            await self.wait(ms)

    async def check(self) -> None:
        """What must hold at the end, whatever happened on the way."""
        orders = [await self.order(order) for order in await self._column("SELECT id FROM orders")]
        self._check_money(orders)
        await self._check_seats(orders)
        for order in orders:
            told = self.mailbox.kinds(order.id)
            assert told["tickets"] == (order.paid_by is not None and _had_tickets(order)), (order.state, told)
        assert await self.outbox.waiting() == 0
        assert await self.outbox.dead() == ()
        money_in = await self._sum("SELECT sum(amount) FROM sandbox_payments WHERE outcome <> 'failed'")
        money_out = await self._sum("SELECT sum(amount) FROM sandbox_refunds")
        kept = sum(seat.price for order in orders for seat in order.seats if seat.live)
        assert money_in == money_out + kept

    def _check_money(self, orders: list[Order]) -> None:
        for order in orders:
            assert balance(order) == 0
            assert all(row.state is RefundState.DONE for row in order.owed())
            if not order.live_seats():
                assert order.captured() == sum(row.amount for row in order.owed())

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

    async def _sum(self, query: str) -> int:
        return int((await self._column(query))[0] or 0)


def _had_tickets(order: Order) -> bool:
    paid_back_by_rule = any(row.by == SYSTEM and row.payment == order.paid_by for row in order.refunds)
    return order.state is not OrderState.REVIEW and not paid_back_by_rule


@contextlib.asynccontextmanager
async def world_of(
    redis_url: str, prefix: str, database_url: str, *, now: int, death: Death | None = None
) -> AsyncIterator[World]:
    """A world of its own on these servers."""
    engine = create_engine(database_url, connections=8, timeout_ms=10_000)
    async with World(redis_url, prefix, engine, now=now, death=death or Death()) as world:
        yield world
