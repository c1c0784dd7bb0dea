"""Session tokens: signed proof of being a holder until a time, the same in a cookie and as a Bearer."""

import secrets
from collections.abc import Callable
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from server.domain.errors import TokenError
from server.domain.holds import Holder
from server.identity.secrets import derive

MAX_TOKEN_LENGTH: Final = 1024
"""Ours have about 200 characters; a longer one is refused unread."""

_ALGORITHM: Final = "HS256"
_PURPOSE: Final = "session"


class SessionTokens:
    """Issues and reads session tokens (JWT, HS256 alone) under a key made from `secret` for this purpose.

    `session_ms` is how long a session lives without renewal; `clock` returns milliseconds since the Unix epoch.
    """

    def __init__(self, secret: bytes, session_ms: int, clock: Callable[[], int]) -> None:
        self._key = OctKey.import_key(derive(secret, _PURPOSE))
        self.session_ms: Final = session_ms
        self._clock = clock
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: clock() // 1000,
            aud={"essential": True, "value": _PURPOSE},
            sub={"essential": True},
            exp={"essential": True},
        )

    def issue(self, holder_id: str | None = None) -> tuple[str, Holder]:
        """A token and the holder that it names: a new one, or `holder_id` renewed. It ends on a whole second."""
        expires_s = -(-(self._clock() + self.session_ms) // 1000)
        holder = Holder(id=holder_id or secrets.token_urlsafe(16), expires_at=expires_s * 1000)
        token = jwt.encode({"alg": _ALGORITHM}, {"aud": _PURPOSE, "sub": holder.id, "exp": expires_s}, self._key)
        return token, holder

    def read(self, token: str) -> Holder:
        """The holder that a token names; raises `TokenError` for one that is forged, expired or for another purpose."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise TokenError("the token is too long")
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            self._claims.validate(claims)
        except (JoseError, ValueError) as error:
            raise TokenError(f"the token is not valid: {type(error).__name__}") from error
        return Holder(id=str(claims["sub"]), expires_at=int(claims["exp"]) * 1000)
