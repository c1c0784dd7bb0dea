"""Root and normal users start the same servers, and no folder's mode is widened for it."""

import os
import pwd
import signal
from pathlib import Path

import pytest

from tests.integration.embedded.copies import copy_program, modes_around, python_for
from tests.integration.embedded.scenario import Runner, Scenario


@pytest.fixture
def normal_user(folder: Path) -> Runner:
    """How a normal user runs the scenario: whoever runs the tests, or `nobody` if that is root."""
    uid = os.geteuid() or pwd.getpwnam("nobody").pw_uid
    home = folder / "home"
    home.mkdir(mode=0o711)
    os.chown(home, uid, -1)
    return Runner(copy_program(folder / "program"), python_for(uid, folder / "python"), uid)


def test_a_normal_user_needs_nobodys_help(folder: Path, state_dir: Path, normal_user: Runner) -> None:
    """A normal user's servers keep everything under DATA_DIR, also when a crash comes between two starts."""
    data_dir = folder / "home" / "data"
    before = modes_around(normal_user.folder)
    with Scenario(data_dir, state_dir, normal_user) as scenario:
        scenario.start()
        assert scenario.ask("count") == 1
        os.kill(scenario.pid, signal.SIGKILL)
        scenario.end()
        scenario.start()
        assert scenario.ask("count") == 2
        assert scenario.ask("stop") == "stopped"
    assert (data_dir / "postgres" / "data").stat().st_uid == normal_user.uid
    assert not (data_dir / "postgres" / "place").exists()
    assert not state_dir.exists()
    assert modes_around(normal_user.folder) == before


def test_a_cluster_keeps_its_owner(folder: Path, state_dir: Path, normal_user: Runner) -> None:
    """What a normal user began, root goes on with: the server still runs as the one whose cluster it is."""
    data_dir = folder / "home" / "data"
    with Scenario(data_dir, state_dir, normal_user) as scenario:
        scenario.start()
        assert scenario.ask("count") == 1
    with Scenario(data_dir, state_dir) as scenario:
        scenario.start()
        assert scenario.ask("count") == 2
    assert {path.stat().st_uid for path in (data_dir / "postgres" / "data").rglob("*")} == {normal_user.uid}


def test_no_mode_is_widened(folder: Path, state_dir: Path) -> None:
    """With programs and data in folders closed to all others, servers start without changing the mode of any."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    program = copy_program(closed / "program")
    data_dir = closed / "data"
    data_dir.mkdir(mode=0o700)
    before = modes_around(program, data_dir)
    with Scenario(data_dir, state_dir, Runner(program)) as scenario:
        for count in (1, 2):
            scenario.start()
            assert scenario.ask("count") == count
            scenario.end()
    after = modes_around(program, data_dir)
    assert {path: after[path] for path in before} == before
    # The service user cannot run what is in a closed folder: then, and only then, there is one copy for it.
    copies = list(state_dir.glob("*postgresql-*"))
    assert len(copies) == (1 if os.geteuid() == 0 else 0)
