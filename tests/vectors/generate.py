"""Writes the golden vectors: `python -m tests.vectors.generate`.

One file a topic, each `{"cases": […]}` but for the registry of codes. A test holds the files to what this prints, so a
change of the wire shows up as a change of these files.
"""

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from protocol.backoff import BASE_MS, CAP_MS, backoff_ms
from protocol.codec import JSON, MSGPACK, Codec, DecodeError, NotUnderstoodError
from protocol.codes import CloseCode, Code, should_reconnect
from protocol.from_server import Delta, Snapshot
from protocol.seatmap import SeatMap
from tests.vectors.invalid import INVALID_JSON, INVALID_MSGPACK
from tests.vectors.messages import FROM_CLIENT, FROM_SERVER
from tests.vectors.seatmaps import SEAT_MAPS

FOLDER: Final = Path(__file__).parent


def seatmap() -> dict[str, Any]:
    """Deltas laid on a snapshot, what becomes of each, and the map at the end."""
    return {"cases": [_fold_in(name, snapshot, deltas) for name, snapshot, deltas in SEAT_MAPS]}


def _fold_in(name: str, snapshot: Snapshot, deltas: list[Delta]) -> dict[str, Any]:
    seats = SeatMap.of(snapshot)
    outcomes = [seats.apply(delta).value for delta in deltas]
    return {
        "name": name,
        "snapshot": {"epoch": snapshot.epoch, "version": snapshot.version, "seats": snapshot.seats},
        "deltas": [{"from": d.from_version, "version": d.version, "changes": d.changes} for d in deltas],
        "outcomes": outcomes,
        "result": {"version": seats.version, "seats": seats.letters},
    }


def messages() -> dict[str, Any]:
    """Every message in both codecs."""
    both = [("from_client", case) for case in FROM_CLIENT] + [("from_server", case) for case in FROM_SERVER]
    return {
        "cases": [
            {
                "name": name,
                "direction": direction,
                "message": msgspec.to_builtins(message),
                "json": JSON.encode(message).decode(),
                "msgpack_hex": MSGPACK.encode(message).hex(),
            }
            for direction, (name, message) in both
        ]
    }


def codes() -> dict[str, Any]:
    """Rejection codes with their HTTP status, those of HTTP alone, and close codes with what a client does next."""
    return {
        "rejections": {code.value: code.http_status for code in Code if code.on_socket},
        "http_only": {code.value: code.http_status for code in Code if not code.on_socket},
        "closes": {
            str(code.value): {"name": code.name.lower(), "reconnect": should_reconnect(code)} for code in CloseCode
        },
    }


def backoff() -> dict[str, Any]:
    """Delays that are whole numbers of milliseconds, so that no rounding is part of the vector."""
    cases = [
        {"attempt": attempt, "random": random, "delay_ms": backoff_ms(attempt, random)}
        for attempt in (0, 1, 2, 3, 4, 5, 6, 7, 30, 1000)
        for random in (0.0, 0.5, 0.75)
        if (random * min(CAP_MS, BASE_MS * 2**attempt)).is_integer()
    ]
    return {"base_ms": BASE_MS, "cap_ms": CAP_MS, "cases": cases}


def invalid() -> dict[str, Any]:
    """Bytes that are no message from a client, which kind of wrong they are, and the `id` that an answer repeats."""
    json_cases = [_refused(name, "json", JSON, data) for name, data in INVALID_JSON]
    return {"cases": json_cases + [_refused(name, "msgpack", MSGPACK, data) for name, data in INVALID_MSGPACK]}


def _refused(name: str, codec_name: str, codec: Codec, data: bytes) -> dict[str, Any]:
    case: dict[str, Any] = {"name": name, "codec": codec_name, "hex": data.hex()}
    try:
        message = codec.decode_client(data)
    except NotUnderstoodError as error:
        return case | {"error": "not_understood", "id": error.id}
    except DecodeError:
        return case | {"error": "undecodable", "id": None}
    raise AssertionError(f"{name}: decoded to {message}")


def files() -> dict[str, str]:
    """The text of each vector file by its name."""
    topics = {
        "seatmap.json": seatmap(),
        "messages.json": messages(),
        "codes.json": codes(),
        "backoff.json": backoff(),
        "invalid.json": invalid(),
    }
    return {name: json.dumps(topic, indent=1, ensure_ascii=False) + "\n" for name, topic in topics.items()}


def main() -> None:
    """Write every vector file beside this module."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
