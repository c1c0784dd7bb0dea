"""python-socketio on Uvicorn with its Redis manager: `emit` to everybody, asked for through Redis.

python socketio_asgi.py REDIS_SOCKET
"""

import asyncio
import socket
import sys

import socketio  # type: ignore[import-untyped]  # installed for the comparison alone
import uvicorn

if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    manager = socketio.AsyncRedisManager(f"unix://{sys.argv[1]}")
    server = socketio.AsyncServer(
        async_mode="asgi", client_manager=manager, transports=["websocket"], ping_interval=600
    )

    async def started() -> None:
        """Say the port when the first request can be answered."""
        await asyncio.sleep(0)
        print(listener.getsockname()[1], flush=True)

    app = socketio.ASGIApp(server, on_startup=started)
    config = uvicorn.Config(
        app, loop="uvloop", ws_per_message_deflate=False, ws_ping_interval=None, log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[listener])
