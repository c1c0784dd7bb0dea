"""What may happen besides: staff pay back by other means, and say so."""

import asyncio
from datetime import UTC, datetime

from hypothesis.stateful import rule

from server.domain.orders import Order, RefundState
from server.domain.refunds import BY_HAND_MS
from tests.faults.payments.draws import numbers, often
from tests.faults.payments.sequences import ACTOR, STAFF, Purchases
from tests.faults.payments.world import Worker


class PurchasesWithCash(Purchases):
    """`Purchases` in which refunds that failed, or were never sent, are paid back by hand."""

    @rule(order=Purchases.orders, which=numbers, waits=often)
    def pay_back_by_hand(self, order: str, which: int, *, waits: bool) -> None:
        """One of them, which may be all that is left, is after an hour or at once, while the workers are at work."""
        self.refund(order, None, None, twice=False)

        async def run() -> None:
            found = (await self.world.order(order)).refunds
            rows = [row for row in found if row.state in {RefundState.REQUESTED, RefundState.FAILED}]
            if not rows:
                return
            row = rows[which % len(rows)]
            if waits:
                self.world.clock.now += BY_HAND_MS
            today = datetime.fromtimestamp(self.world.clock.now / 1000, UTC).date()

            async def close(worker: Worker) -> Order:
                desk = worker.till.desk
                return await desk.close_refund(
                    order, row.reference, done_on=today, reason="cash", by=STAFF, actor=ACTOR
                )

            ended, _ = await asyncio.gather(self._attempted(close), self.world.work())
            if ended is not None:
                self.world.by_hand[row.payment] += row.amount

        self.run(run())
