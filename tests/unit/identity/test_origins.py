"""The Origin rule, and the rule against forged requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.identity.origins import OriginPolicy, normalise

LOCAL = OriginPolicy(public_url="", host="kiosk.lan", listed=("https://partner.example",))
PUBLIC = OriginPolicy(public_url="https://tickets.example", host="0.0.0.0", listed=())  # noqa: S104


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        (None, "http", "evil.example"),
        ("http://localhost:8000", "http", "localhost:8000"),
        ("http://localhost:8000", "ws", "localhost:8000"),
        ("https://localhost", "wss", "localhost:443"),
        ("http://app.localhost:8000", "http", "app.localhost:8000"),
        ("http://127.0.0.1:8000", "http", "127.0.0.1:8000"),
        ("http://[::1]:8000", "http", "[::1]:8000"),
        ("http://192.168.1.5", "http", "192.168.1.5:80"),
        ("http://KIOSK.lan:8000", "http", "kiosk.LAN:8000"),
        ("https://partner.example", "http", "localhost:8000"),
    ],
)
def test_own_and_listed_origins_may_connect(origin: str | None, scheme: str, host: str) -> None:
    """None is no browser; own are loopback names, IP literals and HOST, with the request's scheme and port."""
    assert LOCAL.origin_allowed(origin, scheme, host)


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        ("null", "http", "localhost:8000"),
        ("", "http", "localhost:8000"),
        ("http://localhost:8001", "http", "localhost:8000"),
        ("https://localhost:8000", "http", "localhost:8000"),
        ("http://127.0.0.1:8000", "http", "localhost:8000"),
        ("http://evil.example", "http", "localhost:8000"),
        ("http://rebound.example:8000", "http", "rebound.example:8000"),
        ("http://localhost.evil.example", "http", "localhost.evil.example"),
        ("http://partner.example", "http", "localhost:8000"),
        ("https://partner.example.evil.example", "http", "localhost:8000"),
        ("https://user@partner.example", "http", "localhost:8000"),
        ("https://partner.example/", "http", "localhost:8000"),
        ("http://localhost:8000", "http", ""),
        ("http://[::1", "http", "[::1"),
        ("http://localhost:99999", "http", "localhost:99999"),
    ],
)
def test_other_origins_may_not(origin: str, scheme: str, host: str) -> None:
    """`null`, other ports, schemes and sites, and names that a hostile site may have pointed here."""
    assert not LOCAL.origin_allowed(origin, scheme, host)


def test_public_url_is_the_only_own_origin_where_it_is_set() -> None:
    """Behind a proxy the request's own Host says nothing any more."""
    assert PUBLIC.origin_allowed("https://tickets.example", "http", "10.0.0.7:8000")
    assert PUBLIC.origin_allowed("https://tickets.example:443", "ws", "10.0.0.7:8000")
    assert not PUBLIC.origin_allowed("http://10.0.0.7:8000", "http", "10.0.0.7:8000")
    assert not PUBLIC.origin_allowed("http://tickets.example", "http", "tickets.example")


@pytest.mark.parametrize(
    ("origin", "fetch_site", "allowed"),
    [
        (None, None, True),
        ("http://localhost:8000", None, True),
        ("http://localhost:8000", "same-origin", True),
        ("https://partner.example", "cross-site", True),
        (None, "same-origin", True),
        (None, "none", True),
        ("null", "same-origin", True),
        (None, "cross-site", False),
        (None, "same-site", False),
        (None, "", False),
        ("null", None, False),
        ("null", "cross-site", False),
        ("http://evil.example", None, False),
        ("http://evil.example", "cross-site", False),
        ("http://evil.example", "same-site", False),
    ],
)
def test_writing_needs_one_good_sign_or_no_browser(
    origin: str | None, fetch_site: str | None, *, allowed: bool
) -> None:
    """An own or listed Origin, or a `Sec-Fetch-Site` of `same-origin` or `none`, or neither header."""
    assert LOCAL.write_allowed(origin, fetch_site, "http", "localhost:8000") is allowed


@given(st.text(max_size=60))
def test_junk_is_no_origin_and_raises_nothing(junk: str) -> None:
    """Whatever a header holds, the rule answers."""
    normal = normalise(junk)
    assert normal is None or normal.startswith(("http://", "https://"))
    LOCAL.origin_allowed(junk, "http", junk)
