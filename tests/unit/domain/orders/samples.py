"""An order of two seats with one attempt to pay it, and what gateways may say of it."""

from collections.abc import Callable
from itertools import count

from server.domain.decisions import Decision
from server.domain.orders import Customer, Order, OrderSeat, Payment
from server.domain.payments import Fact, Outcome

DEADLINE = 900_000


def open_order(*references: str) -> Order:
    """An open order of F7 (90,000) and F8 (60,000) with attempts under these references; one, `p1`, without any."""
    payments = tuple(
        Payment(
            reference=reference,
            request_id=f"{place:032x}",
            gateway="sandbox",
            amount=150_000,
            created_at=0,
            expires_at=DEADLINE,
            ask_at=DEADLINE,
        )
        for place, reference in enumerate(references or ("p1",))
    )
    return Order(
        id="o1",
        showtime="demo",
        holder="h1",
        customer=Customer(email="someone@example.org"),
        currency="VND",
        amount=150_000,
        created_at=0,
        expires_at=DEADLINE,
        seats=(
            OrderSeat(seat="F7", zone="vip", price=90_000, ordinal=1, fence=4),
            OrderSeat(seat="F8", zone="standard", price=60_000, ordinal=1, fence=4),
        ),
        payments=payments,
    )


def fact(outcome: Outcome, reference: str = "p1", amount: int | None = 150_000) -> Fact:
    """What the gateway says of an attempt."""
    return Fact(gateway="sandbox", reference=reference, outcome=outcome, amount=amount, gateway_id="g1")


def numbered() -> Callable[[], tuple[str, str]]:
    """Give ids r1, r2 and so on."""
    numbers = count(1)

    def new_id() -> tuple[str, str]:
        number = next(numbers)
        return f"r{number}", f"{number:032x}"

    return new_id


def kinds(decision: Decision) -> list[str]:
    """What follows, each as `kind` or `kind subject`."""
    return [f"{effect.kind.value} {effect.subject}".strip() for effect in decision.effects]
