"""All of checkout, put together over its ports; one for each worker."""

import asyncio
from collections.abc import Callable, Mapping

from server.checkout.callbacks import Callbacks
from server.checkout.checkout import Checkout, Rule
from server.checkout.desk import OrderDesk
from server.checkout.dispatcher import Bell, Dispatcher
from server.checkout.gateways import Gateways
from server.checkout.jobs import Jobs
from server.checkout.points import Reach, pass_by
from server.checkout.rounds import Rounds
from server.checkout.settler import Settler
from server.domain.orders import EffectKind
from server.ops.ending import ended
from server.ops.recurring import recurring
from server.ports import Catalogue, PaymentGateway, SeatStore
from server.ports.notices import Notifier
from server.ports.orders import Orders
from server.ports.outbox import Outbox
from server.ports.traffic import Traffic


class Till:
    """The use cases: `checkout`, `desk`, `callbacks`, `dispatcher`, `rounds`; `start` before use, `close` after it.

    `payment_ms` is how long a customer has to pay. `order_url` makes the link to an order's page for its customer.
    `traffic` is kept for `traffic_ms`. `failed` is told of each effect that could not be done. `reach` is for tests.
    """

    def __init__(
        self,
        *,
        store: SeatStore,
        catalogue: Catalogue,
        orders: Orders,
        outbox: Outbox,
        gateways: Mapping[str, PaymentGateway],
        notifier: Notifier,
        traffic: Traffic,
        traffic_ms: int,
        payment_ms: int,
        order_url: Callable[[str], str],
        rules: tuple[Rule, ...] = (),
        round_ms: int = 1000,
        failed: Callable[[EffectKind, str], None] = lambda _kind, _error: None,
        reach: Reach = pass_by,
    ) -> None:
        now = store.now
        self._round_s = round_ms / 1000
        self._tasks: list[asyncio.Task[None]] = []
        self._orders = orders
        self._now = now
        self.gateways = Gateways(gateways, catalogue)
        bell = Bell()
        settler = Settler(orders, now=now, nudge=bell.ring, reach=reach)
        jobs = Jobs(
            store=store,
            catalogue=catalogue,
            orders=orders,
            gateways=self.gateways,
            settler=settler,
            notifier=notifier,
            order_url=order_url,
            reach=reach,
        )
        self.dispatcher = Dispatcher(
            outbox=outbox, jobs=jobs, bell=bell, now=now, poll_ms=round_ms, failed=failed, reach=reach
        )
        self.checkout = Checkout(
            store=store,
            catalogue=catalogue,
            orders=orders,
            gateways=self.gateways,
            payment_ms=payment_ms,
            nudge=bell.ring,
            rules=rules,
            reach=reach,
        )
        self.desk = OrderDesk(orders=orders, gateways=self.gateways, now=now, nudge=bell.ring)
        self.callbacks = Callbacks(gateways=self.gateways, orders=orders, settler=settler, now=now, reach=reach)
        self.rounds = Rounds(
            store=store,
            orders=orders,
            gateways=self.gateways,
            settler=settler,
            jobs=jobs,
            traffic=traffic,
            traffic_ms=traffic_ms,
            now=now,
            reach=reach,
        )

    async def start(self) -> None:
        """Begin to work the outbox off, and to make the rounds."""
        await self.dispatcher.start()
        rounds = {
            "orders past their deadline": (self._round_s, self.rounds.expire),
            "payments without an answer": (self._round_s, self.rounds.ask),
            "refunds without an answer": (60.0, self.rounds.ask_refunds),
            "idempotency keys of yesterday": (600.0, self._forget),
            "traffic with gateways of long ago": (600.0, self.rounds.sweep),
        }
        for what, (interval_s, action) in rounds.items():
            self._tasks.append(asyncio.create_task(recurring(what, interval_s, action), name=what))

    async def close(self) -> None:
        """Stop; whatever is unfinished is found and finished by another worker."""
        await ended(*self._tasks)
        self._tasks.clear()
        await self.dispatcher.close()

    async def _forget(self) -> None:
        await self._orders.forget(now=self._now())
