"""The published contract of the WebSocket, generated from the message structs."""

from typing import Any, Final, get_args

import msgspec
from starlette.responses import Response

from protocol.codec import CODECS, MAX_INBOUND_BYTES
from protocol.codes import RECONNECT_RANGE, STAY_AWAY_RANGE, CloseCode
from protocol.from_client import ClientMessage
from protocol.from_server import ServerMessage
from protocol.scalars import MAX_INTEGER
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.responses import cached_response
from server.web.schemas import components, portable

_CHANNEL: Final = "seats"
_ADDRESS: Final = "/ws/showtimes/{showtime_id}"


class AsyncApiDocument(msgspec.Struct, frozen=True):
    """An AsyncAPI 3.0 document."""

    asyncapi: str
    info: dict[str, Any]
    channels: dict[str, Any]
    operations: dict[str, Any]
    components: dict[str, Any]


def document() -> AsyncApiDocument:
    """The document of all messages, both ways."""
    inbound: tuple[type, ...] = get_args(ClientMessage)
    outbound: tuple[type, ...] = get_args(ServerMessage)
    references, schemas = components([*inbound, *outbound])
    messages = {
        struct.__name__: {"name": _tag(struct), "summary": _summary(struct), "payload": reference}
        for struct, reference in references.items()
    }
    return AsyncApiDocument(
        asyncapi="3.0.0",
        info={"title": "CineBook Live", "version": "1", "description": _description()},
        channels={
            _CHANNEL: {
                "address": _ADDRESS,
                "description": "The live seats of one showtime.",
                "parameters": {"showtime_id": {"description": "1-64 of [A-Za-z0-9_-]"}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "query": _query()}},
            }
        },
        operations={
            "ask": _operation("receive", "What a client may send.", inbound),
            "tell": _operation("send", "What the server may send.", outbound),
        },
        components={"messages": portable(messages), "schemas": portable(schemas)},
    )


def _operation(action: str, summary: str, structs: tuple[type, ...]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": f"#/channels/{_CHANNEL}"},
        "messages": [{"$ref": f"#/channels/{_CHANNEL}/messages/{struct.__name__}"} for struct in structs],
    }


def _tag(struct: type) -> str:
    return str(struct.__struct_config__.tag)  # type: ignore[attr-defined]  # every message is a tagged struct


def _summary(struct: type) -> str:
    return (struct.__doc__ or struct.__name__).strip()


def _query() -> dict[str, Any]:
    integer = {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}
    return {
        "type": "object",
        "properties": {
            "epoch": {"type": "string", "description": "With `version`: the position to resume from."},
            "version": integer,
            "display": {"const": "1", "description": "A display that will never lock."},
        },
    }


def _description() -> str:
    private = ", ".join(f"{code.value} `{code.name.lower()}`" for code in CloseCode if code.value in _PRIVATE)
    return (
        f"Subprotocols: {', '.join(f'`{name}`' for name in CODECS)}; without one, JSON. "
        "Anyone may watch; to lock takes the session cookie, `Authorization: Bearer` or an `auth` message. "
        f"A client's message has at most {MAX_INBOUND_BYTES} bytes. "
        f"Close codes: {private}; {RECONNECT_RANGE.start}-{RECONNECT_RANGE.stop - 1} reconnect, "
        f"{STAY_AWAY_RANGE.start}-{STAY_AWAY_RANGE.stop - 1} do not."
    )


_PRIVATE: Final = range(RECONNECT_RANGE.start, STAY_AWAY_RANGE.stop)

_CONTENT: Final = msgspec.json.encode(document())


async def get_asyncapi(call: Call[Nothing, Nothing]) -> Response:
    """The contract of the WebSocket, as an AsyncAPI document."""
    return cached_response(call.request, _CONTENT, cache_control="no-cache")


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/asyncapi.json",
        summary="The contract of the WebSocket",
        run=get_asyncapi,
        body=Nothing,
        query=Nothing,
        answer=AsyncApiDocument,
        conditional=True,
    ),
)
