"""The rounds go on, whatever becomes of one order."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from protocol.codes import Outcome
from server.checkout.rounds import Rounds
from server.domain.decisions import Decision
from server.domain.errors import UnavailableError
from server.domain.orders import Order


class StubbornOrders:
    """`overdue` finds three orders, of which two cannot be changed; `settled` are those that were."""

    def __init__(self) -> None:
        self.settled: list[str] = []

    async def overdue(self, *, now: int) -> tuple[str, ...]:
        """As `Orders.overdue`."""
        assert now == 7
        return ("locked", "broken", "sound")

    async def decide(self, order_id: str, _decision: Callable[[Order], Decision]) -> None:
        """As `Settler.decide`."""
        if order_id == "locked":
            raise UnavailableError(Outcome.NONE)
        if order_id == "broken":
            raise ValueError("a part was taken away")
        self.settled.append(order_id)


async def test_an_order_that_cannot_expire_keeps_no_other_from_it() -> None:
    """Seats of orders behind one that cannot be let go become free all the same."""
    orders = StubbornOrders()
    unused = cast("Any", SimpleNamespace())
    rounds = Rounds(
        store=unused,
        orders=cast("Any", orders),
        gateways=unused,
        settler=cast("Any", orders),
        jobs=unused,
        traffic=unused,
        traffic_ms=1,
        now=lambda: 7,
    )
    assert await rounds.expire() == 3
    assert orders.settled == ["sound"]
