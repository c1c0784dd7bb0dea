"""Finding orders, for staff."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from protocol.scalars import ShowtimeId
from server.domain.orders import OrderState
from server.domain.staff import Role
from server.ports.order_search import OrderQuery
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.orders.representations import Email, OrderId, Phone, Reference, international
from server.web.problems import ProblemError
from server.web.representations import Cursor, PageSize
from server.web.responses import json_response
from server.web.staff.order_representations import StaffOrderAnswer, staff_order


class OrderSearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the orders must be; what is left out asks nothing. `cursor` is the `next` of the page before."""

    order: OrderId | None = None
    email: Email | None = None
    phone: Phone | None = None
    reference: Reference | None = None
    gateway_id: Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,64}\Z")] | None = None
    showtime: ShowtimeId | None = None
    state: OrderState | None = None
    cursor: Cursor | None = None
    limit: PageSize = 20


class OrderSearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Some orders, the newest first; `next` is the cursor of the page after them."""

    orders: tuple[StaffOrderAnswer, ...]
    next: str | None


async def search_orders(call: Call[OrderSearchRequest, Nothing]) -> Response:
    """Orders by what staff are told: an id, an address, a phone number, a reference of ours or of the gateway.

    It is asked by a body, because addresses of people and phone numbers do not belong into those of pages.
    """
    body = call.body
    query = OrderQuery(
        order=body.order,
        email=body.email,
        phone=None if body.phone is None else international(body.phone),
        reference=body.reference,
        gateway_id=body.gateway_id,
        showtime=body.showtime,
        state=body.state,
    )
    try:
        page = await call.context.shop.search.search(query, after=body.cursor, limit=body.limit)
    except ValueError as error:
        raise ProblemError.bad_request("cursor", "no cursor of this list") from error
    showtimes = {order.showtime: None for order in page.orders}
    known = {showtime: await call.context.catalogue.showtime(showtime) for showtime in showtimes}
    orders = tuple(staff_order(order, known[order.showtime]) for order in page.orders)
    return json_response(OrderSearchAnswer(orders=orders, next=page.next))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/staff/orders/search",
        summary="Find orders",
        run=search_orders,
        body=OrderSearchRequest,
        query=Nothing,
        answer=OrderSearchAnswer,
        staff=Role.BOX_OFFICE,
    ),
)
