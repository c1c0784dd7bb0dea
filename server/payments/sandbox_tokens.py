"""What the sandbox signs: the description of an attempt that its page shows, and its callbacks."""

from typing import Final

import msgspec

from server.domain import base64url
from server.domain.errors import ForgedCallbackError
from server.domain.payments import Attempt
from server.payments.hashes import keyed_hash, same_hash, written

SIGNED: Final = ("reference", "outcome", "amount", "transaction", "code")
"""The fields of a callback, in the order in which they are signed."""

_LONGEST_TOKEN: Final = 4096


class SandboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows: an attempt as it was started; `order` is whose it is."""

    order: str
    reference: str
    amount: int
    currency: str
    created_at: int
    expires_at: int
    title: str
    locale: str


def page_token(key: bytes, attempt: Attempt) -> str:
    """The signed description of an attempt, URL-safe."""
    page = msgspec.convert(msgspec.to_builtins(attempt), SandboxPage)
    text = base64url.encode(msgspec.json.encode(page))
    return f"{text}.{keyed_hash('sha256', key, f'page {text}')}"


def read_token(key: bytes, token: str) -> SandboxPage:
    """The description that `page_token` signed; raises `ForgedCallbackError` for anything else. It does not expire."""
    text, _, signature = token.partition(".")
    if (
        len(token) > _LONGEST_TOKEN
        or not text.isascii()
        or not same_hash(keyed_hash("sha256", key, f"page {text}"), signature)
    ):
        raise ForgedCallbackError("the token is not the sandbox's")
    try:
        return msgspec.json.decode(base64url.decode(text), type=SandboxPage)
    except ValueError as error:
        raise ForgedCallbackError("the token is not the sandbox's") from error


def callback_hash(key: bytes, values: dict[str, object]) -> str:
    """The signature of a callback. Raises ValueError for values that are neither text nor whole numbers."""
    text = "|".join(written(values.get(name)) for name in SIGNED)
    return keyed_hash("sha256", key, f"callback {text}")
