"""Who may see an order, and act on it."""

from typing import Any, Final

from server.domain.errors import OrderNotFoundError
from server.domain.orders import Order
from server.web.endpoint import Call
from server.web.orders.representations import OrderId

ORDER_HEADER: Final = "X-Order-Token"


async def order_of(call: Call[Any, Any]) -> tuple[Order, str]:
    """The order in the path, and whose idempotency keys the request uses: the holder's, or those of its token.

    Raises `OrderNotFoundError` for strangers too: they are not told that there is one.
    """
    order_id: str = call.part("order_id", OrderId)
    holder = call.holder()
    order = await call.context.shop.desk.order(order_id)
    if holder is not None and holder.id == order.holder:
        return order, holder.id
    if call.context.shop.tokens.check(order_id, call.request.headers.get(ORDER_HEADER, "")):
        # No session is named like this: a colon is not in their alphabet.
        return order, f"order:{order_id}"
    raise OrderNotFoundError(order_id)
