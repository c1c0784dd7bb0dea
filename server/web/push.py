"""Browsers that want to be told things: the key to subscribe with, and their subscriptions kept and forgotten."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from protocol.codes import Code
from server.notify.push import PushDesk
from server.ports.push import PushSubscription
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.problems import ProblemError
from server.web.responses import json_response

_EndpointUrl = Annotated[str, Meta(min_length=1, max_length=1024)]
_Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,120}\Z")]


class PushKey(msgspec.Struct, frozen=True, kw_only=True):
    """The `applicationServerKey` that browsers subscribe with: an uncompressed P-256 point in base64url."""

    key: str


class PushKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The browser's own keys, in base64url without padding."""

    p256dh: _Key
    auth: _Key


class SubscribeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser's `PushSubscription.toJSON()` says, and the language to tell things in."""

    endpoint: _EndpointUrl
    keys: PushKeys
    locale: Literal["vi", "en"] = "en"


class UnsubscribeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The subscription to forget."""

    endpoint: _EndpointUrl


class PushAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this browser will be told things."""

    subscribed: bool


async def get_push_key(call: Call[Nothing, Nothing]) -> Response:
    """The same for as long as the installation's secret is."""
    return json_response(PushKey(key=_desk(call).public_key))


async def subscribe_push(call: Call[SubscribeRequest, Nothing]) -> Response:
    """The holder's own; one of an unlisted push service, or with keys that are none, is a `bad_request`."""
    body = call.body
    subscription = PushSubscription(
        endpoint=body.endpoint, p256dh=body.keys.p256dh, auth=body.keys.auth, locale=body.locale
    )
    desk = _desk(call)
    fault = desk.policy.fault(subscription)
    if fault is not None:
        raise ProblemError.bad_request(fault, "not a subscription at a known push service")
    await desk.subscriptions.add(call.owner().id, subscription)
    return json_response(PushAnswer(subscribed=True), status=201)


async def unsubscribe_push(call: Call[UnsubscribeRequest, Nothing]) -> Response:
    """The holder's own alone; one that is not there is as good as forgotten."""
    desk = _desk(call)
    await desk.subscriptions.remove(call.body.endpoint, holder=call.owner().id)
    return json_response(PushAnswer(subscribed=False))


def _desk(call: Call[Any, Nothing]) -> PushDesk:
    desk = call.context.push
    if desk is None:
        raise ProblemError(Code.NOT_FOUND)
    return desk


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/push/key",
        summary="The key that browsers subscribe to pushes with",
        run=get_push_key,
        body=Nothing,
        query=Nothing,
        answer=PushKey,
        codes=(Code.NOT_FOUND,),
    ),
    Endpoint(
        method="POST",
        path="/push/subscriptions",
        summary="Have this browser told when a hold is about to end, and what becomes of orders",
        run=subscribe_push,
        body=SubscribeRequest,
        query=Nothing,
        answer=PushAnswer,
        status=201,
        holder="required",
        codes=(Code.NOT_FOUND, Code.UNAVAILABLE),
    ),
    Endpoint(
        method="DELETE",
        path="/push/subscriptions",
        summary="Tell this browser nothing any more",
        run=unsubscribe_push,
        body=UnsubscribeRequest,
        query=Nothing,
        answer=PushAnswer,
        holder="required",
        codes=(Code.NOT_FOUND, Code.UNAVAILABLE),
    ),
)
