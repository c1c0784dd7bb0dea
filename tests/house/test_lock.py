"""The lock files pin everything and name no address."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
EVERYTHING = (ROOT / "requirements.lock").read_text()
TO_RUN = (ROOT / "requirements-run.lock").read_text()
both = pytest.mark.parametrize("lock", [EVERYTHING, TO_RUN], ids=["everything", "to run"])


@both
def test_a_lock_names_no_address(lock: str) -> None:
    """Whoever installs decides from where: no index, no link, no option stands in a lock."""
    assert "://" not in lock
    assert not re.findall(r"^-.*", lock, re.MULTILINE)


@both
def test_every_entry_is_pinned_with_hashes(lock: str) -> None:
    """Each requirement of a lock has one exact version and at least one hash of it."""
    entries = re.findall(r"^[^\s#].*\n(?: +--hash=sha256:[0-9a-f]{64}.*\n)*", lock, re.MULTILINE)
    assert len(entries) == len(_pins(lock))
    assert not [entry for entry in entries if not re.match(r"[\w.-]+==[\w.]+ (?:;.*)?\\\n +--hash", entry)]


def test_the_lock_covers_what_the_project_asks_for() -> None:
    """Each dependency, extra and build requirement is pinned to a version that pyproject.toml accepts."""
    _assert_covers(EVERYTHING, "embedded", "load", "test")


def test_the_lock_to_run_covers_what_running_takes() -> None:
    """The smaller lock has what the server and its embedded servers need, in the versions of the whole."""
    _assert_covers(TO_RUN, "embedded")
    assert _pins(TO_RUN).items() <= _pins(EVERYTHING).items()


def test_every_dependency_has_a_lower_bound() -> None:
    """An installation without the lock gets versions that the code was written for."""
    declared = _pyproject()
    wanted = [*declared["project"]["dependencies"]]
    wanted += [line for extra in declared["project"]["optional-dependencies"].values() for line in extra]
    assert not [line for line in wanted if ">=" not in line]


def test_the_lock_of_the_node_tools_names_no_address() -> None:
    """The lock of npm has integrity hashes for every package and no `resolved` address."""
    packages = json.loads((ROOT / ".ci/npm/package-lock.json").read_text())["packages"]
    assert all("resolved" not in entry for entry in packages.values())
    assert all("integrity" in entry for name, entry in packages.items() if name)


def _assert_covers(lock: str, *extras: str) -> None:
    declared = _pyproject()
    wanted = [*declared["build-system"]["requires"], *declared["project"]["dependencies"]]
    wanted += [line for extra in extras for line in declared["project"]["optional-dependencies"][extra]]
    pins = _pins(lock)
    for requirement in map(Requirement, wanted):
        pinned = pins.get(canonicalize_name(requirement.name))
        assert pinned, f"{requirement.name} is not in the lock"
        assert requirement.specifier.contains(pinned), f"{requirement} is pinned to {pinned}"


def _pins(lock: str) -> dict[str, str]:
    return {
        canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE)
    }


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())
