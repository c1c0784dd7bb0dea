"""What the sandbox's page asks for, where the sandbox is offered: the payment that it shows, and signed callbacks.

The page sends a callback itself, once, twice, late or never: it reaches the shop as any gateway's does.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from protocol.codes import Code
from protocol.scalars import Integer, Milliseconds
from server.domain.errors import ForgedCallbackError
from server.payments.sandbox import SandboxChoice, SandboxGateway
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.problems import ProblemError
from server.web.responses import json_response

Token = Annotated[str, Meta(min_length=1, max_length=4096)]


class SandboxPaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The token that the page was opened with."""

    token: Token


class SandboxPaymentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The payment that the customer was sent to make, until `expires_at`."""

    order: str
    reference: str
    title: str
    amount: Integer
    currency: str
    expires_at: Milliseconds
    server_at: Milliseconds


class SandboxDecisionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer does; what was decided once stands."""

    token: Token
    choice: SandboxChoice


class SandboxDecisionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The signed `callback`, to be posted to `ipn_url`, and where the customer goes then."""

    callback: str
    content_type: str
    ipn_url: str
    return_url: str


async def show_sandbox_payment(call: Call[SandboxPaymentRequest, Nothing]) -> Response:
    """The payment that a token is of."""
    gateway = _gateway(call)
    try:
        page = gateway.read_page(call.body.token)
    except ForgedCallbackError as error:
        raise ProblemError.bad_request("token", "not a token of the sandbox") from error
    answer = SandboxPaymentAnswer(
        order=page.order,
        reference=page.reference,
        title=page.title,
        amount=page.amount,
        currency=page.currency,
        expires_at=page.expires_at,
        server_at=call.context.store.now(),
    )
    return json_response(answer)


async def decide_sandbox_payment(call: Call[SandboxDecisionRequest, Nothing]) -> Response:
    """Write down what the customer does, and sign the callback about it; nobody is told by this."""
    try:
        news = await _gateway(call).callback_for(call.body.token, call.body.choice)
    except ForgedCallbackError as error:
        raise ProblemError.bad_request("token", "not a token of the sandbox") from error
    answer = SandboxDecisionAnswer(
        callback=news.callback.body.decode(),
        content_type=news.callback.content_type,
        ipn_url=news.ipn_url,
        return_url=news.return_url,
    )
    return json_response(answer)


def _gateway(call: Call[Any, Any]) -> SandboxGateway:
    gateway = call.context.shop.gateways.by_name.get(SandboxGateway.name)
    if not isinstance(gateway, SandboxGateway):
        raise ProblemError(Code.NOT_FOUND)
    return gateway


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/sandbox/payment",
        summary="The payment that the sandbox's page shows",
        run=show_sandbox_payment,
        body=SandboxPaymentRequest,
        query=Nothing,
        answer=SandboxPaymentAnswer,
        codes=(Code.NOT_FOUND,),
    ),
    Endpoint(
        method="POST",
        path="/sandbox/decision",
        summary="Play the customer of the sandbox, and have the callback signed",
        run=decide_sandbox_payment,
        body=SandboxDecisionRequest,
        query=Nothing,
        answer=SandboxDecisionAnswer,
        codes=(Code.NOT_FOUND, Code.UNAVAILABLE),
    ),
)
