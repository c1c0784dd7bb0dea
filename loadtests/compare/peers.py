"""The other servers: what they are made of, how they are started, and how a delta is handed to each."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec
import redis

from loadtests.frames import TEXT
from loadtests.swarm import Link, Message

PROGRAMS: Final = Path(__file__).parent / "programs"
MARK: Final = b"t="
MARK_DIGITS: Final = 16
DELTA_BYTES: Final = 40
LOG: Final = "log"


class StampReader:
    """Reads when a delta was published from its own text; speaks Engine.IO where the other side does."""

    def shared(self, payload: bytes) -> Message | None:
        """A delta, or the word that a Socket.IO namespace was joined."""
        at = payload.find(MARK)
        if at >= 0:
            stamp = int(payload[at + len(MARK) : at + len(MARK) + MARK_DIGITS], 16)
            return Message(start=-1, version=0, sent=(stamp,), ready=True)
        if payload.startswith(b"40"):
            return Message(start=-1, version=0, sent=(), ready=True)
        return None

    def personal(self, link: Link, payload: bytes, _arrived: int) -> None:
        """Engine.IO's opening and pings."""
        if payload.startswith(b"0"):
            link.send(TEXT, b"40")
        elif payload == b"2":
            link.send(TEXT, b"3")


@dataclass(frozen=True)
class Place:
    """Where a peer runs."""

    redis_socket: str
    port: int
    publisher: IO[str] | None

    def redis_publish(self, channel: str, data: bytes) -> None:
        """Publish through Redis."""
        with redis.Redis(unix_socket_path=self.redis_socket) as client:
            client.publish(channel, data)


@dataclass(frozen=True)
class Peer:
    """One of the others."""

    name: str
    packages: tuple[str, ...]
    """As its installer takes them."""
    installer: str
    """`pip`, `npm` or `apt`."""
    program: str
    publish: Callable[[Place, str], None]
    path: str = "/"
    ready_when_open: bool = True
    own_publisher: bool = False
    """Whether a second process of the same program does the publishing."""
    runtime: str = "node"

    def command(self, home: Path, redis_socket: str) -> list[str]:
        """What starts it, once it is installed in `home`; it prints the port that it listens on."""
        if self.installer == "pip":
            return [str(home / "bin/python"), str(PROGRAMS / self.program), redis_socket]
        if self.installer == "npm":
            # Modules are looked for beside the program, so it is copied there.
            program = home / self.program
            program.write_text((PROGRAMS / self.program).read_text())
            runtime = str(home / "node_modules/.bin/bun") if self.runtime == "bun" else self.runtime
            return [runtime, str(program), redis_socket]
        return [str(home / "usr/sbin/nginx"), "-p", str(home), "-c", str(home / self.program)]


def delta(stamp_ns: int) -> str:
    """A text of 40 bytes that says when it was published."""
    return f"{MARK.decode()}{stamp_ns:0{MARK_DIGITS}x}".ljust(DELTA_BYTES, ".")


def _redis(place: Place, text: str) -> None:
    place.redis_publish("delta", text.encode())


def _python_socketio(place: Place, text: str) -> None:
    order = {"method": "emit", "event": "delta", "data": text, "namespace": "/", "room": None, "skip_sid": None}
    place.redis_publish("socketio", json.dumps({**order, "callback": None, "host_id": "load"}).encode())


def _node_socketio(place: Place, text: str) -> None:
    packet = {"type": 2, "data": ["delta", text], "nsp": "/"}
    options: dict[str, object] = {"rooms": [], "except": [], "flags": {}}
    place.redis_publish("socket.io#/#", msgspec.msgpack.encode(["load", packet, options]))


def _lines(place: Place, text: str) -> None:
    assert place.publisher is not None
    place.publisher.write(text + "\n")
    place.publisher.flush()


def _nchan(place: Place, text: str) -> None:
    url = f"http://127.0.0.1:{place.port}/publish"
    with urllib.request.urlopen(url, data=text.encode(), timeout=10):
        pass


_SOCKETIO_PATH: Final = "/socket.io/?EIO=4&transport=websocket"

PEERS: Final = (
    Peer(
        "picows, send loop",
        ("picows==2.3.1", "redis[hiredis]==8.1.0", "uvloop==0.23.0"),
        "pip",
        "picows_loop.py",
        _redis,
    ),
    Peer("nchan (nginx), its publish", ("nginx", "libnginx-mod-nchan"), "apt", "nchan.conf", _nchan),
    Peer(
        "Bun, its publish",
        ("bun@1.4.5", "redis@6.3.1"),
        "npm",
        "bun_publish.mjs",
        _redis,
        runtime="bun",
    ),
    Peer("node ws, send loop", ("ws@8.23.0", "redis@6.3.1"), "npm", "ws_loop.mjs", _redis),
    Peer(
        "websockets.broadcast",
        ("websockets==17.4", "redis[hiredis]==8.1.0", "uvloop==0.23.0"),
        "pip",
        "websockets_broadcast.py",
        _redis,
    ),
    Peer(
        "Starlette, send loop",
        (
            "starlette==1.10.0",
            "uvicorn==0.54.0",
            "websockets==17.4",
            "redis[hiredis]==8.1.0",
            "uvloop==0.23.0",
            "httptools==0.9.0",
        ),
        "pip",
        "starlette_loop.py",
        _redis,
    ),
    Peer(
        "Socket.IO (node)",
        ("socket.io@4.8.4", "@socket.io/redis-adapter@8.3.0", "redis@6.3.1"),
        "npm",
        "socketio_node.mjs",
        _node_socketio,
        path=_SOCKETIO_PATH,
        ready_when_open=False,
    ),
    Peer(
        "python-socketio",
        ("python-socketio==5.18.1", "uvicorn==0.54.0", "websockets==17.4", "redis[hiredis]==8.1.0", "uvloop==0.23.0"),
        "pip",
        "socketio_asgi.py",
        _python_socketio,
        path=_SOCKETIO_PATH,
        ready_when_open=False,
    ),
    Peer(
        "Django Channels",
        (
            "channels==4.3.2",
            "channels_redis==4.3.0",
            "django==5.2.19",
            "uvicorn==0.54.0",
            "websockets==17.4",
            "uvloop==0.23.0",
        ),
        "pip",
        "channels_asgi.py",
        _lines,
        own_publisher=True,
    ),
)


def start(command: list[str], home: Path, *, publishing: bool) -> "subprocess.Popen[str]":
    """Start a peer, or its publisher; what it complains of goes to a file in its folder."""
    with (home / LOG).open("w") as log:
        return subprocess.Popen(
            [*command, "publish"] if publishing else command,
            stdin=subprocess.PIPE if publishing else None,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "NODE_ENV": "production"},
        )
