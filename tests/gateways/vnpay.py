"""A VNPay on loopback: its page, its notifications, its API for questions and refunds."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.gateways import vnpay_rules as rules
from tests.gateways import vnpay_wire as wire
from tests.gateways.base import Answer, LocalGateway, Mode, Received
from tests.trust import TRUSTED

OUTCOMES = {
    "paid": ("00", "00"),
    "suspected": ("07", "07"),
    "reversed": ("99", "04"),
    "cancelled": ("24", "02"),
    "declined": ("51", "02"),
    "expired": ("11", "02"),
    "failed": ("99", "02"),
}
"""What customers can come to, as the code and the status that VNPay tells it by."""


class PageError(Exception):
    """VNPay's page refused an address.

    `code` says why: 70 a wrong signature, 15 expired, 32 an amount, 03 a format, 01 another payment of this reference.
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"VNPay's page shows error {code}")
        self.code = code


@dataclass
class Transaction:
    """An attempt as VNPay knows it, and the last refund of it; amounts times 100."""

    fields: dict[str, str]
    number: str
    status: str = "01"
    amount: int = 0
    refunded: int = 0
    refund: dict[str, Any] = field(default_factory=dict)


@dataclass
class LocalVnpay(LocalGateway):
    """VNPay for one terminal. `refund_code` is what every refund is refused with."""

    tmn_code: str = "CINEMA01"
    secret: str = "LOCALVNPAYSECRET0123456789ABCDEF"
    refund_code: str = ""
    transactions: dict[str, Transaction] = field(default_factory=dict)
    _requests: set[tuple[str, str]] = field(default_factory=set)
    """The ids of requests that came, each with its day: none may come twice in one, whatever became of it."""

    @property
    def pay_url(self) -> str:
        """Its page."""
        return f"{self.url}/paymentv2/vpcpay.html"

    @property
    def api_url(self) -> str:
        """Its API."""
        return f"{self.url}/merchant_webapi/api/transaction"

    def routes(self) -> list[Route]:
        """The page, its errors, and the API."""
        return [
            Route("/paymentv2/vpcpay.html", self._page),
            Route("/paymentv2/Payment/Error.html", self._error),
            Route("/merchant_webapi/api/transaction", self._api, methods=["POST"]),
        ]

    async def _page(self, request: Request) -> Response:
        fields = dict(request.query_params)
        repeated = len(fields) != len(request.query_params.multi_items())
        genuine = fields.get("vnp_SecureHash") == wire.signature(self.secret, wire.form(fields))
        self.log.append(Received("pay", fields, genuine))
        if code := "03" if repeated else self._wrong(fields, genuine):
            return RedirectResponse(f"{self.url}/paymentv2/Payment/Error.html?code={code}", 302)
        reference = fields["vnp_TxnRef"]
        self.transactions.setdefault(reference, Transaction(fields, str(secrets.randbelow(10**8) + 10**7)))
        return self.page(reference, OUTCOMES)

    def _wrong(self, fields: dict[str, str], genuine: bool) -> str:
        if not genuine:
            return "70"
        if fields.get("vnp_TmnCode") != self.tmn_code:
            return "72"
        if rules.wrong(rules.PAY, fields):
            return "03"
        if not 500_000 <= int(fields["vnp_Amount"]) < 100_000_000_000:
            return "32"
        known = self.transactions.get(fields["vnp_TxnRef"])
        if known is not None and known.fields != fields:
            return "01"
        return "15" if fields["vnp_ExpireDate"] < wire.date(self.clock()) else ""

    async def _error(self, request: Request) -> Response:
        return HTMLResponse(f"<title>{request.query_params['code']}</title>")

    async def visit(self, url: str) -> str:
        """Open the page as a browser does; return the reference, or raise `PageError`."""
        async with httpx.AsyncClient(verify=TRUSTED, timeout=10, follow_redirects=True, trust_env=False) as browser:
            page = await browser.get(url)
        assert page.status_code == 200
        if "code" in page.url.params:
            raise PageError(page.url.params["code"])
        return dict(parse_qsl(urlsplit(url).query))["vnp_TxnRef"]

    async def pay(
        self,
        url: str,
        outcome: str = "paid",
        *,
        amount: int | None = None,
        copies: int = 1,
        visit: bool = True,
    ) -> str:
        """Play the customer on this page: see `end`.

        Without `visit` the page was opened before, so that a payment may end after its time.
        """
        reference = await self.visit(url) if visit else dict(parse_qsl(urlsplit(url).query))["vnp_TxnRef"]
        return self.end(reference, outcome, amount=amount, copies=copies)

    def end(self, reference: str, outcome: str, *, amount: int | None = None, copies: int = 1) -> str:
        """End a payment, paid or not; see `LocalGateway`."""
        transaction = self.transactions[reference]
        code, transaction.status = OUTCOMES[outcome]
        asked = int(transaction.fields["vnp_Amount"])
        transaction.amount = asked if amount is None else amount * 100
        result = self.result(reference, code)
        if copies:
            self.tell(result, copies)
        return f"{transaction.fields['vnp_ReturnUrl']}?{urlencode(result)}"

    def result(self, reference: str, code: str) -> dict[str, str]:
        """The signed parameters of a notification."""
        transaction = self.transactions[reference]
        cancelled = code == "24"
        fields = {
            "vnp_TmnCode": self.tmn_code,
            "vnp_Amount": str(transaction.amount),
            "vnp_BankCode": "VNPAY" if cancelled else "NCB",
            "vnp_OrderInfo": transaction.fields["vnp_OrderInfo"],
            "vnp_PayDate": wire.date(self.clock()),
            "vnp_TransactionNo": "0" if cancelled else transaction.number,
            "vnp_ResponseCode": code,
            "vnp_TransactionStatus": transaction.status,
            "vnp_TxnRef": reference,
        }
        if not cancelled:
            fields |= {"vnp_BankTranNo": f"VNP{transaction.number}", "vnp_CardType": "ATM"}
        return self.signed(fields)

    def signed(self, fields: dict[str, str]) -> dict[str, str]:
        """These parameters with VNPay's hash."""
        return {**fields, "vnp_SecureHash": wire.signature(self.secret, wire.form(fields))}

    def tell(self, fields: dict[str, str], copies: int = 1) -> None:
        """Notify of these parameters, whatever they are."""
        url = f"{self.ipn_url}?{urlencode(fields)}"
        self.notify(fields.get("vnp_TxnRef", ""), lambda client: client.get(url), copies)

    def heard(self, answer: httpx.Response) -> bool:
        """VNPay repeats until it hears 00 or 02."""
        try:
            said = answer.json()
        except ValueError:
            return False
        return answer.status_code == 200 and isinstance(said, dict) and said.get("RspCode") in {"00", "02"}

    async def _api(self, request: Request) -> Response:
        fields: dict[str, Any] = await request.json()
        command = fields.get("vnp_Command", "")
        names = wire.REFUND if command == "refund" else wire.QUERY
        genuine = fields.get("vnp_SecureHash") == wire.signature(self.secret, wire.piped(names, fields))
        self.log.append(Received(command, fields, genuine))

        def act() -> Answer:
            if not genuine:
                return Answer({"vnp_ResponseCode": "97", "vnp_Message": "Invalid signature"})
            if fields["vnp_TmnCode"] != self.tmn_code:
                return self._said(fields, "02", "Invalid terminal")
            form = rules.REFUND if command == "refund" else rules.QUERY
            if rules.wrong(form, fields, optional=("TransactionNo",)):
                return self._said(fields, "03", "Invalid format")
            request = (wire.date(self.clock())[:8], fields["vnp_RequestId"])
            if request in self._requests:
                return self._said(fields, "94", "Duplicate request")
            self._requests.add(request)
            return self._refund(fields) if command == "refund" else self._query(fields)

        return await self.reply(command, act, self._sign)

    def _sign(self, answer: Answer, mode: Mode) -> Answer:
        command, code = answer.data.get("vnp_Command"), answer.data["vnp_ResponseCode"]
        if code != "97" and mode is not Mode.UNSIGNED:
            names = wire.REFUND_REPLY if command == "refund" else wire.QUERY_REPLY
            answer.data["vnp_SecureHash"] = wire.signature(self.secret, wire.piped(names, answer.data))
        if mode is Mode.FORGED:
            answer.data |= {"vnp_ResponseCode": "00", "vnp_TransactionStatus": "00", "vnp_Message": "Forged"}
        return answer

    def _said(self, fields: dict[str, Any], code: str, message: str, **more: str) -> Answer:
        own = {
            "vnp_ResponseId": secrets.token_hex(16),
            "vnp_Command": fields["vnp_Command"],
            "vnp_ResponseCode": code,
            "vnp_Message": message,
            "vnp_TmnCode": self.tmn_code,
            "vnp_TxnRef": fields["vnp_TxnRef"],
        }
        return Answer(own | {f"vnp_{name}": value for name, value in more.items()})

    def _known(self, fields: dict[str, Any]) -> Transaction | None:
        found = self.transactions.get(fields["vnp_TxnRef"])
        same = found is not None and found.fields["vnp_CreateDate"] == fields["vnp_TransactionDate"]
        return found if same else None

    def _query(self, fields: dict[str, Any]) -> Answer:
        transaction = self._known(fields)
        if transaction is None:
            return self._said(fields, "91", "Transaction not found")
        more = {
            "Amount": str(transaction.amount or transaction.fields["vnp_Amount"]),
            "OrderInfo": transaction.fields["vnp_OrderInfo"],
            "BankCode": "NCB",
            "PayDate": wire.date(self.clock()),
            "TransactionNo": transaction.number,
            "TransactionType": "01",
            "TransactionStatus": transaction.status,
        }
        return self._said(fields, "00", "QueryDR Success", **{**more, **transaction.refund})

    def _refund(self, fields: dict[str, Any]) -> Answer:
        transaction = self._known(fields)
        if transaction is None:
            return self._said(fields, "91", "Transaction not found")
        amount = int(fields["vnp_Amount"])
        full = fields["vnp_TransactionType"] == "02"
        refusals = (
            (self.refund_code, bool(self.refund_code)),
            ("95", transaction.status not in {"00", "07"}),
            ("94", transaction.refund.get("TransactionStatus") in {"05", "06"}),
            ("04", full and transaction.refunded > 0),
            ("93", transaction.refunded + amount > transaction.amount),
            ("03", full and amount != transaction.amount),
        )
        for code, refused in refusals:
            if refused:
                return self._said(fields, code, "Refund refused")
        transaction.refunded += amount
        transaction.refund = {
            "Amount": str(amount),
            "TransactionNo": str(secrets.randbelow(10**8) + 10**7),
            "TransactionType": fields["vnp_TransactionType"],
            "TransactionStatus": "05",
        }
        more = {**transaction.refund, "OrderInfo": fields["vnp_OrderInfo"], "BankCode": "NCB"}
        return self._said(fields, "00", "Refund success", PayDate=wire.date(self.clock()), **more)

    def finish_refund(self, reference: str, *, status: str = "00") -> None:
        """Let the last refund of an attempt come to its end: 00 done, 06 sent to the bank, 09 rejected."""
        transaction = self.transactions[reference]
        transaction.refund["TransactionStatus"] = status
        if status == "09":
            transaction.refunded -= int(transaction.refund["Amount"])

    def kept(self) -> int:
        """The money in VND that customers paid and did not get back."""
        taken = [each for each in self.transactions.values() if each.status in {"00", "07"}]
        return sum(each.amount - each.refunded for each in taken) // 100
