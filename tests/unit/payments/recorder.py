"""The other end of a gateway of ours, without a network: it keeps what it was sent, and answers what it is told to."""

from collections.abc import Callable
from typing import Any

from server.payments.client import Reply
from server.payments.momo import MomoGateway
from server.payments.vnpay import VnpayGateway

Answer = Callable[[dict[str, Any]], Reply | None]
"""What is answered to a payload."""


class Recorder:
    """Stands in the place of a `GatewayClient`; `sent` are addresses and payloads."""

    def __init__(self, answer: Answer) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer

    async def post(self, url: str, payload: dict[str, Any], **_about: str) -> Reply | None:
        """Keep it, and answer."""
        self.sent.append((url, payload))
        return self._answer(payload)

    async def aclose(self) -> None:
        """It holds nothing."""


def recorded(gateway: VnpayGateway | MomoGateway, answer: Answer = lambda _: None) -> Recorder:
    """Put one behind this gateway."""
    recorder = Recorder(answer)
    if isinstance(gateway, VnpayGateway):
        gateway._client = recorder  # type: ignore[assignment]  # it has what of a client is used
    else:
        gateway._api._client = recorder  # type: ignore[assignment]  # as above
    return recorder
