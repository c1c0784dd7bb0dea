"""What keeps `cinebook` from starting is said in one line, without a traceback."""

import socket
from pathlib import Path

import pytest

from server.listening import address_of, listen, url_of
from tests.command import Command
from tests.integration.cli.conftest import Cinebook

NOWHERE = {"redis_url": "redis://127.0.0.1:1", "database_url": "postgresql://somebody@127.0.0.1:1/nothing"}


def complaint(command: Command) -> tuple[int, str]:
    """The exit code and the one line on standard error of a command that does not start."""
    with command:
        code = command.end()
        lines = command.errors.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("cinebook: ")
    return code, lines[0]


def test_wrong_settings_are_named(cinebook: Cinebook) -> None:
    """Each setting that cannot be used has its line with the reason, and no password that stands in it."""
    wrong = {
        "host": "",
        "port": "abc",
        "redis_url": "http://here",
        "redis_prefix": "{cinema}:",
        "database_url": "postgresql://me:half/other@here/x",
    }
    with cinebook("serve", **wrong) as command:
        assert command.end() == 2
        complaints = command.errors.splitlines()
    assert len(complaints) == len(wrong)
    for line, name in zip(complaints, wrong, strict=True):
        assert line.startswith(f"cinebook: CINEBOOK_{name.upper()}: ")
    assert "must begin with redis://" in complaints[2]
    assert "no braces" in complaints[3]
    assert "half" not in complaints[4]
    assert "other" not in complaints[4]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hold_ms": "2000", "max_hold_ms": "1000"}, "MAX_HOLD_MS must be at least HOLD_MS"),
        ({"redis_url": "redis://here?no_such_option=1"}, "CINEBOOK_REDIS_URL: the URL has options that cannot be used"),
        ({"redis_url": NOWHERE["redis_url"]}, "serve needs CINEBOOK_REDIS_URL and CINEBOOK_DATABASE_URL"),
    ],
)
def test_settings_that_do_not_go_together(cinebook: Cinebook, settings: dict[str, str], words: str) -> None:
    """What is missing or contradicts itself is said in one line."""
    code, line = complaint(cinebook("serve", **settings))
    assert code == 2
    assert words in line


def test_a_short_secret_is_refused(cinebook: Cinebook, tmp_path: Path) -> None:
    """A key that could be guessed is not used, and not printed."""
    code, line = complaint(cinebook("serve", data_dir=tmp_path, secret_key="swordfish", **NOWHERE))
    assert code == 1
    assert "SECRET_KEY" in line
    assert "swordfish" not in line


def test_a_port_in_use_is_said_before_anything_starts(cinebook: Cinebook, tmp_path: Path) -> None:
    """Where somebody listens already, nothing else is begun."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, line = complaint(cinebook("run", port=port, data_dir=tmp_path / "data"))
    assert code == 1
    assert f"cannot listen on http://127.0.0.1:{port}: Address already in use" in line
    assert not (tmp_path / "data").exists()


def test_an_unusable_folder_is_named(cinebook: Cinebook, tmp_path: Path) -> None:
    """A DATA_DIR that is a file is a complaint with its name, whoever meets it first."""
    file = tmp_path / "file"
    file.touch()
    for command in (cinebook("run", data_dir=file), cinebook("serve", data_dir=file, **NOWHERE)):
        code, line = complaint(command)
        assert code == 1
        assert str(file) in line


def test_a_folder_in_use_is_named(cinebook: Cinebook, data_dir: Path) -> None:
    """A second instance on the folder of a running one does not start, and the first goes on."""
    with cinebook("run", data_dir=data_dir) as first:
        first.address()
        code, line = complaint(cinebook("run", data_dir=data_dir))
        assert code == 1
        assert f"{data_dir}/valkey is in use by another running CineBook" in line
        assert first.terminate() == 0


@pytest.mark.parametrize("command", ["migrate", "run"])
def test_a_database_that_does_not_serve_is_said(cinebook: Cinebook, command: str, tmp_path: Path) -> None:
    """Without its database nothing can be prepared, and the line says why."""
    code, line = complaint(cinebook(command, data_dir=tmp_path, **NOWHERE))
    assert code == 1
    assert "the database does not serve: [Errno 111]" in line


def test_addresses_are_such_as_browsers_read() -> None:
    """IPv6 is written in brackets, and an address that means all of them as this machine's own."""
    assert url_of("::1", 8000) == "http://[::1]:8000"
    with listen("0.0.0.0", 0) as everywhere:  # noqa: S104 (for the blink of an eye, and nobody answers)
        assert address_of(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}"
