"""Staff: who works behind the counter, what each may do, and the record of what they did."""

import re
import unicodedata
from enum import StrEnum
from typing import Final

import msgspec

from server.domain.errors import CineBookError

MIN_PASSWORD: Final = 12
"""Characters that a password has at least."""

MAX_PASSWORD: Final = 1024
"""Characters that a password has at most: hashing takes time by its length."""

LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")

MAX_NAME: Final = 100


class Role(StrEnum):
    """What a member of staff may do; a manager may do all that the box office may."""

    BOX_OFFICE = "box_office"
    MANAGER = "manager"

    def covers(self, needed: "Role") -> bool:
        """Whether who has this role may do what `needed` may."""
        return self is Role.MANAGER or self is needed


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """One account; `login` is in lower case, `disabled_at` (ms) is None while it may sign in."""

    id: str
    login: str
    name: str
    role: Role
    disabled_at: int | None = None


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An account with the hash of its password, which nothing else ever carries."""

    member: StaffMember
    password_hash: str


class StaffSession(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that is good until `expires_at` (ms), or until nothing was asked with it for some time."""

    member: StaffMember
    expires_at: int


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: a member of staff by id, or one of `SYSTEM` and `CLI`; `request` is the request id, if there is one."""

    id: str
    request: str | None = None


SYSTEM: Final = Actor(id="system")
"""What nobody asked for, or nobody who is known."""

CLI: Final = Actor(id="cli")
"""Somebody at the command line of the server."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act to be recorded.

    `action` is a noun and a verb, such as `staff.sign_in` or `order.refund`; `subject` is what it was done to, as
    `kind:id`; `details` hold neither secrets nor personal data.
    """

    actor: Actor
    action: str
    subject: str
    details: dict[str, str | int | bool | None] = {}


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An act as it was recorded at `at` (ms, the database's clock); `actor` is a staff id, `system` or `cli`.

    The names are those that staff have today: they are looked up, and no part of the record.
    """

    id: int
    at: int
    actor: str
    actor_name: str | None
    action: str
    subject: str
    subject_name: str | None
    details: dict[str, str | int | bool | None]
    request: str | None


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some records, the newest first, and the cursor of the next page, None on the last."""

    records: tuple[AuditRecord, ...]
    next: str | None


class StaffError(CineBookError):
    """What was asked of an account cannot be; `str()` is a sentence for the person who asked."""


class CredentialsError(CineBookError):
    """No account that may sign in has this login and password; it is not told which of them was wrong."""


def normal_login(text: str) -> str | None:
    """The login that `text` names, in whatever case it is typed; None if no login can look like that."""
    # Checked first: other alphabets have letters whose lower case is one of ours.
    login = text.lower() if text.isascii() else ""
    return login if LOGIN.fullmatch(login) else None


def checked_login(text: str) -> str:
    """The login for a new account; raises `StaffError`."""
    login = normal_login(text)
    if login is None:
        raise StaffError("a login is 1 to 64 of a-z, 0-9, '.', '_', '@' and '-', and begins with a letter or a digit")
    return login


def checked_name(text: str) -> str:
    """The name to be shown for an account; raises `StaffError`."""
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= MAX_NAME or any(unicodedata.category(letter)[0] == "C" for letter in name):
        raise StaffError(f"a name is 1 to {MAX_NAME} characters, none of which is a control character")
    return name


def checked_password(text: str) -> str:
    """A password that may be set; raises `StaffError`, which does not repeat it."""
    password = normal_password(text)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise StaffError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return password


def normal_password(text: str) -> str:
    """The password as it is hashed: the same whichever way a keyboard puts accents and letters together."""
    return unicodedata.normalize("NFC", text)
