"""An order that is there: looked at, paid by another attempt, given up."""

from typing import Any

from msgspec import UNSET, UnsetType
from starlette.responses import Response

from protocol.codes import Code
from server.domain.orders import Order, OrderState
from server.domain.showtimes import Showtime
from server.tickets.view import TicketView, ticket_view, ticketed_seats
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.gateways import gateway_offers
from server.web.idempotency import once
from server.web.orders.access import order_of
from server.web.orders.answers import as_order, naming_the_gateway, sent
from server.web.orders.representations import OrderAnswer, PayRequest, order_answer
from server.web.responses import json_response


async def get_order(call: Call[Nothing, Nothing]) -> Response:
    """The order as it is now, for its holder or with its token."""
    order, _ = await order_of(call)
    showtime = await call.context.catalogue.showtime(order.showtime)
    gateways = call.context.shop.gateways.by_name.items()
    taking = (name for name, gateway in gateways if gateway.accepts(order.amount, order.currency))
    answer = order_answer(
        order,
        showtime,
        tickets=await _tickets(call, order, showtime),
        gateways=gateway_offers(taking) if order.state is OrderState.OPEN else UNSET,
        server_at=call.context.store.now(),
    )
    return json_response(answer)


async def _tickets(call: Call[Any, Any], order: Order, showtime: Showtime) -> tuple[TicketView, ...] | UnsetType:
    if not ticketed_seats(order):
        return UNSET
    layout = await call.context.catalogue.layout(showtime.layout)
    return ticket_view(order, showtime, layout, call.context.shop.signer)


async def pay_order(call: Call[PayRequest, Nothing]) -> Response:
    """Start another attempt to pay an open order; its deadline stays. `conflict` where it is not open any more."""
    asked = once(call.request, call.body)
    order, keys = await order_of(call)
    showtime = await call.context.catalogue.showtime(order.showtime)
    with naming_the_gateway():
        answered = await call.context.shop.desk.pay(
            order.id,
            holder=keys,
            gateway=call.body.gateway,
            client_ip=call.client_ip(),
            once=asked,
            represent=as_order(showtime),
        )
    return sent(answered)


async def cancel_order(call: Call[Nothing, Nothing]) -> Response:
    """Give an open order up: its seats become free. What is paid for it all the same goes back."""
    asked = once(call.request, call.body)
    order, keys = await order_of(call)
    showtime = await call.context.catalogue.showtime(order.showtime)
    answered = await call.context.shop.desk.cancel(order.id, holder=keys, once=asked, represent=as_order(showtime))
    return sent(answered)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/orders/{order_id}",
        summary="One order with its tickets",
        run=get_order,
        body=Nothing,
        query=Nothing,
        answer=OrderAnswer,
        holder="optional",
        order_token=True,
    ),
    Endpoint(
        method="POST",
        path="/orders/{order_id}/pay",
        summary="Start another attempt to pay",
        run=pay_order,
        body=PayRequest,
        query=Nothing,
        answer=OrderAnswer,
        holder="optional",
        order_token=True,
        idempotent=True,
        codes=(Code.CONFLICT, Code.IDEMPOTENCY_IN_PROGRESS),
    ),
    Endpoint(
        method="POST",
        path="/orders/{order_id}/cancel",
        summary="Give an open order up",
        run=cancel_order,
        body=Nothing,
        query=Nothing,
        answer=OrderAnswer,
        holder="optional",
        order_token=True,
        idempotent=True,
        codes=(Code.CONFLICT, Code.IDEMPOTENCY_IN_PROGRESS),
    ),
)
