"""`cinebook staff`: accounts from the command line."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from server.embedded import EmbeddedPostgres
from tests.command import LIMIT_S, environment
from tests.integration.cli.conftest import Cinebook

PASSWORD = "correct horse battery"
SESSION = "/api/v1/staff/session"

Staff = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def staff(given: dict[str, object]) -> Staff:
    """Runs `cinebook staff …` on a database of its own, with something in its pipe."""

    def run(*arguments: str, typed: str = "", **settings: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "server.cli", "staff", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env=environment(settings or given),
        )

    return run


def sign_in(url: str, login: str, password: str = PASSWORD) -> httpx.Response:
    """Try to sign in at a server."""
    return httpx.post(f"{url}{SESSION}", json={"login": login, "password": password}, timeout=LIMIT_S)


def said(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that succeeded has printed."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line in which a command said why it did nothing."""
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line.removeprefix("cinebook: ")


def test_an_account_from_its_opening_to_its_end(staff: Staff, cinebook: Cinebook, given: dict[str, object]) -> None:
    """Opened, it may sign in; with another password only by that; disabled, no more: also while the server runs."""
    assert said(staff("add", "Mai", "--role", "manager", "--name", "Mai Anh", typed=f"{PASSWORD}\n")) == (
        "mai may sign in now, as manager"
    )
    with cinebook("serve", **given) as server:
        url = server.address()
        assert sign_in(url, "mai").json()["account"]["name"] == "Mai Anh"
        said(staff("add", "binh", "--role", "box_office", typed=PASSWORD))
        assert sign_in(url, "binh").status_code == 201
        assert "signed out everywhere" in said(staff("password", "mai", typed="quite another password\r\n"))
        assert sign_in(url, "mai").status_code == 401
        assert sign_in(url, "mai", "quite another password").status_code == 201
        assert "may sign in no more" in said(staff("disable", "BINH"))
        assert sign_in(url, "binh").status_code == 401
        assert "may sign in again" in said(staff("enable", "Binh"))
        assert sign_in(url, "binh").status_code == 201
        said(staff("disable", "binh"))
        assert server.terminate() == 0
        assert PASSWORD not in server.errors
    assert said(staff("list")).splitlines() == ["binh\tbox_office\tbinh\tdisabled", "mai\tmanager\tMai Anh"]


def test_what_is_wrong_is_said_in_one_line(staff: Staff) -> None:
    """And changes nothing; no password is repeated."""
    said(staff("add", "mai", "--role", "manager", typed=PASSWORD))
    assert refused(staff("add", "MAI", "--role", "manager", typed=PASSWORD)) == "there is an account 'mai' already"
    assert refused(staff("password", "nobody", typed=PASSWORD)) == "there is no account 'nobody'"
    assert refused(staff("disable", "nobody")) == "there is no account 'nobody'"
    assert refused(staff("enable", "nobody")) == "there is no account 'nobody'"
    assert refused(staff("enable", "mai")) == "the account 'mai' is not disabled"
    assert refused(staff("password", "mai", typed="eleven char")) == "a password has 12 to 1024 characters"
    assert "a login is" in refused(staff("add", "'; DROP TABLE staff; --", "--role", "manager", typed=PASSWORD))
    assert "a name is" in refused(staff("add", "an", "--role", "manager", "--name", "a\nb", typed=PASSWORD))
    said(staff("disable", "mai"))
    assert refused(staff("disable", "mai")) == "the account 'mai' is disabled"
    assert said(staff("list")) == "mai\tmanager\tmai\tdisabled"


@pytest.mark.parametrize("arguments", [("add", "mai"), ("add", "mai", "x" * 12, "--role", "manager")])
def test_what_cannot_be_understood_is_refused(staff: Staff, arguments: tuple[str, ...]) -> None:
    """Without a role, and with a password among the arguments, where others could read it."""
    assert staff(*arguments, typed=PASSWORD).returncode == 2


@pytest.mark.parametrize(("second", "code"), [(PASSWORD, 0), ("another one, of the same length", 1)])
def test_at_a_terminal_it_is_typed_twice(given: dict[str, object], second: str, code: int) -> None:
    """Nothing of it is shown, and two different ones are refused."""
    terminal, its_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "staff", "add", "mai", "--role", "manager"],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
        env=environment(given),
    )
    os.close(its_end)
    shown = read_until(terminal, "Password: ")
    os.write(terminal, f"{PASSWORD}\n".encode())
    shown += read_until(terminal, "Once more: ")
    os.write(terminal, f"{second}\n".encode())
    shown += read_until(terminal, None)
    assert process.wait(LIMIT_S) == code
    os.close(terminal)
    assert ("mai may sign in now" in shown) is (code == 0)
    assert ("the two passwords differ" in shown) is (code != 0)
    assert PASSWORD not in shown
    assert second not in shown


def read_until(terminal: int, words: str | None) -> str:
    """What the terminal shows until these words, or to the end."""
    shown = b""
    while words is None or words.encode() not in shown:
        try:
            more = os.read(terminal, 1024)
        except OSError:  # the other side is closed
            break
        if not more:
            break
        shown += more
    return shown.decode()


def test_beside_a_server_with_its_own_database(staff: Staff, cinebook: Cinebook, new_data_dir: Path) -> None:
    """`run` says how to begin; the command finds the database of what runs in the folder, and leaves it running."""
    with cinebook("run", data_dir=new_data_dir) as server:
        url = server.address()
        assert "cinebook staff add" in server.errors
        said(staff("add", "mai", "--role", "manager", typed=PASSWORD, data_dir=new_data_dir))
        assert sign_in(url, "mai").status_code == 201
        assert server.terminate() == 0
    assert said(staff("list", data_dir=new_data_dir)) == "mai\tmanager\tmai"
    with EmbeddedPostgres(new_data_dir) as postgres:
        assert postgres.sql("SELECT actor, action FROM audit ORDER BY id LIMIT 1", "cinebook") == "cli|staff.add"
    with cinebook("run", data_dir=new_data_dir) as server:
        server.address()
        assert "cinebook staff add" not in server.errors
        assert server.terminate() == 0
