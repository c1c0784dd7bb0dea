"""Django Channels on Uvicorn with its Redis layer: `group_send` to one group that every viewer is in.

python channels_asgi.py REDIS_SOCKET           the server
python channels_asgi.py REDIS_SOCKET publish   sends each line that it reads to the group
"""

import asyncio
import socket
import sys

import uvicorn
from channels.generic.websocket import (  # type: ignore[import-untyped]  # installed for the comparison alone
    AsyncWebsocketConsumer,
)
from channels.layers import get_channel_layer  # type: ignore[import-untyped]  # as above
from django.conf import settings  # type: ignore[import-not-found]  # as above

GROUP = "demo"


class Viewer(AsyncWebsocketConsumer):  # type: ignore[misc]  # as above
    """One connection."""

    async def connect(self) -> None:
        """Join the group."""
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, _code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def delta(self, event: dict[str, str]) -> None:
        """Hand on what was sent to the group."""
        await self.send(text_data=event["text"])


async def publish() -> None:
    """Send lines to the group."""
    layer = get_channel_layer()
    while line := await asyncio.to_thread(sys.stdin.readline):
        await layer.group_send(GROUP, {"type": "delta", "text": line.rstrip("\n")})


def serve() -> None:
    """Serve the viewers."""
    from channels.routing import ProtocolTypeRouter  # type: ignore[import-untyped]  # noqa: PLC0415 - after configure
    from django.core.asgi import get_asgi_application  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    app = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": Viewer.as_asgi()})
    config = uvicorn.Config(
        app, loop="uvloop", ws_per_message_deflate=False, ws_ping_interval=None, log_level="warning", lifespan="off"
    )
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    layer = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [f"unix://{sys.argv[1]}"]}}
    settings.configure(CHANNEL_LAYERS={"default": layer}, SECRET_KEY="none", ALLOWED_HOSTS=["*"])  # noqa: S106 - no secret
    if sys.argv[2:] == ["publish"]:
        asyncio.run(publish())
    else:
        serve()
