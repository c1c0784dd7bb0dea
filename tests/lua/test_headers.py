"""Each script's header and body say the same."""

import re
from importlib.resources import files

import pytest

from server.seats.keys import OrderKeys, ShowtimeKeys
from server.seats.replies import Reply
from server.seats.scripts import READ_ONLY, SHARED, Operation, load_scripts, source

COMMON = ["epoch", "not_after", "now"]
"""What every script takes first; the prelude binds it."""

REFUSALS = {"STALE_EPOCH", "TOO_LATE", "TORN", "REPLAYED", "IDEMPOTENCY_MISMATCH"}
"""What the prelude's `refusal` answers, and `replay` of requests with a key, for every script that asks them."""

WRITES = re.compile(r"\b(?:commit|forget_ends|give|keep|let_go|put|record_orders|retire|stay|write|write_all)\(")


class Header:
    """The comment that a script begins with, in its parts."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines()
        end = next(number for number, line in enumerate(lines) if not line.startswith("--"))
        comment = " ".join(line.removeprefix("--").strip() for line in lines[:end])
        match = re.fullmatch(
            r"(?P<purpose>.+?) KEYS: (?P<keys>.+?) ARGV: (?P<argv>.+?) Returns: (?P<returns>.+)", comment
        )
        assert match, f"not a header: {comment}"
        self.purpose = match["purpose"]
        self.keys = match["keys"].split()
        self.argv = match["argv"].split()
        self.returns = re.findall(r"([A-Z_]{2,}) \{", match["returns"])
        self.body = "\n".join(lines[end:])


@pytest.fixture(params=list(Operation))
def script(request: pytest.FixtureRequest) -> tuple[Operation, Header]:
    """Every script in turn."""
    operation: Operation = request.param
    return operation, Header(source(operation))


def test_every_file_is_an_operation() -> None:
    """There is no Lua file that nothing runs, and no operation without a file; what is shared has files too."""
    names = {path.name for path in files("server.seats").joinpath("lua").iterdir()}
    assert names == {f"{name}.lua" for name in (*Operation, *SHARED, "prelude")}


def test_a_header_tells_the_purpose(script: tuple[Operation, Header]) -> None:
    """It begins with a sentence."""
    assert script[1].purpose[0].isupper()
    assert script[1].purpose.endswith(".")


def test_keys_are_those_that_are_sent(script: tuple[Operation, Header]) -> None:
    """KEYS are named in the order in which Python sends them and Lua binds them; those that some share come last."""
    operation, header = script
    more = {"once": ("once",), "orders": OrderKeys._fields}
    shared = [name for name, operations in SHARED.items() if operation in operations]
    own = [key for name in shared for key in more[name]]
    assert header.keys == [*ShowtimeKeys._fields, *own]
    for name in shared:
        for place, key in enumerate(more[name], len(ShowtimeKeys._fields) + 1):
            assert re.search(rf"\blocal .*{key}_key.* = .*KEYS\[{place}\]", source(name))
    bound = re.search(r"\nlocal (seats_key.+?) =\s+(KEYS.+?)\nlocal", source("prelude"), re.DOTALL)
    assert bound
    assert [name.removesuffix("_key") for name in re.split(r",\s*", bound[1])] == list(ShowtimeKeys._fields)
    assert re.findall(r"KEYS\[(\d+)\]", bound[2]) == [str(place + 1) for place in range(len(ShowtimeKeys._fields))]


def test_arguments_are_bound_in_the_first_line(script: tuple[Operation, Header]) -> None:
    """ARGV after the common ones are bound to the header's names, in its order, in the body's first paragraph."""
    header = script[1]
    assert header.argv[: len(COMMON)] == COMMON
    own = header.argv[len(COMMON) :]
    places = re.findall(r"ARGV\[(\d+)\]", header.body)
    assert places == [str(place + len(COMMON) + 1) for place in range(len(own))]
    first = header.body.split("\n\n")[0]
    if own:
        assert ", ".join(re.findall(r"local (.+?) = ", first)) == ", ".join(own)
        assert first.count("ARGV[") == len(own)


def test_returns_are_those_of_the_body(script: tuple[Operation, Header]) -> None:
    """The codes that the header lists are those that the body answers, and all are in the one list."""
    header = script[1]
    answered = set(re.findall(r"reply\(REPLY\.([A-Z_]+)", header.body))
    assert set(header.returns) == answered
    assert set(re.findall(r"REPLY\.([A-Z_]+)", header.body)) <= {reply.name for reply in Reply}


def test_scripts_that_act_ask_refusal_first(script: tuple[Operation, Header]) -> None:
    """Epoch and `not_after` are checked before anything else; the two that make epochs check them by themselves."""
    operation, header = script
    if operation in {Operation.BEGIN, Operation.LOAD}:
        assert {"STALE_EPOCH", "TOO_LATE"} <= set(header.returns)
    else:
        statements = header.body.splitlines()
        asked = statements.index("local refused = refusal()")
        assert not any("redis.call" in line or WRITES.search(line) for line in statements[:asked])
        assert not REFUSALS & set(header.returns)


def test_keys_are_looked_up_before_anything_is_decided() -> None:
    """What a request with a key was answered before comes before every refusal of the script's own."""
    for operation in SHARED["once"]:
        body = source(operation)
        assert body.index("refusal()") < body.index("replay(once_name, once_hash)") < body.index("unknown(seats)")


def test_read_only_scripts_write_nothing(script: tuple[Operation, Header]) -> None:
    """What runs by EVALSHA_RO says no word of writing; all others do."""
    operation, header = script
    assert bool(WRITES.search(header.body)) == (operation not in READ_ONLY)
    assert load_scripts()[operation].by_hash == (b"EVALSHA_RO" if operation in READ_ONLY else b"EVALSHA")


def test_mutations_write_in_commit_alone(script: tuple[Operation, Header]) -> None:
    """Only the two that make epochs write by themselves; a mutation decides first and ends in `commit`."""
    operation, header = script
    direct = re.search(r"\bwrite(?:_all)?\(", header.body)
    calls = set(re.findall(r"redis\.call\('([A-Z]+)'", header.body))
    assert bool(direct) == (operation in {Operation.BEGIN, Operation.LOAD})
    assert calls <= {"GET", "HGETALL", "HMGET", "XRANGE", "ZRANGEBYSCORE"}


def test_the_reply_codes_are_put_in_front() -> None:
    """Scripts know the codes by name, from the one list in Python."""
    text = load_scripts()[Operation.LOCK].text.decode()
    for reply in Reply:
        assert f"{reply.name} = {reply.value}" in text.splitlines()[0]
