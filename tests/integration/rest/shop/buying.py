"""What customers do over REST, and what the gateways' servers send; hashes are made here anew."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import text

from server.domain.orders import Order
from tests.integration.rest.place import MOMO, VNPAY, Place

API = "/api/v1"
DEMO = f"{API}/showtimes/demo"
CUSTOMER = {"email": "an.nguyen@example.vn", "phone": "0901234567", "name": "Nguyễn An", "locale": "vi"}
PRICE = 95_000
"""Of F7, F8 and their neighbours."""

STAFF_ORDERS = f"{API}/staff/orders"
VNPAY_IPN = f"{API}/payments/vnpay/ipn"
MOMO_IPN = f"{API}/payments/momo/ipn"


def ask(*seats: str, gateway: str = "vnpay", **more: Any) -> dict[str, Any]:
    """The body of a checkout."""
    return {"seats": seats, "customer": CUSTOMER, "gateway": gateway, **more}


async def hold(client: httpx.AsyncClient, *seats: str) -> None:
    """Lock these seats."""
    (await client.post(f"{DEMO}/seats/lock", json={"seats": seats})).raise_for_status()


async def check_out(client: httpx.AsyncClient, *seats: str, key: str | None = None, **more: Any) -> httpx.Response:
    """Order these seats."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(f"{DEMO}/checkout", json=ask(*seats, **more), headers=headers)


async def ordered(client: httpx.AsyncClient, *seats: str, gateway: str = "vnpay") -> dict[str, Any]:
    """Lock and order these seats; the order."""
    await hold(client, *seats)
    answer = await check_out(client, *seats, gateway=gateway)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def paid(place: Place, client: httpx.AsyncClient, *seats: str) -> dict[str, Any]:
    """Lock, order and pay these seats; the order as it was placed."""
    order = await ordered(client, *seats)
    answer = await client.get(VNPAY_IPN, params=vnpay(await place.orders.order(order["id"])))
    assert answered(answer) == ("00", "Confirm Success")
    return order


async def refund(manager: httpx.AsyncClient, order: str, key: str | None = None, **body: Any) -> httpx.Response:
    """Ask for a refund."""
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"reason": "Projector broke", **body}
    return await manager.post(f"{STAFF_ORDERS}/{order}/refunds", json=body, headers=headers)


def vnpay(order: Order, **changes: str) -> dict[str, str]:
    """What VNPay says of the latest payment of an order, signed; `changes` are signed along."""
    payment = order.payments[-1]
    parameters = {
        "vnp_TmnCode": VNPAY.tmn_code,
        "vnp_Amount": str(payment.amount * 100),
        "vnp_BankCode": "NCB",
        "vnp_OrderInfo": "Ve xem phim",
        "vnp_TransactionNo": "14422574",
        "vnp_ResponseCode": "00",
        "vnp_TransactionStatus": "00",
        "vnp_TxnRef": payment.reference,
        **changes,
    }
    signed = urlencode(sorted(item for item in parameters.items() if item[1])).encode()
    return {**parameters, "vnp_SecureHash": hmac.new(VNPAY.hash_secret, signed, hashlib.sha512).hexdigest()}


def momo(order: Order, **changes: Any) -> dict[str, Any]:
    """What MoMo says of the latest payment of an order, signed."""
    payment = order.payments[-1]
    fields = {
        "partnerCode": MOMO.partner_code,
        "orderId": payment.reference,
        "requestId": payment.request_id,
        "amount": payment.amount,
        "orderInfo": "Vé xem phim",
        "orderType": "momo_wallet",
        "transId": 4088878653,
        "resultCode": 0,
        "message": "Thành công.",
        "payType": "qr",
        "responseTime": 1721720663942,
        "extraData": "",
        **changes,
    }
    signed = "&".join(f"{name}={value}" for name, value in sorted({"accessKey": MOMO.access_key, **fields}.items()))
    return {**fields, "signature": hmac.new(MOMO.secret_key, signed.encode(), hashlib.sha256).hexdigest()}


def answered(answer: httpx.Response) -> tuple[str, str]:
    """VNPay's code and message of an answer that is word for word as VNPay wants it."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    said: Mapping[str, str] = answer.json()
    assert answer.text == f'{{"RspCode":"{said["RspCode"]}","Message":"{said["Message"]}"}}'
    return said["RspCode"], said["Message"]


async def letters(place: Place) -> str:
    """The live letters of the showtime."""
    return (await place.store.snapshot("demo")).seats


async def rows(place: Place, table: str) -> int:
    """How many rows a table has."""
    async with place.engine.connect() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())  # noqa: S608 - ours


async def state_of(place: Place) -> tuple[object, ...]:
    """All that a refused request must leave as it was: letters, orders, money and what is still to be done."""
    async with place.engine.connect() as connection:
        found = [
            tuple((await connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))).all())  # noqa: S608 - ours
            for table in ("orders", "order_seats", "payments", "refunds", "outbox", "idempotency_keys")
        ]
    return (await letters(place), *found)
