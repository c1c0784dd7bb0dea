"""What staff do with orders in a real browser: find one, send money back, clear one under review, see how it goes."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import select, text

from server.db.engine import create_lone_engine
from server.db.tables.orders import payments
from server.db.traffic import PostgresTraffic
from server.domain.staff import Role
from server.embedded import EmbeddedPostgres, EmbeddedValkey
from server.ports.traffic import Failure, GatewayCall
from tests.e2e.conftest import Arrive, serving
from tests.e2e.server import Server
from tests.e2e.shopper import Shopper, is_narrow_enough, picture
from tests.e2e.test_staff import REFUSED, employ, sign_in
from tests.e2e.visitor import LIMIT_MS, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDTHS = (360, 768, 1440)


@pytest.fixture(scope="module")
def desk_url(postgres: EmbeddedPostgres, seeded_template: str) -> str:
    """A database whose orders are these tests' alone."""
    postgres.sql(f"CREATE DATABASE desk_for_e2e TEMPLATE {seeded_template}")
    return postgres.url_of("desk_for_e2e")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(
    valkey: EmbeddedValkey, desk_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """A server that sells."""
    async with serving(tmp_path_factory.mktemp("desk"), valkey, desk_url, "desk") as server:
        yield server


async def _bought(desk: Server, arrive: Arrive, *, seats: int = 2, how: str = "pay") -> tuple[Shopper, list[str], str]:
    """A customer on the page of an order; its seats, and its id."""
    visitor = await arrive(desk)
    chosen = await (await visitor.hall()).free(seats)
    shopper = await Shopper.with_seats(visitor, chosen)
    await shopper.order()
    order = await shopper.do(how)
    await shopper.is_told("paid|review", "")
    return shopper, chosen, order


async def _at_work(visitor: Visitor, desk_url: str, path: str, role: Role) -> Page:
    """A page of staff, with somebody new signed in."""
    login = f"mai-{secrets.token_hex(4)}"
    await employ(desk_url, login, role)
    page = await visitor.open(path)
    await expect(page).to_have_url(re.compile("/staff/sign-in"))
    await sign_in(page, login)
    await expect(page.locator("main")).to_have_attribute("aria-busy", "false", timeout=LIMIT_MS)
    return page


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_seat_is_refunded(desk: Server, desk_url: str, arrive: Arrive, width: int) -> None:
    """A manager finds the order by its number and gives one seat back: it is free, and the customer sees why."""
    shopper, seats, order = await _bought(desk, arrive)
    page = await _at_work(await arrive(desk, width=width, expecting=REFUSED), desk_url, "/staff/orders", Role.MANAGER)
    await page.get_by_label("E-mail, phone").fill(order)
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator("[data-found] tbody tr")).to_have_count(1, timeout=LIMIT_MS)
    await page.locator(f'[data-order="{order}"]').click()
    await expect(page.get_by_role("heading", name=order)).to_be_focused()
    await page.get_by_role("checkbox", name=re.compile(f"^{seats[0]},")).check()
    button = page.locator('[data-action="refund"]')
    await expect(button).to_contain_text("75,000")
    await button.click()
    await expect(page.locator('[data-fault="reason"]')).to_have_text("Please give a reason.")
    await page.get_by_label("Reason, for the books").fill("A broken seat")
    await picture(page, f"staff-order-{width}")
    assert await is_narrow_enough(page)
    await button.click()
    await expect(page.get_by_role("dialog")).to_contain_text(f"Seats {seats[0]} become free")
    await page.get_by_role("button", name="Yes, send it").click()
    await expect(page.locator("[data-badge]")).to_have_text("Partly refunded", timeout=LIMIT_MS)
    await expect(page.locator("[data-refunds] tbody tr")).to_contain_text("A broken seat")
    await picture(page, f"staff-refunded-{width}")
    await shopper.page.reload()
    await shopper.is_told("partly_refunded", "stay valid")
    await shopper.has_tickets(seats[1])
    await expect(shopper.refunds).to_have_attribute("data-refund", "done")
    onlooker = await (await arrive(desk)).hall()
    await onlooker.shows(seats[0], "A")
    await onlooker.shows(seats[1], "O")
    await page.go_back()
    await expect(page.locator("[data-detail]")).to_be_hidden()


