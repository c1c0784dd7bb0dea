"""Short messages to phones: by eSMS (esms.vn), or into a folder."""

import hashlib
from pathlib import Path
from typing import Final, Protocol

import httpx
import msgspec

from server.domain.errors import DeliveryError
from server.notify.outbox import OutboxFolder
from server.notify.posting import post

_PATH: Final = "/MainService.svc/json/SendMultipleMessage_V4_post_json/"
_ACCEPTED: Final = "100"
_KNOWN: Final = "124"
"""The request id was seen before: eSMS has the message already. It remembers for 24 hours."""
_CUSTOMER_CARE: Final = "2"


class SmsProvider(Protocol):
    """Sends short messages."""

    async def send(self, phone: str, text: str, key: str) -> None:
        """Send `text` (ASCII) to `phone` (`+84912345678`); under the same `key` it arrives once.

        Raises `DeliveryError`.
        """
        ...


class Esms:
    """The customer-care messages of eSMS: `POST SendMultipleMessage_V4_post_json`, from a registered brand name."""

    def __init__(self, client: httpx.AsyncClient, url: str, *, api_key: str, secret_key: str, brand: str) -> None:
        self._client = client
        self._url = url.rstrip("/") + _PATH
        self._account = {"ApiKey": api_key, "SecretKey": secret_key, "Brandname": brand, "SmsType": _CUSTOMER_CARE}

    async def send(self, phone: str, text: str, key: str) -> None:
        """Send it. What eSMS refuses by its code is permanent; no answer, or none that can be read, passes."""
        body = {
            **self._account,
            "Phone": _domestic(phone),
            "Content": text,
            "IsUnicode": "0",
            "RequestId": _request_id(key),
        }
        try:
            answer = await post(self._client, self._url, json=body)
        except httpx.HTTPError as error:
            # Without its cause: the library's error holds the request, and with it phone and keys.
            raise DeliveryError(f"sms: {type(error).__name__}") from None
        if answer.status_code != httpx.codes.OK:
            raise DeliveryError(f"sms: status {answer.status_code}")
        try:
            code = msgspec.json.decode(answer.content, type=_Answer).code
        except msgspec.DecodeError as error:
            raise DeliveryError("sms: unreadable answer") from error
        if str(code) not in {_ACCEPTED, _KNOWN}:
            raise DeliveryError(f"sms: refused with {str(code)[:8]}", permanent=True)


class _Answer(msgspec.Struct):
    code: str | int = msgspec.field(name="CodeResult")


class FileSms:
    """Short messages as text files: the number, an empty line, the text."""

    def __init__(self, folder: Path) -> None:
        self._outbox = OutboxFolder(folder)

    async def send(self, phone: str, text: str, key: str) -> None:
        """Write it."""
        try:
            await self._outbox.put(f"{_request_id(key)}.sms.txt", f"{phone}\n\n{text}\n".encode())
        except OSError as error:
            raise DeliveryError(f"sms: {type(error).__name__}") from error


def _domestic(phone: str) -> str:
    """As eSMS writes numbers: Viet Nam's begin with 0, others with their country code."""
    return f"0{phone[3:]}" if phone.startswith("+84") else phone.removeprefix("+")


def _request_id(key: str) -> str:
    """At most 50 characters."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
