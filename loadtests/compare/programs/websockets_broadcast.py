"""`websockets.broadcast` to all connections, fed by Redis.

python websockets_broadcast.py REDIS_SOCKET
"""

import sys

import redis.asyncio
from websockets.asyncio.server import ServerConnection, broadcast, serve

connected: set[ServerConnection] = set()


async def stay(connection: ServerConnection) -> None:
    """Keep a viewer until it leaves."""
    connected.add(connection)
    try:
        await connection.wait_closed()
    finally:
        connected.remove(connection)


async def main() -> None:
    """Serve, and hand on what is published."""
    async with (
        redis.asyncio.Redis(unix_socket_path=sys.argv[1]).pubsub() as subscription,
        serve(stay, "127.0.0.1", 0, compression=None, ping_interval=None) as server,
    ):
        await subscription.subscribe("delta")
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        async for message in subscription.listen():
            if message["type"] == "message":
                broadcast(connected, message["data"])


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
