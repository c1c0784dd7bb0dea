"""The whole way in a browser: choose, pay, ticket; and what comes of every other way to pay, or not to."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from server.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.e2e.conftest import Arrive, serving
from tests.e2e.server import Server
from tests.e2e.shopper import Shopper, give_back, is_narrow_enough, mailed_link, picture
from tests.e2e.visitor import LIMIT_MS, LOST_CONNECTION, NOT_FOUND

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDTHS = (360, 768, 1440)
REFUSED = re.compile(r"^Failed to load resource: the server responded with a status of 4(04|22)")


@pytest.fixture(scope="module")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shop keeps its mails."""
    return tmp_path_factory.mktemp("shop")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(
    valkey: EmbeddedValkey, postgres: EmbeddedPostgres, seeded_template: str, shop_folder: Path
) -> AsyncIterator[Server]:
    """A server that sells, with a database of its own; each test takes seats that are free."""
    postgres.sql(f"CREATE DATABASE shop_for_e2e TEMPLATE {seeded_template}")
    async with serving(shop_folder, valkey, postgres.url_of("shop_for_e2e"), "shop") as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hasty_shop(
    valkey: EmbeddedValkey, postgres: EmbeddedPostgres, seeded_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """A shop in which an order has to be paid within six seconds, ample for the bank's page."""
    postgres.sql(f"CREATE DATABASE hasty_shop_for_e2e TEMPLATE {seeded_template}")
    folder, url = tmp_path_factory.mktemp("hasty-shop"), postgres.url_of("hasty_shop_for_e2e")
    async with serving(folder, valkey, url, "hasty-shop", payment_ms=6000) as server:
        yield server


@pytest.mark.parametrize("width", WIDTHS)
async def test_choose_pay_ticket(shop: Server, arrive: Arrive, width: int) -> None:
    """On every screen: from the hall to a ticket for each seat, which others then see as sold."""
    onlooker = await (await arrive(shop)).hall()
    visitor = await arrive(shop, width=width)
    hall = await visitor.hall()
    seats = await hall.free(2)
    for seat in seats:
        await hall.choose(seat)
    assert await is_narrow_enough(hall.page)
    await picture(hall.page, f"hall-{width}")
    await hall.page.locator('[data-action="pay"]').click()
    shopper = Shopper(hall.page)
    await expect(shopper.form).to_be_visible(timeout=LIMIT_MS)
    await expect(shopper.page.locator("[data-line]")).to_have_count(2)
    await expect(shopper.page.locator("[data-timer]")).to_have_text(re.compile(r"^1[45]:\d\d$"))
    assert await is_narrow_enough(shopper.page)
    await picture(shopper.page, f"checkout-{width}")
    await shopper.order()
    assert await is_narrow_enough(shopper.page)
    await picture(shopper.page, f"sandbox-{width}")
    for seat in seats:
        await onlooker.shows(seat, "O")
    await shopper.do("pay")
    await shopper.is_told("paid", "Enjoy the film")
    await shopper.has_tickets(*seats)
    assert await is_narrow_enough(shopper.page)
    await picture(shopper.page, f"paid-{width}")
    await shopper.page.emulate_media(media="print")
    for part in ("[data-stage]", ".bar", "[data-details]"):
        await expect(shopper.page.locator(part)).to_be_hidden()
    await picture(shopper.page, f"printed-{width}")
    own = await shopper.other_hall()
    await own.shows(seats[0], "O")
    await expect(own.basket).to_have_count(0)


@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_moves_under_a_finger(shop: Server, arrive: Arrive, width: int) -> None:
    """The checkout, the bank and a paid order appear whole: nothing that is there is moved by what comes later."""
    visitor = await arrive(shop, width=width)
    await visitor.context.add_init_script(
        """
        globalThis.moved = 0;
        new PerformanceObserver((list) => {
          for (const { hadRecentInput, value } of list.getEntries()) if (!hadRecentInput) globalThis.moved += value;
        }).observe({ type: "layout-shift", buffered: true });
        """
    )
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    await expect(shopper.page.locator('[data-action="remind"]')).to_be_visible(timeout=LIMIT_MS)
    assert await shopper.page.evaluate("moved") < 0.01
    await shopper.order()
    assert await shopper.page.evaluate("moved") < 0.01
    await shopper.do("pay")
    await shopper.has_tickets(*seats)
    await shopper.page.reload()
    await shopper.has_tickets(*seats)
    assert await shopper.page.evaluate("moved") < 0.01


async def test_a_form_with_faults_is_not_sent(shop: Server, arrive: Arrive) -> None:
    """Each fault is told at its field in the language of the page, the first has the focus, and nothing is ordered."""
    visitor = await arrive(shop, width=360)
    hall = await visitor.hall()
    shopper = await Shopper.with_seats(visitor, await hall.free())
    await shopper.page.get_by_role("button", name="Tiếng Việt").click()
    await shopper.page.get_by_label("E-mail").fill("lan@")
    await shopper.page.get_by_label("Điện thoại").fill("12")
    await shopper.page.get_by_role("button", name="Thanh toán").click()
    await expect(shopper.page.locator("#email")).to_be_focused()
    await expect(shopper.page.locator("#email")).to_have_attribute("aria-invalid", "true")
    await expect(shopper.page.locator("#email")).to_have_accessible_description(re.compile("chưa đúng"))
    await expect(shopper.page.locator('[data-fault="phone"]')).to_contain_text("mười chữ số")
    await picture(shopper.page, "faults-360")
    await shopper.page.get_by_label("E-mail").fill("lan@example.com")
    await expect(shopper.page.locator('[data-fault="email"]')).to_be_empty()
    await expect(hall.basket).to_have_count(1)
    await expect(hall.page.locator("[data-order]")).to_have_count(0)


async def test_a_reminder_is_offered(shop: Server, arrive: Arrive) -> None:
    """Below everything, in the language of the page, and where the browser refuses it the page says so."""
    visitor = await arrive(shop, width=360)
    shopper = await Shopper.with_seats(visitor, await (await visitor.hall()).free())
    button = shopper.page.locator('[data-action="remind"]')
    await expect(button).to_have_text("Remind me before my time ends")
    await shopper.page.get_by_role("button", name="Tiếng Việt").click()
    await expect(button).to_have_text("Nhắc tôi trước khi hết giờ giữ ghế")
    await button.click()
    await expect(shopper.page.locator("[data-reminder-status]")).to_contain_text("không cho phép")


async def test_a_late_payment_gets_the_same_seats(hasty_shop: Server, arrive: Arrive) -> None:
    """Let it expire, pay late while the seats are free: each is ticketed all the same."""
    visitor = await arrive(hasty_shop)
    hall = await visitor.hall()
    seats = await hall.free(2)
    shopper = await Shopper.with_seats(visitor, seats)
    bank = await shopper.order()
    onlooker = await (await arrive(hasty_shop)).hall()
    await shopper.do("silent")
    await shopper.is_told("expired", "The time to pay is over")
    await picture(shopper.page, "expired")
    await give_back(hall, seats)
    for seat in seats:
        await onlooker.shows(seat, "A")
    await shopper.page.goto(bank)
    await expect(shopper.page.locator('[data-choice="late"]')).to_contain_text("Pay now, after the deadline")
    await shopper.do("late")
    await shopper.is_told("paid", "Enjoy the film")
    await shopper.has_tickets(*seats)
    for seat in seats:
        await onlooker.shows(seat, "O")


async def test_a_late_payment_for_seats_that_are_gone_is_sent_back(hasty_shop: Server, arrive: Arrive) -> None:
    """Let it expire, pay late when another has one of the seats: the customer is told why, and the money goes back."""
    visitor = await arrive(hasty_shop)
    hall = await visitor.hall()
    seats = await hall.free(2)
    shopper = await Shopper.with_seats(visitor, seats)
    bank = await shopper.order()
    await shopper.do("silent")
    await shopper.is_told("expired", "The time to pay is over")
    await give_back(hall, seats)
    other = await (await arrive(hasty_shop)).hall()
    await other.choose(seats[1])
    await shopper.page.goto(bank)
    await shopper.do("late")
    await shopper.is_told("too_late|too_late_returned", "your seats ha")
    await shopper.is_told("too_late_returned", "was sent back")
    await expect(shopper.refunds).to_have_attribute("data-refund", "done")
    await picture(shopper.page, "too-late")
    await expect(shopper.tickets).to_have_count(0)
    await other.shows(seats[1], "L", mine=True)
    await other.shows(seats[0], "A")


async def test_the_bank_pays_by_itself_once_it_is_late(hasty_shop: Server, arrive: Arrive) -> None:
    """Asked to pay late before the deadline, the sandbox waits for it: the order has expired by then, and is paid."""
    visitor = await arrive(hasty_shop)
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    await shopper.order()
    await shopper.do("late")
    await shopper.is_told("paid", "Enjoy the film")
    await shopper.has_tickets(*seats)


async def test_a_callback_that_gets_lost_is_asked_for(hasty_shop: Server, arrive: Arrive) -> None:
    """The money was taken and nobody told: at the deadline the shop asks, and the order page notices by itself."""
    visitor = await arrive(hasty_shop)
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    await shopper.order()
    await shopper.do("lost")
    await shopper.is_told("paid", "Enjoy the film")
    await shopper.has_tickets(*seats)


async def test_told_twice_is_one_ticket(shop: Server, arrive: Arrive) -> None:
    """Two callbacks at once about one payment: one ticket, and nothing goes back."""
    visitor = await arrive(shop)
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    await shopper.order()
    await shopper.do("twice")
    await shopper.has_tickets(*seats)
    await expect(shopper.refunds).to_have_count(0)


async def test_after_a_failure_another_attempt_pays(shop: Server, arrive: Arrive) -> None:
    """A failed payment is told, nothing was charged, and the same order is paid by another attempt."""
    visitor = await arrive(shop)
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    first = await shopper.order()
    order = await shopper.do("fail")
    await shopper.is_told("unpaid", "Nothing was charged")
    await picture(shopper.page, "unpaid")
    await shopper.page.get_by_role("button", name="Pay with Sandbox").click()
    await shopper.at_the_bank()
    assert shopper.page.url != first
    assert await shopper.do("pay") == order
    await shopper.has_tickets(*seats)


async def test_a_suspected_fraud_is_told_as_a_check(shop: Server, arrive: Arrive) -> None:
    """The customer is told that the payment is being checked; there is no ticket yet, and the seats stay theirs."""
    visitor = await arrive(shop)
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    await shopper.order()
    await shopper.do("suspect")
    await shopper.is_told("review", "being checked")
    await expect(shopper.tickets).to_have_count(0)
    await (await (await arrive(shop)).hall()).shows(seats[0], "O")


async def test_an_order_that_is_given_up_frees_its_seats(shop: Server, arrive: Arrive) -> None:
    """After a question the seats are free for others; a payment that still comes is sent back."""
    visitor = await arrive(shop)
    hall = await visitor.hall()
    seats = await hall.free(2)
    shopper = await Shopper.with_seats(visitor, seats)
    bank = await shopper.order()
    await shopper.page.go_back()
    await shopper.is_told("open", "Waiting for your payment")
    await shopper.page.get_by_role("button", name="Give up this order").click()
    await picture(shopper.page, "cancel")
    await shopper.page.get_by_role("button", name="Keep it").click()
    await shopper.is_told("open", "Waiting for your payment")
    await shopper.page.get_by_role("button", name="Give up this order").click()
    await shopper.page.get_by_role("button", name="Give it up").click()
    await shopper.is_told("cancelled", "You gave this order up")
    await give_back(hall, seats)
    await shopper.page.goto(bank)
    await shopper.do("pay")
    await shopper.is_told("refunded", "sent back")
    await expect(shopper.refunds).to_have_attribute("data-refund", "done")


async def test_a_reload_in_the_middle_loses_nothing(shop: Server, arrive: Arrive) -> None:
    """On the checkout, at the bank and on the order's page; the hall leads back to the order while it is open."""
    visitor = await arrive(shop)
    seats = await (await visitor.hall()).free(2)
    shopper = await Shopper.with_seats(visitor, seats)
    await shopper.page.reload()
    await expect(shopper.page.locator("[data-line]")).to_have_count(2)
    await shopper.order()
    await shopper.page.reload()
    await shopper.at_the_bank()
    hall = await shopper.other_hall()
    await hall.shows(seats[0], "O", mine=True)
    link = hall.page.locator("[data-order]").first
    await expect(link).to_have_text("In payment")
    await hall.page.goto("/showtimes/demo/checkout")
    checkout = Shopper(hall.page)
    await expect(checkout.outcome).to_contain_text("You are already paying for", timeout=LIMIT_MS)
    await checkout.page.get_by_role("link", name="Go to your order").click()
    await checkout.is_told("open", "Waiting for your payment")
    await picture(checkout.page, "open")
    await checkout.page.reload()
    await checkout.is_told("open", "Waiting for your payment")
    # The other window pays, and this one notices by itself.
    await shopper.do("pay")
    await checkout.has_tickets(*seats)


async def test_back_from_the_bank_is_the_order(shop: Server, arrive: Arrive) -> None:
    """The browser's own button leads to the open order, from where the payment goes on."""
    visitor = await arrive(shop)
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    bank = await shopper.order()
    await shopper.page.go_back()
    await shopper.is_told("open", "Waiting for your payment")
    await shopper.page.get_by_role("link", name="Continue to payment").click()
    await shopper.at_the_bank()
    assert shopper.page.url == bank
    await shopper.do("pay")
    await shopper.has_tickets(*seats)


async def test_the_link_in_the_mail_opens_the_order(shop: Server, arrive: Arrive, shop_folder: Path) -> None:
    """In another browser too; the token leaves the address bar at once, and without it there is nothing to see."""
    visitor = await arrive(shop)
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    await shopper.order()
    order = await shopper.do("pay")
    await shopper.has_tickets(*seats)
    link = await mailed_link(shop_folder, order)
    other = Shopper(await (await arrive(shop, guest=False)).open(link))
    await other.has_tickets(*seats)
    await expect(other.page).to_have_url(f"{shop.url}/orders/{order}")
    await other.page.reload()
    await other.has_tickets(*seats)
    stranger = await (await arrive(shop, expecting=NOT_FOUND)).open(f"/orders/{order}")
    await expect(stranger.get_by_role("alert")).to_contain_text("cannot be shown here", timeout=LIMIT_MS)
    await expect(stranger.locator("[data-details]")).to_be_hidden()


async def test_an_answer_that_gets_lost_is_asked_for_under_the_same_key(shop: Server, arrive: Arrive) -> None:
    """The order was placed and the connection broke: the page asks again, and there is one order, and its payment."""
    visitor = await arrive(shop, expecting=LOST_CONNECTION)
    seats = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, seats)
    keys: list[str] = []

    async def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        answer = await route.fetch()
        assert answer.status == 201
        if len(keys) == 1:
            await route.abort("connectionreset")
        else:
            assert answer.headers["idempotent-replayed"] == "true"
            await route.fulfill(response=answer)

    await visitor.context.route("**/checkout", lose_the_first, times=2)
    await shopper.order()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    await shopper.do("pay")
    await shopper.has_tickets(*seats)


