"""A wheel, installed where there is no tree, has everything that the server needs."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

LIST_FILES = """
import server, protocol
from pathlib import Path
for package in server, protocol:
    folder = Path(package.__file__).parent
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            print(path.relative_to(folder.parent).as_posix())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment with the wheel just built, and this environment's libraries beside it."""
    scratch = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(scratch), str(ROOT), cwd=ROOT)
    (wheel,) = scratch.glob("cinebook-*.whl")
    environment = scratch / "venv"
    venv.create(environment, with_pip=False)
    (packages,) = environment.glob("lib/python*/site-packages")
    # A folder named by a .pth file is searched, but the .pth files in it are not read: the tree stays out of sight.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
    _run(*pip, "install", "-q", "--no-deps", "--no-index", str(wheel), cwd=scratch)
    return environment


@pytest.fixture(scope="module")
def files(installed: Path) -> set[str]:
    """What the environment holds of both packages, relative to its site-packages."""
    return set(_run(str(installed / "bin" / "python"), "-c", LIST_FILES, cwd=installed).split())


@pytest.mark.parametrize("package", ["server", "protocol"])
def test_the_wheel_has_every_file_of_a_package(files: set[str], package: str) -> None:
    """Modules, Lua scripts and migrations of the tree are all in the wheel."""
    assert _tree(package) <= files


@pytest.mark.parametrize(
    ("folder", "suffix"),
    [
        ("server/seats/lua", ".lua"),
        ("server/coordination/lua", ".lua"),
        ("server/db/migrations/versions", ".py"),
        ("server/_static", ".html"),
    ],
)
def test_the_wheel_has_some_of_each_kind(files: set[str], folder: str, suffix: str) -> None:
    """Scripts, migrations and pages are there: an empty folder in the tree would not be noticed otherwise."""
    assert [name for name in files if name.startswith(f"{folder}/") and name.endswith(suffix)]


def test_the_wheel_has_the_pages(files: set[str]) -> None:
    """Every page, style and script of `static` is found inside the installed server."""
    pages = {f"server/_static/{name.removeprefix('static/')}" for name in _tree("static")}
    assert {name for name in pages if not name.endswith("jsconfig.json")} <= files


def test_the_wheel_has_nothing_else(installed: Path) -> None:
    """Tests and load tests are not installed beside the packages."""
    (packages,) = installed.glob("lib/python*/site-packages")
    assert {path.name for path in packages.iterdir() if not path.name.startswith("cinebook-")} == {
        "libraries.pth",
        "protocol",
        "server",
    }


def test_the_command_works(installed: Path) -> None:
    """The installed `cinebook` starts and tells its commands."""
    told = _run(str(installed / "bin" / "cinebook"), "--help", cwd=installed)
    assert all(command in told for command in ("run", "serve", "migrate", "seed", "watch"))


def _tree(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if "__pycache__" not in path.parts and path.is_file() and not path.name.startswith(".")
    }


def _run(*command: str, cwd: Path) -> str:
    # Neither the tree nor the coverage of this process may reach into the other environment.
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE", "COV_", "PYTHON"))}
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
