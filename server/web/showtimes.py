"""Showtimes and the layouts of their halls."""

import asyncio
import datetime as dt
from collections import Counter

import msgspec
from starlette.responses import Response

from protocol.codes import Code
from server.domain.errors import UnavailableError
from server.domain.layout import Layout
from server.domain.showtimes import Showtime
from server.web.context import Context
from server.web.endpoint import Call, Endpoint, Nothing
from server.web.gateways import gateway_offers
from server.web.problems import ProblemError
from server.web.representations import (
    LayoutAnswer,
    LayoutQuery,
    ListedShowtime,
    ShowtimeAnswer,
    ShowtimesAnswer,
    ShowtimesQuery,
)
from server.web.responses import cached_response, json_response


async def list_showtimes(call: Call[Nothing, ShowtimesQuery]) -> Response:
    """A page of showtimes whose sales have not closed, or of a day, with the seats left in each zone."""
    query, context = call.query, call.context
    if query.date is not None:
        _check_date(query.date)
    try:
        page = await context.catalogue.showtimes(
            cinema=query.cinema,
            date=query.date,
            film=query.film,
            after=query.cursor,
            limit=query.limit,
            now=context.store.now(),
        )
    except ValueError as error:
        raise ProblemError.bad_request("cursor", "no cursor of this list") from error
    left = await _seats_left(context, page.showtimes)
    showtimes = tuple(
        ListedShowtime(**msgspec.structs.asdict(showtime), seats_left=zones)
        for showtime, zones in zip(page.showtimes, left, strict=True)
    )
    return json_response(ShowtimesAnswer(showtimes=showtimes, next=page.next), headers={"Cache-Control": "no-cache"})


def _check_date(date: str) -> None:
    try:
        dt.date.fromisoformat(date)
    except ValueError as error:
        raise ProblemError.bad_request("date", "no day of the calendar") from error


async def _seats_left(context: Context, showtimes: tuple[Showtime, ...]) -> list[dict[str, int]]:
    try:
        known = await context.store.letters(tuple(showtime.id for showtime in showtimes))
    except UnavailableError:
        # A list of films is worth having without the live seats; nobody is granted anything by these numbers.
        known = (None,) * len(showtimes)
    return list(await asyncio.gather(*map(_left, [context] * len(showtimes), showtimes, known)))


async def _left(context: Context, showtime: Showtime, letters: str | None) -> dict[str, int]:
    layout = await context.catalogue.layout(showtime.layout)
    if letters is None:
        facts = await context.catalogue.seat_facts(showtime.id)
        taken = {occupation.seat for occupation in facts.occupations} | set(facts.blocked)
        free = [seat.zone for seat in layout.seats if seat.index not in taken]
    else:
        free = [seat.zone for seat, letter in zip(layout.seats, letters, strict=True) if letter == "A"]
    counts = Counter(free)
    return {zone.id: counts[zone.id] for zone in showtime.zones}


async def get_showtime(call: Call[Nothing, Nothing]) -> Response:
    """One showtime with its prices and limits, and the ways to pay."""
    showtime = await call.context.catalogue.showtime(call.showtime_id())
    gateways = gateway_offers(call.context.shop.gateways.by_name)
    answer = ShowtimeAnswer(**msgspec.structs.asdict(showtime), gateways=gateways)
    return cached_response(call.request, msgspec.json.encode(answer), cache_control="no-cache")


async def get_layout(call: Call[Nothing, LayoutQuery]) -> Response:
    """The seats that a showtime sells; layouts never change, so under its own version the answer may be kept."""
    showtime = await call.context.catalogue.showtime(call.showtime_id())
    layout: Layout = await call.context.catalogue.layout(showtime.layout)
    answer = LayoutAnswer(version=layout.version, width=layout.width, height=layout.height, seats=layout.seats)
    named = call.query.v == layout.version
    return cached_response(
        call.request,
        msgspec.json.encode(answer),
        cache_control="public, max-age=31536000, immutable" if named else "no-cache",
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/showtimes",
        summary="List showtimes with the seats left in each zone",
        run=list_showtimes,
        body=Nothing,
        query=ShowtimesQuery,
        answer=ShowtimesAnswer,
        codes=(Code.NOT_FOUND, Code.UNAVAILABLE),
    ),
    Endpoint(
        method="GET",
        path="/showtimes/{showtime_id}",
        summary="One showtime with its prices and limits",
        run=get_showtime,
        body=Nothing,
        query=Nothing,
        answer=ShowtimeAnswer,
        conditional=True,
    ),
    Endpoint(
        method="GET",
        path="/showtimes/{showtime_id}/layout",
        summary="The seats of the showtime's hall, in the order of their indexes",
        run=get_layout,
        body=Nothing,
        query=LayoutQuery,
        answer=LayoutAnswer,
        conditional=True,
    ),
)
