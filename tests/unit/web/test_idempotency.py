"""Reading of `Idempotency-Key`, and what makes two requests the same."""

import msgspec
import pytest
from starlette.requests import Request

from protocol.codes import Code
from server.domain.holds import Once
from server.web.idempotency import body_hash, idempotency_key, once
from server.web.problems import ProblemError
from server.web.representations import LockRequest


def request(*keys: str, method: str = "POST", path: str = "/a") -> Request:
    """A request with these keys."""
    headers = [(b"idempotency-key", key.encode("latin-1")) for key in keys]
    return Request({"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers})


def body(text: str) -> LockRequest:
    """The body of a lock."""
    return msgspec.json.decode(text, type=LockRequest)


@pytest.mark.parametrize("key", ["k", "k" * 255, "\xe9 \xff", '"quoted"'])
def test_a_key_is_taken_as_it_is(key: str) -> None:
    """Any text of 1 to 255 characters, letter for letter."""
    assert idempotency_key(request(key)) == key


def test_no_key_is_none() -> None:
    """A request without the header is one of its own."""
    assert idempotency_key(request()) is None
    assert once(request(), body('{"seats": ["F7"]}')) is None


@pytest.mark.parametrize("keys", [("",), ("k" * 256,), ("k", "k"), ("k", "other")])
def test_a_key_that_is_none_is_refused(keys: tuple[str, ...]) -> None:
    """Empty, too long, or given twice: `bad_request`, which names the header."""
    with pytest.raises(ProblemError) as refusal:
        idempotency_key(request(*keys))
    assert refusal.value.code is Code.BAD_REQUEST
    assert refusal.value.fields["errors"][0].field == "Idempotency-Key"


def test_the_hash_is_of_what_is_asked() -> None:
    """Spelling does not count; method, path and each value do."""
    asked = body('{"seats": ["F7", "F8"], "mode": "all"}')
    same = body(' {"future": 1, "seats":["F7","F8"]}')
    assert body_hash(request(), asked) == body_hash(request("k"), same)
    others = {
        body_hash(request(), asked),
        body_hash(request(method="PUT"), asked),
        body_hash(request(path="/b"), asked),
        body_hash(request(), body('{"seats": ["F8", "F7"]}')),
        body_hash(request(), body('{"seats": ["F7", "F8"], "mode": "any"}')),
    }
    assert len(others) == 5
    assert once(request("k"), asked) == Once(key="k", body_hash=body_hash(request(), asked))
