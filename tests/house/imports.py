"""Reads the imports of every module and the rules that they must keep.

A rule takes a module and one import of it and returns the sentence that it breaks, or None.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

CORE = {"domain", "ports"}
SIBLINGS = {"seats", "db", "live", "identity", "coordination", "payments", "notify", "checkout"}
"""Adapters, and the use cases of checkout: they meet in ports and domain alone."""

MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    "ports": {"domain"},
    "ops": CORE,
    "embedded": set(),
    "tickets": CORE,
    **{sibling: CORE | {"ops", "tickets"} for sibling in SIBLINGS},
    "web": CORE | {"ops", "tickets"} | SIBLINGS,
    "watch": set(),
    "selling": CORE | {"ops", "tickets", "web"} | SIBLINGS,
    "main": CORE | {"ops", "tickets", "embedded", "selling", "web"} | SIBLINGS,
    "listening": set(),
    "stopping": set(),
    "serving": CORE | {"ops", "listening", "live", "stopping", "web"},
    "supervisor": {"ops", "embedded", "listening", "stopping"},
    "worker": {"ops", "embedded", "listening", "main", "serving", "stopping", "supervisor"},
    "staff_accounts": CORE | {"db"},
    "cli_staff": CORE | {"identity", "staff_accounts"},
    "cli": CORE
    | {"ops", "tickets", "embedded", "listening", "web", "main", "serving", "stopping", "supervisor", "watch"}
    | {"cli_staff", "staff_accounts"}
    | SIBLINGS,
}
"""What each part of `server` may import of the others; its own part always."""

CONFINED: dict[str, tuple[str, ...]] = {
    "redis": ("server.seats", "server.live.subscriber", "server.coordination"),
    "hiredis": ("server.ops.resp",),
    "valkey": (),
    "sqlalchemy": ("server.db",),
    "alembic": ("server.db",),
    "asyncpg": ("server.db.engine",),
    "starlette": ("server.web", "server.live"),
    "uvicorn": ("server.serving", "server.live.wire"),
    "websockets": ("protocol.aio", "server.live.framing", "server.live.wire"),
    "httpx": ("server.selling", "server.payments", "server.notify"),
    "aiosmtplib": ("server.notify.mail",),
    "jinja2": ("server.notify.rendering",),
    "segno": ("server.tickets.qr",),
    "typer": ("server.cli", "server.cli_staff"),
    "pydantic_settings": ("server.ops.settings",),
    "prometheus_client": ("server.ops",),
    "argon2": ("server.identity.passwords",),
}
"""Libraries and the only places that know of them."""

SETTINGS = "server.ops.settings"
SETTINGS_READERS = tuple(f"server.{name}" for name in ("main", "selling", "serving", "supervisor", "worker", "cli"))

SHELL = ("protocol.aio", "protocol.events")
"""The asyncio shell of the client; everything else in `protocol` does no I/O."""

PURE_LIBRARIES = {
    *("__future__", "abc", "base64", "binascii", "bisect", "collections", "contextlib", "copy", "dataclasses"),
    *("datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math"),
    *("operator", "re", "string", "struct", "types", "typing", "unicodedata"),
    *("msgpack", "msgspec"),
}
"""What a module without I/O may use: nothing that sees a clock, chance, a file, a socket or a loop."""


@dataclass(frozen=True)
class Import:
    """One import statement's target, absolute; `for_types` ones are never executed."""

    target: str
    line: int
    for_types: bool


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the file of every module of both packages."""
    for package in ("server", "protocol"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports_of(module: str, source: str, *, package: bool = False) -> Iterator[Import]:
    """Yield every import of a source text, nested ones too; `from a import b` counts as `a.b`."""
    tree = ast.parse(source)
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, node in guarded)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node, package=package)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, node in guarded)


def _absolute(module: str, node: ast.ImportFrom, *, package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + package]
    return ".".join([*kept, node.module] if node.module else kept)


def broken_rule(module: str, found: Import) -> str | None:
    """Return what is wrong with this import in this module, or None."""
    for rule in (_direction, _confinement, _settings, _purity):
        if complaint := rule(module, found):
            return complaint
    return None


def _direction(module: str, found: Import) -> str | None:
    own, target = module.split("."), found.target.split(".")
    if own[0] == "protocol":
        return "protocol imports nothing from server" if target[0] == "server" else None
    if target[0] != "server" or len(own) < 2 or len(target) < 2 or target[1] == own[1]:
        return None
    if own[1] not in MAY_IMPORT:
        return f"server.{own[1]} has no place in the table of import directions"
    return None if target[1] in MAY_IMPORT[own[1]] else f"server.{own[1]} may not import server.{target[1]}"


def _confinement(module: str, found: Import) -> str | None:
    library = found.target.split(".")[0]
    if library not in CONFINED or any(_within(module, place) for place in CONFINED[library]):
        return None
    return f"{library} is imported only under {', '.join(CONFINED[library]) or 'nothing'}"


def _settings(module: str, found: Import) -> str | None:
    if _within(found.target, SETTINGS) and module not in (*SETTINGS_READERS, SETTINGS):
        return f"settings are read only by {', '.join(SETTINGS_READERS)}"
    return None


def _purity(module: str, found: Import) -> str | None:
    if not is_pure(module) or found.for_types:
        return None
    library = found.target.split(".")[0]
    if library in PURE_LIBRARIES or library in {"protocol", "server"}:
        in_shell = any(_within(found.target, place) for place in SHELL)
        return "a module without I/O cannot use the asyncio shell" if in_shell else None
    return f"a module without I/O cannot import {library}"


def is_pure(module: str) -> bool:
    """Tell whether a module belongs to the core that does no I/O."""
    in_core = any(_within(module, place) for place in ("protocol", "server.domain", "server.ports"))
    return in_core and not any(_within(module, place) for place in SHELL)


def _within(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")