async def _no_word_of_it(desk_url: str, order: str, change: str) -> None:
    """Make the refund of an order one that its gateway accepted two hours ago, and set what else it has to be."""
    hours = "begun_at = begun_at - interval '2 hours', leased_until = now() + interval '1 day'"
    engine = create_lone_engine(desk_url)
    async with engine.begin() as connection:
        await connection.execute(
            text(f'UPDATE refunds SET {hours}, {change} WHERE "order" = :order'),  # noqa: S608 - words of these tests
            {"order": order},
        )
        await connection.execute(text("UPDATE orders SET state = 'refunding' WHERE id = :order"), {"order": order})
    await engine.dispose()


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_end_of_a_refund_is_said_by_hand(desk: Server, desk_url: str, arrive: Arrive, width: int) -> None:
    """Where the gateway never says it: how, on which day, and from what it is known; and a contradiction is shown."""
    _, seats, order = await _bought(desk, arrive)
    manager = await arrive(desk, width=width, expecting=REFUSED)
    page = await _at_work(manager, desk_url, f"/staff/orders?order={order}", Role.MANAGER)
    await page.get_by_role("checkbox", name=re.compile(f"^{seats[0]},")).check()
    await page.get_by_label("Reason, for the books").fill("A broken seat")
    await page.locator('[data-action="refund"]').click()
    await page.get_by_role("button", name="Yes, send it").click()
    await expect(page.locator("[data-badge]")).to_have_text("Partly refunded", timeout=LIMIT_MS)
    await _no_word_of_it(desk_url, order, "state = 'sent'")
    await page.reload()
    await page.get_by_role("button", name="Say how it ended").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("How did the refund of")
    await dialog.get_by_role("button", name="Record it").click()
    await expect(dialog.locator('[data-fault="outcome"]')).to_have_text("Please choose how it ended.")
    await dialog.get_by_role("radio", name="The money went back").check()
    await dialog.get_by_role("button", name="Record it").click()
    await expect(dialog.locator('[data-fault="on"]')).to_contain_text("Please enter the day")
    await picture(page, f"staff-close-{width}")
    assert await is_narrow_enough(page)
    await dialog.get_by_label("On", exact=True).fill(datetime.now().astimezone().date().isoformat())
    await dialog.get_by_label("What this is known from").fill("Bank statement")
    await dialog.get_by_role("button", name="Record it").click()
    await expect(page.locator("[data-badge]")).to_have_text("Partly refunded", timeout=LIMIT_MS)
    row = page.locator("[data-refunds] tbody tr")
    await expect(row).to_contain_text("Bank statement")
    await expect(row).not_to_contain_text("the gateway says")
    await _no_word_of_it(desk_url, order, "said = 'failed', said_at = now()")
    await page.reload()
    await expect(row).to_contain_text("the gateway says: Failed", timeout=LIMIT_MS)
    await picture(page, f"staff-contradicted-{width}")
    assert await is_narrow_enough(page)
    await page.goto("/staff/payments")
    await expect(page.locator('[data-figure="contradictions"]')).to_have_class("is-alarming", timeout=LIMIT_MS)


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_refund_is_paid_back_otherwise(desk: Server, desk_url: str, arrive: Arrive, width: int) -> None:
    """One that failed is done then, beside the gateway's word, and not sent again; one that was never sent never is."""
    _, _, order = await _bought(desk, arrive, seats=1)
    manager = await arrive(desk, width=width, expecting=REFUSED)
    page = await _at_work(manager, desk_url, f"/staff/orders?order={order}", Role.MANAGER)
    await page.get_by_label("or an amount").fill("10.000")
    await page.get_by_label("Reason, for the books").fill("A broken seat")
    await page.locator('[data-action="refund"]').click()
    await page.get_by_role("button", name="Yes, send it").click()
    await expect(page.locator("[data-badge]")).to_have_text("Partly refunded", timeout=LIMIT_MS)
    await _no_word_of_it(desk_url, order, "state = 'requested', gateway_id = NULL")
    await page.reload()
    await page.get_by_role("button", name="Say how it ended").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Once this is recorded, it never will be")
    await expect(dialog.get_by_role("radio", name="It failed")).to_be_visible()
    await dialog.get_by_role("button", name="Close").click()
    await _no_word_of_it(desk_url, order, "state = 'failed', code = '09'")
    await page.reload()
    again = page.get_by_role("button", name="Send again")
    await expect(again).to_be_visible(timeout=LIMIT_MS)
    await page.get_by_role("button", name="Paid back otherwise").click()
    await expect(dialog).to_contain_text("it cannot be sent again")
    await expect(dialog.get_by_role("radio", name="The money went back")).to_be_checked()
    await expect(dialog.get_by_role("radio", name="It failed")).to_be_hidden()
    await dialog.get_by_label("On", exact=True).fill(datetime.now().astimezone().date().isoformat())
    await dialog.get_by_label("What this is known from").fill("Cash at the box office")
    await picture(page, f"staff-paid-otherwise-{width}")
    assert await is_narrow_enough(page)
    await dialog.get_by_role("button", name="Record it").click()
    await expect(page.locator("[data-badge]")).to_have_text("Partly refunded", timeout=LIMIT_MS)
    row = page.locator("[data-refunds] tbody tr")
    await expect(row).to_contain_text("the gateway says: Failed")
    await expect(row).to_contain_text("Cash at the box office")
    await expect(again).to_be_hidden()
    await picture(page, f"staff-was-paid-otherwise-{width}")


