"""Access tokens of order pages."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.tickets.links import OrderTokens, order_path, order_url

TOKENS = OrderTokens(b"k" * 32)


def test_a_token_opens_its_order_alone() -> None:
    """The same each time; neither another order's nor another installation's."""
    token = TOKENS.issue("order-1")
    assert len(token) == 22
    assert OrderTokens(b"k" * 32).check("order-1", token)
    assert not TOKENS.check("order-2", token)
    assert not OrderTokens(b"l" * 32).check("order-1", token)


@given(st.text(st.characters(), max_size=40))
def test_nothing_else_opens_it(token: str) -> None:
    """Whatever text comes in the header, and it never fails otherwise."""
    assert not TOKENS.check("order-1", token)


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda token: token + "=", lambda token: token[:-1]])
def test_a_near_miss_is_a_miss(change: object) -> None:
    """A token has one spelling."""
    assert callable(change)
    assert not TOKENS.check("order-1", change(TOKENS.issue("order-1")))


def test_the_token_stands_in_the_fragment() -> None:
    """Which is not sent to any server, and so is in nobody's log."""
    parts = urlsplit(order_url("https://tickets.example", "a/b?c", "secret"))
    assert (parts.path, parts.query, parts.fragment) == ("/orders/a%2Fb%3Fc", "", "token=secret")
    assert order_path("a/b?c") == parts.path
