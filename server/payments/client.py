"""Calls to gateways over HTTP: JSON both ways, bounded in time and size, no error but silence."""

import asyncio
import json
from typing import Final

import httpx
import msgspec
import structlog

log = structlog.get_logger(__name__)

MAX_REPLY_BYTES: Final = 65_536
"""Replies have about 1,000 bytes; of a longer one nothing is read."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object that a gateway answered, and the status beside it. Nothing of it is verified yet."""

    status: int
    data: dict[str, object]


class GatewayClient:
    """Posts JSON to one gateway, which has `timeout_ms` for the whole answer.

    It goes to the addresses of the settings alone: no redirect is followed, no proxy of the environment is used.
    """

    def __init__(self, gateway: str, *, timeout_ms: int) -> None:
        self._gateway = gateway
        self._seconds = timeout_ms / 1000
        self._http = httpx.AsyncClient(timeout=self._seconds, follow_redirects=False, trust_env=False)

    async def post(self, url: str, payload: dict[str, object]) -> Reply | None:
        """What the gateway answers, whatever its status; None for silence, slowness and anything but a JSON object.

        After None the call may have had its effect all the same.
        """
        body = json.dumps(payload, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        try:
            # httpx bounds each step alone: an answer that drips would never end.
            async with asyncio.timeout(self._seconds):
                async with self._http.stream("POST", url, content=body, headers=headers) as answer:
                    content = await _read(answer)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            log.warning("gateway did not answer", gateway=self._gateway, error=type(error).__name__)
            return None
        data = None if content is None else read_object(content)
        if data is None:
            log.warning("gateway answered no JSON object", gateway=self._gateway, status=answer.status_code)
            return None
        return Reply(status=answer.status_code, data=data)

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._http.aclose()


async def _read(answer: httpx.Response) -> bytes | None:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > MAX_REPLY_BYTES:
            return None
    return bytes(content)


def read_object(content: bytes) -> dict[str, object] | None:
    """The JSON object in UTF-8 that this is, whole numbers as ints; None for anything else and for a repeated name."""
    try:
        data = json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")
