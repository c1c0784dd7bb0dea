"""`cinebook watch`: a showtime's changes in a terminal, as they happen."""

import asyncio
import functools
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from protocol.aio import SeatMapClient
from protocol.effects import ConnectionChanged, ConnectionState, MapChanged, MapReplaced
from protocol.events import Missed
from protocol.from_server import Notice, Viewers
from protocol.scalars import Change
from protocol.seatmap import SeatMap, SeatStatus

REQUEST_TIMEOUT_S: Final = 10
"""How long the layout may take to come."""


class WatchError(Exception):
    """The showtime cannot be watched; the message says why."""


# Flushed, for whoever reads it through a pipe wants it live too.
_print: Final = functools.partial(print, flush=True)


async def watch(url: str, showtime: str, *, say: Callable[[str], None] = _print) -> None:
    """Say each change of `showtime` on the server at `url` in a line, until the server ends it for good.

    Raises `WatchError` if the server cannot be reached or does not know the showtime.
    """
    url = url.rstrip("/")
    seat_ids = await asyncio.to_thread(_seat_ids, url, showtime)
    socket_url = "ws" + url.removeprefix("http")
    connected = False
    async with SeatMapClient(socket_url, showtime, display=True) as client:
        async for event in client.events():
            match event:
                case MapReplaced() if client.map is not None:
                    say(_line(f"version {client.map.version}: {_summary(client.map)}"))
                case MapChanged(changes=changes) if changes and client.map is not None:
                    say(_line(f"version {client.map.version}: {_changes(changes, seat_ids)}"))
                case Viewers(count=count):
                    say(_line(f"{count} watching"))
                case Notice(message=message):
                    say(_line(message))
                case ConnectionChanged(state=ConnectionState.ONLINE):
                    connected = True
                    say(_line("connected"))
                case ConnectionChanged(state=ConnectionState.WAITING) if connected:
                    connected = False
                    say(_line("connection lost, trying again"))
                case ConnectionChanged(state=ConnectionState.STOPPED, code=code):
                    say(_line(f"ended by the server ({code})"))
                case Missed(count=count):
                    say(_line(f"{count} events were skipped"))
                case _:
                    pass


def _seat_ids(url: str, showtime: str) -> tuple[str, ...]:
    # No proxy, like the socket that follows.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(
            f"{url}/api/v1/showtimes/{quote(showtime, safe='')}/layout", timeout=REQUEST_TIMEOUT_S
        ) as answer:
            layout: Any = json.load(answer)
        return tuple(seat["id"] for seat in layout["seats"])
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            raise WatchError(f"{url} has no showtime {showtime}") from error
        raise WatchError(f"{url} answered {error.code}") from error
    except urllib.error.URLError as error:
        raise WatchError(f"{url} cannot be reached: {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        raise WatchError(f"{url} does not answer like CineBook Live: {error}") from error


def _line(text: str) -> str:
    return f"{datetime.now().astimezone():%H:%M:%S.%f}"[:-3] + f"  {text}"


def _summary(seat_map: SeatMap) -> str:
    letters = seat_map.letters
    return ", ".join(f"{letters.count(status.value)} {status.word}" for status in SeatStatus)


def _changes(changes: list[Change], seat_ids: tuple[str, ...]) -> str:
    return ", ".join(f"{seat_ids[index]} {SeatStatus(letter).word}" for index, letter in changes)
