"""Staff say over REST how a refund ended of which the gateway says no end."""

from typing import Any

import httpx
import msgspec
import pytest

from server.domain.payments import RefundAnswer, RefundOutcome
from server.domain.refunds import refunded
from tests.integration.rest.place import START, Place, problem
from tests.integration.rest.shop.buying import API, PRICE, STAFF_ORDERS, paid, refund, state_of
from tests.integration.staff.conftest import acts

FAILED = {"outcome": "failed", "reason": "Bank statement"}
DONE = {"outcome": "done", "on": "2030-03-17", "reason": "Cash at the box office"}
NOT_CLOSED: list[tuple[dict[str, Any], int, str]] = [
    ({"outcome": "done"}, 422, "bad_request"),
    ({"outcome": "failed", "on": "2030-03-17"}, 422, "bad_request"),
    ({"outcome": "replaced"}, 422, "bad_request"),
    ({"outcome": None}, 422, "bad_request"),
    ({"outcome": "done", "on": "yesterday"}, 422, "bad_request"),
    ({"outcome": "done", "on": "2030-02-31"}, 422, "bad_request"),
    ({"outcome": "failed", "reason": ""}, 422, "bad_request"),
    ({"outcome": "failed", "reason": "a" * 201}, 422, "bad_request"),
    ({"outcome": "done", "on": "2030-03-01"}, 409, "conflict"),
    ({"outcome": "done", "on": "2031-03-17"}, 409, "conflict"),
]


async def sent_back(
    place: Place, manager: httpx.AsyncClient, *, ago_ms: int, answer: RefundOutcome | None = RefundOutcome.SENT
) -> tuple[str, str]:
    """An order's path, and the reference of its refund, begun so long ago; the gateway accepted it, or answered so."""
    async with place.guest() as guest:
        order = await paid(place, guest, "F7")
    [row] = (await refund(manager, order["id"])).json()["refunds"]
    async with place.orders.change(order["id"]) as change:
        sent = change.order
        if answer is not None:
            said = RefundAnswer(outcome=answer, code="05")
            sent = refunded(sent, row["reference"], said, now=START).order
        old = msgspec.structs.replace(sent.refunds[0], begun_at=START - ago_ms)
        change.order = msgspec.structs.replace(sent, refunds=(old,))
    return f"{STAFF_ORDERS}/{order['id']}", row["reference"]


@pytest.mark.parametrize(
    ("outcome", "day", "state"), [("done", "2030-03-17", "refunded"), ("failed", None, "refunding")]
)
async def test_staff_say_how_a_refund_ended(
    place: Place, manager: httpx.AsyncClient, outcome: str, day: str | None, state: str
) -> None:
    """Once, with who, when and why in the books and in the audit, and no coin unexplained."""
    path, reference = await sent_back(place, manager, ago_ms=3_600_000)
    body = {"outcome": outcome, "reason": " Bank statement ", **({"on": day} if day else {})}
    ended = await manager.post(f"{path}/refunds/{reference}/close", json=body)
    assert (ended.status_code, ended.json()["state"]) == (200, state)
    [row] = ended.json()["refunds"]
    assert row["state"] == outcome
    assert row["closing"] == {
        "outcome": outcome,
        "by": "mai",
        "reason": "Bank statement",
        "on": day,
        "said": None,
        "said_at": None,
        "contradicted": False,
    }
    assert (await manager.get(path)).json()["refunds"] == [row]
    assert ("order.refund_close", f"order:{path.rpartition('/')[2]}") in [act[1:] for act in await acts(place)]
    figures = (await manager.get(f"{API}/staff/payments")).json()
    [money] = figures["money"]
    assert (money["unexplained"], money["refunded"], money["returning"]) == (
        0,
        *((PRICE, 0) if outcome == "done" else (0, PRICE)),
    )
    if outcome == "done":
        problem(await manager.post(f"{path}/refunds/{reference}/close", json=body), 409, "conflict")


