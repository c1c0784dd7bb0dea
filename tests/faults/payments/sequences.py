"""All that may happen around a few seats, as a state machine that draws what happens next."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from server.checkout.asking import Answered, Ask
from server.checkout.points import Point
from server.domain.errors import RefusedError
from server.domain.holds import Holder, Once
from server.domain.orders import Customer, PaymentState, RefundState
from server.domain.payments import Outcome
from server.domain.refunds import RefundRefusedError
from server.domain.staff import Actor, Role, StaffMember
from tests.faults.payments.bank import Bank, Choice, Letter, Mood, forged
from tests.faults.payments.draws import choices, deaths, gateways, holders, numbers, often, some_seats
from tests.faults.payments.world import MINUTE, PAYMENT_MS, SHOWTIME, DiedError, Worker, World, represent

T = TypeVar("T")

STAFF = StaffMember(id="s1", login="linh", name="Linh", role=Role.MANAGER)
ACTOR = Actor(id="s1", request="r1")
SILENCES = 3
"""Requests that the bank leaves without a sign at most: one that never says anything cannot be heard."""


class Purchases(RuleBasedStateMachine):
    """One world, and what happens in it. `mark` tells its holders from those of others."""

    orders = Bundle("orders")

    def __init__(
        self, world: World, runner: asyncio.Runner, mark: str, close: Callable[[], Coroutine[Any, Any, object]]
    ) -> None:
        super().__init__()
        self.world = world
        self.mark = mark
        self._runner = runner
        self._close = close
        self._keys = 0
        self._silences = 0
        self._letters: list[Letter] = []
        self._undelivered: dict[str, Letter] = {}
        """What must be told in the end, because no question would bring it to light."""

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        """Do this now."""
        return self._runner.run(doing)

    def who(self, name: str) -> Holder:
        """A holder of this world."""
        return Holder(id=f"{name}{self.mark}", expires_at=self.world.clock.now * 2)

    @initialize(
        target=orders,
        name=holders,
        seats=some_seats,
        gateway=gateways,
        point=st.sampled_from(Point),
        ms=st.sampled_from((0, 0, MINUTE, PAYMENT_MS)),
        asleep=st.booleans(),
        choice=choices,
        told=often,
        amount=st.sampled_from((None, None, 10_000)),
        returned=st.booleans(),
    )
    def first(
        self,
        name: str,
        seats: tuple[str, ...],
        gateway: str,
        *,
        point: Point,
        ms: int,
        choice: Choice,
        amount: int | None,
        asleep: bool,
        told: bool,
        returned: bool,
    ) -> "MultipleResults[str]":
        """Somebody buys, and pays at once, later or too late, and perhaps the money goes back; a worker dies of it."""
        self.doom(point, 1)
        self.run(self._lock(name, seats))
        answered = self.run(self._check_out(name, seats, gateway, self._once("first"), patient=True))
        assert answered is not None
        order = order_of(answered)
        self.wait(ms, asleep=asleep)
        self.decide(order, 0, choice, told=told)
        if returned:
            self.work()
            self.refund(order, seats[:1] if amount is None else None, amount, twice=False)
        return multiple(order)

    @rule(name=holders, seats=some_seats)
    def lock(self, name: str, seats: tuple[str, ...]) -> None:
        """Somebody takes seats."""
        self.run(self._lock(name, seats))

    @rule(name=holders)
    def unlock(self, name: str) -> None:
        """Somebody gives all seats up."""
        self.run(self.world.worker.store.unlock(SHOWTIME, self.who(name), None))

    @rule(target=orders, name=holders, seats=some_seats, gateway=gateways, keyed=often, patient=often, dies=deaths)
    def buy(
        self, name: str, seats: tuple[str, ...], gateway: str, *, keyed: bool, patient: bool, dies: Point | None
    ) -> "MultipleResults[str]":
        """Somebody takes seats and checks them out; a patient one asks again where a worker died."""
        self.run(self._lock(name, seats))
        return self.check_out(name, seats, gateway, keyed=keyed, patient=patient, dies=dies)

    @rule(target=orders, name=holders, seats=some_seats, gateway=gateways, keyed=often, patient=often, dies=deaths)
    def check_out(
        self, name: str, seats: tuple[str, ...], gateway: str, *, keyed: bool, patient: bool, dies: Point | None
    ) -> "MultipleResults[str]":
        """Somebody checks out, holding the seats or not."""
        if dies is not None:
            self.doom(dies, 1)
        once = self._once(" ".join(seats)) if keyed else None
        answered = self.run(self._check_out(name, seats, gateway, once, patient=patient))
        if answered is None:
            return multiple()
        if once is not None:
            again = self.run(self._check_out(name, seats, gateway, once, patient=True))
            assert again is not None
            assert (again.replayed, again.kept) == (True, answered.kept)
        return multiple(order_of(answered))

    @rule(target=orders, names=st.permutations(("anna", "ben", "chi")), seats=some_seats, gateway=gateways)
    def race(self, names: list[str], seats: tuple[str, ...], gateway: str) -> "MultipleResults[str]":
        """Two want the same seats; whoever gets them checks out in two tabs at once."""

        async def run() -> list[Answered | None]:
            await asyncio.gather(*(self._lock(name, seats) for name in names[:2]))
            return await asyncio.gather(
                *(self._check_out(name, seats, gateway, None, patient=False) for name in (*names[:2], *names[:2]))
            )

        won = [answered for answered in self.run(run()) if answered is not None]
        assert len(won) <= len(seats)
        return multiple(*map(order_of, won))

    @rule(target=orders, name=holders, seats=some_seats, gateway=gateways)
    def twins(self, name: str, seats: tuple[str, ...], gateway: str) -> "MultipleResults[str]":
        """One request is sent twice at once: the answers are the same, if both are told."""
        once = self._once(" ".join(seats))

        async def run() -> list[Answered | None]:
            await self._lock(name, seats)
            return await asyncio.gather(*(self._check_out(name, seats, gateway, once, patient=False) for _ in range(2)))

        told = {answered.kept for answered in self.run(run()) if answered is not None}
        assert len(told) <= 1
        return multiple(*(msgspec.json.decode(kept.body)["id"] for kept in told))

    @rule(order=orders, gateway=gateways, keyed=often)
    def another_attempt(self, order: str, gateway: str, *, keyed: bool) -> None:
        """The customer goes back and chooses another way to pay."""
        once = self._once(order + gateway) if keyed else None
        for _ in range(1 + keyed):
            self._try(
                lambda worker: worker.till.desk.pay(
                    order, holder="h", gateway=gateway, client_ip=None, once=once, represent=represent
                )
            )

    @rule(order=orders, attempt=st.integers(0, 2), choice=choices, told=often)
    def decide(self, order: str, attempt: int, choice: Choice, *, told: bool) -> None:
        """The customer pays, or fails to; the gateway tells us at once, or has its callback ready."""
        letter = self.run(self._decide(order, attempt, choice))
        if letter is None:
            return
        self._letters.append(letter)
        if told:
            self.run(self._deliver(letter))

    @precondition(lambda self: self._letters)
    @rule(which=numbers, copies=st.integers(1, 3))
    def deliver(self, which: int, copies: int) -> None:
        """The callback comes, late, again, or several times at once."""
        letter = self._letters[which % len(self._letters)]

        async def run() -> None:
            await asyncio.gather(*(self._deliver(letter) for _ in range(copies)))

        self.run(run())

    @precondition(lambda self: self._letters)
    @rule(which=numbers)
    def forge(self, which: int) -> None:
        """Somebody else sends a callback about more money."""
        letter = self._letters[which % len(self._letters)]

        async def run() -> None:
            before = await self.world.order(letter.order)
            callback = forged(letter.callback, letter.gateway)
            answer = await self.world.worker.till.callbacks.receive(letter.gateway, callback, address=None)
            assert answer.status == 403
            assert await self.world.order(letter.order) == before

        self.run(run())

    @rule(order=orders)
    def cancel(self, order: str) -> None:
        """The customer gives up."""
        self._try(lambda worker: worker.till.desk.cancel(order, holder="h", once=None, represent=represent))

    @precondition(lambda self: self._letters)
    @rule(which=numbers)
    def cancel_meets_callback(self, which: int) -> None:
        """The customer gives up while the gateway tells us, and workers are at work."""
        letter = self._letters[which % len(self._letters)]

        async def cancel(worker: Worker) -> object:
            return await worker.till.desk.cancel(letter.order, holder="h", once=None, represent=represent)

        async def run() -> None:
            await asyncio.gather(self._deliver(letter), self._attempted(cancel), self.world.work())

        self.run(run())

    @rule(ms=st.sampled_from((61_000, 5 * MINUTE, PAYMENT_MS, PAYMENT_MS + MINUTE)), asleep=st.booleans())
    def wait(self, ms: int, *, asleep: bool) -> None:
        """Time passes; nobody works if all are asleep."""
        self.world.clock.now += ms
        if not asleep:
            self.run(self.world.work())

    @rule()
    def work(self) -> None:
        """The workers do what is due."""
        self.run(self.world.work())

    @rule(
        order=orders,
        seats=st.none() | some_seats,
        amount=st.none() | st.sampled_from((10_000, 75_000, 95_000)),
        twice=st.booleans(),
    )
    def refund(self, order: str, seats: tuple[str, ...] | None, amount: int | None, *, twice: bool) -> None:
        """Staff send money back, and press the button again."""
        once = self._once(f"{order}{seats}{amount}")

        async def ask(worker: Worker) -> Answered:
            return await worker.till.desk.refund(
                order, seats=seats, amount=amount, reason="asked", by=STAFF, actor=ACTOR, once=once, represent=represent
            )

        answered = self._try(ask)
        if answered is None or answered.order is None:
            return
        row = answered.order.refunds[-1]
        assert seats is None or set(seats) <= set(row.seats)
        assert amount is None or row.amount == amount
        freed = sum(seat.price for seat in answered.order.seats if seat.seat in row.seats)
        self.world.discounts[order] += row.amount - freed
        if twice:
            again = self._try(ask)
            assert again is not None
            assert (again.replayed, again.kept) == (True, answered.kept)

    @rule(order=orders)
    def approve(self, order: str) -> None:
        """Staff clear an order of suspicion."""
        self._try(lambda worker: worker.till.desk.approve(order, actor=ACTOR))

    @rule(moods=st.lists(st.sampled_from(Mood), min_size=1, max_size=3))
    def mood(self, moods: list[Mood]) -> None:
        """The bank is in a mood."""
        for mood in moods:
            if mood in {Mood.DEAF, Mood.MUTE}:
                self._silences += 1
                if self._silences > SILENCES:
                    continue
            self.world.bank.moods.append(mood)

    @rule()
    def lose_store(self) -> None:
        """The seat store forgets everything."""
        self.run(self.world.lose_store())

    @rule(point=st.sampled_from(Point), nth=st.integers(1, 2))
    def doom(self, point: Point, nth: int) -> None:
        """A worker is going to die there."""
        self.world.death.arm(point, nth)

    @invariant()
    def no_seat_is_in_two_orders(self) -> None:
        """At any time."""
        self.run(self.world.check_owners())

    def teardown(self) -> None:
        """Let everything come to rest, and look at all of it."""
        try:
            self.run(self._end())
        finally:
            self.run(self._close())

    async def _end(self) -> None:
        self.world.bank.moods.clear()
        for letter in self._undelivered.values():
            await self._deliver(letter)
        await self.world.finish()
        for _ in range(3):
            if not await self._mend_refunds():
                break
            await self.world.finish()
        await self.world.check()

    async def _mend_refunds(self) -> int:
        """Staff send refunds again that a gateway refused; how many."""
        count = 0
        for order in await self.world.all_orders():
            for row in order.refunds:
                if row.state is RefundState.FAILED:
                    await self.world.worker.till.desk.retry_refund(order.id, row.reference, actor=ACTOR)
                    count += 1
        return count

    async def _lock(self, name: str, seats: tuple[str, ...]) -> None:
        try:
            await self.world.worker.store.lock(SHOWTIME, self.who(name), await self.world.indexes(seats), "all")
        except RefusedError:
            return

    async def _check_out(
        self, name: str, seats: tuple[str, ...], gateway: str, once: Once | None, *, patient: bool
    ) -> Answered | None:
        ask = Ask(showtime=SHOWTIME, seats=seats, customer=Customer(email="c@example.org"), gateway=gateway)
        act = self.world.act if patient else self.world.once
        try:
            return await act(lambda worker: worker.till.checkout.start(self.who(name), ask, once, represent))
        except (RefusedError, DiedError):
            return None

    async def _decide(self, order_id: str, attempt: int, choice: Choice) -> Letter | None:
        order = await self.world.order(order_id)
        payment = order.payments[attempt % len(order.payments)]
        if payment.redirect_url is None:
            return None
        fresh = payment.state is PaymentState.STARTED and self.world.clock.now < payment.expires_at
        first = fresh and await self._is_pending(payment.gateway, payment.reference)
        callback = await self.world.choose(order_id, choice, attempt=attempt % len(order.payments))
        letter = Letter(order=order_id, gateway=payment.gateway, reference=payment.reference, callback=callback)
        if not first:
            self._undelivered[payment.reference] = letter
        return letter

    async def _is_pending(self, gateway: str, reference: str) -> bool:
        if gateway == Bank.name:
            return self.world.bank.books[reference].outcome is Outcome.PENDING
        return await self.world.sandbox.payment(reference) is None

    async def _deliver(self, letter: Letter) -> None:
        """Tell us, and again as long as we do not take it."""
        for _ in range(5):
            answer = await self.world.act(
                lambda worker: worker.till.callbacks.receive(letter.gateway, letter.callback, address=None)
            )
            if answer.status != 503:
                assert answer.status in {200, 409}
                return
        raise AssertionError("a callback is never taken")

    async def _attempted(self, action: Callable[[Worker], Awaitable[T]]) -> T | None:
        try:
            return await self.world.act(action)
        except (RefusedError, RefundRefusedError):
            return None

    def _try(self, action: Callable[[Worker], Awaitable[T]]) -> T | None:
        return self.run(self._attempted(action))

    def _once(self, said: str) -> Once:
        self._keys += 1
        return Once(key=f"k{self._keys}", body_hash=said)


def order_of(answered: Answered) -> str:
    """The order that a checkout was answered with."""
    found: str = msgspec.json.decode(answered.kept.body)["id"]
    return found
