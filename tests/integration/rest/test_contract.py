"""Whatever is sent, the answer is one that the published contract has."""

import asyncio
from typing import Any

import httpx
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.web.app import endpoints
from server.web.endpoint import PREFIX, Endpoint
from server.web.problems import Problem
from tests.integration.rest.place import Place

seats = st.sampled_from(["F7", "F8", "A1", "Z99", "f7", "", "F 7"]) | st.integers() | st.text(max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "seats": st.lists(seats, max_size=4) | st.lists(st.sampled_from(["F7", "F8", "F9"]), unique=True) | values,
        "mode": st.sampled_from(["all", "any"]) | values,
        "best": st.fixed_dictionaries({"count": st.integers(0, 9)}) | values,
        "receipt": st.text(max_size=9) | values,
    },
).map(msgspec.json.encode) | st.binary(max_size=40)
queries = st.dictionaries(
    st.sampled_from(["seats", "all", "v", "cinema", "date", "film", "cursor", "limit"]),
    st.sampled_from(["1", "F7", "F7,F8", "2099-12-31", "chan-troi-berlin", "", "0"]) | st.text(max_size=6),
    max_size=2,
)
references = st.sampled_from(["a" * 24, "none", "%00"])
paths = st.fixed_dictionaries(
    {
        "showtime_id": st.sampled_from(["demo", "demo", "demo", "none", "a.b"]),
        "order_id": references,
        "reference": references,
        "seat": st.sampled_from(["F7", "Z99", "%00"]),
        "job": st.sampled_from(["1", "0", "x"]),
    }
)
requests = st.fixed_dictionaries(
    {
        "endpoint": st.sampled_from(endpoints()),
        "path": paths,
        "body": bodies,
        "query": queries,
        "known": st.sampled_from([True, True, True, False]),
        "headers": st.sampled_from(
            [{}, {}, {}, {"Origin": "null"}, {"Accept-Language": "vi"}, {"If-None-Match": "*"}, {"Content-Type": "a/b"}]
        ),
    }
)


def check(endpoint: Endpoint[Any, Any], answer: httpx.Response) -> None:
    """The answer is of the shape published, or a problem with a code published."""
    if endpoint.gateway and answer.headers.get("content-type") != "application/problem+json":
        assert answer.status_code != 500
    elif answer.status_code == endpoint.status:
        msgspec.json.decode(answer.content, type=endpoint.answer)
    elif answer.status_code == 304:
        assert endpoint.conditional
    else:
        document = msgspec.json.decode(answer.content, type=Problem)
        assert answer.status_code == document.status == document.code.http_status
        assert document.code in endpoint.all_codes()
        assert document.status != 500


async def test_every_answer_is_one_of_the_contract(place: Place) -> None:
    """Random requests to every endpoint: a published answer, or a problem with a published code, never `internal`."""
    loop = asyncio.get_running_loop()
    async with place.guest() as guest, place.client() as nobody:

        async def send(case: dict[str, Any]) -> None:
            endpoint: Endpoint[Any, Any] = case["endpoint"]
            answer = await (guest if case["known"] else nobody).request(
                endpoint.method,
                PREFIX + endpoint.path.format_map(case["path"]),
                params=case["query"],
                content=case["body"] if endpoint.method != "GET" else None,
                headers={"Content-Type": "application/json", **case["headers"]},
            )
            check(endpoint, answer)

        @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(requests)
        def attempt(case: dict[str, Any]) -> None:
            asyncio.run_coroutine_threadsafe(send(case), loop).result(timeout=30)

        await asyncio.to_thread(attempt)
