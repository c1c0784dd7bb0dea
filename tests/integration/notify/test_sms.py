"""SMS to a server that answers as eSMS does, and into the folder."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from server.domain.errors import DeliveryError
from server.notify.sms import Esms, FileSms
from tests.integration.notify.far_end import far_end
from tests.integration.notify.mailbox import silent_server

PHONE = "+84912345678"
OK = (200, b'{"CodeResult": "100", "CountRegenerate": 0, "SMSID": "1"}')


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of an account."""
    async with httpx.AsyncClient(timeout=20) as opened:
        yield opened


def esms(client: httpx.AsyncClient, url: str) -> Esms:
    """An account there."""
    return Esms(client, url, api_key="KEY", secret_key="SECRET", brand="CineBook")


async def failure(provider: Esms) -> tuple[str, bool]:
    """What a message that is not taken fails by, and whether for good; neither number nor keys are told."""
    with pytest.raises(DeliveryError) as caught:
        await provider.send(PHONE, "Ve", "key-1")
    told = f"{caught.value!r} {caught.value.__cause__!r}"
    assert not [secret for secret in ("912345678", "SECRET", "KEY", "localhost") if secret in told]
    return str(caught.value), caught.value.permanent


async def test_a_message_is_asked_for_as_esms_documents_it(client: httpx.AsyncClient) -> None:
    """One POST of JSON with the account, the number as Viet Nam writes it, and an id of its own for the notice."""
    async with far_end(OK) as server:
        await esms(client, server.url).send(PHONE, "Ve F7", "key-1")
        await esms(client, f"{server.url}/").send("+491701234567", "Ve F8", "key-1")
        await esms(client, server.url).send(PHONE, "Ve F9", "key-2")
    first, abroad, other = (json.loads(got.body) for got in server.got)
    assert {(got.method, got.path) for got in server.got} == {
        ("POST", "/MainService.svc/json/SendMultipleMessage_V4_post_json/")
    }
    assert server.got[0].headers["content-type"] == "application/json"
    identity = first.pop("RequestId")
    assert first == {
        "ApiKey": "KEY",
        "SecretKey": "SECRET",
        "Brandname": "CineBook",
        "SmsType": "2",
        "Phone": "0912345678",
        "Content": "Ve F7",
        "IsUnicode": "0",
    }
    assert abroad["Phone"] == "491701234567"
    assert abroad["RequestId"] == identity != other["RequestId"]
    assert len(identity) <= 50


@pytest.mark.parametrize("body", [b'{"CodeResult": "124", "ErrorMessage": "Duplicate"}', b'{"CodeResult": 100}'])
async def test_a_message_known_already_was_sent(client: httpx.AsyncClient, body: bytes) -> None:
    """A repeat after a lost answer is no failure."""
    async with far_end((200, body)) as server:
        await esms(client, server.url).send(PHONE, "Ve", "key-1")


@pytest.mark.parametrize(
    ("status", "body", "failed_by", "permanent"),
    [
        (200, b'{"CodeResult": "99"}', "sms: refused with 99", True),
        (200, b'{"CodeResult": "103"}', "sms: refused with 103", True),
        (503, b"busy", "sms: status 503", False),
        (302, b"", "sms: status 302", False),
        (200, b"<html>", "sms: unreadable answer", False),
        (200, b"{}", "sms: unreadable answer", False),
        (200, b'{"CodeResult": null}', "sms: unreadable answer", False),
        (200, b"\xff", "sms: unreadable answer", False),
    ],
)
async def test_every_other_answer_is_a_failure(
    client: httpx.AsyncClient, status: int, body: bytes, failed_by: str, permanent: bool
) -> None:
    """Refused by a code: for good. Anything that is no answer: for now; no redirect is followed."""
    async with far_end((status, body)) as server:
        assert await failure(esms(client, server.url)) == (failed_by, permanent)
    assert len(server.got) == 1


async def test_no_answer_passes(client: httpx.AsyncClient) -> None:
    """A silent server, and none at all."""
    async with silent_server() as port, httpx.AsyncClient(timeout=httpx.Timeout(20, read=0.1)) as impatient:
        assert await failure(esms(impatient, f"http://127.0.0.1:{port}")) == ("sms: ReadTimeout", False)
    assert await failure(esms(client, "http://127.0.0.1:1")) == ("sms: ConnectError", False)


async def test_messages_as_files(tmp_path: Path) -> None:
    """One a notice, for their owner's eyes alone."""
    provider = FileSms(tmp_path / "outbox")
    for _ in range(2):
        await provider.send(PHONE, "Ve F7", "key-1")
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.read_text() == f"{PHONE}\n\nVe F7\n"
    assert file.stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveryError):
        await FileSms(tmp_path / "file").send(PHONE, "Ve", "key-1")
