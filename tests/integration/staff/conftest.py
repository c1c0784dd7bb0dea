"""An application over a fresh database, and staff who have accounts in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from server.domain.staff import CLI, Role
from tests.integration.rest.place import Place, open_place

SESSION = "/api/v1/staff/session"
AUDIT = "/api/v1/staff/audit"
PASSWORD = "correct horse battery"
WRONG = "a wrong password"


@pytest.fixture
async def place(redis_url: str, key_prefix: str, database_url: str) -> AsyncIterator[Place]:
    """An application over a database without anything in it, with a manager `mai` and `binh` at the box office."""
    async with open_place(redis_url, key_prefix, database_url) as opened:
        await employ(opened, "mai", Role.MANAGER)
        await employ(opened, "binh", Role.BOX_OFFICE)
        yield opened


async def employ(place: Place, login: str, role: Role, name: str | None = None) -> None:
    """Open an account, with the password that all have here."""
    password_hash = await place.staff.passwords.hash(PASSWORD)
    await place.staff.accounts.add(
        login=login, name=name or login.title(), role=role, password_hash=password_hash, actor=CLI
    )


async def sign_in(client: httpx.AsyncClient, login: str, password: str = PASSWORD) -> httpx.Response:
    """Try to sign in."""
    return await client.post(SESSION, json={"login": login, "password": password})


@asynccontextmanager
async def signed_in(place: Place, login: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which somebody has signed in."""
    async with place.client() as browser:
        (await sign_in(browser, login)).raise_for_status()
        yield browser


async def acts(place: Place) -> list[tuple[str, str, str]]:
    """Actor, action and subject of each record, the oldest first."""
    page = await place.staff.audit.page(after=None, limit=100)
    return [(record.actor, record.action, record.subject) for record in reversed(page.records)]
