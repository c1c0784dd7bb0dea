"""Base64url: the standard's alphabet without padding, and nothing else read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import base64url


@pytest.mark.parametrize(
    ("raw", "text"), [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"\xfb\xff\xfe", "-__-")]
)
def test_known_answers(raw: bytes, text: str) -> None:
    """Bytes of every remainder by three have the standard's text without its padding, and come back from it."""
    assert base64url.encode(raw) == text
    assert base64url.decode(text) == raw


@given(st.binary())
def test_round_trip(raw: bytes) -> None:
    """Any bytes come back from their text."""
    assert base64url.decode(base64url.encode(raw)) == raw


@pytest.mark.parametrize("text", ["A", "Zg =", "Zm 9v", "Zm9v\n", "Zé"])
def test_other_texts_are_refused(text: str) -> None:
    """No foreign sign is passed over, and a length that no bytes have is none."""
    with pytest.raises(ValueError):  # noqa: PT011 - the reason is the library's
        base64url.decode(text)
