"""What payment gateways call, and where they send customers back to.

Nothing here is believed but what is signed, and no cookie is looked at. A gateway gets the answer that it wants, word
for word, whatever happened; only what is no callback at all gets a problem document.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Literal

import structlog
from starlette.responses import RedirectResponse, Response

from protocol.codes import Code
from server.domain.errors import NotFoundError, UnavailableError
from server.domain.payments import Callback, CallbackAnswer, Verdict
from server.tickets.links import order_path
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.problems import ProblemError

PATHS: Final = "/payments/"

MAX_CALLBACK_BYTES: Final = 64 * 1024
"""Of a body: a hundred times what any gateway sends. A query is no longer than the server lets any address be."""

UNKNOWN: Final = "/orders/unknown"
"""The page for customers who come back with nothing that can be believed."""

log = structlog.get_logger(__name__)

_Call = Call[Nothing, Nothing]
_Handler = Callable[[_Call], Awaitable[Response]]


async def receive_vnpay(call: _Call) -> Response:
    """VNPay's IPN: `{"RspCode", "Message"}` with status 200, whatever became of it."""
    return await _receive(call, "vnpay")


async def receive_momo(call: _Call) -> Response:
    """MoMo's IPN: a status alone."""
    return await _receive(call, "momo")


async def receive_sandbox(call: _Call) -> Response:
    """The sandbox's callback: `{"verdict"}`."""
    return await _receive(call, "sandbox")


async def return_from_vnpay(call: _Call) -> Response:
    """A customer comes back from VNPay, and is sent on to the order's page; nothing changes by it."""
    return await _returned(call, "vnpay")


async def return_from_momo(call: _Call) -> Response:
    """A customer comes back from MoMo, and is sent on to the order's page; nothing changes by it."""
    return await _returned(call, "momo")


async def return_from_sandbox(call: _Call) -> Response:
    """A customer comes back from the sandbox, and is sent on to the order's page; nothing changes by it."""
    return await _returned(call, "sandbox")


async def _receive(call: _Call, name: str) -> Response:
    callback = await _callback(call)
    shop = call.context.shop
    try:
        answer = await shop.callbacks.receive(name, callback, address=call.client_ip())
    except NotFoundError:
        raise
    except Exception:  # the boundary: the gateway is asked to come again, and the log has the trace
        log.exception("a callback failed", gateway=name)
        answer = shop.gateways.by_name[name].answer(Verdict.ERROR)
    return _as_said(answer)


async def _returned(call: _Call, name: str) -> Response:
    callback = await _callback(call)
    try:
        order = await call.context.shop.callbacks.returned(name, callback)
    except UnavailableError as error:
        log.warning("a customer came back and could not be shown the order", gateway=name, reason=str(error))
        order = None
    return RedirectResponse(UNKNOWN if order is None else order_path(order), status_code=303)


async def _callback(call: _Call) -> Callback:
    """The request as it came; `too_large` beyond the bound, before the rest is read."""
    request = call.request
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_CALLBACK_BYTES:
            raise ProblemError(Code.TOO_LARGE)
    return Callback(
        query=tuple(request.query_params.multi_items()),
        body=bytes(body),
        content_type=request.headers.get("content-type", ""),
        query_string=request.scope["query_string"],
    )


def _as_said(answer: CallbackAnswer) -> Response:
    headers = {} if answer.content_type is None else {"Content-Type": answer.content_type}
    return Response(answer.body, status_code=answer.status, headers=headers)


def _endpoints(
    gateway: str,
    who: str,
    receive: _Handler,
    returned: _Handler,
    *,
    method: Literal["GET", "POST"] = "POST",
    status: int = 200,
) -> tuple[Endpoint[Nothing, Nothing], Endpoint[Nothing, Nothing]]:
    """Where a gateway calls, by `method` and answered with `status`, and where it sends customers back to."""
    return (
        Endpoint(
            method=method,
            path=f"{PATHS}{gateway}/ipn",
            summary=f"{who[0].upper()}{who[1:]} tells what became of a payment",
            run=receive,
            body=Nothing,
            query=Nothing,
            answer=Nothing,
            status=status,
            gateway=True,
        ),
        Endpoint(
            method="GET",
            path=f"{PATHS}{gateway}/return",
            summary=f"A customer comes back from {who}",
            run=returned,
            body=Nothing,
            query=Nothing,
            answer=Nothing,
            status=303,
            gateway=True,
        ),
    )


ENDPOINTS = (
    *_endpoints("vnpay", "VNPay", receive_vnpay, return_from_vnpay, method="GET"),
    *_endpoints("momo", "MoMo", receive_momo, return_from_momo, status=204),
    *_endpoints("sandbox", "the sandbox", receive_sandbox, return_from_sandbox),
)
