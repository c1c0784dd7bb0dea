"""On a machine that lacks something, `make` brings it as root, and otherwise says in one line what to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TOOLS = ("awk", "cat", "dirname", "echo", "env", "make", "mkdir", "rm", "sh", "touch")


class Machine:
    """A folder of programs that is the whole PATH; what is not put there is not installed."""

    def __init__(self, folder: Path, *, uid: int) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, f"{tool} is needed for this test"
            (self.programs / tool).symlink_to(found)
        self.program("id", f"echo {uid}")

    def program(self, name: str, body: str) -> None:
        """Put a shell script on the PATH."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def python(self, name: str, *, version: str = "3.11", complete: str = "true") -> None:
        """Put a Python on the PATH: of this version, able to make environments if the command `complete` succeeds."""
        new_enough = int(tuple(map(int, version.split("."))) >= (3, 11))
        self.program(
            name,
            f"""case "$*" in
                *version_info\\ *) test {new_enough} = 1 ;;
                *ensurepip*) {complete} ;;
                *) exec {sys.executable} "$@" ;;
            esac""",
        )

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command that finds nothing but these programs, from the repository's folder."""
        environment = {"PATH": str(self.programs), "HOME": str(self.folder), **more}
        program = shutil.which(command[0], path=str(self.programs)) or command[0]
        return subprocess.run(
            [program, *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def make_environment(self) -> subprocess.CompletedProcess[str]:
        """Have make create an environment in this folder, without installing anything into it."""
        venv = self.folder / "venv"
        return self.run("make", "--no-print-directory", f"VENV={venv}", f"{venv}/bin/python")


@pytest.fixture
def person(tmp_path: Path) -> Machine:
    """A machine on which one is not root."""
    return Machine(tmp_path, uid=1000)


@pytest.fixture
def root(tmp_path: Path) -> Machine:
    """A Debian machine on which one is root; its apt-get only notes what it was asked for."""
    machine = Machine(tmp_path, uid=0)
    machine.program("apt-get", f'echo "$@" >> {tmp_path}/asked; echo noise; touch {tmp_path}/installed')
    return machine


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    """What make said before its own last line, "make: *** [...] Error 1"."""
    assert done.returncode != 0
    assert done.stdout == ""
    *said, last = done.stderr.splitlines()
    assert "***" in last
    (line,) = said
    return line


def test_a_person_is_told_to_install_venv(person: Machine) -> None:
    """A Debian Python without venv: one line names the package, and nothing is made."""
    person.python("python3", complete="false")
    person.program("apt-get", "exit 100")
    line = _complaint(person.make_environment())
    assert "apt-get install python3" in line
    assert line.endswith("-venv")
    assert not (person.folder / "venv").exists()


def test_a_person_is_told_to_install_python(person: Machine) -> None:
    """Where the only Python is too old, or there is none, one line says which is needed."""
    assert "Python of 3.11 or later" in _complaint(person.make_environment())
    person.python("python3", version="3.9")
    assert "Python of 3.11 or later" in _complaint(person.make_environment())


def test_a_later_python_under_its_own_name_is_found(person: Machine) -> None:
    """An old `python3` is passed over for a newer one beside it, and the environment is made without a word."""
    person.python("python3", version="3.9")
    person.python("python3.12")
    done = person.make_environment()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (person.folder / "venv" / "bin" / "python").exists()


def test_root_gets_venv_installed(root: Machine) -> None:
    """As root the missing package is installed, quietly, and the environment is made."""
    root.python("python3", complete=f"test -e {root.folder}/installed")
    done = root.make_environment()
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    update, install = (root.folder / "asked").read_text().splitlines()
    assert update.startswith("update")
    assert install.startswith("install")
    assert install.endswith("-venv")


def test_root_is_told_when_installing_was_not_enough(root: Machine) -> None:
    """A system whose newest Python is too old cannot be helped: the last line says so."""
    root.python("python3", version="3.9")
    done = root.make_environment()
    assert done.returncode != 0
    assert "older than 3.11" in done.stderr.splitlines()[-2]


def test_curl_is_brought_or_asked_for(person: Machine) -> None:
    """The examples of the README need curl: one line says so to a person, and root gets it installed."""
    assert "apt-get install curl" in _complaint(person.run("make", "curl"))
    person.program("id", "echo 0")
    person.program("apt-get", f'echo "$@" >> {person.folder}/asked')
    assert person.run("make", "curl").returncode == 0
    assert "curl" in (person.folder / "asked").read_text()


def _browser(machine: Machine, **more: str) -> subprocess.CompletedProcess[str]:
    nowhere = {"PLAYWRIGHT_BROWSERS_PATH": str(machine.folder / "browsers"), "PYTHONDONTWRITEBYTECODE": "1"}
    # Nothing listens there: a machine without a network.
    nowhere |= {"PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:9"}
    return machine.run(sys.executable, "-m", "tests.e2e.browser", **nowhere | more)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS finds its browsers in /Applications, not on the PATH")
def test_a_person_without_a_browser_is_told_to_install_one(person: Machine) -> None:
    """With none installed and none to be downloaded, the last line names what to install."""
    done = _browser(person)
    assert done.returncode == 1
    assert "please install Chromium" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_browser_that_was_named_is_not_replaced(person: Machine) -> None:
    """A wrong path in CHROMIUM is refused in one line, though another browser is there."""
    person.program("chromium", "exit 0")
    done = _browser(person, CHROMIUM=str(person.folder / "nothing"))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "CHROMIUM" in line


def test_a_browser_on_the_path_is_found(person: Machine) -> None:
    """A browser that starts is taken as it is; a stub that does not start is passed over."""
    person.program("chromium", "exit 1")
    person.program("google-chrome", "echo Chrome 1.0")
    done = _browser(person)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_continuous_integration_runs_what_people_run() -> None:
    """`.ci/run` is executable and calls `make test`, nothing more."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("exec make test")


def test_what_is_compiled_is_kept(person: Machine) -> None:
    """Also where the environment forbids it: each start would compile everything anew, which takes seconds."""
    shown = person.run("make", "--eval=environment: ; @env", "environment", PYTHONDONTWRITEBYTECODE="1")
    assert shown.returncode == 0, shown.stderr
    assert "PATH=" in shown.stdout
    assert "PYTHONDONTWRITEBYTECODE" not in shown.stdout
