"""Calls of MoMo's API: signed, and answered only by what repeats the call's own ids."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from server.payments.client import GatewayClient
from server.payments.momo_signing import momo_hash, signed_text
from server.ports.traffic import Record, unrecorded

log = structlog.get_logger(__name__)

GATEWAY: Final = "momo"
PATH: Final = "/v2/gateway/api"

_LONGEST_LOGGED: Final = 600


@dataclass(frozen=True, kw_only=True)
class MomoAccount:
    """A partner of MoMo and the address it is served at. It never shows its keys.

    `two_step` authorises first and captures by a second call. `ipn_networks` may call us; empty means everybody.
    """

    partner_code: str
    access_key: str = field(repr=False)
    secret_key: bytes = field(repr=False)
    api_url: str
    timeout_ms: int
    two_step: bool = False
    ipn_networks: tuple[str, ...] = ()


class MomoApi:
    """Signs calls and posts them. Replies to all but `create` are not signed: what counts is their host and ids."""

    def __init__(self, account: MomoAccount, *, clock: Callable[[], int], record: Record = unrecorded) -> None:
        self._account = account
        self._client = GatewayClient(
            GATEWAY,
            timeout_ms=account.timeout_ms,
            clock=clock,
            keys=(account.access_key.encode(), account.secret_key),
            record=record,
        )

    async def call(self, path: str, order: tuple[str, ...], fields: dict[str, object]) -> dict[str, object] | None:
        """The reply to this very call, with a whole number as its `resultCode`; None where there is none to be trusted.

        `path` is such as `/create`; `order` names what is signed. A reply repeats the partner, the order and the
        request, and the amount where it tells of success.
        """
        account = self._account
        message: dict[str, object] = {"partnerCode": account.partner_code, **fields}
        text = signed_text(order, {**message, "accessKey": account.access_key})
        message["signature"] = momo_hash(account.secret_key, text)
        answer = await self._client.post(
            f"{account.api_url}{PATH}{path}", message, kind=path.lstrip("/"), reference=str(message["orderId"])
        )
        if answer is None:
            return None
        data, status = answer.data, answer.status
        code = data.get("resultCode")
        if status >= 400:
            self._tell(path, status, data)
        if status >= 500 or not is_whole(code):
            return None
        if any(data.get(name) != message[name] for name in ("partnerCode", "orderId", "requestId")):
            log.warning("gateway reply is about something else", gateway=GATEWAY, call=path, code=code)
            return None
        return data

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    def _tell(self, path: str, status: int, data: dict[str, object]) -> None:
        """Log what MoMo finds wrong: it repeats the text that it would have signed, with the access key in it."""
        errors = data.get("subErrors")
        told = (
            [str(each.get("message")) for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
        )
        # Cut last: of a key that was cut in two the rest would not be found.
        complaint = "; ".join(told).replace(self._account.access_key, "…")[:_LONGEST_LOGGED]
        code = data.get("resultCode")
        log.warning(
            "gateway refused a call",
            gateway=GATEWAY,
            call=path,
            status=status,
            code=code if is_whole(code) else None,
            complaint=complaint,
        )


def is_whole(value: object) -> bool:
    """Whether a value of a message is a whole number; True and 180000.0 are none."""
    return isinstance(value, int) and not isinstance(value, bool)
