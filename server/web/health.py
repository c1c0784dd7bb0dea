"""`/healthz`: the process lives. `/readyz`: each dependency by name, and 503 when one that it needs is gone.

A worker that takes leave of its visitors is not ready either, whatever its dependencies say.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.domain.errors import CineBookError
from server.ops.lifecycle import Lifecycle
from server.web.responses import json_response

PROBE_TIMEOUT_S: Final = 2.0
"""A dependency that has not answered by then counts as gone: load balancers ask every few seconds."""


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a dependency now; `findings` are sentences for an operator, without secrets.

    `state` is `ok`, `degraded` (it works, but see the findings) or `gone` (the server cannot do its work).
    """

    state: Literal["ok", "degraded", "gone"]
    findings: tuple[str, ...] = ()


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `/readyz`."""

    ready: bool
    checks: dict[str, Check]


Probe = Callable[[], Awaitable[Check]]
"""Asks one dependency; may raise `CineBookError`, `OSError` or `TimeoutError`, which all mean that it is gone."""


async def readiness(probes: dict[str, Probe]) -> Readiness:
    """Ask all dependencies at once, each for at most `PROBE_TIMEOUT_S`."""
    checks = await asyncio.gather(*(_ask(probe) for probe in probes.values()))
    return Readiness(
        ready=all(check.state != "gone" for check in checks), checks=dict(zip(probes, checks, strict=True))
    )


async def _ask(probe: Probe) -> Check:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            return await probe()
    except (CineBookError, OSError, TimeoutError) as error:
        # The name alone: a driver's sentence may hold addresses and user names.
        return Check(state="gone", findings=(type(error).__name__,))


DRAINING: Final = Readiness(ready=False, checks={"worker": Check(state="gone", findings=("draining",))})
"""What a worker that ends says of itself; it asks nobody."""


def routes(probes: dict[str, Probe], lifecycle: Lifecycle) -> list[Route]:
    """Both routes; they need nothing but the probes and to know whether the worker stays."""

    async def healthz(_request: Request) -> Response:
        return json_response({"alive": True})

    async def readyz(_request: Request) -> Response:
        found = DRAINING if lifecycle.draining else await readiness(probes)
        return json_response(found, status=200 if found.ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
