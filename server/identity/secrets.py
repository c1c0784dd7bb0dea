"""The one secret of an installation, and the keys made from it, a purpose each."""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

MIN_BYTES: Final = 16
"""A shorter secret could be guessed: 128 bits at least."""

_FILE: Final = "secret.key"


class SecretError(ValueError):
    """The secret given or kept cannot be used; the message never repeats it."""


def load_secret(configured: str, data_dir: Path) -> bytes:
    """The configured secret; without one that kept under `data_dir`, generated at the first start (mode 0600).

    Processes that start at once all get the same. Raises `SecretError` for one that is too short, and `OSError`.
    """
    if configured:
        secret = configured.encode()
        if len(secret) < MIN_BYTES:
            raise SecretError(f"SECRET_KEY must have at least {MIN_BYTES} bytes")
        return secret
    path = data_dir / _FILE
    if not path.exists():
        _generate(path)
    secret = path.read_bytes().strip()
    if len(secret) < MIN_BYTES:
        raise SecretError(f"{path} must hold at least {MIN_BYTES} bytes; remove it to have another generated")
    return secret


def _generate(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_urlsafe(32).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces: of two starters one wins and both read its key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def derive(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose alone: what is signed for one proves nothing for another."""
    return hmac.digest(secret, b"cinebook " + purpose.encode(), hashlib.sha256)


def cookie_name(secret: bytes, *, https: bool, kind: str = "") -> str:
    """The session cookie's name; it has a tag made from the secret, because servers on other ports share cookies.

    `__Host-` where people reach the server by https: then no other host can set it. `kind` is "" for guests.
    """
    tag = base64.b32encode(derive(secret, "cookie name")[:5]).decode().lower()
    return "_".join(part for part in (f"{'__Host-' if https else ''}cinebook", kind, tag) if part)
