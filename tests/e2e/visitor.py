"""People with browsers: their windows, and what is to be seen in them."""

import re
from typing import Final, Self

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, expect

LIMIT_MS: Final = 30_000
"""How long anything may take on a busy machine."""

LOST_CONNECTION: Final = re.compile(r"^WebSocket connection to '[^']+' failed|net::ERR_(CONNECTION_|EMPTY_RESPONSE)")
"""What Chromium itself says of a server that is away."""

NOT_FOUND: Final = re.compile(r"^Failed to load resource: the server responded with a status of 404")


class Visitor:
    """A person with a browser of their own: cookies are shared by its windows and by nobody else's."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._context: BrowserContext | None = None
        self.complaints: list[str] = []
        """Errors and warnings of the pages, violations of their policy included."""

    async def begin(self, *, width: int = 1280, height: int = 900, guest: bool = True) -> Self:
        """Sit down at a screen of this size; a `guest` has been here before, and brings the session's cookie."""
        self._context = await self._browser.new_context(
            base_url=self._url, viewport={"width": width, "height": height}, locale="en-GB", reduced_motion="reduce"
        )
        self._context.set_default_timeout(LIMIT_MS)
        if guest:
            answer = await self._context.request.post("/api/v1/sessions")
            assert answer.ok
        return self

    async def end(self) -> None:
        """Close every window."""
        await self.context.close()

    @property
    def context(self) -> BrowserContext:
        """The browser's profile."""
        assert self._context is not None
        return self._context

    async def open(self, path: str) -> Page:
        """A new window on a page."""
        page = await self.context.new_page()
        page.on("console", self._note)
        page.on("pageerror", self._note_error)
        await page.goto(path)
        return page

    async def hall(self, query: str = "", showtime: str = "demo") -> "Hall":
        """A new window on a hall, live."""
        hall = Hall(await self.open(f"/showtimes/{showtime}{query}"))
        await hall.live()
        return hall

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _note_error(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error.message}")


class Hall:
    """A window with a hall in it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def seat(self, seat: str) -> Locator:
        """The seat's button."""
        return self.page.locator(f'[data-seat="{seat}"]')

    @property
    def basket(self) -> Locator:
        """The names of the own seats."""
        return self.page.locator("[data-basket] [data-basket-seat]")

    @property
    def refusal(self) -> Locator:
        """Why the last request was refused."""
        return self.page.locator("[data-refusal]")

    @property
    def notice(self) -> Locator:
        """What there is to tell."""
        return self.page.locator("[data-notice]")

    @property
    def timer(self) -> Locator:
        """How long the own seats stay."""
        return self.page.locator("[data-hold-timer]")

    async def connected(self, state: str) -> None:
        """Wait until the page says that it is `live`, `offline` or `ended`."""
        await expect(self.page.locator("body")).to_have_attribute("data-connection", state, timeout=LIMIT_MS)

    async def live(self) -> None:
        """Wait until the map is the server's."""
        await self.connected("live")
        await expect(self.page.locator('[data-seat]:not([data-status=""])').first).to_be_attached(timeout=LIMIT_MS)

    async def at_rest(self) -> None:
        """Wait until all that is there is drawn, and what goes by its size too."""
        frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
        await self.page.evaluate(f"document.fonts.ready.then(() => {frames})")

    async def free(self, count: int = 1, kind: str = "standard") -> list[str]:
        """The names of seats that may be chosen."""
        names = await self.page.locator(f'[data-status="A"][data-kind="{kind}"]').evaluate_all(
            "(seats, count) => seats.slice(0, count).map((seat) => seat.dataset.seat)", count
        )
        assert len(names) == count
        return list(names)

    async def shows(self, seat: str, status: str, *, mine: bool = False) -> None:
        """Wait until the seat has this letter, and is this person's or not."""
        await expect(self.seat(seat)).to_have_attribute("data-status", status, timeout=LIMIT_MS)
        await expect(self.seat(seat)).to_have_attribute("data-mine", "true" if mine else "false", timeout=LIMIT_MS)

    async def choose(self, seat: str) -> None:
        """Click a seat, and wait until it is this person's."""
        await self.seat(seat).click()
        await self.shows(seat, "L", mine=True)
