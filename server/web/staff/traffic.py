"""What was said to gateways and by them about an order, for managers."""

from typing import Any

import msgspec
from starlette.responses import Response

from protocol.scalars import Duration, Integer, Milliseconds
from server.domain.staff import Role
from server.ports.traffic import Failure, GatewayCall, Message
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.orders.representations import OrderId, Reference
from server.web.problems import ProblemError
from server.web.representations import Cursor, PageSize
from server.web.responses import json_response


class TrafficQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page; `cursor` is the `next` of the page before."""

    cursor: Cursor | None = None
    limit: PageSize = 20


class CallAnswer(msgspec.Struct, frozen=True, kw_only=True, tag_field="direction", tag="out"):
    """A call of ours: `sent` is its body and `answer` what came, with its `status`, as far as anything did.

    There is a `failure` where that is no JSON object. No key is in either.
    """

    id: str
    at: Milliseconds
    gateway: str
    kind: str
    reference: Reference
    took_ms: Duration
    failure: Failure | None
    status: Integer | None
    sent: str
    answer: str | None


class MessageAnswer(msgspec.Struct, frozen=True, kw_only=True, tag_field="direction", tag="in"):
    """A message of the gateway that came `seen` times, first at `at` from `address`, last at `last_at`.

    `verdict` is what became of it; only one that is `verified` can have changed anything.
    """

    id: str
    at: Milliseconds
    gateway: str
    kind: str
    reference: Reference
    verified: bool
    verdict: str
    address: str | None
    last_address: str | None
    last_at: Milliseconds
    seen: Integer
    received: str


class TrafficAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, the newest first; `next` is the cursor of the page after it."""

    traffic: tuple[CallAnswer | MessageAnswer, ...]
    next: str | None


async def list_traffic(call: Call[Nothing, TrafficQuery]) -> Response:
    """Calls to gateways and messages of theirs about the order's payments and refunds, as they were.

    Bytes that are no UTF-8 are shown as U+FFFD. What was said within the last second may not be in it yet.
    """
    order = await call.context.shop.desk.order(call.part("order_id", OrderId))
    query = call.query
    try:
        page = await call.context.shop.traffic.of_order(order.id, after=query.cursor, limit=query.limit)
    except ValueError as error:
        raise ProblemError.bad_request("cursor", "no cursor of this list") from error
    return json_response(TrafficAnswer(traffic=tuple(map(_answer, page.said)), next=page.next))


def _answer(said: GatewayCall | Message) -> CallAnswer | MessageAnswer:
    match said:
        case GatewayCall():
            more: dict[str, Any] = {
                "at": said.sent_at,
                "sent": _text(said.request),
                "answer": None if said.answer is None else _text(said.answer),
            }
            return CallAnswer(**_fields(said, CallAnswer) | more)
        case Message():
            more = {"at": said.received_at, "received": _text(said.raw)}
            return MessageAnswer(**_fields(said, MessageAnswer) | more)


def _fields(said: msgspec.Struct, shape: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: getattr(said, name) for name in shape.__struct_fields__ if hasattr(said, name)}


def _text(content: bytes) -> str:
    return content.decode(errors="replace")


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/staff/orders/{order_id}/traffic",
        summary="What was said to gateways and by them about an order",
        run=list_traffic,
        body=Nothing,
        query=TrafficQuery,
        answer=TrafficAnswer,
        staff=Role.MANAGER,
    ),
)
