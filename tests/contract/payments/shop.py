"""Where notifications and browsers come back to: it reads what arrives by the gateway, and answers as it is told."""

from typing import Self

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.domain.errors import ForgedCallbackError, MalformedCallbackError
from server.domain.payments import Callback, Fact, Verdict
from server.ports import PaymentGateway
from tests.gateways.serving import Serving


class Shop:
    """Serves the addresses of callbacks; `facts` are what they told, `verdicts` what the next ones are answered."""

    def __init__(self) -> None:
        self.gateway: PaymentGateway | None = None
        self.facts: list[Fact] = []
        self.callbacks: list[Callback] = []
        self.verdicts: list[Verdict] = []
        self._serving = Serving()
        self.url = self._serving.url

    async def __aenter__(self) -> Self:
        await self._serving.start([Route("/api/v1/payments/{name}/ipn", self._ipn, methods=["GET", "POST"])])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._serving.stop()

    async def _ipn(self, request: Request) -> Response:
        assert self.gateway is not None
        callback = Callback(
            query=tuple(request.query_params.multi_items()),
            body=await request.body(),
            content_type=request.headers.get("content-type", ""),
        )
        self.callbacks.append(callback)
        verdict = self.verdicts.pop(0) if self.verdicts else Verdict.RECORDED
        try:
            self.facts.append(self.gateway.read_callback(callback))
        except ForgedCallbackError:
            verdict = Verdict.FORGED
        except MalformedCallbackError:
            verdict = Verdict.MALFORMED
        answer = self.gateway.answer(verdict)
        return Response(answer.body, status_code=answer.status, media_type=answer.content_type)
