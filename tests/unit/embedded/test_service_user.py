"""Whom PostgreSQL runs as."""

import os
import pwd
from pathlib import Path

import pytest

from server.embedded import EmbeddedError
from server.embedded.service_user import ServiceUser, owner_of, service_user


def test_a_normal_user_runs_it_as_themselves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without root there is nobody to change to, whoever owns the data."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert service_user() is None
    assert owner_of(tmp_path) is None


def test_root_takes_the_first_user_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """`postgres` is preferred, `nobody` will do, and neither is a clear error."""
    users = {"postgres": (101, 104), "nobody": (65534, 65534)}

    def entry(name: str) -> pwd.struct_passwd:
        uid, gid = users[name]
        return pwd.struct_passwd((name, "x", uid, gid, "", "/", "/bin/false"))

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", entry)
    assert service_user() == ServiceUser(101, 104)
    del users["postgres"]
    assert service_user() == ServiceUser(65534, 65534)
    del users["nobody"]
    with pytest.raises(EmbeddedError, match="does not run as root"):
        service_user()
