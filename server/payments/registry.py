"""The gateways that an installation offers, built from their accounts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from server.payments.momo import MomoGateway
from server.payments.momo_api import MomoAccount
from server.payments.sandbox import SandboxGateway
from server.payments.vnpay import VnpayAccount, VnpayGateway
from server.ports import PaymentGateway
from server.ports.sandbox import SandboxLedger
from server.ports.traffic import Record

_Gateway = VnpayGateway | MomoGateway | SandboxGateway


class GatewayRegistry(Mapping[str, PaymentGateway]):
    """The gateways by name, in the order in which customers are shown them."""

    def __init__(self, gateways: Mapping[str, _Gateway]) -> None:
        self._gateways: Final = dict(gateways)

    def __getitem__(self, name: str) -> PaymentGateway:
        return self._gateways[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._gateways)

    def __len__(self) -> int:
        return len(self._gateways)

    @property
    def sandbox(self) -> SandboxGateway | None:
        """The sandbox, if it is offered: its page needs more of it than the port has."""
        found = self._gateways.get("sandbox")
        return found if isinstance(found, SandboxGateway) else None

    async def aclose(self) -> None:
        """Let all connections go."""
        for gateway in self._gateways.values():
            await gateway.aclose()


def build_gateways(
    names: tuple[str, ...],
    *,
    base_url: str,
    clock: Callable[[], int],
    vnpay: VnpayAccount,
    momo: MomoAccount,
    sandbox_key: bytes,
    ledger: SandboxLedger,
    record: Record,
) -> GatewayRegistry:
    """The gateways of these names; nothing connects. Raises KeyError for a name that is none.

    `base_url` is where customers and gateways reach us, without a path; accounts of gateways not named are not used.
    `record` takes down each call to a gateway of somebody else.
    """
    makers: dict[str, Callable[[], _Gateway]] = {
        "vnpay": lambda: VnpayGateway(vnpay, base_url=base_url, clock=clock, record=record),
        "momo": lambda: MomoGateway(momo, base_url=base_url, clock=clock, record=record),
        "sandbox": lambda: SandboxGateway(key=sandbox_key, ledger=ledger, base_url=base_url, clock=clock),
    }
    return GatewayRegistry({name: makers[name]() for name in names})
