"""The record of calls and messages: everything once, told by order, the newest first."""

import pytest

from server.domain.settlement import cancel
from server.ports.orders import Orders
from server.ports.traffic import Failure, GatewayCall, Message, Traffic, TrafficPage
from tests.contract.orders.world import make, new_order, paid, place_paid, with_payment
from tests.contract.traffic.world import NOW, call, message

NOTHING = TrafficPage(said=(), next=None)


async def test_what_was_said_about_an_order(orders: Orders, traffic: Traffic) -> None:
    """Its calls and messages are told as they were, the newest first, and nothing that is about another order."""
    await orders.place(with_payment(new_order("o1", "A1"), "pay-o1", gateway="vnpay"))
    await orders.place(with_payment(new_order("o2", "A2"), "pay-o2", gateway="vnpay"))
    answered = call(at=NOW + 1)
    silent = call(at=NOW + 3, failure=Failure.TIMEOUT)
    garbage = call(at=NOW + 4, failure=Failure.NO_JSON, status=502, answer=b"\xff<html>\x00")
    await traffic.append([answered, silent, garbage, call("pay-o2"), call(gateway="momo")])
    for at, address in ((NOW + 2, "198.51.100.7"), (NOW + 9, "203.0.113.9")):
        await orders.record(message(b"\xff", at=at, address=address))
    await orders.record(message(b"other", reference="pay-o2"))
    page = await traffic.of_order("o1", after=None, limit=100)
    assert page.next is None
    told = page.said[2]
    assert isinstance(told, Message)
    assert page.said == (garbage, silent, told, answered)
    assert (told.raw, told.verified, told.verdict, told.seen) == (b"\xff", True, "recorded", 2)
    assert (told.received_at, told.address) == (NOW + 2, "198.51.100.7")
    assert (told.last_at, told.last_address) == (NOW + 9, "203.0.113.9")


async def test_calls_about_refunds_are_the_orders_too(orders: Orders, traffic: Traffic) -> None:
    """A gateway may know a refund by a reference of its own, and staff look for it at the order."""
    reference = await refunded(orders)
    asked = call(reference, gateway="sandbox", kind="refund/query")
    await traffic.append([asked, call(reference, gateway="vnpay")])
    assert (await traffic.of_order("o1", after=None, limit=10)).said == (asked,)


async def refunded(orders: Orders) -> str:
    """The reference of the refund of an order `o1` whose payment came after it was cancelled."""
    await orders.place(with_payment(new_order("o1", "A1"), "pay-o1"))
    await make(orders, "o1", cancel)
    return (await make(orders, "o1", lambda order: paid(order, "pay-o1"))).refunds[0].reference


async def test_page_by_page(orders: Orders, traffic: Traffic) -> None:
    """Pages have each entry once, also where many are of one millisecond."""
    await place_paid(orders, new_order("o1", "A1"))
    calls = [call(gateway="sandbox", at=NOW + at // 3) for at in range(10)]
    await traffic.append(calls)
    for raw in (b"a=1", b"a=2"):
        await orders.record(message(raw, at=NOW + 1, gateway="sandbox"))
    whole = (await traffic.of_order("o1", after=None, limit=100)).said
    assert len(whole) == 12
    pieces: list[GatewayCall | Message] = []
    cursor = None
    for _ in range(4):
        page = await traffic.of_order("o1", after=cursor, limit=3)
        pieces.extend(page.said)
        cursor = page.next
    assert cursor is None
    assert tuple(pieces) == whole


async def test_a_batch_may_come_again(orders: Orders, traffic: Traffic) -> None:
    """What is written already is not written twice, and holds up nothing that is new beside it."""
    await orders.place(with_payment(new_order("o1", "A1"), "pay-o1", gateway="vnpay"))
    first, second = call(at=NOW), call(at=NOW + 1)
    await traffic.append([first])
    await traffic.append([first, second])
    await traffic.append([])
    assert (await traffic.of_order("o1", after=None, limit=10)).said == (second, first)


@pytest.mark.parametrize("order", ["", "no such", "nobody", "\x00", "\ud800"])
async def test_strange_questions(orders: Orders, traffic: Traffic, order: str) -> None:
    """Of what cannot be, nothing was said."""
    await traffic.append([call()])
    assert await traffic.of_order(order, after=None, limit=1) == NOTHING


@pytest.mark.parametrize(("after", "limit"), [("x", 1), ("", 1), (None, 0), (None, 101)])
async def test_what_is_no_page(traffic: Traffic, after: str | None, limit: int) -> None:
    """A cursor of another list and a size that no page has are refused."""
    with pytest.raises(ValueError, match=r"cursor|limit"):
        await traffic.of_order("o1", after=after, limit=limit)
