"""What becomes of the embedded servers when the application that started them ends in other ways than it should."""

import os
import signal
import sys
from pathlib import Path

import pytest

from server.embedded import EmbeddedServers
from tests.integration.embedded.scenario import Scenario, running, wait_until_gone


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_servers_end_with_their_parent(scenario: Scenario, data_dir: Path, state_dir: Path, number: int) -> None:
    """An application that dies without stopping its servers takes them along; the next start finds its data."""
    pids = scenario.start()
    assert scenario.ask("count") == 1
    os.kill(scenario.pid, number)
    scenario.end()
    wait_until_gone(pids["valkey"], str(data_dir))
    wait_until_gone(pids["postgres"], str(data_dir.parent))
    assert scenario.start()
    assert scenario.ask("count") == 2


def test_a_start_ends_the_servers_that_were_left(scenario: Scenario, data_dir: Path) -> None:
    """Where nobody told the servers of their parent's death, the next start ends them and finds its data."""
    pids = scenario.start(follow=False)
    assert scenario.ask("count") == 1
    os.kill(scenario.pid, signal.SIGKILL)
    scenario.end()
    assert running(pids["valkey"], str(data_dir))
    assert running(pids["postgres"], str(data_dir.parent))
    scenario.start()
    assert not running(pids["valkey"], str(data_dir))
    assert not running(pids["postgres"], str(data_dir.parent))
    assert scenario.ask("count") == 2


def test_a_killed_parent_leaves_no_folders(scenario: Scenario, data_dir: Path, state_dir: Path) -> None:
    """The folders of the sockets that a killed application left are removed by the next start."""
    scenario.start()
    os.kill(scenario.pid, signal.SIGKILL)
    scenario.end()
    left = [Path((data_dir / name / "running").read_text().splitlines()[1]) for name in ("valkey", "postgres")]
    assert all(path.is_dir() for path in left)
    with EmbeddedServers(data_dir, state_dir=state_dir):
        assert not any(path.exists() for path in left)


def test_the_terminals_interrupt_does_not_reach_them(scenario: Scenario, data_dir: Path) -> None:
    """Ctrl-C, which goes to the whole group of the application, leaves its servers running until it stops them."""
    pids = scenario.start()
    os.killpg(scenario.pid, signal.SIGINT)
    assert scenario.ask("count") == 1
    assert scenario.ask("stop") == "stopped"
    assert scenario.end() == 0
    assert not running(pids["valkey"], str(data_dir))
    assert not running(pids["postgres"], str(data_dir.parent))
