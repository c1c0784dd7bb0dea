"""picows: `transport.send()` for one connection after the other, fed by Redis.

python picows_loop.py REDIS_SOCKET
"""

import asyncio
import sys

import redis.asyncio
import uvloop
from picows import (  # type: ignore[import-not-found]  # installed for the comparison alone
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    ws_create_server,
)

connected: set[WSTransport] = set()


class Viewer(WSListener):  # type: ignore[misc]  # as above
    """One connection."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Remember it."""
        connected.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Forget it."""
        connected.discard(transport)


def accept(_request: WSUpgradeRequest) -> Viewer:
    """Take everybody."""
    return Viewer()


async def main() -> None:
    """Serve, and hand on what is published."""
    server = await ws_create_server(accept, "127.0.0.1", 0, backlog=4096)
    async with redis.asyncio.Redis(unix_socket_path=sys.argv[1]).pubsub() as subscription:
        await subscription.subscribe("delta")
        print(server.sockets[0].getsockname()[1], flush=True)
        async for message in subscription.listen():
            if message["type"] == "message":
                for transport in connected:
                    transport.send(WSMsgType.BINARY, message["data"])


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main())
