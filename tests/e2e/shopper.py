"""People who buy: from a hall through the checkout and the sandbox's bank to the order's page."""

import asyncio
import os
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final

from playwright.async_api import Locator, Page, expect

from tests.e2e.visitor import LIMIT_MS, Hall, Visitor

EMAIL: Final = "lan@example.com"


class Shopper:
    """A window of somebody who buys, on whichever page of the way it is."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def with_seats(cls, visitor: Visitor, seats: list[str]) -> "Shopper":
        """Choose these seats in the hall and go to the checkout."""
        hall = await visitor.hall()
        for seat in seats:
            await hall.choose(seat)
        await hall.page.locator('[data-action="pay"]').click()
        shopper = cls(hall.page)
        await expect(shopper.form).to_be_visible(timeout=LIMIT_MS)
        return shopper

    @property
    def form(self) -> Locator:
        """The form of the checkout."""
        return self.page.locator("[data-form]")

    @property
    def outcome(self) -> Locator:
        """What the checkout says where there is nothing to buy."""
        return self.page.locator("[data-outcome]")

    @property
    def stage(self) -> Locator:
        """How the order stands."""
        return self.page.locator("[data-stage]")

    @property
    def tickets(self) -> Locator:
        """The tickets of the order."""
        return self.page.locator("[data-ticket]")

    @property
    def refunds(self) -> Locator:
        """The money that goes back."""
        return self.page.locator("[data-refund]")

    async def fill_in(self, email: str = EMAIL) -> None:
        """Fill in what must be, and press the button."""
        await self.page.get_by_label("E-mail").fill(email)
        await self.form.locator('[data-action="pay"]').click()

    async def order(self) -> str:
        """Place the order; returns at the bank, with the address of the bank's page."""
        await self.fill_in()
        await self.at_the_bank()
        return self.page.url

    async def at_the_bank(self) -> None:
        """Wait for the sandbox's page and what is to be paid there."""
        await expect(self.page).to_have_url(re.compile(r"/sandbox/pay#"), timeout=LIMIT_MS)
        await expect(self.page.locator("[data-amount]")).to_be_visible(timeout=LIMIT_MS)

    async def do(self, choice: str) -> str:
        """Press a button of the bank that leads back to the order's page; the order's id."""
        await self.page.locator(f'[data-choice="{choice}"]').click()
        await expect(self.page).to_have_url(re.compile(r"/orders/[a-z2-7]{24}$"), timeout=LIMIT_MS)
        return self.page.url.rpartition("/")[2]

    async def is_told(self, stage: str, words: str) -> None:
        """Wait until the order's page tells this stage, or another that the pattern matches, with these words."""
        await expect(self.stage).to_have_attribute("data-stage", re.compile(f"^({stage})$"), timeout=LIMIT_MS)
        await expect(self.stage).to_contain_text(words)

    async def has_tickets(self, *seats: str) -> None:
        """Wait until the page shows a ticket for each of these seats, with a code that is drawn."""
        await expect(self.tickets).to_have_count(len(seats), timeout=LIMIT_MS)
        for seat in seats:
            code = self.page.locator(f'[data-ticket="{seat}"] .ticket-code')
            assert await code.evaluate("async (code) => { await code.decode(); return code.naturalWidth; }") > 0

    async def other_hall(self) -> Hall:
        """Another window of this person, on the hall."""
        page = await self.page.context.new_page()
        await page.goto("/showtimes/demo")
        hall = Hall(page)
        await hall.live()
        return hall


async def give_back(hall: Hall, seats: list[str]) -> None:
    """Wait until no order has these seats, and give back what is left of the own hold."""
    for seat in seats:
        # That a seat is locked may be told a moment before that it is one's own.
        own_or_free = ':is([data-status="A"], [data-status="L"][data-mine="true"])'
        await expect(hall.page.locator(f'[data-seat="{seat}"]{own_or_free}')).to_be_attached()
    if await hall.seat(seats[0]).get_attribute("data-status") == "L":
        await hall.page.locator('[data-action="release-all"]').click()
    for seat in seats:
        await hall.shows(seat, "A")


async def mailed_link(folder: Path, order: str) -> str:
    """The address of an order's page, with its token, as it stands in the mail about it; waits for the mail."""
    async with asyncio.timeout(LIMIT_MS / 1000):
        while True:
            for file in (folder / "outbox").glob("*.eml"):
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                body = mail.get_body(("plain",))
                if body and (found := re.search(rf"https?://\S+/orders/{order}#token=\S+", body.get_content())):
                    return found[0]
            await asyncio.sleep(0.05)


async def picture(page: Page, name: str) -> None:
    """Keep what is to be seen, where somebody wants to look at it."""
    if folder := os.environ.get("CINEBOOK_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def is_narrow_enough(page: Page) -> bool:
    """Whether nothing makes the page scroll sideways."""
    narrow: bool = await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return narrow
