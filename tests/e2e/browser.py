"""Finds a Chromium-based browser, and brings one where there is none: `python -m tests.e2e.browser`.

Looked for in this order: the path in CINEBOOK_BROWSER or CHROMIUM; chromium, chromium-browser or google-chrome on the
PATH; what Playwright downloaded before. Missing, it is installed from Debian as root, else downloaded by Playwright.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VARIABLES = ("CINEBOOK_BROWSER", "CHROMIUM")
COMMANDS = ("chromium", "chromium-browser", "google-chrome")
MACOS_APPS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)

ADVICE = "no browser to test with; please install Chromium (Debian: apt-get install chromium) or name one in CHROMIUM"

# Asked in a process of its own: Playwright's synchronous API refuses to run inside somebody's event loop.
_PLAYWRIGHT_PATH = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


class NoBrowserError(RuntimeError):
    """There is no browser on this machine; its text is one line that says what to install."""


def find() -> Path:
    """Return the executable of a browser that answers `--version`; raises NoBrowserError where there is none."""
    for candidate in _candidates():
        if _answers(candidate):
            return candidate
    raise NoBrowserError(ADVICE)


def ensure() -> Path:
    """Return what `find` finds, after fetching a browser if there was none; raises NoBrowserError if that fails too."""
    try:
        return find()
    except NoBrowserError:
        if _named() is None:
            _fetch()
        return find()


def _candidates() -> Iterator[Path]:
    if named := _named():
        # A browser that was asked for by name is not replaced by another behind one's back.
        yield named
        return
    for command in COMMANDS:
        if found := shutil.which(command):
            yield Path(found)
    yield from MACOS_APPS
    asked = subprocess.run([sys.executable, "-c", _PLAYWRIGHT_PATH], capture_output=True, text=True, check=False)
    if asked.returncode == 0:
        yield Path(asked.stdout.strip())


def _named() -> Path | None:
    return next((Path(named) for variable in VARIABLES if (named := os.environ.get(variable))), None)


def _answers(executable: Path) -> bool:
    """Tell whether the file is a browser that starts here: some systems have only a stub of that name."""
    if not executable.is_file():
        return False
    try:
        asked = subprocess.run([executable, "--version"], capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _fetch() -> None:
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        print("make: installing chromium", file=sys.stderr)
        _quietly([apt, "update", "-qq"])
        if _quietly([apt, "install", "-qq", "-y", "--no-install-recommends", "chromium"]):
            return
    print("make: downloading a browser", file=sys.stderr)
    _quietly([sys.executable, "-m", "playwright", "install", "chromium"])


def _quietly(command: list[str]) -> bool:
    """Run a command without its output: what matters is whether `find` finds something afterwards."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, capture_output=True, env=environment, check=False).returncode == 0


def main() -> int:
    """Make sure of a browser; prints one line on failure and returns the exit code."""
    try:
        ensure()
    except NoBrowserError as error:
        print(f"make: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
