"""The unprivileged user that PostgreSQL runs as when CineBook runs as root, since it refuses to run as root itself.

It is the system's `postgres` where there is one, else `nobody`; a database that exists already keeps its owner. No
account is made and none is changed.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from server.embedded.errors import EmbeddedError

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class ServiceUser:
    """An unprivileged account of this system, by its numbers."""

    uid: int
    gid: int


def service_user() -> ServiceUser | None:
    """Whom to run PostgreSQL as: None for a normal user, who runs it as themselves."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceUser(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and this system has none of the users {' and '.join(_CANDIDATES)}: "
        "run CineBook as a normal user, or set DATABASE_URL."
    )


def owner_of(path: Path) -> ServiceUser | None:
    """Whom the server of an existing database runs as: its owner, if this process is root and the owner is not."""
    found = path.stat()
    if os.geteuid() != 0 or found.st_uid == 0:
        return None
    return ServiceUser(found.st_uid, found.st_gid)
