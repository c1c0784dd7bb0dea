"""`cinebook run`: from nothing to a served page and back, however it ends."""

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.command import Command, embedded_pids, wait_until_gone
from tests.integration.cli.conftest import Cinebook
from tests.ports import lasting_port

SEATS = "/api/v1/showtimes/demo/seats"


def visitor(url: str) -> httpx.Client:
    """A browser that has opened the server's page: it keeps the cookie, and has a session."""
    client = httpx.Client(base_url=url, headers={"Origin": url}, timeout=30)
    client.post("/api/v1/sessions").raise_for_status()
    return client


def lock(client: httpx.Client, seat: str) -> Any:
    """Lock a seat; the answer."""
    return client.post(f"{SEATS}/lock", json={"seats": [seat]}).raise_for_status().json()


def status(client: httpx.Client, seat: str) -> tuple[str, Any]:
    """The epoch, and the seat's entry in the status as this visitor sees it."""
    answer = client.get(f"{SEATS}/status").raise_for_status().json()
    return answer["epoch"], next(each for each in answer["seats"] if each["seat"] == seat)


def test_from_nothing_to_a_page_and_back(cinebook: Cinebook, new_data_dir: Path) -> None:
    """A first start brings its servers and data, says where it is, and an orderly stop leaves no process."""
    with cinebook("run", data_dir=new_data_dir) as server:
        url = server.address()
        assert url.startswith("http://127.0.0.1:")
        pids = embedded_pids(new_data_dir)
        assert len(pids) == 2
        with contextlib.closing(visitor(url)) as person:
            assert "<!doctype html>" in person.get("/showtimes/demo").raise_for_status().text
            assert person.get("/api/v1/showtimes").raise_for_status().json()["showtimes"]
            assert person.get("/readyz").status_code == 200
        assert server.terminate() == 0
        wait_until_gone(pids)
        assert "Traceback" not in server.errors
    assert embedded_pids(new_data_dir) == []


def test_a_second_start_finds_its_data_again(cinebook: Cinebook, data_dir: Path) -> None:
    """Locks keep their expiry and cookies their holder over a stop and a start; the epoch is new."""
    port = lasting_port()
    with cinebook("run", data_dir=data_dir, port=port) as first:
        url = first.address()
        person = visitor(url)
        held = lock(person, "F7")["holds"][0]
        epoch, _ = status(person, "F7")
        assert first.terminate() == 0
    with contextlib.closing(person), cinebook("run", data_dir=data_dir, port=port) as second:
        assert second.address() == url
        later, seat = status(person, "F7")
        assert (seat["status"], seat["mine"], seat["expires_at"]) == ("locked", True, held["expires_at"])
        assert later != epoch
        with contextlib.closing(visitor(url)) as other:
            answer = other.post(f"{SEATS}/lock", json={"seats": ["F7"]})
            assert (answer.status_code, answer.json()["code"]) == (409, "seats_unavailable")
        person.delete(f"{SEATS}/unlock", params={"all": 1}).raise_for_status()


def ends_in_good_order(cinebook: Cinebook, data_dir: Path, end: Callable[[Command], int]) -> None:
    """A server that is ended so has exit code 0 and no traceback, and leaves no process."""
    with cinebook("run", data_dir=data_dir) as server:
        server.address()
        pids = embedded_pids(data_dir)
        assert end(server) == 0
        wait_until_gone(pids)
        assert "Traceback" not in server.errors
    assert embedded_pids(data_dir) == []


def test_ctrl_c_ends_it_in_good_order(cinebook: Cinebook, data_dir: Path) -> None:
    """The terminal's interrupt reaches the whole group, and all ends."""
    ends_in_good_order(cinebook, data_dir, Command.interrupt)


def test_impatience_does_not_break_the_stop_off(cinebook: Cinebook, data_dir: Path) -> None:
    """However often Ctrl-C is pressed, the servers are stopped in good order."""
    ends_in_good_order(cinebook, data_dir, Command.interrupt_until_it_ends)


