"""The wheel's PostgreSQL and its copy for a user who may not reach the wheel."""

import os
import shutil
from pathlib import Path

import pytest

from server.embedded import EmbeddedError, installation
from server.embedded.service_user import ServiceUser


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> ServiceUser:
    """A user who may not run the programs where they are installed."""
    monkeypatch.setattr(installation, "_can_run", lambda *_: False)
    return ServiceUser(os.geteuid(), os.getegid())


def test_the_copy_runs_and_is_made_once(state_dir: Path, unreachable: ServiceUser) -> None:
    """Where the wheel is out of reach a copy that everybody may run is made, and the next start takes the same."""
    before = os.umask(0o077)
    try:
        first = installation.installation(state_dir, unreachable)
    finally:
        os.umask(before)
    assert "18" in first.run("postgres", "--version")
    assert {path.stat().st_mode & 0o055 for path in state_dir.rglob("*") if path.is_dir()} == {0o055}
    inode = Path(first.program("postgres")).stat().st_ino
    second = installation.installation(state_dir, unreachable)
    assert Path(second.program("postgres")).stat().st_ino == inode


@pytest.mark.parametrize("quicker", [False, True])
def test_a_copy_that_fails_leaves_nothing(
    state_dir: Path, unreachable: ServiceUser, monkeypatch: pytest.MonkeyPatch, quicker: bool
) -> None:
    """A full disk is told and nothing half-made stays, unless another instance has made the copy meanwhile."""

    def full(_source: Path, target: Path, **_options: object) -> None:
        if quicker:
            (state_dir / target.relative_to(state_dir).parts[0].lstrip(".").rpartition("-")[0]).mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    if quicker:
        installation.installation(state_dir, unreachable)
    else:
        with pytest.raises(OSError, match="No space left"):
            installation.installation(state_dir, unreachable)
    assert len(list(state_dir.iterdir())) == quicker


def test_a_tool_that_fails_tells_why(state_dir: Path) -> None:
    """The error carries the tool's own complaint, or that its time was up."""
    found = installation.installation(state_dir, None)
    with pytest.raises(EmbeddedError, match=r"initdb failed: .*nonsense"):
        found.run("initdb", "--nonsense")
    with pytest.raises(EmbeddedError, match="initdb had not ended after 0 s"):
        found.run("initdb", "--version", limit_s=0)
