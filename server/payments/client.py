"""Calls to gateways over HTTP: JSON both ways, bounded in time and size, each recorded, no error but silence."""

import asyncio
import functools
import json
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx
import msgspec
import structlog

from server.ports.traffic import MAX_KEPT_BYTES, Failure, GatewayCall, Record, unrecorded

log = structlog.get_logger(__name__)

MAX_REPLY_BYTES: Final = 65_536
"""Replies have about 1,000 bytes; of a longer one nothing is read."""

_HIDDEN: Final = "…".encode()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object that a gateway answered, and the status beside it. Nothing of it is verified yet."""

    status: int
    data: dict[str, object]


@dataclass
class _Heard:
    """What was heard of a gateway until now; `whole` once its answer ended."""

    status: int | None = None
    content: bytearray = field(default_factory=bytearray)
    whole: bool = False
    failure: Failure | None = Failure.ABANDONED


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Whom clients trust, read once: it takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


class GatewayClient:
    """Posts JSON to one gateway, which has `timeout_ms` for the whole answer, and has each call recorded.

    It goes to the addresses of the settings alone: no redirect is followed, no proxy of the environment is used. `keys`
    are ours and never recorded, also where a gateway repeats one. `clock` is milliseconds.
    """

    def __init__(
        self,
        gateway: str,
        *,
        timeout_ms: int,
        clock: Callable[[], int],
        keys: tuple[bytes, ...] = (),
        record: Record = unrecorded,
    ) -> None:
        self._gateway = gateway
        self._seconds = timeout_ms / 1000
        self._clock = clock
        self._keys = tuple(filter(None, keys))
        self._record = record
        self._http = httpx.AsyncClient(
            verify=_trusted(), timeout=self._seconds, follow_redirects=False, trust_env=False
        )

    async def post(self, url: str, payload: dict[str, object], *, kind: str, reference: str) -> Reply | None:
        """What the gateway answers, whatever its status; None for silence, slowness and anything but a JSON object.

        After None the call may have had its effect all the same. `kind` and `reference` are what it is recorded under.
        """
        body = json.dumps(payload, ensure_ascii=False).encode()
        heard, sent_at, began = _Heard(), self._clock(), time.monotonic()
        try:
            return await self._ask(url, body, heard)
        finally:
            self._record(
                GatewayCall(
                    id=uuid.uuid4().hex,
                    gateway=self._gateway,
                    kind=kind,
                    reference=reference,
                    sent_at=sent_at,
                    took_ms=round((time.monotonic() - began) * 1000),
                    request=self._kept(body, whole=True),
                    failure=heard.failure,
                    status=heard.status,
                    answer=None if heard.status is None else self._kept(bytes(heard.content), whole=heard.whole),
                )
            )

    async def _ask(self, url: str, body: bytes, heard: _Heard) -> Reply | None:
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        try:
            # httpx bounds each step alone: an answer that drips would never end.
            async with asyncio.timeout(self._seconds):
                async with self._http.stream("POST", url, content=body, headers=headers) as answer:
                    heard.status = answer.status_code
                    await _read(answer, heard)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            heard.failure = _failure(error)
            log.warning("gateway did not answer", gateway=self._gateway, error=type(error).__name__)
            return None
        data = read_object(bytes(heard.content)) if heard.whole else None
        if data is None:
            heard.failure = Failure.NO_JSON if heard.whole else Failure.TOO_LONG
            log.warning("gateway answered no JSON object", gateway=self._gateway, status=heard.status)
            return None
        heard.failure = None
        return Reply(status=answer.status_code, data=data)

    def _kept(self, content: bytes, *, whole: bool) -> bytes:
        for key in self._keys:
            content = content.replace(key, _HIDDEN)
        if not whole and self._keys:
            # Of a key that was cut in two the rest would not be found.
            content = content[: max(0, len(content) - max(map(len, self._keys)) + 1)]
        return content[:MAX_KEPT_BYTES]

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._http.aclose()


async def _read(answer: httpx.Response, heard: _Heard) -> None:
    async for part in answer.aiter_bytes():
        heard.content += part
        if len(heard.content) > MAX_REPLY_BYTES:
            return
    heard.whole = True


def _failure(error: Exception) -> Failure:
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return Failure.UNREACHABLE
        case httpx.TimeoutException() | TimeoutError():
            return Failure.TIMEOUT
        case _:
            return Failure.BROKEN


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