def test_a_terminal_that_is_closed_ends_it_in_good_order(cinebook: Cinebook, data_dir: Path) -> None:
    """SIGHUP stops it as SIGTERM does, and leaves no server behind."""
    ends_in_good_order(cinebook, data_dir, lambda server: server.terminate(signal.SIGHUP))


def test_nohup_keeps_it_running(cinebook: Cinebook, given: dict[str, object]) -> None:
    """Started with SIGHUP ignored it goes on when the terminal is closed, and ends by SIGTERM."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with cinebook("run", **given) as server:
        url = server.address()
        os.kill(server.pid, signal.SIGHUP)
        assert httpx.get(f"{url}/readyz").status_code == 200
        assert server.terminate() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_start_can_be_broken_off(cinebook: Cinebook, data_dir: Path, number: signal.Signals, code: int) -> None:
    """A signal before it serves ends what has been started, with the conventional exit code and no traceback."""
    with cinebook("run", data_dir=data_dir) as server:
        running = data_dir / "valkey" / "running"
        server.wait_for(running)
        assert server.terminate(number) == code
        assert server.errors == ""
    assert embedded_pids(data_dir) == []


def test_a_crash_does_not_hinder_the_next_start(cinebook: Cinebook, data_dir: Path) -> None:
    """After SIGKILL the next start on the same folder and port serves, and the session counts still."""
    port = lasting_port()
    with cinebook("run", data_dir=data_dir, port=port) as server:
        url = server.address()
        person = visitor(url)
        server.kill()
    with contextlib.closing(person), cinebook("run", data_dir=data_dir, port=port) as again:
        assert again.address() == url
        lock(person, "E5")
        person.delete(f"{SEATS}/unlock", params={"all": 1}).raise_for_status()
        assert again.terminate() == 0


def test_two_instances_share_one_browser(cinebook: Cinebook, data_dir: Path, new_data_dir: Path) -> None:
    """Two servers on other ports and folders run at once, and one browser is a guest of both: cookies know no ports."""
    with cinebook("run", data_dir=data_dir) as one, cinebook("run", data_dir=new_data_dir) as other:
        urls = [one.address(), other.address()]
        with httpx.Client(timeout=30) as browser:
            for url in urls:
                browser.post(f"{url}/api/v1/sessions", headers={"Origin": url}).raise_for_status()
            assert len({cookie.name for cookie in browser.cookies.jar}) == 2
            for url in urls:
                taken = browser.post(f"{url}{SEATS}/lock", json={"seats": ["D4"]}, headers={"Origin": url})
                assert taken.status_code == 200
            for url in urls:
                freed = browser.delete(f"{url}{SEATS}/unlock", params={"all": 1}, headers={"Origin": url})
                assert freed.json()["unlocked"] == ["D4"]
        assert (one.terminate(), other.terminate()) == (0, 0)


def test_configured_servers_are_used(cinebook: Cinebook, given: dict[str, object]) -> None:
    """With both URLs set nothing is started beside the application, which migrates and seeds what it is given."""
    with cinebook("run", **given) as server:
        with contextlib.closing(visitor(server.address())) as person:
            assert lock(person, "C3")["locked"] == ["C3"]
        assert server.terminate() == 0
    assert [path.name for path in Path(str(given["data_dir"])).iterdir()] == ["secret.key"]


def test_it_ends_with_its_servers(cinebook: Cinebook, new_data_dir: Path) -> None:
    """Where an embedded server is gone, the rest ends too, and says in one line which one it was."""
    with cinebook("run", data_dir=new_data_dir) as command:
        command.address()
        valkey = int((new_data_dir / "valkey" / "running").read_text().split()[0])
        os.kill(valkey, signal.SIGKILL)
        assert command.end() == 1
        assert [line for line in command.errors.splitlines() if "the embedded Valkey has ended by itself" in line]
