"""Checkout: from held seats to an order and the address where it is paid."""

import msgspec
from starlette.responses import Response

from protocol.codes import Code
from server.checkout.asking import Ask
from server.web.endpoint import PREFIX, Call, Endpoint, Nothing
from server.web.idempotency import once
from server.web.orders.answers import as_order, naming_the_gateway, sent
from server.web.orders.representations import CheckoutRequest, OrderAnswer
from server.web.seat_names import SeatNames


class _Placed(msgspec.Struct, frozen=True):
    id: str


async def check_out(call: Call[CheckoutRequest, Nothing]) -> Response:
    """Order seats that the caller holds, until the payment deadline; `payment.redirect_url` is where to pay.

    `conflict` carries the `order` that has the seats already, or the `total` that is right.
    """
    holder = call.owner()
    asked, body = once(call.request, call.body), call.body
    names = await SeatNames.of(call.context, call.showtime_id())
    names.indexes(body.seats)
    ask = Ask(
        showtime=names.showtime.id,
        seats=body.seats,
        customer=body.customer.customer(),
        gateway=body.gateway,
        expected_total=body.expected_total,
        client_ip=call.client_ip(),
    )
    with naming_the_gateway(), names.naming_refusals():
        answered = await call.context.shop.checkout.start(holder, ask, asked, as_order(names.showtime, status=201))
    response = sent(answered)
    placed = msgspec.json.decode(answered.kept.body, type=_Placed)
    response.headers["Location"] = f"{PREFIX}/orders/{placed.id}"
    return response


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/showtimes/{showtime_id}/checkout",
        summary="Order the seats that one holds",
        run=check_out,
        body=CheckoutRequest,
        query=Nothing,
        answer=OrderAnswer,
        status=201,
        holder="required",
        idempotent=True,
        codes=(
            Code.UNKNOWN_SEAT,
            Code.SALES_CLOSED,
            Code.LIMIT_EXCEEDED,
            Code.SEAT_RULE,
            Code.SEATS_UNAVAILABLE,
            Code.NOT_HELD,
            Code.GONE,
            Code.CONFLICT,
            Code.IDEMPOTENCY_IN_PROGRESS,
        ),
    ),
)
