"""Serves a few routes on a free loopback port, and stops at once."""

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from uvicorn.lifespan.off import LifespanOff


class Serving:
    """A web server in the running loop; its `url` is known before it starts."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server: uvicorn.Server | None = None

    async def start(self, routes: list[Route]) -> None:
        """Serve these routes; connections are accepted on return."""
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False, lifespan="off")
        config.load()
        self._server = uvicorn.Server(config)
        # Without `serve`, whose loop looks for the end ten times a second: tests start hundreds of these.
        self._server.lifespan = LifespanOff(config)
        await self._server.startup(sockets=[self._listener])

    async def stop(self) -> None:
        """Close all connections and let the port go."""
        if self._server is None:
            self._listener.close()
            return
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        self._server.force_exit = True
        await self._server.shutdown(sockets=[self._listener])
