"""The Lua scripts, one operation each, over one prelude that is put in front of every one, and what some share."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from server.seats.replies import Reply


class Operation(StrEnum):
    """Every script, by the name of its file."""

    BEGIN = "begin"
    LOAD = "load"
    LOCK = "lock"
    UNLOCK = "unlock"
    EXTEND = "extend"
    EXPIRE = "expire"
    PIN = "pin"
    OCCUPY = "occupy"
    APPLY = "apply"
    RELEASE = "release"
    BLOCK = "block"
    RETIRE = "retire"
    SNAPSHOT = "snapshot"
    SINCE = "since"
    HOLDINGS = "holdings"


READ_ONLY: Final = frozenset({Operation.SNAPSHOT, Operation.SINCE, Operation.HOLDINGS})
"""These run by EVALSHA_RO: the store itself refuses them any write."""

SHARED: Final = {
    "once": frozenset({Operation.LOCK, Operation.EXTEND}),
    "orders": frozenset(
        {
            *(Operation.LOAD, Operation.PIN, Operation.OCCUPY),
            *(Operation.APPLY, Operation.RELEASE, Operation.RETIRE),
        }
    ),
}
"""Files that are put between the prelude and these operations."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script as the store gets it; `by_hash` and `by_text` are the commands that run it."""

    operation: Operation
    text: bytes
    sha: bytes

    @property
    def by_hash(self) -> bytes:
        """The command that runs the script by its hash."""
        return b"EVALSHA_RO" if self.operation in READ_ONLY else b"EVALSHA"

    @property
    def by_text(self) -> bytes:
        """The command that runs the script by its text, whether the store has it or not."""
        return b"EVAL_RO" if self.operation in READ_ONLY else b"EVAL"


Scripts = Mapping[Operation, Script]


def source(name: str) -> str:
    """The text of one Lua file, as it is in the package."""
    return files("server.seats").joinpath("lua", f"{name}.lua").read_text("utf-8")


def build(prelude: str, body: str, operation: Operation) -> Script:
    """A script from its parts: the reply codes, the prelude, what it shares with others, the operation."""
    codes = ", ".join(f"{reply.name} = {reply.value}" for reply in Reply)
    shared = "\n".join(source(name) for name, operations in SHARED.items() if operation in operations)
    text = f"local REPLY = {{{codes}}}\n{prelude}\n{shared}\n{body}".encode()
    # The store names scripts by their SHA-1; nothing here rests on its strength.
    return Script(operation, text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())


@cache
def load_scripts() -> Scripts:
    """Every script, read from the package once."""
    prelude = source("prelude")
    return {operation: build(prelude, source(operation), operation) for operation in Operation}