async def test_a_refund_that_failed_is_paid_back_otherwise(place: Place, manager: httpx.AsyncClient) -> None:
    """At once, and done alone; the gateway's word stays beside it, and nobody can send it again."""
    path, reference = await sent_back(place, manager, ago_ms=0, answer=RefundOutcome.FAILED)
    close, before = f"{path}/refunds/{reference}/close", await state_of(place)
    problem(await manager.post(close, json=FAILED), 409, "conflict")
    assert await state_of(place) == before
    ended = await manager.post(close, json=DONE)
    [row] = ended.json()["refunds"]
    assert (ended.status_code, ended.json()["state"], row["state"], row["code"]) == (200, "refunded", "done", "05")
    closing = row["closing"]
    assert (closing["said"], closing["said_at"], closing["contradicted"]) == ("failed", START, True)
    assert "order.refund_close" in [act[1] for act in await acts(place)]
    problem(await manager.post(f"{path}/refunds/{reference}/retry"), 409, "conflict")
    problem(await manager.post(close, json=DONE), 409, "conflict")
    figures = (await manager.get(f"{API}/staff/payments")).json()
    [money] = figures["money"]
    assert (figures["failed_refunds"], figures["contradictions"]) == (0, 0)
    assert (money["unexplained"], money["refunded"], money["returning"]) == (0, PRICE, 0)


async def test_a_refund_that_was_sent_again_is_not_paid_back_otherwise(
    place: Place, manager: httpx.AsyncClient
) -> None:
    """What counts is the one in its place, which has its hour."""
    path, reference = await sent_back(place, manager, ago_ms=3_600_000, answer=RefundOutcome.FAILED)
    [_, anew] = (await manager.post(f"{path}/refunds/{reference}/retry")).json()["refunds"]
    for other in (reference, anew["reference"]):
        problem(await manager.post(f"{path}/refunds/{other}/close", json=DONE), 409, "conflict")


@pytest.mark.parametrize(("ago_ms", "status"), [(3_599_999, 409), (3_600_000, 200)])
async def test_a_refund_that_is_never_sent_is_ended(
    place: Place, manager: httpx.AsyncClient, ago_ms: int, status: int
) -> None:
    """After an hour, as paid back otherwise or as failed."""
    path, reference = await sent_back(place, manager, ago_ms=ago_ms, answer=None)
    answer = await manager.post(f"{path}/refunds/{reference}/close", json=DONE)
    assert answer.status_code == status
    [row] = (await manager.get(path)).json()["refunds"]
    assert row["state"] == ("done" if status == 200 else "requested")


async def test_no_end_is_said_before_the_gateway_had_its_time(place: Place, manager: httpx.AsyncClient) -> None:
    """An hour; told by a sentence. Nothing changes, nor by a request that says nothing that can be."""
    path, reference = await sent_back(place, manager, ago_ms=3_599_999)
    assert (await manager.get(path)).json()["refunds"][0]["closable_at"] == START + 1
    close, before = f"{path}/refunds/{reference}/close", await state_of(place)
    document = problem(await manager.post(close, json=FAILED), 409, "conflict")
    assert "UTC" in document["errors"][0]["message"]
    for body, status, code in NOT_CLOSED:
        document = problem(await manager.post(close, json={"reason": "r", **body}), status, code)
        assert document["errors"][0]["message"], body
    problem(await manager.post(f"{path}/refunds/{'a' * 24}/close", json=FAILED), 409, "conflict")
    problem(await manager.post(f"{path}/refunds/none/close", json=FAILED), 404, "not_found")
    assert await state_of(place) == before


async def test_days_that_cannot_be_are_no_ends(place: Place, manager: httpx.AsyncClient) -> None:
    """Neither before the refund nor to come, also when its time is there."""
    path, reference = await sent_back(place, manager, ago_ms=3_600_000)
    before = await state_of(place)
    for body, status, code in NOT_CLOSED:
        answer = await manager.post(f"{path}/refunds/{reference}/close", json={"reason": "r", **body})
        problem(answer, status, code)
    assert await state_of(place) == before
