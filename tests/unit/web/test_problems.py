"""Problem documents and the texts in them."""

import json

import pytest
from starlette.requests import Request

from protocol.codes import Code, Outcome
from server.domain.errors import Conflict
from server.ops.texts import conflict_text, language_of, text
from server.web.problems import MEDIA_TYPE, problem_response


def request(accept_language: str | None = None) -> Request:
    """A request with the id `r1`."""
    headers = [] if accept_language is None else [(b"accept-language", accept_language.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers, "request_id": "r1"})


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_document(code: Code) -> None:
    """Its type, title, status, sentence, code and request id, under the media type of problems."""
    response = problem_response(request(), code)
    document = json.loads(bytes(response.body))
    assert response.status_code == document["status"] == code.http_status
    assert response.media_type == MEDIA_TYPE
    assert document["type"] == f"https://cinebook.example/problems/{code.value.replace('_', '-')}"
    assert document["code"] == code.value
    assert document["instance"] == "r1"
    assert set(document) == {"type", "title", "status", "detail", "code", "instance"}
    assert ("www-authenticate" in response.headers) is (code.http_status == 401)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_text_in_both_languages(code: Code) -> None:
    """And they are not the same one."""
    assert text(code, "vi")
    assert text(code, "en")
    assert text(code, "vi") != text(code, "en")


def test_every_conflict_is_told_apart_in_both_languages() -> None:
    """No two conflicts have the same sentence, nor that of a conflict of which nothing more is known."""
    said = [conflict_text(why, language) for why in Conflict for language in ("vi", "en")]
    said += [text(Code.CONFLICT, "vi"), text(Code.CONFLICT, "en")]
    assert len(set(said)) == len(said)
    response = problem_response(request("vi"), Code.CONFLICT, why=Conflict.PRICE, total=9)
    document = json.loads(bytes(response.body))
    assert (document["detail"], document["total"]) == (conflict_text(Conflict.PRICE, "vi"), 9)
    assert "why" not in document


@pytest.mark.parametrize(("ms", "seconds"), [(1, "1"), (1000, "1"), (1001, "2"), (30_000, "30")])
def test_retry_after_is_in_whole_seconds_rounded_up(ms: int, seconds: str) -> None:
    """It stands beside `retry_after_ms`, and never asks to come too soon."""
    response = problem_response(request(), Code.UNAVAILABLE, retry_after_ms=ms, outcome=Outcome.NONE)
    assert response.headers["retry-after"] == seconds


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("vi", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en-US,en;q=0.9,vi;q=0.8", "en"),
        ("en;q=0.5, vi;q=0.6", "vi"),
        ("fr, vi;q=0.1", "vi"),
        ("fr, *;q=0.5, vi;q=0.1", "en"),
        ("vi;q=0", "en"),
        ("vi;q=nan", "en"),
        ("vi;q=2", "en"),
        ("vi;q=many, en;q=0.1", "en"),
        (";;,;q=,", "en"),
    ],
)
def test_the_language_is_the_one_preferred(accept: str | None, language: str) -> None:
    """By weight, then by order; English where neither is asked for, and whatever the header holds."""
    assert language_of(accept) == language


def test_the_sentence_follows_accept_language() -> None:
    """And the answer says which language it is in, so that no cache mixes them."""
    response = problem_response(request("vi"), Code.NOT_FOUND)
    assert "Không tìm thấy" in bytes(response.body).decode()
    assert response.headers["content-language"] == "vi"
    assert "Accept-Language" in response.headers["vary"]