async def test_an_amount_is_refunded(desk: Server, desk_url: str, arrive: Arrive) -> None:
    """An amount frees no seat; more than is left is refused before it is asked for."""
    shopper, seats, order = await _bought(desk, arrive, seats=1)
    page = await _at_work(await arrive(desk, expecting=REFUSED), desk_url, f"/staff/orders?order={order}", Role.MANAGER)
    await page.get_by_label("or an amount").fill("75.001")
    await page.get_by_label("Reason, for the books").fill("Sound was bad")
    await page.locator('[data-action="refund"]').click()
    await expect(page.locator('[data-fault="amount"]')).to_contain_text("up to what is left")
    await page.get_by_label("or an amount").fill("10.000")
    await page.locator('[data-action="refund"]').click()
    await page.get_by_role("button", name="Yes, send it").click()
    await expect(page.locator("[data-badge]")).to_have_text("Partly refunded", timeout=LIMIT_MS)
    await shopper.page.reload()
    await shopper.has_tickets(*seats)


async def test_a_review_is_cleared(desk: Server, desk_url: str, arrive: Arrive) -> None:
    """A manager lets a suspected payment pass, and the customer has the ticket."""
    shopper, seats, order = await _bought(desk, arrive, seats=1, how="suspect")
    page = await _at_work(await arrive(desk, expecting=REFUSED), desk_url, f"/staff/orders?order={order}", Role.MANAGER)
    await expect(page.locator("[data-review]")).to_contain_text("suspects fraud")
    await picture(page, "staff-review")
    await page.get_by_role("button", name="Let it pass").click()
    await expect(page.locator("[data-badge]")).to_have_text("Paid", timeout=LIMIT_MS)
    await shopper.page.reload()
    await shopper.has_tickets(*seats)


async def test_the_box_office_sends_nothing_back(desk: Server, desk_url: str, arrive: Arrive) -> None:
    """It sees the order, found by the customer's address, and is told who may do more."""
    _, _, order = await _bought(desk, arrive, seats=1)
    page = await _at_work(await arrive(desk, expecting=REFUSED), desk_url, "/staff/orders", Role.BOX_OFFICE)
    await page.get_by_label("E-mail, phone").fill("LAN@example.com")
    await page.get_by_label("State").select_option("paid")
    await page.get_by_role("button", name="Search").click()
    await page.locator(f'[data-order="{order}"]').click()
    await expect(page.locator("[data-detail]")).to_contain_text("Only managers send money back", timeout=LIMIT_MS)
    await expect(page.locator("[data-refund-form]")).to_be_hidden()
    await expect(page.locator("[data-traffic]")).to_be_hidden()
    await page.get_by_label("E-mail, phone").fill("nobody@example.com")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator("[data-none]")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
