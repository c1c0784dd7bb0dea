"""The published contract of the REST surface, generated from the endpoints and their structs."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.responses import Response

from protocol.codes import Code
from protocol.scalars import SeatId, ShowtimeId
from server.web.endpoint import PREFIX, Call, Endpoint, Nothing
from server.web.idempotency import HEADER, MAX_KEY_LENGTH, REPLAYED_HEADER
from server.web.orders.access import ORDER_HEADER
from server.web.orders.representations import OrderId, Reference
from server.web.problems import MEDIA_TYPE, Problem, ProblemError
from server.web.representations import LockRequest
from server.web.responses import cached_response
from server.web.schemas import components, portable
from server.web.staff.order_representations import JobId

_PART: Final = re.compile(r"\{(\w+)\}")

_PARTS: Final[dict[str, Any]] = {
    "showtime_id": ShowtimeId,
    "order_id": OrderId,
    "seat": SeatId,
    "reference": Reference,
    "job": JobId,
}
"""What the parts of paths look like."""


class OpenApiDocument(msgspec.Struct, frozen=True):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


def endpoint(table: Iterable[Endpoint[Any, Any]]) -> Endpoint[Nothing, Nothing]:
    """`GET /openapi.json` over `table`, itself included."""

    async def get_openapi(call: Call[Nothing, Nothing]) -> Response:
        return cached_response(call.request, content, cache_control="no-cache")

    own: Endpoint[Nothing, Nothing] = Endpoint(
        method="GET",
        path="/openapi.json",
        summary="This document",
        run=get_openapi,
        body=Nothing,
        query=Nothing,
        answer=OpenApiDocument,
        conditional=True,
    )
    content = msgspec.json.encode(document((*table, own)))
    return own


def document(table: tuple[Endpoint[Any, Any], ...]) -> OpenApiDocument:
    """The document of `table`."""
    types = {struct for entry in table for struct in (entry.body, entry.query, entry.answer)} - {Nothing}
    ordered = sorted(types, key=lambda struct: struct.__name__)
    by_type, shapes = components([*ordered, Problem])
    # A struct cannot say that exactly one of two fields is there.
    shapes[LockRequest.__name__]["oneOf"] = [{"required": ["seats"]}, {"required": ["best"]}]
    paths: dict[str, Any] = {}
    for entry in table:
        paths.setdefault(entry.path, {})[entry.method.lower()] = _operation(entry, by_type, shapes)
    used = {name: schema for name, schema in shapes.items() if not name.endswith("Query")}
    return OpenApiDocument(
        openapi="3.1.0",
        info={
            "title": "CineBook Live",
            "version": "1",
            "summary": "Seats of a cinema, live.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        servers=[{"url": PREFIX}],
        paths=portable(paths),
        components={
            "schemas": portable(used),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of `POST /sessions`. Pages of this site send its cookie instead.",
                },
                "order": {
                    "type": "apiKey",
                    "in": "header",
                    "name": ORDER_HEADER,
                    "description": "The token of one order.",
                },
                "staff": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "cinebook_staff",
                    "description": "The cookie of `POST /staff/session`, whose name has a tag of the installation.",
                },
            },
        },
    )


def _operation(entry: Endpoint[Any, Any], schemas: dict[type, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": entry.name,
        "summary": entry.summary,
        "description": entry.run.__doc__ or entry.summary,
        "parameters": _parameters(entry, shapes),
        "responses": _responses(entry, schemas),
    }
    if entry.takes_body:
        operation["requestBody"] = {
            "required": _is_needed(entry.body),
            "content": {"application/json": {"schema": schemas[entry.body]}},
        }
    if entry.gateway and entry.method == "POST":
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    if entry.order_token:
        operation["security"] = [{"bearer": []}, {"order": []}]
    elif entry.holder == "required":
        operation["security"] = [{"bearer": []}]
    elif entry.staff is not None:
        operation["security"] = [{"staff": [entry.staff.value]}]
    elif entry.holder == "optional":
        operation["security"] = [{}, {"bearer": []}]
    return operation


def _is_needed(body: type) -> bool:
    """Whether no body, which counts as `{}`, is refused."""
    try:
        msgspec.convert({}, body)
    except (msgspec.ValidationError, ProblemError):
        return True
    return False


def _parameters(entry: Endpoint[Any, Any], shapes: dict[str, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(_PARTS[name])}
        for name in _PART.findall(entry.path)
    ]
    if not issubclass(entry.query, Nothing):
        for name, schema in shapes[entry.query.__name__]["properties"].items():
            parameters.append({"name": name, "in": "query", "required": False, "schema": _not_null(schema)})
    if entry.idempotent:
        parameters.append(
            {
                "name": HEADER,
                "in": "header",
                "required": False,
                "description": "Sent again with the same key and body, the request takes effect once. With another "
                f"body it is refused. Keys are each holder's own; the answer that was given before has "
                f"`{REPLAYED_HEADER}: true`.",
                "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
            }
        )
    if entry.order_token:
        parameters.append(
            {
                "name": ORDER_HEADER,
                "in": "header",
                "required": False,
                "description": "The order's token, from the fragment of a link; it does as well as the session.",
                "schema": {"type": "string"},
            }
        )
    return parameters


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be absent is None in the struct, but a query cannot say null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return choices[0] if choices else schema


def _responses(entry: Endpoint[Any, Any], schemas: dict[type, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": HTTPStatus(entry.status).phrase}
    if not issubclass(entry.answer, Nothing):
        done["content"] = {"application/json": {"schema": schemas[entry.answer]}}
    responses: dict[str, Any] = {str(entry.status): done}
    if entry.gateway:
        responses["default"] = {"description": "What the gateway wants to hear instead"}
    if entry.idempotent:
        responses[str(entry.status)]["headers"] = {
            REPLAYED_HEADER: {
                "description": "The answer was given before, under the same key",
                "schema": {"const": "true"},
            }
        }
    if entry.conditional:
        responses["304"] = {"description": "The client has this already"}
    by_status: dict[int, list[Code]] = {}
    for code in entry.all_codes():
        by_status.setdefault(code.http_status, []).append(code)
    for status, codes in sorted(by_status.items()):
        schema = {"allOf": [schemas[Problem], {"properties": {"code": {"enum": [code.value for code in codes]}}}]}
        responses[str(status)] = {
            "description": ", ".join(f"`{code.value}`" for code in codes),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
    return responses
