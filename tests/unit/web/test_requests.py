"""Reading of bodies and queries."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from protocol.codes import Code
from server.web.problems import FieldError, ProblemError
from server.web.representations import LockRequest, RestoreRequest, ShowtimesQuery, UnlockRequest
from server.web.requests import read_body, read_query


def request(body: bytes, content_type: str | None = "application/json", query: bytes = b"") -> Request:
    """A request with this body, sent in one piece."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [] if content_type is None else [(b"content-type", content_type.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": headers}
    return Request(scope, receive)


def refusal(body: bytes, struct: type = LockRequest, content_type: str | None = "application/json") -> ProblemError:
    """The problem that reading this body ends with."""
    with pytest.raises(ProblemError) as caught:
        asyncio.run(read_body(request(body, content_type), struct))
    return caught.value


def test_a_body_becomes_its_struct() -> None:
    """Unknown fields are ignored, and of a field given twice the last counts, whatever the first was."""
    body = b'{"seats": 5, "future": [1], "seats": ["F7", "F8"], "mode": "any"}'
    read = asyncio.run(read_body(request(body, "Application/JSON; charset=UTF-8"), LockRequest))
    assert (read.seats, read.mode) == (("F7", "F8"), "any")


def test_no_body_counts_as_an_empty_object() -> None:
    """Where all is optional nothing need be sent, no media type either."""
    assert asyncio.run(read_body(request(b"", None), UnlockRequest)).seats is msgspec.UNSET


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/json; charset=latin-1", "text/json"])
def test_other_media_types_are_refused(content_type: str | None) -> None:
    """A body is JSON in UTF-8, and says so."""
    assert refusal(b'{"seats": ["F7"]}', content_type=content_type).code is Code.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"no json",
        b'{"seats": ["F7"]} and more',
        b'{"seats": 5,',
        b"\xff\xfe",
        b'{"seats": ["\xff"]}',
        b'{"seats": ["F7"], "ignored": "\xc3\x28"}',
        b'{"seats": ["\\ud800"]}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"ignored": ' + b"[" * 100_000 + b"]" * 100_000 + b', "seats": ["F7"]}',
        b'{"seats": NaN}',
        b'{"best": {"count": 1e400}}',
    ],
    ids=range(13),
)
def test_what_cannot_be_read_is_malformed(body: bytes) -> None:
    """Truncated, not JSON, invalid UTF-8 wherever it stands, nested too deeply."""
    assert refusal(body).code is Code.MALFORMED


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'"F7"', "body"),
        (b'{"seats": []}', "seats"),
        (b'{"seats": null}', "seats"),
        (b'{"seats": "F7"}', "seats"),
        (b'{"seats": {"F7": 1}}', "seats"),
        (b'{"seats": [7]}', "seats[0]"),
        (b'{"seats": ["F7", -1]}', "seats[1]"),
        (b'{"seats": [99999999999999999999999999]}', "seats[0]"),
        (b'{"seats": [""]}', "seats[0]"),
        (b'{"seats": ["F7 "]}', "seats[0]"),
        (b'{"seats": ["A12345678901234567"]}', "seats[0]"),
        (b'{"seats": ["F7", "F7"]}', "seats"),
        (b'{"seats": ["F7"], "mode": "most"}', "mode"),
        (b'{"seats": ["F7"], "mode": 1}', "mode"),
        (b'{"seats": ["F7"], "best": {"count": 2}}', "body"),
        (b'{"best": {}}', "best.count"),
        (b'{"best": {"count": 0}}', "best.count"),
        (b'{"best": {"count": 2.5}}', "best.count"),
        (b'{"best": {"count": 9007199254740993}}', "best.count"),
        (b'{"best": {"count": 2, "accessible": "yes"}}', "best.accessible"),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)
def test_what_is_not_understood_is_a_bad_request_that_names_the_field(body: bytes, field: str) -> None:
    """Wrong types, empty and repeated seats, numbers beyond all bounds."""
    problem = refusal(body)
    assert problem.code is Code.BAD_REQUEST
    [error] = problem.fields["errors"]
    assert isinstance(error, FieldError)
    assert error.field == field
    assert error.message


@pytest.mark.parametrize("count", [101, 10_000])
def test_more_than_a_hundred_seats_are_a_bad_request(count: int) -> None:
    """Whatever the showtime's own limit is; a hundred are read."""
    seats = [f"A{number}" for number in range(count)]
    assert refusal(msgspec.json.encode({"seats": seats})).code is Code.BAD_REQUEST
    asyncio.run(read_body(request(msgspec.json.encode({"seats": seats[:100]})), LockRequest))


def test_a_receipt_is_printable_and_of_bounded_length() -> None:
    """Longer than 2 KiB or with a control character is none."""
    for receipt in ("", "a" * 2049, "a\nb", "é"):
        assert refusal(msgspec.json.encode({"receipt": receipt}), RestoreRequest).code is Code.BAD_REQUEST


@pytest.mark.parametrize(
    "query",
    [
        b"limit=0",
        b"limit=101",
        b"limit=many",
        b"limit=99999999999999999999",
        b"date=tomorrow",
        b"date=2026-1-1",
        b"cinema=",
        b"cinema=%00",
        b"film=a%20b",
        b"cursor=%00",
        b"cursor=",
        b"cursor=" + b"a" * 300,
    ],
)
def test_a_query_is_checked_as_a_body_is(query: bytes) -> None:
    """Nothing reaches the database that no catalogue could hold."""
    with pytest.raises(ProblemError) as caught:
        read_query(request(b"", query=query), ShowtimesQuery)
    assert caught.value.code is Code.BAD_REQUEST
    assert caught.value.fields["errors"][0].field == query.partition(b"=")[0].decode()


def test_a_query_without_faults_is_read() -> None:
    """Numbers are read from text, unknown parameters ignored."""
    read = read_query(request(b"", query=b"limit=5&cinema=hanoi&date=2026-11-21&utm=x"), ShowtimesQuery)
    assert (read.limit, read.cinema, read.date, read.film) == (5, "hanoi", "2026-11-21", None)


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["seats", "mode", "best", "count", "x"]), inner)
        ),
        max_leaves=15,
    ).map(msgspec.json.encode)
)
def test_no_bytes_raise_anything_but_a_problem(body: bytes) -> None:
    """A body is read, or it ends with one of two codes."""
    try:
        asyncio.run(read_body(request(body), LockRequest))
        code = None
    except ProblemError as problem:
        code = problem.code
    assert code in {None, Code.MALFORMED, Code.BAD_REQUEST}
