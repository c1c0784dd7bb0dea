"""`/healthz` and `/readyz`."""

import asyncio

import pytest
from starlette.applications import Starlette

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.ops.lifecycle import Lifecycle
from server.web import health
from server.web.health import Check, Probe
from tests.unit.web.serving import client_of


def app(**probes: Probe) -> Starlette:
    """An application with nothing but health."""
    return Starlette(routes=health.routes(probes, Lifecycle()))


async def fine() -> Check:
    """A dependency that works."""
    return Check(state="ok")


async def forgetful() -> Check:
    """A store that may throw data away."""
    return Check(state="degraded", findings=("maxmemory-policy is allkeys-lru, it must be noeviction",))


async def refusing() -> Check:
    """A dependency that nothing listens for."""
    raise ConnectionRefusedError("postgresql://user:password@host")


async def unavailable() -> Check:
    """A dependency that does not answer in time, by our own error."""
    raise UnavailableError(Outcome.NONE)


async def hanging() -> Check:
    """A dependency that never answers."""
    await asyncio.Event().wait()
    raise AssertionError


async def test_the_process_lives_whatever_its_dependencies_do() -> None:
    """A restart would not help them."""
    async with client_of(app(store=refusing)) as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_ready_names_each_dependency() -> None:
    """What works but is not as it should be is said, and does not take the server out of service."""
    async with client_of(app(store=forgetful, database=fine)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": {
            "store": {"state": "degraded", "findings": ["maxmemory-policy is allkeys-lru, it must be noeviction"]},
            "database": {"state": "ok"},
        },
    }


@pytest.mark.parametrize("probe", [refusing, unavailable, hanging])
async def test_not_ready_while_a_dependency_is_gone(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, soon even if it never answers, and without the driver's sentence, which may hold a password."""
    monkeypatch.setattr(health, "PROBE_TIMEOUT_S", 0.05)
    async with client_of(app(store=probe, database=fine)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["store"]["state"] == "gone"
    assert answer.json()["checks"]["database"]["state"] == "ok"
    assert "password" not in answer.text


async def test_a_worker_that_takes_leave_is_not_ready() -> None:
    """It says so without asking its dependencies, and lives."""
    lifecycle = Lifecycle()
    async with client_of(Starlette(routes=health.routes({"store": hanging}, lifecycle))) as client:
        lifecycle.leave()
        answer = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": {"worker": {"state": "gone", "findings": ["draining"]}}}
