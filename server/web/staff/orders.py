"""What staff do with orders: look at one, send money back and say how that ended, clear one under review."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from protocol.codes import Code
from server.domain.errors import Conflict
from server.domain.orders import Order
from server.domain.refunds import RefundRefusedError
from server.domain.staff import Role
from server.ports.orders import KeptAnswer
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.idempotency import once
from server.web.orders.answers import sent
from server.web.orders.representations import OrderId, Reference
from server.web.problems import FieldError, ProblemError
from server.web.responses import json_response
from server.web.staff.order_representations import CloseRefundRequest, RefundRequest, StaffOrderAnswer, staff_order


async def get_staff_order(call: Call[Nothing, Nothing]) -> Response:
    """One order with its customer, every attempt to pay it, and every refund."""
    order = await call.context.shop.desk.order(_order_id(call))
    return json_response(staff_order(order, await call.context.catalogue.showtime(order.showtime)))


async def refund_order(call: Call[RefundRequest, Nothing]) -> Response:
    """Send money back for seats, which are free then, or an amount, or everything.

    `conflict` for what cannot be refunded, with a sentence in `errors`.
    """
    asked, order_id = once(call.request, call.body), _order_id(call)
    with _telling_why():
        answered = await call.context.shop.desk.refund(
            order_id,
            seats=call.body.seats or None,
            amount=call.body.amount or None,
            reason=call.body.reason.strip(),
            by=call.staff(),
            actor=call.actor(),
            once=asked,
            represent=await _representing(call, order_id),
        )
    return sent(answered)


async def approve_order(call: Call[Nothing, Nothing]) -> Response:
    """Clear an order under review: it is paid, and gets its tickets. `conflict` where it is not under review."""
    order = await call.context.shop.desk.approve(_order_id(call), actor=call.actor())
    return json_response(staff_order(order, await call.context.catalogue.showtime(order.showtime)))


async def retry_refund(call: Call[Nothing, Nothing]) -> Response:
    """Send a refund that failed once more. `conflict` where it did not fail."""
    reference = call.part("reference", Reference)
    order = await call.context.shop.desk.retry_refund(_order_id(call), reference, actor=call.actor())
    return json_response(staff_order(order, await call.context.catalogue.showtime(order.showtime)))


async def close_refund(call: Call[CloseRefundRequest, Nothing]) -> Response:
    """Say how a refund ended that has no end an hour after it was last sent, or that one was paid back that failed.

    One that was not sent yet never is then. `conflict` for any other, with a sentence in `errors`. What the gateway
    said, or says later, stands beside it.
    """
    reference = call.part("reference", Reference)
    with _telling_why():
        order = await call.context.shop.desk.close_refund(
            _order_id(call),
            reference,
            done_on=None if call.body.on is UNSET else call.body.on,
            reason=call.body.reason.strip(),
            by=call.staff(),
            actor=call.actor(),
        )
    return json_response(staff_order(order, await call.context.catalogue.showtime(order.showtime)))


@contextmanager
def _telling_why() -> Iterator[None]:
    """What cannot be done with refunds is a `conflict` that says why."""
    try:
        yield
    except RefundRefusedError as error:
        errors = (FieldError(field="body", message=str(error)),)
        raise ProblemError(Code.CONFLICT, why=Conflict.REFUNDS, errors=errors) from error


def _order_id(call: Call[Any, Any]) -> str:
    order_id: str = call.part("order_id", OrderId)
    return order_id


async def _representing(call: Call[Any, Any], order_id: str) -> Callable[[Order], KeptAnswer]:
    order = await call.context.shop.desk.order(order_id)
    showtime = await call.context.catalogue.showtime(order.showtime)
    return lambda changed: KeptAnswer(status=201, body=msgspec.json.encode(staff_order(changed, showtime)))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/staff/orders/{order_id}",
        summary="One order with all its money",
        run=get_staff_order,
        body=Nothing,
        query=Nothing,
        answer=StaffOrderAnswer,
        staff=Role.BOX_OFFICE,
    ),
    Endpoint(
        method="POST",
        path="/staff/orders/{order_id}/refunds",
        summary="Send money back",
        run=refund_order,
        body=RefundRequest,
        query=Nothing,
        answer=StaffOrderAnswer,
        status=201,
        staff=Role.MANAGER,
        idempotent=True,
        codes=(Code.CONFLICT, Code.IDEMPOTENCY_IN_PROGRESS),
    ),
    Endpoint(
        method="POST",
        path="/staff/orders/{order_id}/approve",
        summary="Clear an order under review",
        run=approve_order,
        body=Nothing,
        query=Nothing,
        answer=StaffOrderAnswer,
        staff=Role.MANAGER,
        codes=(Code.CONFLICT,),
    ),
    Endpoint(
        method="POST",
        path="/staff/orders/{order_id}/refunds/{reference}/retry",
        summary="Send a refund that failed once more",
        run=retry_refund,
        body=Nothing,
        query=Nothing,
        answer=StaffOrderAnswer,
        staff=Role.MANAGER,
        codes=(Code.CONFLICT,),
    ),
    Endpoint(
        method="POST",
        path="/staff/orders/{order_id}/refunds/{reference}/close",
        summary="Say how a refund ended",
        run=close_refund,
        body=CloseRefundRequest,
        query=Nothing,
        answer=StaffOrderAnswer,
        staff=Role.MANAGER,
        codes=(Code.CONFLICT,),
    ),
)
