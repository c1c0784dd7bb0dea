"""Payment gateways, as customers choose among them."""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

GatewayId = Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,32}\Z")]

_NAMES: Final = {"vnpay": "VNPay", "momo": "MoMo", "sandbox": "Sandbox"}


class GatewayOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay: `id` is what a checkout names, `name` what people call it."""

    id: GatewayId
    name: str


def gateway_offers(gateways: Iterable[str]) -> tuple[GatewayOffer, ...]:
    """These gateways, with the names that people know them by."""
    return tuple(GatewayOffer(id=gateway, name=_NAMES.get(gateway, gateway)) for gateway in gateways)
