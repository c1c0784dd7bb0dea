"""Who a request comes from."""

import pytest

from server.domain.errors import TokenError
from server.identity.sessions import Cookie, Sessions, bearer
from server.identity.tokens import SessionTokens

SECRET = b"a secret of thirty-two bytes, yes"


@pytest.fixture
def sessions() -> Sessions:
    """Sessions of a server that people reach by plain http."""
    return Sessions(
        tokens=SessionTokens(SECRET, 60_000, lambda: 1_800_000_000_000), cookie=Cookie.for_public_url(SECRET, "")
    )


def test_no_header_is_no_holder(sessions: Sessions) -> None:
    """Who brings neither cookie nor Bearer may watch."""
    assert sessions.holder_from_headers({}) is None


def test_cookie_names_the_holder_among_others(sessions: Sessions) -> None:
    """Other cookies, another server's session among them, do not matter."""
    token, holder = sessions.tokens.issue()
    headers = {"cookie": f'theme=dark; cinebook_other=x; {sessions.cookie.name}="{token}"; odd; ='}
    assert sessions.holder_from_headers(headers) == holder


def test_bad_cookie_counts_as_none_and_hides_no_good_one(sessions: Sessions) -> None:
    """A forged cookie is no holder; of two of the same name the valid one counts."""
    token, holder = sessions.tokens.issue()
    name = sessions.cookie.name
    assert sessions.holder_from_headers({"cookie": f"{name}=forged"}) is None
    assert sessions.holder_from_headers({"cookie": f"{name}=forged; {name}={token}"}) == holder


def test_bearer_wins_over_the_cookie(sessions: Sessions) -> None:
    """With both, the Bearer names the holder."""
    of_cookie, _ = sessions.tokens.issue()
    of_bearer, holder = sessions.tokens.issue()
    headers = {"cookie": f"{sessions.cookie.name}={of_cookie}", "authorization": f"bearer  {of_bearer}"}
    assert sessions.holder_from_headers(headers) == holder


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer forged", "bearer a b c"])
def test_bad_bearer_is_refused_even_beside_a_good_cookie(sessions: Sessions, authorization: str) -> None:
    """Whoever shows a Bearer means it: a bad one is an error, never somebody else."""
    token, _ = sessions.tokens.issue()
    with pytest.raises(TokenError):
        sessions.holder_from_headers({"cookie": f"{sessions.cookie.name}={token}", "authorization": authorization})


def test_other_schemes_of_authorization_are_no_bearer() -> None:
    """`Basic` does not concern sessions."""
    assert bearer({"authorization": "Basic dXNlcjpwYXNz"}) is None
    assert bearer({}) is None


def test_cookie_is_secure_exactly_where_people_come_by_https() -> None:
    """The public address decides, not what a proxy speaks to the server."""
    assert Cookie.for_public_url(SECRET, "https://tickets.example").secure
    assert Cookie.for_public_url(SECRET, "https://tickets.example").name.startswith("__Host-")
    assert not Cookie.for_public_url(SECRET, "http://tickets.example").secure
