"""A MoMo on loopback: create, its page, its notifications, query, confirm, refund and refund query."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.gateways import momo_rules as rules
from tests.gateways import momo_wire as wire
from tests.gateways.base import Answer, LocalGateway, Mode, Received
from tests.trust import TRUSTED

OUTCOMES = {
    "paid": 0,
    "refused": 1006,
    "expired": 1005,
    "insufficient": 1001,
    "limit": 1004,
    "processing": 7002,
}
"""What customers can come to; `paid` is 9000 where the partner captures by itself."""

SIGNED = {
    "create": wire.CREATE,
    "query": wire.QUERY,
    "confirm": wire.CONFIRM,
    "refund": wire.REFUND,
    "refund/query": wire.QUERY,
}


@dataclass
class Purchase:
    """An order as MoMo knows it."""

    fields: dict[str, Any]
    trans_id: int
    code: int = 1000
    amount: int = 0
    refunded: int = 0


@dataclass
class LocalMomo(LocalGateway):
    """MoMo for one partner; it notifies where each order says, or at `ipn_url`.

    `refund_code` is what refunds are answered with; 7002 stays under way until `finish_refund`.
    `direct_refunds` answers a question about a refund without the list that MoMo's documents show.
    """

    partner_code: str = "MOMO"
    access_key: str = "LOCALMOMOACCESS"
    secret: str = "LOCALMOMOSECRET0123456789ABCDEFG"
    retries: int = 0
    refund_code: int = 0
    direct_refunds: bool = False
    purchases: dict[str, Purchase] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    _refunded_of: dict[str, str] = field(default_factory=dict)
    _answered: dict[str, tuple[dict[str, Any], Answer]] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """The API and the page."""
        paths = [Route(f"/v2/gateway/api/{call}", self._api, methods=["POST"]) for call in SIGNED]
        return [*paths, Route("/v2/gateway/pay", self._page)]

    async def _page(self, request: Request) -> Response:
        reference = request.query_params.get("t", "")
        return self.page(reference, OUTCOMES) if reference in self.purchases else Response(status_code=404)

    async def _api(self, request: Request) -> Response:
        call = request.url.path.removeprefix("/v2/gateway/api/")
        fields: dict[str, Any] = await request.json()
        text = wire.text(self.access_key, SIGNED[call], fields)
        genuine = fields.get("signature") == wire.signature(self.secret, text)
        self.log.append(Received(call, fields, genuine))

        def act() -> Answer:
            if self.mode(call) is Mode.BUSY:
                return Answer(self._said(fields, 7000, "in process"), 422)
            if not genuine or fields["partnerCode"] != self.partner_code:
                wrong = self._said(fields, 20, "Bad format request.")
                return Answer({**wrong, "subErrors": [{"field": "signature", "message": text}]}, 400)
            if names := rules.wrong(call, fields):
                errors = [{"field": name, "message": "invalid"} for name in names]
                return Answer({**self._said(fields, 20, "Bad format request."), "subErrors": errors}, 400)
            return self._once(call, fields)

        return await self.reply(call, act, self._sign)

    def _once(self, call: str, fields: dict[str, Any]) -> Answer:
        """The same answer to a request that is repeated; another request under its id is refused."""
        known = self._answered.get(fields["requestId"])
        if known is not None and call not in {"query", "refund/query"}:
            same, answer = known
            return Answer(dict(answer.data)) if same == fields else Answer(self._said(fields, 40, "Duplicate"))
        answer = getattr(self, f"_{call.replace('/', '_')}")(fields)
        self._answered[fields["requestId"]] = (fields, Answer(dict(answer.data)))
        return Answer(dict(answer.data))

    def _said(self, fields: dict[str, Any], code: int, message: str, **more: object) -> dict[str, Any]:
        own = {name: fields[name] for name in ("partnerCode", "orderId", "requestId", "amount") if name in fields}
        return {**own, "responseTime": self.clock(), "message": message, "resultCode": code, **more}

    def _sign(self, answer: Answer, mode: Mode) -> Answer:
        if "payUrl" in answer.data and mode is not Mode.UNSIGNED:
            text = wire.text(self.access_key, wire.CREATE_REPLY, answer.data)
            answer.data["signature"] = wire.signature(self.secret, text)
        if mode is Mode.FORGED and "payUrl" in answer.data:
            answer.data["payUrl"] = "https://elsewhere.example/pay"
        elif mode is Mode.FORGED:
            answer.data |= {"orderId": "another-order", "resultCode": 0}
        return answer

    def _create(self, fields: dict[str, Any]) -> Answer:
        if fields["orderId"] in self.purchases:
            return Answer(self._said(fields, 41, "Duplicate orderId"))
        if not 1000 <= fields["amount"] <= 50_000_000:
            return Answer(self._said(fields, 22, "Amount out of range"))
        self.purchases[fields["orderId"]] = Purchase(fields, secrets.randbelow(10**9) + 10**9)
        page = f"{self.url}/v2/gateway/pay?t={fields['orderId']}"
        return Answer(self._said(fields, 0, "Successful.", payUrl=page))

    async def pay(self, url: str, outcome: str = "paid", *, amount: int | None = None, copies: int = 1) -> str:
        """Play the customer on this page: see `end`."""
        async with httpx.AsyncClient(verify=TRUSTED, timeout=10, trust_env=False) as browser:
            page = await browser.get(url)
        assert page.status_code == 200
        return self.end(dict(parse_qsl(urlsplit(url).query))["t"], outcome, amount=amount, copies=copies)

    def end(self, reference: str, outcome: str, *, amount: int | None = None, copies: int = 1) -> str:
        """End a payment, paid or not; see `LocalGateway`."""
        purchase = self.purchases[reference]
        purchase.code = OUTCOMES[outcome]
        purchase.amount = purchase.fields["amount"] if amount is None else amount
        if outcome == "paid" and not purchase.fields["autoCapture"]:
            purchase.code = 9000
        result = self.result(purchase)
        if copies:
            self.tell(result, copies)
        return f"{purchase.fields['redirectUrl']}?{urlencode(result)}"

    def result(self, purchase: Purchase) -> dict[str, Any]:
        """The signed fields of a notification."""
        taken = purchase.code in {0, 9000}
        fields = {
            **{
                name: purchase.fields[name]
                for name in ("partnerCode", "orderId", "requestId", "orderInfo", "extraData")
            },
            "amount": purchase.amount,
            "orderType": "momo_wallet",
            "transId": purchase.trans_id,
            "resultCode": purchase.code,
            "message": "Thành công." if taken else "Giao dịch bị từ chối.",
            "payType": "qr" if taken else "",
            "responseTime": self.clock(),
        }
        return self.signed(fields)

    def signed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """These fields with MoMo's signature."""
        text = wire.text(self.access_key, wire.RESULT, fields)
        return {**fields, "signature": wire.signature(self.secret, text)}

    def tell(self, fields: dict[str, Any], copies: int = 1) -> None:
        """Notify of these fields, whatever they are."""
        reference = fields.get("orderId", "")
        url = self.ipn_url or self.purchases[reference].fields["ipnUrl"]
        self.notify(reference, lambda client: client.post(url, json=fields), copies)

    def heard(self, answer: httpx.Response) -> bool:
        """MoMo is content with 204."""
        return answer.status_code == 204

    def _query(self, fields: dict[str, Any]) -> Answer:
        purchase = self.purchases.get(fields["orderId"])
        if purchase is None:
            return Answer(self._said(fields, 42, "Order not found"))
        amount = purchase.amount or purchase.fields["amount"]
        more: dict[str, Any] = {
            "amount": amount,
            "transId": purchase.trans_id,
            "extraData": "",
            "payType": "qr",
            "refundTrans": [],
        }
        return Answer(self._said(fields, purchase.code, "said", **more))

    def _confirm(self, fields: dict[str, Any]) -> Answer:
        purchase = self.purchases.get(fields["orderId"])
        if purchase is None:
            return Answer(self._said(fields, 42, "Order not found"))
        if purchase.code != 9000:
            return Answer(self._said(fields, 47, "Inapplicable"))
        if fields["amount"] != purchase.amount:
            return Answer(self._said(fields, 22, "Amount out of range"))
        purchase.code = 0 if fields["requestType"] == "capture" else 1017
        return Answer(self._said(fields, 0, "Successful.", transId=purchase.trans_id))

    def _refund(self, fields: dict[str, Any]) -> Answer:
        purchase = next((each for each in self.purchases.values() if each.trans_id == fields["transId"]), None)
        if purchase is None or purchase.code != 0:
            return Answer(self._said(fields, 1088, "Not refundable"))
        if fields["orderId"] in self.refunds or fields["orderId"] in self.purchases:
            return Answer(self._said(fields, 41, "Duplicate orderId"))
        if not 1000 <= fields["amount"] <= 50_000_000:
            return Answer(self._said(fields, 22, "Amount out of range"))
        if purchase.refunded + fields["amount"] > purchase.amount:
            return Answer(self._said(fields, 1081, "More than was paid"))
        if self.refund_code in {0, 7002}:
            purchase.refunded += fields["amount"]
            self._refunded_of[fields["orderId"]] = purchase.fields["orderId"]
            row = {"orderId": fields["orderId"], "amount": fields["amount"], "resultCode": self.refund_code}
            self.refunds[fields["orderId"]] = {**row, "transId": secrets.randbelow(10**9), "createdTime": self.clock()}
        trans_id = self.refunds.get(fields["orderId"], {}).get("transId", 0)
        return Answer(self._said(fields, self.refund_code, "said", transId=trans_id))

    def _refund_query(self, fields: dict[str, Any]) -> Answer:
        row = self.refunds.get(fields["orderId"])
        if row is None:
            return Answer(self._said(fields, 42, "Order not found"))
        if self.direct_refunds:
            told = {"amount": row["amount"], "transId": row["transId"]}
            return Answer(self._said(fields, row["resultCode"], "said", **told))
        return Answer(self._said(fields, 0, "Successful.", refundTrans=[dict(row)]))

    def finish_refund(self, reference: str, *, code: int = 0) -> None:
        """Let a refund that is under way come to its end; any other code than 0 gives nothing back."""
        row = self.refunds[reference]
        row["resultCode"] = code
        if code:
            self.purchases[self._refunded_of[reference]].refunded -= row["amount"]

    def kept(self) -> int:
        """The money in VND that customers paid and did not get back."""
        return sum(each.amount - each.refunded for each in self.purchases.values() if each.code == 0)
