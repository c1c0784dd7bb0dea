"""What every route is given; `build_app` keeps it as `app.state.context`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import HTTPConnection

from server.identity.origins import OriginPolicy
from server.identity.sessions import Sessions
from server.identity.staff import StaffDoor
from server.ops.lifecycle import Lifecycle
from server.ports import Audit, Catalogue, SeatStore
from server.web.health import Probe


@dataclass(frozen=True, kw_only=True)
class Context:
    """The parts that the routes work with; `static` is the folder of the pages and their assets.

    `probes` are what `/readyz` asks, by the name of the dependency, unless `lifecycle` says that the worker ends.
    """

    catalogue: Catalogue
    store: SeatStore
    sessions: Sessions
    staff: StaffDoor
    audit: Audit
    origins: OriginPolicy
    public_url: str
    static: Path
    probes: Mapping[str, Probe]
    lifecycle: Lifecycle = field(default_factory=Lifecycle)


def context_of(connection: HTTPConnection) -> Context:
    """The context of the application that this request came to."""
    context: Context = connection.app.state.context
    return context
