"""Plain Starlette on Uvicorn: `await websocket.send_bytes()` for one connection after the other, fed by Redis.

python starlette_loop.py REDIS_SOCKET
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator

import redis.asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

connected: set[WebSocket] = set()


async def viewer(websocket: WebSocket) -> None:
    """Keep a viewer until it leaves."""
    await websocket.accept()
    connected.add(websocket)
    try:
        async for _ in websocket.iter_bytes():
            pass
    finally:
        connected.remove(websocket)


async def hand_on() -> None:
    """Send what is published to everybody."""
    async with redis.asyncio.Redis(unix_socket_path=sys.argv[1]).pubsub() as subscription:
        await subscription.subscribe("delta")
        async for message in subscription.listen():
            if message["type"] == "message":
                for websocket in list(connected):
                    await websocket.send_bytes(message["data"])


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Listen to Redis as long as the server runs."""
    task = asyncio.create_task(hand_on())
    print(listener.getsockname()[1], flush=True)
    yield
    task.cancel()


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    app = Starlette(routes=[WebSocketRoute("/", viewer)], lifespan=lifespan)
    config = uvicorn.Config(
        app, loop="uvloop", ws_per_message_deflate=False, ws_ping_interval=None, log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[listener])
