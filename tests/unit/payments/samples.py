"""Attempts, refunds, accounts and callbacks that the tests of the gateways share."""

import json
from collections.abc import Mapping

from server.domain.payments import Attempt, Callback, RefundOrder
from server.payments.momo import MomoGateway
from server.payments.momo_api import MomoAccount
from server.payments.vnpay import VnpayAccount, VnpayGateway

NOW = 1_785_587_400_000
"""19:30 in Vietnam on the first of August 2026."""

VNPAY_SECRET = "VNPAYSECRET"
MOMO_SECRET = "MOMOSECRET"

BASE_URL = "https://tickets.example"

ATTEMPT = Attempt(
    order="order-1",
    reference="abcdefghijklmnopqrstuvw2",
    request_id="00112233445566778899aabbccddeeff",
    amount=180_000,
    currency="VND",
    created_at=NOW,
    expires_at=NOW + 600_000,
    title="Mắt Biếc F7 F8",
    locale="vi",
    client_ip="203.0.113.7",
)

REFUND = RefundOrder(
    attempt=ATTEMPT,
    reference="refundrefundrefundrefund",
    request_id="ffeeddccbbaa99887766554433221100",
    amount=180_000,
    full=True,
    by="system",
    reason="paid twice",
    created_at=NOW + 1000,
)


def vnpay(secret: str = VNPAY_SECRET, tmn_code: str = "CINEMA01", **account: object) -> VnpayGateway:
    """A gateway of this account, which talks to nobody."""
    made = VnpayAccount(
        tmn_code=tmn_code,
        hash_secret=secret.encode(),
        pay_url="https://vnpay.example/pay",
        api_url="http://127.0.0.1:9/api",
        timeout_ms=1000,
        **account,  # type: ignore[arg-type]  # what a test changes
    )
    return VnpayGateway(made, base_url=BASE_URL, clock=lambda: NOW)


def momo(
    secret: str = MOMO_SECRET, access_key: str = "MOMOACCESS", partner: str = "MOMO", *, two_step: bool = False
) -> MomoGateway:
    """A gateway of this account, which talks to nobody."""
    account = MomoAccount(
        partner_code=partner,
        access_key=access_key,
        secret_key=secret.encode(),
        api_url="http://127.0.0.1:9",
        timeout_ms=1000,
        two_step=two_step,
    )
    return MomoGateway(account, base_url=BASE_URL, clock=lambda: NOW)


VNPAY = vnpay()
MOMO = momo()
TWO_STEP = momo(two_step=True)
"""One of each for whoever needs it a hundred times: to make one takes as long as to read all certificates."""


def query(parameters: Mapping[str, object]) -> Callback:
    """A GET with these parameters."""
    pairs = tuple((name, str(value)) for name, value in parameters.items())
    return Callback(query=pairs, body=b"", content_type="")


def posted(values: object, content_type: str = "application/json; charset=UTF-8") -> Callback:
    """A POST of JSON; bytes are sent as they are."""
    body = values if isinstance(values, bytes) else json.dumps(values, ensure_ascii=False).encode()
    return Callback(query=(), body=body, content_type=content_type)
