"""The fields of every message, against the tables of the contract as they are published."""

import msgspec
import pytest

from protocol.from_client import ClientMessage
from protocol.from_server import Hold, Limits, SeatRejection, SeatWarning, ServerMessage

# Type → its fields; those that may be absent end in "?".
FROM_CLIENT = {
    "lock": "id seats mode?",
    "best": "id count zone? accessible?",
    "unlock": "id seats?",
    "extend": "id seats?",
    "restore": "id receipt",
    "resync": "epoch version",
    "auth": "id token",
    "ping": "id",
}
FROM_SERVER = {
    "welcome": "showtime layout epoch version server_at can_lock"
    " holds holds_version receipt? limits heartbeat_ms viewers",
    "snapshot": "epoch version layout seats",
    "delta": "from version changes",
    "locked": "id version seats holds holds_version receipt rejected? lost? warnings?",
    "extended": "id version seats holds holds_version receipt",
    "unlocked": "id version seats holds holds_version receipt",
    "authenticated": "id can_lock holds holds_version receipt?",
    "rejected": "id code message seats? alternatives? rejected? retry_after_ms? outcome?",
    "holds": "holds holds_version receipt?",
    "expiring": "seats expires_at",
    "expired": "seats holds holds_version",
    "viewers": "count",
    "queue": "state position ahead eta_ms",
    "notice": "code message retry_after_ms?",
    "pong": "id server_at",
}


def _fields(struct: type[msgspec.Struct]) -> set[str]:
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    return {field.encode_name + ("" if field.required else "?") for field in info.fields}


@pytest.mark.parametrize(
    ("union", "table"), [(ClientMessage, FROM_CLIENT), (ServerMessage, FROM_SERVER)], ids=["client", "server"]
)
def test_messages_have_the_fields_of_the_contract(union: object, table: dict[str, str]) -> None:
    """No message is missing or more than said, and neither is a field."""
    ours = {struct.__struct_config__.tag: _fields(struct) for struct in union.__args__}  # type: ignore[attr-defined]
    assert ours == {name: set(fields.split()) for name, fields in table.items()}


def test_parts_have_the_fields_of_the_contract() -> None:
    """So have the parts that messages are made of."""
    assert _fields(Hold) == {"seat", "expires_at", "first_at", "order?"}
    assert _fields(Limits) == {"max_seats", "hold_ms", "max_hold_ms"}
    assert _fields(SeatRejection) == {"seat", "code"}
    assert _fields(SeatWarning) == {"code", "seats", "alternatives"}
