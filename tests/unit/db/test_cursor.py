"""Cursors: opaque, exact, and refused unless they are ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.db.cursor import Cursor
from server.db.instants import LAST_MS, to_datetime, to_ms
from server.domain import base64url

instants = st.integers(0, LAST_MS)


@given(instants, st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_round_trip(starts_at: int, showtime: str) -> None:
    """Decoding gives back what was encoded, and the text needs no escaping in a URL."""
    text = Cursor(starts_at, showtime).encode()
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert Cursor.decode(text) == Cursor(starts_at, showtime)


@given(st.text() | st.binary().map(base64url.encode))
def test_anything_else_is_a_value_error(text: str) -> None:
    """Whatever the text, decoding raises ValueError or gives a cursor that encodes to that very text."""
    try:
        cursor = Cursor.decode(text)
    except ValueError:
        return
    assert cursor.encode() == text


@pytest.mark.parametrize(
    "plain", ["", ".", "1", "1.", ".demo", "-1.demo", "01.demo", "1_0.demo", "+1.demo", f"{LAST_MS + 1}.demo", "1.a b"]
)
def test_other_spellings_are_refused(plain: str) -> None:
    """Numbers and ids that this server would not have written are refused."""
    with pytest.raises(ValueError, match="none of ours"):
        Cursor.decode(base64url.encode(plain.encode()))


@given(instants)
def test_instants_are_exact(ms: int) -> None:
    """Milliseconds survive the way through `datetime`, in all years that it knows."""
    assert to_ms(to_datetime(ms)) == ms


@pytest.mark.parametrize("ms", [-1, LAST_MS + 1])
def test_instants_that_are_none(ms: int) -> None:
    """Instants before 1970 or after 9999 are refused."""
    with pytest.raises(ValueError, match="between 1970 and 9999"):
        to_datetime(ms)
