"""Finds promtool, and brings it where there is none: `python -m tests.integration.ops.promtool`.

Debian has it in its package `prometheus`, which is fetched and unpacked, not installed: no service starts, and nobody
needs to be root.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PLACE = Path(sys.prefix) / "promtool"
ADVICE = "promtool is needed by the tests of alerts; please install Prometheus (Debian: apt-get install prometheus)"


class NoPromtoolError(RuntimeError):
    """There is no promtool on this machine; its text is one line that says what to install."""


def find() -> Path:
    """Return promtool's path; raises NoPromtoolError where there is none."""
    found = shutil.which("promtool")
    path = Path(found) if found else PLACE
    if not path.is_file():
        raise NoPromtoolError(ADVICE)
    return path


def ensure() -> Path:
    """Return what `find` finds, after fetching it if there was none; raises NoPromtoolError if that fails too."""
    try:
        return find()
    except NoPromtoolError:
        _fetch()
        return find()


def _fetch() -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return
    print("make: fetching promtool", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        if not _quietly(["apt-get", "download", "prometheus"], folder):
            _quietly(["apt-get", "update", "-qq"], folder)
            _quietly(["apt-get", "download", "prometheus"], folder)
        for package in Path(folder).glob("prometheus_*.deb"):
            _quietly(["dpkg-deb", "-x", str(package), "unpacked"], folder)
            shutil.copy2(Path(folder) / "unpacked" / "usr" / "bin" / "promtool", PLACE)


def _quietly(command: list[str], folder: str) -> bool:
    """Run a command without its output: what matters is whether `find` finds something afterwards."""
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def main() -> int:
    """Make sure of promtool; prints one line on failure and returns the exit code."""
    try:
        ensure()
    except NoPromtoolError as error:
        print(f"make: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
