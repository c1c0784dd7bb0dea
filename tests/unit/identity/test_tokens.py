"""Session tokens."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from server.domain.errors import TokenError
from server.identity.secrets import derive
from server.identity.tokens import MAX_TOKEN_LENGTH, SessionTokens

SECRET = b"a secret of thirty-two bytes, yes"
START = 1_800_000_000_000
DAY = 86_400_000


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.ms = START

    def __call__(self) -> int:
        return self.ms


def tokens(secret: bytes = SECRET, clock: Clock | None = None) -> SessionTokens:
    """Tokens that live for a day, on a clock that stands."""
    return SessionTokens(secret, DAY, clock or Clock())


def forge(header: dict[str, str], claims: dict[str, object], key: bytes = SECRET) -> str:
    """A token signed by whoever has `key`."""
    return jwt.encode(header, claims, OctKey.import_key(key), algorithms=[header["alg"]])


def test_token_names_its_holder_until_it_ends() -> None:
    """What was issued is read back, with the same end."""
    made = tokens()
    token, holder = made.issue()
    assert made.read(token) == holder
    assert holder.expires_at == START + DAY


def test_holder_ids_are_random_and_safe_in_urls() -> None:
    """128 bits, none twice, in 22 characters of base64url."""
    ids = {tokens().issue()[1].id for _ in range(200)}
    assert len(ids) == 200
    assert all(len(identity) == 22 and identity.replace("-", "").replace("_", "").isalnum() for identity in ids)


def test_renewal_keeps_the_holder() -> None:
    """A token issued for a known holder names the same one, with a later end."""
    clock = Clock()
    made = tokens(clock=clock)
    _, first = made.issue()
    clock.ms += 5_000
    token, renewed = made.issue(first.id)
    assert renewed.id == first.id
    assert made.read(token).expires_at == first.expires_at + 5_000


def test_token_ends_at_its_time() -> None:
    """It counts until the last millisecond before its end, and not at it."""
    clock = Clock()
    made = tokens(clock=clock)
    token, holder = made.issue()
    clock.ms = holder.expires_at - 1
    made.read(token)
    clock.ms = holder.expires_at
    with pytest.raises(TokenError):
        made.read(token)


def test_token_of_another_secret_is_refused() -> None:
    """A server with another secret does not accept it."""
    token, _ = tokens().issue()
    with pytest.raises(TokenError):
        tokens(b"another secret of thirty-two bytes").read(token)


def test_key_of_sessions_is_not_the_secret_itself() -> None:
    """What is signed with the bare secret, or for another purpose, is no session."""
    claims: dict[str, object] = {"aud": "session", "sub": "someone", "exp": START // 1000 + 60}
    for key in (SECRET, derive(SECRET, "receipt")):
        with pytest.raises(TokenError):
            tokens().read(forge({"alg": "HS256"}, claims, key))


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "someone", "exp": START // 1000 + 60},
        {"aud": "receipt", "sub": "someone", "exp": START // 1000 + 60},
        {"aud": "session", "exp": START // 1000 + 60},
        {"aud": "session", "sub": "someone"},
        {"aud": "session", "sub": "", "exp": START // 1000 + 60},
        {"aud": "session", "sub": 5, "exp": START // 1000 + 60},
        {"aud": "session", "sub": "someone", "exp": "never"},
    ],
)
def test_claims_must_be_whole_and_for_a_session(claims: dict[str, object]) -> None:
    """Even under the right key: purpose, holder and end are all needed."""
    with pytest.raises(TokenError):
        tokens().read(forge({"alg": "HS256"}, claims, derive(SECRET, "session")))


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_other_algorithms_are_refused() -> None:
    """`none` and every algorithm but HS256 are refused, whatever the header says."""
    claims: dict[str, object] = {"aud": "session", "sub": "someone", "exp": START // 1000 + 60}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, claims)]
    for token in (
        b".".join([*parts, b""]).decode(),
        forge({"alg": "HS512"}, claims, derive(SECRET, "session")),
        forge({"alg": "HS384"}, claims, derive(SECRET, "session")),
    ):
        with pytest.raises(TokenError):
            tokens().read(token)


def test_long_token_is_refused_unread() -> None:
    """A token of more than 1,024 characters is refused before anything is decoded."""
    with pytest.raises(TokenError, match="too long"):
        tokens().read("a" * (MAX_TOKEN_LENGTH + 1))


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}"))
def test_junk_raises_token_error_and_nothing_else(junk: str) -> None:
    """No text makes the reader raise anything but its own error."""
    with pytest.raises(TokenError):
        tokens().read(junk)


@given(st.integers(min_value=0, max_value=10_000), st.sampled_from("AZaz09-_."))
def test_changing_any_character_breaks_the_token(place: int, other: str) -> None:
    """A token is refused after any one of its characters is another, or it reads as the same holder still.

    (The last character of a base64url part has bits that stand for nothing.)
    """
    made = tokens()
    token, holder = made.issue("someone")
    place %= len(token)
    changed = token[:place] + other + token[place + 1 :]
    try:
        assert made.read(changed) == holder
    except TokenError:
        assert changed != token
