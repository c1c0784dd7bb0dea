"""Workers and their supervisor end together, whichever way."""

import signal
from pathlib import Path

import pytest

from tests.command import Command, wait_until_gone
from tests.integration.workers.pair import Pair, children_of, wait_until


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands of a test put temporary files, and nobody else."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_a_signal_to_the_supervisor_ends_all(given: dict[str, object], tmp_path: Path, scratch: Path) -> None:
    """It says once where it is, ends in good order, and leaves neither processes nor files."""
    with Command("serve", log=tmp_path / "stderr", workers=2, **given) as command:
        workers = Pair(command, command.address()).both()
        assert list(scratch.iterdir())
        assert command.terminate() == 0
        wait_until_gone(workers)
        with pytest.raises(AssertionError, match="the command ended"):
            command.line()
        assert command.errors == ""
    assert not list(scratch.iterdir())


def test_impatience_does_not_break_the_end_off(given: dict[str, object], tmp_path: Path) -> None:
    """Ctrl-C reaches workers and supervisor at once, however often, and all end in good order."""
    with Command("serve", log=tmp_path / "stderr", workers=2, **given) as command:
        workers = Pair(command, command.address()).both()
        assert command.interrupt_until_it_ends() == 0
        wait_until_gone(workers)
        assert command.errors == ""


def test_a_start_can_be_broken_off(given: dict[str, object], tmp_path: Path) -> None:
    """A signal while the workers still start ends them without a traceback."""
    # However long their imports take: only then do they hear of it.
    with Command("serve", log=tmp_path / "stderr", workers=2, drain_ms=60_000, **given) as command:
        wait_until(lambda: len(children_of(command.pid)) == 2)
        workers = list(children_of(command.pid))
        assert command.interrupt() == 0
        wait_until_gone(workers)
        assert command.errors == ""


def test_no_worker_outlives_its_supervisor(given: dict[str, object], tmp_path: Path, scratch: Path) -> None:
    """A supervisor that is killed takes its workers with it, and the files in which they counted."""
    with Command("serve", log=tmp_path / "stderr", workers=2, **given) as command:
        workers = Pair(command, command.address()).both()
        command.kill()
        wait_until_gone(workers)
        assert "Traceback" not in command.errors
    assert not list(scratch.iterdir())


def test_what_keeps_workers_from_starting_ends_the_command(
    given: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried for ever: the exit code is the worker's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "no such file"))
    with Command("serve", log=tmp_path / "stderr", workers=2, **given) as command:
        assert command.end() == 1
        assert "FileNotFoundError" in command.errors


def test_a_wrong_key_is_said_once(given: dict[str, object], tmp_path: Path) -> None:
    """What can be known before any worker starts is one line, as with a single process."""
    with Command("serve", log=tmp_path / "stderr", workers=2, secret_key="swordfish", **given) as command:
        assert command.end() == 1
        assert len(command.errors.splitlines()) == 1


def test_the_secret_stands_on_no_command_line(given: dict[str, object], tmp_path: Path) -> None:
    """Neither the key nor the database's password is shown to whoever lists the processes, nor is either's default."""
    secret = "a secret that nobody else may read"
    with Command("run", log=tmp_path / "stderr", workers=2, secret_key=secret, **given) as command:
        workers = Pair(command, command.address()).both()
        for pid in (command.pid, *workers):
            arguments = Path(f"/proc/{pid}/cmdline").read_text()
            assert secret not in arguments
            assert "postgresql" not in arguments
        assert command.terminate(signal.SIGINT) == 0
