"""The published contract of the WebSocket against the messages of the code."""

from pathlib import Path
from typing import Any, get_args

import msgspec

from protocol.codec import CODECS, MAX_INBOUND_BYTES
from protocol.codes import CloseCode
from protocol.from_client import ClientMessage
from protocol.from_server import ServerMessage
from server.web.asyncapi import document
from tests.unit.web.serving import bare_app, client_of

DOCUMENT: dict[str, Any] = msgspec.to_builtins(document())


def resolve(reference: str) -> Any:
    """What a `$ref` leads to."""
    node: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_every_message_is_published_in_its_direction() -> None:
    """Under the name that stands in its field `type`, with the schema that says so."""
    for operation, union in (("ask", ClientMessage), ("tell", ServerMessage)):
        published = set()
        for entry in DOCUMENT["operations"][operation]["messages"]:
            message = resolve(resolve(entry["$ref"])["$ref"])
            schema = resolve(message["payload"]["$ref"])
            assert schema["properties"]["type"] == {"enum": [message["name"]]}
            assert message["summary"]
            published.add(message["name"])
        assert published == {struct.__struct_config__.tag for struct in get_args(union)}


def test_subprotocols_and_private_close_codes_are_published() -> None:
    """With what a client does after each."""
    description = DOCUMENT["info"]["description"]
    assert all(name in description for name in CODECS)
    assert all(str(code.value) in description for code in CloseCode if code.value >= 4000)


def test_the_size_of_messages_and_the_ways_to_be_somebody_are_published() -> None:
    """A client that is built from this document alone meets both at once."""
    description = DOCUMENT["info"]["description"]
    assert f"{MAX_INBOUND_BYTES} bytes" in description
    assert all(way in description for way in ("cookie", "Bearer", "auth"))


async def test_the_document_served_is_this_one(tmp_path: Path) -> None:
    """At the address of the contract."""
    async with client_of(bare_app(tmp_path)) as client:
        assert (await client.get("/api/v1/asyncapi.json")).json() == DOCUMENT