async def test_what_was_said_with_gateways_is_read(desk: Server, desk_url: str, arrive: Arrive, width: int) -> None:
    """A manager sees what the gateway told and from where, and each call with what came of it, or why nothing did."""
    _, _, order = await _bought(desk, arrive, seats=1)
    await _called(desk_url, order)
    path = f"/staff/orders?order={order}"
    page = await _at_work(await arrive(desk, width=width, expecting=REFUSED), desk_url, path, Role.MANAGER)
    await page.get_by_role("button", name="Show it").click()
    rows = page.locator("[data-said] details")
    await expect(rows).to_have_count(20, timeout=LIMIT_MS)
    answered = asyncio.Semaphore(0)
    page.on("requestfinished", lambda request: answered.release() if "cursor=" in request.url else None)
    # Impatient people ask twice, and see everything once.
    await page.locator('[data-action="traffic"]').evaluate("button => [button.click(), button.click()]")
    async with asyncio.timeout(LIMIT_MS / 1000):
        await answered.acquire()
        await answered.acquire()
    await expect(page.locator('[data-action="traffic"]')).to_be_hidden(timeout=LIMIT_MS)
    await expect(rows).to_have_count(26, timeout=LIMIT_MS)
    told = page.locator('[data-direction="in"]')
    await expect(told).to_contain_text("Recorded")
    await told.locator("summary").click()
    await expect(told).to_contain_text("127.0.0.1")
    await expect(told.locator("pre")).to_contain_text('"outcome":"paid"')
    asked = page.locator('[data-direction="out"]')
    await expect(asked.first).to_contain_text("No answer in time")
    await asked.last.locator("summary").click()
    await expect(asked.last.get_by_role("region", name="Answer")).to_contain_text("vnp_ResponseCode")
    await picture(page, f"staff-traffic-{width}")
    assert await is_narrow_enough(page)
    await page.get_by_role("button", name="Tiếng Việt").click()
    await expect(asked.first).to_contain_text("Không trả lời kịp")
    await expect(asked.last.locator("pre").first).to_be_visible()


async def _called(desk_url: str, order: str) -> None:
    """Write down 25 calls about the payment of an order: the oldest was answered, the others were not."""
    engine = create_lone_engine(desk_url)
    payment = select(payments.c.gateway, payments.c.reference).where(payments.c.order == order)
    async with engine.connect() as connection:
        gateway, reference = (await connection.execute(payment)).one()
    now = time.time_ns() // 1_000_000
    body = json.dumps({"vnp_RequestId": "0" * 32, "vnp_ResponseCode": "00", "vnp_SecureHash": "f" * 128}).encode()
    calls = [
        GatewayCall(
            id=f"{order}-{number}",
            gateway=gateway,
            kind="refund/query",
            reference=reference,
            sent_at=now + number,
            took_ms=340 if number == 0 else 15_000,
            request=body,
            failure=Failure.TIMEOUT if number else None,
            status=None if number else 200,
            answer=None if number else body,
        )
        for number in range(25)
    ]
    await PostgresTraffic(engine).append(calls)
    await engine.dispose()


@pytest.mark.parametrize("width", WIDTHS)
async def test_how_payments_go_is_seen(desk: Server, desk_url: str, arrive: Arrive, width: int) -> None:
    """Attempts by gateway and outcome, the success rate, and money of which every part is explained."""
    await _bought(desk, arrive, seats=1)
    page = await _at_work(await arrive(desk, width=width, expecting=REFUSED), desk_url, "/staff/payments", Role.MANAGER)
    row = page.locator("[data-gateways] tbody tr")
    await expect(row).to_contain_text("sandbox")
    await expect(row).to_contain_text("%")
    await expect(page.locator("[data-money] tbody td").last).to_have_text(re.compile(r"^\D*0$"))
    await expect(page.locator('[data-figure="mismatches"] dd')).to_have_text("0")
    await expect(page.locator("[data-no-dead]")).to_be_visible()
    assert await is_narrow_enough(page)
    await picture(page, f"staff-payments-{width}")
    await page.get_by_role("button", name="Tiếng Việt").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thanh toán")
