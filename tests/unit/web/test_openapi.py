"""The published contract of the REST surface against the code that serves it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from protocol.codes import Code
from server.web.app import endpoints
from server.web.endpoint import PREFIX
from server.web.openapi import document
from tests.unit.web.serving import bare_app, client_of

DOCUMENT: dict[str, Any] = msgspec.to_builtins(document(endpoints()))


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for item in node:
            yield from nodes(item)


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Every operation by method and path."""
    return {(m.upper(), path): op for path, item in DOCUMENT["paths"].items() for m, op in item.items()}


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    """The application over nothing."""
    return bare_app(tmp_path)


def test_every_route_is_published_and_nothing_else(app: Starlette) -> None:
    """By method and path, both ways."""
    routes = [route for route in app.routes if isinstance(route, Route) and route.path.startswith("/api/")]
    served = {
        (method, route.path.removeprefix(PREFIX)) for route in routes for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == set(operations())


def test_the_routes_are_those_of_the_contract() -> None:
    """What clients of version 1 rely on is there."""
    seats = "/showtimes/{showtime_id}/seats"
    assert set(operations()) >= {
        ("POST", "/sessions"),
        ("GET", "/showtimes"),
        ("GET", "/showtimes/{showtime_id}"),
        ("GET", "/showtimes/{showtime_id}/layout"),
        ("GET", f"{seats}/status"),
        ("POST", f"{seats}/lock"),
        ("DELETE", f"{seats}/unlock"),
        ("PUT", f"{seats}/extend-lock"),
        ("POST", f"{seats}/restore"),
        ("POST", "/showtimes/{showtime_id}/checkout"),
        ("GET", "/orders/{order_id}"),
        ("POST", "/orders/{order_id}/pay"),
        ("POST", "/orders/{order_id}/cancel"),
        ("POST", "/staff/orders/{order_id}/refunds"),
        ("GET", "/payments/vnpay/ipn"),
        ("GET", "/payments/vnpay/return"),
        ("POST", "/payments/momo/ipn"),
        ("GET", "/payments/momo/return"),
        ("POST", "/staff/session"),
        ("GET", "/staff/session"),
        ("DELETE", "/staff/session"),
        ("GET", "/staff/audit"),
        ("GET", "/openapi.json"),
        ("GET", "/asyncapi.json"),
    }


async def test_the_document_served_is_this_one(app: Starlette) -> None:
    """And a client that has it is not sent it again."""
    async with client_of(app) as client:
        served = await client.get("/api/v1/openapi.json")
        again = await client.get("/api/v1/openapi.json", headers={"If-None-Match": served.headers["etag"]})
    assert served.json() == DOCUMENT
    assert again.status_code == 304


def test_every_reference_leads_somewhere() -> None:
    """And every schema is referred to."""
    refs = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    schemas = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert refs == schemas


def test_operations_have_names_of_their_own_and_declare_what_they_take() -> None:
    """Unique ids, and every part of a path is a parameter."""
    ids = [operation["operationId"] for operation in operations().values()]
    assert len(set(ids)) == len(ids)
    for (_, path), operation in operations().items():
        declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")


def test_patterns_are_those_of_javascript() -> None:
    """JSON Schema's regular expressions do not know Python's own anchors."""
    patterns = [node["pattern"] for node in nodes(DOCUMENT) if isinstance(node.get("pattern"), str)]
    assert patterns
    assert all(not re.search(r"\\[AZ]", pattern) for pattern in patterns)


def test_codes_stand_under_their_status() -> None:
    """Each with its problem document; what changes something needs a session, and says so.

    An order's token does as well as a session, and what gateways send is signed.
    """
    for (method, path), operation in operations().items():
        for status, response in operation["responses"].items():
            if status == "default" or int(status) < 400:
                continue
            [*_, own] = response["content"]["application/problem+json"]["schema"]["allOf"]
            codes = [Code(code) for code in own["properties"]["code"]["enum"]]
            assert {code.http_status for code in codes} == {int(status)}
        if path == "/staff/session" and method == "POST":
            assert "security" not in operation
        elif path.startswith("/staff/"):
            [[(scheme, roles)]] = [list(need.items()) for need in operation["security"]]
            assert scheme == "staff"
            assert roles in (["box_office"], ["manager"])
            assert {"401", "403"} <= set(operation["responses"])
        elif path.startswith(("/payments/", "/sandbox/")):
            assert "security" not in operation
        elif path.startswith("/orders/"):
            assert operation["security"] == [{"bearer": []}, {"order": []}]
            assert {"401", "404"} <= set(operation["responses"])
        elif method != "GET" and path != "/sessions":
            assert operation["security"] == [{"bearer": []}]
            assert "401" in operation["responses"]


def test_a_body_is_needed_exactly_where_none_would_be_refused() -> None:
    """No body counts as `{}`: that extends all, and locks nothing."""
    needed = {op["operationId"]: op["requestBody"]["required"] for op in operations().values() if "requestBody" in op}
    assert needed == {
        "lock_seats": True,
        "restore_locks": True,
        "unlock_seats": False,
        "extend_locks": False,
        "create_staff_session": True,
        "check_out": True,
        "pay_order": True,
        "refund_order": True,
        "close_refund": True,
        "search_orders": False,
        "show_sandbox_payment": True,
        "decide_sandbox_payment": True,
        "receive_momo": True,
        "receive_sandbox": True,
        "subscribe_push": True,
        "unsubscribe_push": True,
    }


def test_every_schema_is_described() -> None:
    """A reader need not guess what a thing is."""
    objects = {n: s for n, s in DOCUMENT["components"]["schemas"].items() if s.get("type") == "object"}
    assert [name for name, schema in objects.items() if not schema.get("description")] == []


async def test_a_writing_route_without_a_session_is_refused(app: Starlette) -> None:
    """What is published as needing a session does: nothing behind it is even asked."""
    seats = {"seats": ["F7"]}
    bodies = {
        "lock_seats": seats,
        "restore_locks": {"receipt": "r"},
        "unlock_seats": seats,
        "check_out": {**seats, "customer": {"email": "an@example.vn"}, "gateway": "vnpay"},
    }
    async with client_of(app) as client:
        for endpoint in endpoints():
            if endpoint.holder == "required" and not endpoint.path.startswith("/push/"):  # asks its desk first
                path = (PREFIX + endpoint.path).replace("{showtime_id}", "demo")
                answer: httpx.Response = await client.request(endpoint.method, path, json=bodies.get(endpoint.name, {}))
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), endpoint.name
