"""Finding orders: by whatever somebody at the counter may know."""

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.order_search import PostgresOrderSearch
from server.domain.orders import Customer, OrderState
from server.domain.refunds import refund
from server.domain.settlement import cancel
from server.ports.order_search import OrderPage, OrderQuery, OrderSearch
from server.ports.orders import Orders
from tests.contract.orders.world import NOW, make, new_id, new_order, place_paid


@pytest.fixture
def search(engine: AsyncEngine) -> OrderSearch:
    """The search on PostgreSQL."""
    return PostgresOrderSearch(engine)


async def ids(search: OrderSearch, **asked: str) -> list[str]:
    """The orders that are found, as they are listed."""
    query = msgspec.convert(asked, OrderQuery)
    return [order.id for order in (await search.search(query, after=None, limit=100)).orders]


async def test_by_what_is_known(search: OrderSearch, orders: Orders) -> None:
    """Each thing that may be known finds its order, whole, and no other; two things must both be so."""
    await place_paid(orders, new_order("o1", "A1"))
    other = msgspec.structs.replace(
        new_order("o2", "A1", holder="bob", showtime="s2"), customer=Customer(email="Bob@Mail.Example", phone="115")
    )
    await orders.place(other)
    order = await make(
        orders, "o1", lambda found: refund(found, seats=None, amount=None, reason="", by="ann", now=NOW, new_id=new_id)
    )
    for asked in (
        {"order": "o1"},
        {"email": "ALICE@mail.example"},
        {"phone": "+84901234567"},
        {"reference": "pay-o1"},
        {"reference": order.refunds[0].reference},
        {"gateway_id": "g-pay-o1"},
        {"showtime": "s1"},
        {"state": "refunding"},
    ):
        assert await ids(search, **asked) == ["o1"], asked
    assert await ids(search, email="bob@mail.example") == ["o2"]
    assert await ids(search, email="bob@mail.example", showtime="s1") == []
    assert (await search.search(OrderQuery(order="o1"), after=None, limit=1)).orders == (order,)


async def test_pages(search: OrderSearch, orders: Orders) -> None:
    """The newest come first, pages follow one another without a gap, and those of one instant are told apart."""
    for number, (seat, at) in enumerate((("A1", 0), ("A2", 5), ("A3", 5), ("A4", 9))):
        await orders.place(new_order(f"o{number}", seat, at=NOW + at))
    first = await search.search(OrderQuery(), after=None, limit=2)
    second = await search.search(OrderQuery(), after=first.next, limit=2)
    assert [order.id for order in (*first.orders, *second.orders)] == ["o3", "o2", "o1", "o0"]
    assert first.next is not None
    assert second.next is None


async def test_by_state(search: OrderSearch, orders: Orders) -> None:
    """A state finds what is in it now."""
    await orders.place(new_order("o1", "A1"))
    await orders.place(new_order("o2", "A2"))
    await make(orders, "o2", cancel)
    assert await ids(search, state=OrderState.CANCELLED.value) == ["o2"]
    assert await ids(search, state=OrderState.OPEN.value) == ["o1"]


@pytest.mark.parametrize("text", ["", "no such", "'; DROP TABLE orders; --", "%", "a\x00b", "\ud800"])
async def test_strange_questions(search: OrderSearch, orders: Orders, text: str) -> None:
    """What no order can be finds none, and harms nothing."""
    await orders.place(new_order("o1"))
    for name in ("order", "email", "phone", "reference", "gateway_id", "showtime"):
        query = msgspec.convert({name: text}, OrderQuery)
        assert await search.search(query, after=None, limit=10) == OrderPage(orders=(), next=None)
    assert await ids(search) == ["o1"]


async def test_cursors_and_limits(search: OrderSearch) -> None:
    """A cursor that is none of ours, and a limit out of range, are refused."""
    for after, limit in (("nonsense", 10), (None, 0), (None, 101)):
        with pytest.raises(ValueError, match=r"cursor|limit"):
            await search.search(OrderQuery(), after=after, limit=limit)
