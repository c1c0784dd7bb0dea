"""Imports run one way, and the core does no I/O."""

import pytest

from tests.house.imports import Import, broken_rule, imports_of, is_pure, modules


def test_every_import_keeps_the_rules() -> None:
    """No module of either package imports against the direction of the house."""
    broken = [
        f"{path}:{found.line}: {complaint}"
        for module, path in modules()
        for found in imports_of(module, path.read_text(), package=path.name == "__init__.py")
        if (complaint := broken_rule(module, found))
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("core", ["protocol.client", "protocol.seatmap", "server.domain.layout", "server.ports"])
def test_the_core_is_there_and_counts_as_pure(core: str) -> None:
    """The modules that the rules protect exist under the names that the rules know."""
    assert core in dict(modules())
    assert is_pure(core)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("protocol.codes", "from server.domain import layout"),
        ("protocol.client", "import asyncio"),
        ("protocol.client", "from time import monotonic"),
        ("protocol.client", "from .aio import SeatMapClient"),
        ("server.domain.holds", "def f():\n    import random"),
        ("server.domain.holds", "from server.ports import SeatStore"),
        ("server.domain.holds", "from ..seats import keys"),
        ("server.ports", "import socket"),
        ("server.seats.store", "from server.db import tables"),
        ("server.seats.store", "from server.web import app"),
        ("server.live.hub", "from redis.asyncio import Redis"),
        ("server.live.hub", "from server import main"),
        ("server.identity.tokens", "from server.ops.settings import Settings"),
        ("server.web.app", "import sqlalchemy.ext.asyncio"),
        ("server.embedded.postgres", "from server.db import engine"),
        ("server.ops.metrics", "from server.web import problems"),
        ("server.payments.momo", "from server.notify import mail"),
        ("server.checkout.jobs", "import httpx"),
        ("server.live.hub", "from websockets.asyncio.server import serve"),
        ("server.main", "from starlette.applications import Starlette"),
        ("server.novelty", "from server.domain import layout"),
    ],
)
def test_a_wrong_import_is_found(module: str, source: str) -> None:
    """Each rule catches an import that breaks it, wherever in the module it stands."""
    assert any(broken_rule(module, found) for found in imports_of(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("protocol.aio", "import asyncio"),
        ("protocol.client", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from random import Random"),
        ("server.seats.store", "from redis.asyncio import Redis\nfrom server.ports import SeatStore"),
        ("server.live.subscriber", "import redis.asyncio"),
        ("server.web.app", "from server.live.hub import Hub\nfrom starlette.routing import Route"),
        ("server.main", "from server.ops.settings import Settings"),
    ],
)
def test_a_right_import_is_let_through(module: str, source: str) -> None:
    """The rules forbid no more than they say."""
    assert not [found for found in imports_of(module, source) if broken_rule(module, found)]


def test_relative_imports_are_resolved() -> None:
    """A relative import is judged by what it means, in a module and in a package's own file."""
    in_module = imports_of("server.live.hub", "from .room import Room")
    assert next(in_module) == Import("server.live.room.Room", line=1, for_types=False)
    in_package = imports_of("server.live", "from .room import Room", package=True)
    assert next(in_package).target == "server.live.room.Room"
