"""The pages as such: how one gets to a hall, with the keyboard, on any screen, and as a display."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, WebSocket, expect

from tests.e2e.conftest import Arrive
from tests.e2e.server import Server
from tests.e2e.visitor import LIMIT_MS, LOST_CONNECTION, NOT_FOUND, Hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDTHS = (360, 768, 1440)


async def test_the_list_leads_to_a_hall(server: Server, arrive: Arrive) -> None:
    """The list of showings has links, first to the hall for trying, each of which opens a live hall."""
    page = await (await arrive(server)).open("/")
    link = page.locator("[data-showtime]").first
    showtime = await link.get_attribute("data-showtime")
    assert showtime == "demo"
    await link.click()
    await expect(page).to_have_url(re.compile(rf"/showtimes/{showtime}$"))
    await expect(page.locator("[data-seat]").first).to_be_visible(timeout=LIMIT_MS)
    await expect(page.locator("body")).to_have_attribute("data-connection", "live", timeout=LIMIT_MS)


async def test_a_newcomer_may_choose(server: Server, arrive: Arrive) -> None:
    """Who has never been here gets a session from the page, may lock on the socket that is open, and has a cookie."""
    newcomer = await arrive(server, guest=False)
    page = await newcomer.open("about:blank")
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks what it is given
    await page.goto("/showtimes/demo")
    hall = Hall(page)
    await hall.live()
    (seat,) = await hall.free()
    await hall.choose(seat)
    (cookie,) = await newcomer.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert len(sockets) == 1
    await page.reload()
    await hall.shows(seat, "L", mine=True)


async def test_a_choice_waits_for_the_session(server: Server, arrive: Arrive) -> None:
    """A newcomer's click is kept, and shown as asked, until the session is there; nothing is said of watching only."""
    newcomer = await arrive(server, guest=False)
    answered = asyncio.Event()

    async def hold_back(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await newcomer.context.route("**/api/v1/sessions", hold_back)
    hall = await newcomer.hall()
    (seat,) = await hall.free()
    await hall.seat(seat).click()
    await expect(hall.seat(seat)).to_have_attribute("aria-busy", "true")
    await hall.shows(seat, "A")
    answered.set()
    await hall.shows(seat, "L", mine=True)
    await expect(hall.seat(seat)).to_have_attribute("aria-busy", "false")
    for message in (hall.refusal, hall.notice):
        await expect(message).to_be_hidden()


async def test_without_a_session_the_page_says_so_and_tries_again(server: Server, arrive: Arrive) -> None:
    """While no session is to be had the page watches and says so; the first choice after that is granted."""
    newcomer = await arrive(server, guest=False, expecting=LOST_CONNECTION)
    await newcomer.context.route("**/api/v1/sessions", lambda route: route.abort("connectionrefused"))
    hall = await newcomer.hall()
    await expect(hall.notice).to_contain_text("You can only watch for now")
    (seat,) = await hall.free()
    await hall.seat(seat).click()
    await expect(hall.refusal).to_contain_text("Nothing was taken")
    await newcomer.context.unroute("**/api/v1/sessions")
    await hall.choose(seat)
    for message in (hall.refusal, hall.notice):
        await expect(message).to_be_hidden()


async def test_a_hall_is_used_with_the_keyboard_alone(server: Server, arrive: Arrive) -> None:
    """Tab leads to one seat of the hall, arrows to its neighbours, Enter takes it and Space gives it back."""
    hall = await (await arrive(server)).hall()
    page = hall.page
    start = await page.locator('[data-seat][tabindex="0"]').get_attribute("data-seat")
    assert start
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await _focused(page) is not None:
            break
    assert await _focused(page) == start
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowDown")
    last = await _focused(page)
    assert last not in {None, start}
    await page.keyboard.press("Home")
    assert await _focused(page) not in {None, last}
    # From there on along the rows until a seat is free to be taken.
    await page.keyboard.press("ArrowDown")
    while (seat := await _focused(page) or "") and await hall.seat(seat).get_attribute("data-status") != "A":
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await hall.shows(seat, "L", mine=True)
    await page.keyboard.press("Space")
    await hall.shows(seat, "A")
    assert await _focused(page) == seat


async def test_a_display_only_watches(server: Server, arrive: Arrive) -> None:
    """A display shows what happens, has no seat that could be clicked or reached by Tab, and asks for no session."""
    display = await arrive(server, guest=False)
    shown = await display.hall("?display=1")
    hall = await (await arrive(server)).hall()
    seat, free = await hall.free(2)
    await hall.choose(seat)
    await shown.shows(seat, "L")
    await shown.seat(free).click(force=True)
    await shown.seat(free).evaluate("(seat) => { seat.disabled = false; seat.click(); }")
    assert await shown.page.locator('[data-seat][tabindex="0"]').count() == 0
    # What comes after the click is seen by both, and the click has had no effect.
    await hall.seat(seat).click()
    await shown.shows(seat, "A")
    await hall.shows(free, "A")
    await expect(shown.page.locator("[data-basket]")).to_be_hidden()
    assert await display.context.cookies() == []


async def test_a_seat_that_is_not_for_sale_says_so(server: Server, arrive: Arrive) -> None:
    """A click on a blocked seat asks nobody, and tells that it is not for sale."""
    hall = await (await arrive(server)).hall()
    blocked = hall.page.locator('[data-status="B"]').first
    name = await blocked.get_attribute("data-seat")
    await blocked.click()
    await expect(hall.refusal).to_contain_text(f"{name} is not for sale")
    await hall.shows(str(name), "B")


async def test_an_unknown_showing_is_said(server: Server, arrive: Arrive) -> None:
    """A page of a showing that does not exist says so, and offers no second try."""
    page = await (await arrive(server, expecting=NOT_FOUND)).open("/showtimes/no-such-showing")
    await expect(page.locator("[data-failure]")).to_contain_text("no such showing", timeout=LIMIT_MS)
    await expect(page.locator('[data-action="retry"]')).to_be_hidden()


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_page_is_as_wide_as_its_screen(server: Server, arrive: Arrive, width: int) -> None:
    """Neither page has to be moved sideways, on a telephone, a tablet and a desk; the hall alone may."""
    visitor = await arrive(server, width=width)
    hall = await visitor.hall()
    for seat in await hall.free(2):
        await hall.choose(seat)
    listing = await visitor.open("/")
    await expect(listing.locator("[data-showtime]").first).to_be_visible(timeout=LIMIT_MS)
    for page in (hall.page, listing):
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_a_hall_opens_whole_where_seats_can_be_touched(server: Server, arrive: Arrive) -> None:
    """On a tablet every seat is in view at first; on a telephone it is the middle of the front, at a finger's size."""
    tablet = await (await arrive(server, width=768)).hall()
    await tablet.at_rest()
    left, right = await _bounds(tablet, "[data-viewport]")
    first, last = await _bounds(tablet, "[data-seat]")
    assert left <= first < last <= right
    telephone = await (await arrive(server, width=360)).hall()
    await telephone.at_rest()
    first, last = await _bounds(telephone, "[data-seat]")
    middle, screen = (first + last) / 2, sum(await _bounds(telephone, ".screen")) / 2
    assert abs(middle - 180) < 2
    assert abs(screen - 180) < 2
    box = await telephone.seat("F10").bounding_box()
    assert box
    assert box["width"] >= 24


@pytest.mark.parametrize("showtime", ["demo", "demo-large"])
async def test_a_display_shows_all_at_once(server: Server, arrive: Arrive, showtime: str) -> None:
    """A display has every seat and the whole legend in view: nobody is there to scroll."""
    display = await (await arrive(server, guest=False, width=1440)).hall("?display=1", showtime)
    await display.at_rest()
    sides = await display.page.locator("[data-seat], [data-legend] li").evaluate_all(
        """(nodes) => {
          const boxes = nodes.map((node) => node.getBoundingClientRect());
          const all = (side, pick) => pick(...boxes.map((box) => box[side]));
          return [all("left", Math.min), all("top", Math.min), all("right", Math.max), all("bottom", Math.max)];
        }"""
    )
    left, top, right, bottom = sides
    assert 0 <= left < right <= 1440
    assert 0 <= top < bottom <= 900


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_refusal_leaves_the_title_in_view(server: Server, arrive: Arrive, width: int) -> None:
    """What is refused is said where neither the film nor the timer is covered."""
    hall = await (await arrive(server, width=width)).hall()
    blocked = hall.page.locator('[data-status="B"]').first
    await blocked.evaluate("(seat) => seat.click()")
    await expect(hall.refusal).to_be_visible()
    await hall.at_rest()
    message = await hall.refusal.bounding_box()
    assert message
    for place in ("[data-film]", "[data-basket]"):
        covered = await hall.page.locator(place).bounding_box()
        assert covered
        apart = message["y"] >= covered["y"] + covered["height"] or message["y"] + message["height"] <= covered["y"]
        assert apart


async def _bounds(hall: Hall, selector: str) -> tuple[float, float]:
    """How far the boxes of all that match reach to the left and to the right."""
    left, right = await hall.page.locator(selector).evaluate_all(
        """(nodes) => {
          const boxes = nodes.map((node) => node.getBoundingClientRect());
          return [Math.min(...boxes.map(({ left }) => left)), Math.max(...boxes.map(({ right }) => right))];
        }"""
    )
    return left, right


async def _focused(page: Page) -> str | None:
    """The seat that has the focus, if one has."""
    name: str | None = await page.evaluate("document.activeElement?.dataset.seat ?? null")
    return name
