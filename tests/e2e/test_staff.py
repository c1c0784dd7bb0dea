"""Staff in a real browser: signing in and out, what is shown of the audit, and nothing to those who are out."""

import re
import secrets

import pytest
from argon2 import PasswordHasher
from playwright.async_api import Page, expect

from server.db.engine import create_lone_engine
from server.db.staff import PostgresStaffAccounts
from server.domain.staff import CLI, Role
from tests.e2e.conftest import Arrive
from tests.e2e.server import Server
from tests.e2e.shopper import is_narrow_enough, picture
from tests.e2e.visitor import LIMIT_MS

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
REFUSED = re.compile(r"^Failed to load resource: the server responded with a status of (401|429)")
WIDTHS = (360, 768, 1440)


@pytest.fixture
def login() -> str:
    """One that no other test uses: the database is shared."""
    return f"mai-{secrets.token_hex(4)}"


async def employ(url: str, login: str, role: Role, name: str = "Nguyễn Thị Mai") -> None:
    """Open an account in a server's database."""
    engine = create_lone_engine(url)
    await PostgresStaffAccounts(engine).add(login=login, name=name, role=role, password_hash=HASH, actor=CLI)
    await engine.dispose()


async def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Fill in the form and send it off."""
    await page.get_by_label("Login").fill(login)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_manager_signs_in_and_out(
    server: Server, demo_url: str, arrive: Arrive, login: str, width: int
) -> None:
    """By the keyboard alone: a wrong password is said, the right one leads home, and after signing out nothing does."""
    await employ(demo_url, login, Role.MANAGER)
    visitor = await arrive(server, width=width, expecting=REFUSED)
    page = await visitor.open("/staff")
    await expect(page).to_have_url(re.compile(r"/staff/sign-in\?next=%2Fstaff$"))
    await expect(page.get_by_label("Login")).to_be_focused()
    await picture(page, f"sign-in-{width}")
    await sign_in(page, login, "a wrong password")
    await expect(page.get_by_role("alert")).to_contain_text("Login or password is not right")
    assert await is_narrow_enough(page)
    await picture(page, f"sign-in-refused-{width}")
    await sign_in(page, login)
    await expect(page).to_have_url(f"{server.url}/staff")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Nguyễn Thị Mai")
    await expect(page.locator("[data-role]")).to_have_text("Manager")
    await expect(page.get_by_role("navigation").get_by_role("link", name="Home")).to_have_attribute(
        "aria-current", "page"
    )
    newest = page.locator("[data-acts] tr").first
    await expect(newest).to_contain_text("Signed in", timeout=LIMIT_MS)
    await expect(newest).to_contain_text("Nguyễn Thị Mai")
    await expect(page.locator("[data-acts] tr").nth(1)).to_contain_text("Sign-in failed")
    assert await is_narrow_enough(page)
    await picture(page, f"home-{width}")
    await page.get_by_role("button", name="Tiếng Việt").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Xin chào, Nguyễn Thị Mai")
    await expect(newest).to_contain_text("Đăng nhập")
    await picture(page, f"home-vi-{width}")
    await page.get_by_role("button", name="Đăng xuất").click()
    await expect(page).to_have_url(f"{server.url}/staff/sign-in")
    await page.goto("/staff")
    await expect(page).to_have_url(re.compile(r"/staff/sign-in"))


async def test_the_box_office_sees_no_audit(server: Server, demo_url: str, arrive: Arrive, login: str) -> None:
    """Neither asked for nor shown; and a name is text, whatever it looks like."""
    name = "<img src=x onerror=alert(1)>'; --"
    await employ(demo_url, login, Role.BOX_OFFICE, name)
    page = await (await arrive(server, expecting=REFUSED)).open("/staff")
    await sign_in(page, login.upper())
    await expect(page.locator("[data-member]")).to_have_text(name)
    await expect(page.locator("[data-role]")).to_have_text("Box office")
    await expect(page.locator("[data-audit]")).to_be_hidden()
    await expect(page.locator("img")).to_have_count(0)
    await picture(page, "home-box-office")


async def test_guessing_has_to_wait(server: Server, arrive: Arrive, login: str) -> None:
    """The page says for how long, and does not send what is incomplete."""
    page = await (await arrive(server, expecting=REFUSED)).open("/staff/sign-in")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("Please enter login and password.")
    for _ in range(5):
        await sign_in(page, login, "a wrong password")
        await expect(page.get_by_role("alert")).to_contain_text("not right")
        await expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    refused = re.compile(r"Please try again in 0:0\d\.")
    alert = page.get_by_role("alert")
    # Each delay is twice as long as the one before: where the first was over too soon, a later one is met.
    for _ in range(3):
        await sign_in(page, login, "a wrong password")
        await expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
        if refused.search(await alert.inner_text()):
            break
    await expect(alert).to_contain_text(refused)


async def test_a_page_that_was_left_open_is_closed(server: Server, demo_url: str, arrive: Arrive, login: str) -> None:
    """When the account is disabled, the next click leads to the sign-in."""
    await employ(demo_url, login, Role.MANAGER)
    page = await (await arrive(server, expecting=REFUSED)).open("/staff")
    await sign_in(page, login)
    await expect(page.locator("[data-acts] tr").first).to_be_visible()
    engine = create_lone_engine(demo_url)
    await PostgresStaffAccounts(engine).disable(login, actor=CLI)
    await engine.dispose()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(re.compile(r"/staff/sign-in\?next=%2Fstaff$"))
