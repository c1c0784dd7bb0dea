"""Both embedded servers together, on one DATA_DIR or on several."""

import os
import stat
from pathlib import Path

import pytest
from redis import Redis

from server.embedded import EmbeddedError, EmbeddedServers
from tests.integration.embedded.scenario import quick_servers


def test_two_instances_live_side_by_side(folder: Path, state_dir: Path) -> None:
    """Each DATA_DIR has servers of its own, on addresses of its own."""
    one, other = (quick_servers(folder / name, state_dir) for name in ("one", "other"))
    with one as first, other as second:
        assert first.redis_url != second.redis_url
        assert first.database_url != second.database_url
        one.postgres.sql("CREATE TABLE seats ()")
        other.postgres.sql("CREATE TABLE seats ()")


def test_a_folder_in_use_is_refused(data_dir: Path, state_dir: Path) -> None:
    """A second start on the same DATA_DIR is told so and harms nothing; after the stop the folder is free."""
    first, second = (quick_servers(data_dir, state_dir) for _ in range(2))
    with first:
        for server in (second, second.valkey, second.postgres):
            with pytest.raises(EmbeddedError, match="is in use by another running CineBook"):
                server.start()
        assert first.postgres.sql("SELECT 1") == "1"
    with second:
        assert second.postgres.sql("SELECT 1") == "1"


def test_a_long_folder_with_spaces(folder: Path, state_dir: Path) -> None:
    """A DATA_DIR longer than any socket's path, with spaces and letters of all kinds, works like any other."""
    data_dir = folder / "phòng vé số 1 " / ("x" * 120) / 'it\'s %d "here"'
    for count in (1, 2):
        with quick_servers(data_dir, state_dir) as addresses:
            client = Redis.from_url(addresses.redis_url)
            assert client.incr("starts") == count
            client.close()


def test_a_relative_folder(folder: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative DATA_DIR is meant from where the start was called, also if the folder is changed later."""
    monkeypatch.chdir(folder)
    servers = quick_servers(Path("data"), state_dir)
    monkeypatch.chdir("/")
    with servers:
        assert (folder / "data" / "valkey" / "appendonlydir").is_dir()


def test_one_that_cannot_start_leaves_neither(data_dir: Path, state_dir: Path) -> None:
    """If PostgreSQL cannot start, the Valkey that was started before it is stopped again."""
    servers = quick_servers(data_dir, state_dir)
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "place").write_text("/nowhere/at/all\n")
    with pytest.raises(EmbeddedError):
        servers.start()
    assert not servers.valkey.alive
    servers.stop()


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_what_is_made_is_private(data_dir: Path, state_dir: Path, umask: int) -> None:
    """What the servers make under DATA_DIR is closed to others, whatever the umask, and URLs are not shown by repr."""
    before = os.umask(umask)
    try:
        with quick_servers(data_dir, state_dir) as addresses:
            assert repr(addresses) == "Addresses()"
            for name in ("valkey", "postgres"):
                assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_what_is_there_already_is_not_started(data_dir: Path, state_dir: Path) -> None:
    """Of two servers the one whose address is given is left alone, and leaves no trace under the data folder."""
    servers = EmbeddedServers(data_dir, database_url="postgresql://elsewhere/db", state_dir=state_dir)
    with servers as addresses:
        assert addresses.database_url == "postgresql://elsewhere/db"
        assert (servers.valkey.alive, servers.postgres.alive) == (True, False)
        assert addresses.redis_url == servers.valkey.url
    assert not (data_dir / "postgres").exists()
