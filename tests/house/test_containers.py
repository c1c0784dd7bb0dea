"""The image and the composition say what the server needs; there is no engine here to run them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.settings_table import rows

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_the_image_installs_from_the_lock_and_does_not_run_as_root() -> None:
    """The image has exactly the locked versions, and its process has a user of its own."""
    assert "--require-hashes -r requirements-run.lock" in DOCKERFILE
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


def test_the_image_asks_the_server_for_its_health() -> None:
    """The health check is a program that compiles and asks /healthz."""
    instruction = DOCKERFILE.replace("\\\n", "")
    found = re.search(r"^HEALTHCHECK .*? CMD (\[.*\])$", instruction, re.MULTILINE)
    assert found
    python, flag, program = json.loads(found[1])
    assert (python, flag) == ("python", "-c")
    compile(program, "healthcheck", "exec")
    assert "/healthz" in program


def test_the_image_copies_only_what_there_is() -> None:
    """Each path that the image copies exists, and the engine is sent it."""
    sent = (ROOT / ".dockerignore").read_text()
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if re.match(r"COPY (?!--from)", line)]
    assert copied
    for path in (path for paths in copied for path in paths):
        assert (ROOT / path).exists(), path
        assert f"!{path}\n" in sent, path


@pytest.mark.parametrize("text", [DOCKERFILE, (ROOT / "compose.yaml").read_text()], ids=["Dockerfile", "compose.yaml"])
def test_every_setting_named_is_one(text: str) -> None:
    """No environment variable of the server is misspelt."""
    assert set(re.findall(r"CINEBOOK_[A-Z_]+", text)) <= {row.variable for row in rows()}


@pytest.mark.parametrize("service", ["app", "migrate"])
def test_every_setting_of_the_file_reaches_the_server(service: str) -> None:
    """Only where the container itself listens and keeps things, and its servers, are not for `.env` to say."""
    assert SERVICES[service]["env_file"] == [{"path": ".env", "required": False}]
    image = dict(re.findall(r"(CINEBOOK_(?:HOST|PORT|DATA_DIR))=(\S+)", DOCKERFILE))
    fixed = {name: str(value) for name, value in SERVICES[service]["environment"].items()}
    assert len(image) == 3
    assert image.items() <= fixed.items()
    assert fixed.keys() - image.keys() == {"CINEBOOK_REDIS_URL", "CINEBOOK_DATABASE_URL"}


def test_the_services_wait_for_each_other() -> None:
    """The app starts when the tables are there and both servers are healthy."""
    assert set(SERVICES) == {"app", "migrate", "valkey", "postgres"}
    waits = {name: wait["condition"] for name, wait in SERVICES["app"]["depends_on"].items()}
    assert waits == {
        "migrate": "service_completed_successfully",
        "valkey": "service_healthy",
        "postgres": "service_healthy",
    }
    assert all("healthcheck" in SERVICES[name] for name in ("valkey", "postgres"))


def test_valkey_keeps_what_it_is_told() -> None:
    """Its append-only file is on, nothing is evicted, and its data is on a volume."""
    command = " ".join(SERVICES["valkey"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert SERVICES["valkey"]["volumes"] == ["valkey:/data"]


def test_no_password_has_a_default() -> None:
    """The database's password must be given: the composition refuses to start without one."""
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_every_volume_is_declared() -> None:
    """Each volume that a service mounts is one of the composition's."""
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])