async def test_a_hold_that_ends_at_the_checkout_is_told(hasty_server: Server, arrive: Arrive) -> None:
    """The page says whose time has run out and leads back to the hall; nothing is left to be paid."""
    visitor = await arrive(hasty_server)
    (seat,) = await (await visitor.hall()).free()
    shopper = await Shopper.with_seats(visitor, [seat])
    await expect(shopper.outcome).to_contain_text(f"Your time for {seat} has run out", timeout=LIMIT_MS)
    await expect(shopper.form).to_be_hidden()
    await shopper.outcome.get_by_role("link", name="Back to the seats").click()
    await expect(shopper.page).to_have_url(re.compile(r"/showtimes/demo$"))


async def test_without_seats_there_is_nothing_to_buy(shop: Server, arrive: Arrive) -> None:
    """Neither for somebody who holds none, nor for a showing that there is not."""
    visitor = await arrive(shop, guest=False, expecting=REFUSED)
    page = Shopper(await visitor.open("/showtimes/demo/checkout"))
    await expect(page.outcome).to_contain_text("You hold no seats", timeout=LIMIT_MS)
    await page.page.goto("/showtimes/no-such-showing/checkout")
    await expect(page.outcome).to_contain_text("no such showing", timeout=LIMIT_MS)
    await page.page.goto("/sandbox/pay#forged")
    await expect(page.page.get_by_role("status")).to_contain_text("not known here", timeout=LIMIT_MS)
