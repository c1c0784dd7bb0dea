"""What every route is given; `build_app` keeps it as `app.state.context`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import HTTPConnection

from server.checkout.callbacks import Callbacks
from server.checkout.checkout import Checkout
from server.checkout.desk import OrderDesk
from server.checkout.gateways import Gateways
from server.identity.origins import OriginPolicy
from server.identity.sessions import Sessions
from server.identity.staff import StaffDoor
from server.notify.push import PushDesk
from server.ops.addresses import Networks
from server.ops.lifecycle import Lifecycle
from server.ports import Audit, Catalogue, SeatStore
from server.ports.ledger import SeatLedger
from server.ports.monitoring import Monitoring
from server.ports.order_search import OrderSearch
from server.ports.outbox import Outbox
from server.ports.traffic import Traffic
from server.tickets.codes import TicketSigner
from server.tickets.links import OrderTokens
from server.web.health import Probe


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What sells tickets; `signer` signs them, `tokens` open orders to those who come without the session."""

    checkout: Checkout
    desk: OrderDesk
    callbacks: Callbacks
    gateways: Gateways
    outbox: Outbox
    search: OrderSearch
    monitoring: Monitoring
    traffic: Traffic
    ledger: SeatLedger
    tokens: OrderTokens
    signer: TicketSigner


@dataclass(frozen=True, kw_only=True)
class Context:
    """The parts that the routes work with; `static` is the folder of the pages and their assets.

    `probes` are what `/readyz` asks, by the name of the dependency, unless `lifecycle` says that the worker ends.
    Without `push` browsers cannot subscribe. `trusted_proxies` are believed about whom a request
    comes from.
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
    shop: Shop
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    push: PushDesk | None = None
    trusted_proxies: Networks = field(default_factory=Networks)


def context_of(connection: HTTPConnection) -> Context:
    """The context of the application that this request came to."""
    context: Context = connection.app.state.context
    return context
