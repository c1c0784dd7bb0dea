"""What managers read of what was said to gateways and by them."""

import json
from urllib.parse import urlencode

from server.db.traffic import PostgresTraffic
from server.domain.staff import Role
from server.ports.traffic import Failure, GatewayCall
from tests.integration.rest.place import START, Place, problem
from tests.integration.rest.shop.buying import API, MOMO_IPN, STAFF_ORDERS, VNPAY_IPN, momo, ordered, vnpay
from tests.integration.staff.conftest import employ, signed_in


def call(reference: str, number: int, failure: Failure | None = None, answer: bytes | None = b"{}") -> GatewayCall:
    """A call to VNPay, so many milliseconds after the sale began."""
    return GatewayCall(
        id=f"call-{number}",
        gateway="vnpay",
        kind="querydr",
        reference=reference,
        sent_at=START + number,
        took_ms=340,
        request='{"vnp_OrderInfo": "Mắt Biếc"}'.encode(),
        failure=failure,
        status=None if answer is None else 200,
        answer=answer,
    )


async def test_managers_read_both_directions(place: Place) -> None:
    """Beside the order: what VNPay told and from where, and each call with its answer, or why there is none."""
    await employ(place, "an", Role.MANAGER)
    async with place.guest() as guest, place.client() as gateway, signed_in(place, "an") as an:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        other = await place.orders.order((await ordered(guest, "F8", gateway="momo"))["id"])
        for _ in range(2):
            await gateway.get(VNPAY_IPN, params=vnpay(order))
        await gateway.post(MOMO_IPN, json=momo(other))
        reference = order.payments[0].reference
        calls = [
            call(reference, 1),
            call(reference, 2, Failure.NO_JSON, b"\xff<html>"),
            call(reference, 3, Failure.UNREACHABLE, None),
            call(other.payments[0].reference, 4),
        ]
        await PostgresTraffic(place.engine).append(calls)
        page = (await an.get(f"{STAFF_ORDERS}/{order.id}/traffic")).json()
        [told] = [said for said in page["traffic"] if said["direction"] == "in"]
        asked = [said for said in page["traffic"] if said["direction"] == "out"]
        assert page["next"] is None
        assert (told["received"], told["seen"]) == (urlencode(vnpay(order)), 2)
        assert (told["verified"], told["verdict"]) == (True, "recorded")
        assert told["address"] == told["last_address"] == "127.0.0.1"
        assert [(said["id"], said["failure"], said["status"], said["answer"]) for said in asked] == [
            ("call-3", "unreachable", None, None),
            ("call-2", "no_json", 200, "\ufffd<html>"),
            ("call-1", None, 200, "{}"),
        ]
        assert json.loads(asked[0]["sent"]) == {"vnp_OrderInfo": "Mắt Biếc"}
        assert (asked[0]["took_ms"], asked[0]["reference"]) == (340, reference)


async def test_traffic_page_by_page(place: Place) -> None:
    """As many as asked for, and a cursor to the rest; what is no cursor is refused, and so is an order that is none."""
    await employ(place, "an", Role.MANAGER)
    async with place.guest() as guest, signed_in(place, "an") as an:
        order = await place.orders.order((await ordered(guest, "F7"))["id"])
        await PostgresTraffic(place.engine).append([call(order.payments[0].reference, n) for n in range(5)])
        path = f"{STAFF_ORDERS}/{order.id}/traffic"
        first = (await an.get(path, params={"limit": 3})).json()
        second = (await an.get(path, params={"limit": 3, "cursor": first["next"]})).json()
        assert [said["id"] for page in (first, second) for said in page["traffic"]] == [
            f"call-{number}" for number in (4, 3, 2, 1, 0)
        ]
        assert second["next"] is None
        problem(await an.get(path, params={"cursor": "x"}), 422, "bad_request")
        problem(await an.get(path, params={"limit": 101}), 422, "bad_request")
        problem(await an.get(f"{API}/staff/orders/{'a' * 24}/traffic"), 404, "not_found")
