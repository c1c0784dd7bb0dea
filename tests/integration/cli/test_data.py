"""`cinebook migrate`, `seed` and `serve` on servers that are there already."""

from pathlib import Path
from urllib.parse import urlsplit

import httpx

from server.embedded import EmbeddedPostgres
from tests.command import embedded_pids
from tests.integration.cli.conftest import Cinebook


def test_migrate_then_seed_then_serve(cinebook: Cinebook, given: dict[str, object], postgres: EmbeddedPostgres) -> None:
    """The steps of an installation one by one: tables without data, the data, the server; each may be repeated."""
    database = urlsplit(str(given["database_url"])).path.removeprefix("/")
    found = []
    for step in ("migrate", "migrate", "seed", "seed"):
        with cinebook(step, **given) as command:
            assert command.end() == 0, command.errors
            assert command.errors == ""
        found.append(postgres.sql("SELECT id FROM showtimes ORDER BY id", database).splitlines())
    untouched, again, seeded, repeated = found
    assert untouched == again == []
    assert "demo" in seeded
    assert repeated == seeded
    with cinebook("serve", **given) as server:
        answer = httpx.get(f"{server.address()}/api/v1/showtimes/demo", timeout=30).raise_for_status()
        assert answer.json()["id"] == "demo"
        assert server.terminate() == 0


def test_migrate_brings_its_own_database(cinebook: Cinebook, new_data_dir: Path) -> None:
    """Without a configured database the embedded one is migrated, and stopped again."""
    with cinebook("migrate", data_dir=new_data_dir) as command:
        assert command.end() == 0, command.errors
    assert embedded_pids(new_data_dir) == []
    with EmbeddedPostgres(new_data_dir) as postgres:
        assert postgres.sql("SELECT count(*) FROM showtimes", "cinebook") == "0"
