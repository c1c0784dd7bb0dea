"""Running a program: its session, its log, its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedError, launcher, processes
from server.embedded.processes import Program, ServerProcess, arguments_of, bound_log, environment, stop_leftover

PATIENT = ((signal.SIGTERM, 0.2), (signal.SIGKILL, 30.0))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], ServerProcess]]:
    """Starts a Python program that says `ready` before it does what is given; ended with the test."""
    started: list[ServerProcess] = []

    def start(code: str) -> ServerProcess:
        log = tmp_path / "log"
        code = "import signal\n" + code.replace("READY", "print('ready', flush=True)")
        process = ServerProcess(Program("Python", (sys.executable, "-c", code), log, PATIENT))
        process.start()
        started.append(process)
        process.wait_until(lambda: "ready" in log.read_text(), 30.0)
        return process

    yield start
    for process in started:
        process.kill()


def test_it_has_a_session_of_its_own(run: Callable[[str], ServerProcess]) -> None:
    """The terminal's signals do not reach the program."""
    process = run("READY; signal.pause()")
    assert os.getsid(process.pid) == process.pid
    assert process.alive


def test_a_program_that_obeys_is_ended_gently(run: Callable[[str], ServerProcess], tmp_path: Path) -> None:
    """The first signal is enough for a program that heeds it, and a second stop is no error."""
    process = run("signal.signal(signal.SIGTERM, lambda *_: print('farewell', flush=True)); READY; signal.pause()")
    process.stop()
    process.stop()
    assert not process.alive
    assert "farewell" in (tmp_path / "log").read_text()


def test_a_program_that_does_not_obey_is_killed(run: Callable[[str], ServerProcess]) -> None:
    """When the gentle signal's time is up the next one is sent."""
    process = run("signal.signal(signal.SIGTERM, signal.SIG_IGN); READY\nwhile True: signal.pause()")
    process.stop()
    assert not process.alive


def test_a_program_that_is_too_slow_is_an_error(run: Callable[[str], ServerProcess]) -> None:
    """Waiting has its limit, and the error tells what the program wrote last."""
    process = run("READY; print('about to think', flush=True); signal.pause()")
    with pytest.raises(EmbeddedError, match=r"(?s)not ready after 0.05 s.*ready"):
        process.wait_until(lambda: False, 0.05)


def test_a_program_that_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    """A missing program shows as its launcher's last words."""
    process = ServerProcess(Program("Nothing", ("/nowhere/nothing",), tmp_path / "log", PATIENT))
    process.start()
    with pytest.raises(EmbeddedError, match=r"(?s)Nothing ended while starting.*No such file"):
        process.wait_until(lambda: False, 30.0)


def test_an_interpreter_that_is_gone_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operating system refuses in the launching thread is raised where the start was asked for."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    process = ServerProcess(Program("Nothing", ("/nowhere/nothing",), tmp_path / "log", PATIENT))
    with pytest.raises(FileNotFoundError):
        process.start()
    process.stop()


def test_a_leftover_that_does_not_obey_is_killed(run: Callable[[str], ServerProcess]) -> None:
    """A server of an earlier run is known by its command line and ended by force if need be; a stranger never is."""
    process = run("signal.signal(signal.SIGTERM, signal.SIG_IGN); READY\nwhile True: signal.pause()  # marked")
    stop_leftover("Python", process.pid, "# somebody else's", PATIENT)
    assert process.alive
    with pytest.raises(EmbeddedError, match="could not be ended"):
        stop_leftover("Python", process.pid, "# marked", PATIENT[:1])
    stop_leftover("Python", process.pid, "# marked", PATIENT)
    assert "# marked" not in arguments_of(process.pid)


def test_before_the_start_there_is_nothing_to_end(tmp_path: Path) -> None:
    """Ending what was never started is no error; asking for its number is."""
    process = ServerProcess(Program("Nothing", ("/nowhere/nothing",), tmp_path / "log", PATIENT))
    process.stop()
    process.kill()
    with pytest.raises(EmbeddedError, match="has not been started"):
        _ = process.pid


def test_a_growing_log_is_cut_while_the_program_runs(
    run: Callable[[str], ServerProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log beyond its limit moves aside, and the program goes on writing to the one it has open."""
    monkeypatch.setattr(processes, "_LOG_CHECK_S", 0.01)
    monkeypatch.setattr(processes, "LOG_LIMIT", 1000)
    run("READY\nsignal.signal(signal.SIGUSR1, lambda *_: print('x' * 2000, flush=True))\nwhile True: signal.pause()")
    log = tmp_path / "log"
    process = run("READY; print('y' * 2000, flush=True); signal.pause()")
    deadline = time.monotonic() + 30.0
    while not (tmp_path / "log.1").exists() or log.stat().st_size > 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.alive


def test_a_log_is_private_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log and the one before it are closed to others, and appending goes on at the start after the cut."""
    monkeypatch.setattr(processes, "LOG_LIMIT", 10)
    log = tmp_path / "log"
    bound_log(log)
    with log.open("a") as writer:
        writer.write("more than ten bytes")
        writer.flush()
        bound_log(log)
        writer.write("then")
    assert log.read_text() == "then"
    assert (tmp_path / "log.1").read_text() == "more than ten bytes"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_programs_see_nothing_of_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither secrets nor PostgreSQL's variables pass to the servers; what the loader needs does."""
    monkeypatch.setenv("SECRET_KEY", "hidden")
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/libraries")
    found = environment()
    assert found["LD_LIBRARY_PATH"] == "/libraries"
    assert not {"SECRET_KEY", "PGHOST"} & found.keys()


def test_arguments_of_the_living_and_the_dead() -> None:
    """A process is known by its command line; a zombie and a number without process have none."""
    code = "print('up', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code, "mark"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        assert "mark" in arguments_of(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert "mark" not in arguments_of(child.pid)
    assert arguments_of(child.pid) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_the_launcher_gives_up_when_its_parent_is_dead_already() -> None:
    """A parent that died before the kernel was asked to watch it gets no program that would outlive it."""
    launched = subprocess.run(
        [sys.executable, "-I", "-S", launcher.__file__, "1", "15", "", "", sys.executable, "-c", "print('alive')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert launched.returncode == 1
    assert "the parent ended" in launched.stderr
    assert launched.stdout == ""
