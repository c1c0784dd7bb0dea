"""The whole application on real servers, listening on a free loopback port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import httpx
import uvicorn
from pydantic import SecretStr

from protocol.aio import SeatMapClient
from server.embedded import Addresses
from server.listening import address_of, listen
from server.main import create_app
from server.ops.settings import Settings
from server.serving import config_of
from tests.ports import lasting_port
from tests.trust import TRUSTED

SECRET = "a secret of the tests that is long enough"


class App:
    """A running application; `stop` and `start` keep its port, as a restart of the server would."""

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self.settings = settings
        self.addresses = addresses
        self.url = ""
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def ws_url(self) -> str:
        """Where sockets connect."""
        return self.url.replace("http", "ws", 1)

    async def start(self) -> None:
        """Serve, and return when the server accepts connections."""
        listener = listen("127.0.0.1", self._port or lasting_port())
        self.url = address_of(listener)
        self._port = listener.getsockname()[1]
        app = create_app(self.settings, self.addresses, address=self.url)
        self._server = uvicorn.Server(config_of(app, self.settings))
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop in good order."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
            self._server = None

    async def session(self) -> str:
        """A new guest's token."""
        answer = await self.request("POST", "/api/v1/sessions")
        token: str = answer["token"]
        return token

    async def request(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """One REST request that succeeds; its JSON."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=self.url, verify=TRUSTED, timeout=30) as client:
            answer = await client.request(method, path, json=body, headers=headers)
        return answer.raise_for_status().json()

    def client(
        self,
        token: str | None = None,
        *,
        showtime: str = "demo",
        codec: Literal["msgpack", "json"] = "msgpack",
        display: bool = False,
    ) -> SeatMapClient:
        """A client of this application, not connected yet."""
        return SeatMapClient(self.ws_url, showtime, token=token, codec=codec, display=display)


def settings_for(folder: Path, prefix: str, **changes: Any) -> Settings:
    """Settings of a test: nothing from the environment that matters, everything under `folder`."""
    options: dict[str, Any] = {
        "data_dir": folder,
        "redis_prefix": prefix,
        "secret_key": SecretStr(SECRET),
        "log_level": "warning",
        # A slow machine is no store that is away.
        "redis_timeout_ms": 5000,
        **changes,
    }
    return Settings(**options)


@contextlib.asynccontextmanager
async def running(settings: Settings, addresses: Addresses) -> AsyncIterator[App]:
    """The application on a database with the demo data, stopped at the end."""
    app = App(settings, addresses)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()
