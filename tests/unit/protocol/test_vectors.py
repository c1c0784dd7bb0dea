"""The golden vectors: the files are what the generator prints, and an independent reader agrees with them."""

import json
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]  # it has no stubs
import pytest

from protocol.backoff import backoff_ms
from protocol.codec import CODECS, JSON, MSGPACK, NotUnderstoodError, UndecodableError
from protocol.from_client import ClientMessage
from protocol.from_server import ServerMessage
from tests.vectors import generate


def _read(name: str) -> dict[str, Any]:
    topic: dict[str, Any] = json.loads((generate.FOLDER / name).read_text(encoding="utf-8"))
    return topic


def _cases(name: str) -> list[Any]:
    return [pytest.param(case, id=f"{case.get('codec', '')} {case['name']}".strip()) for case in _read(name)["cases"]]


def test_files_are_what_the_generator_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody edits the files by hand, and no change of the wire goes unseen."""
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    generate.main()
    printed = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    monkeypatch.undo()
    assert printed == {path.name: path.read_text(encoding="utf-8") for path in generate.FOLDER.glob("*.json")}


@pytest.mark.parametrize("case", _cases("messages.json"))
def test_both_codecs_hold_the_message(case: dict[str, Any]) -> None:
    """Readers that are not ours find the message in either encoding, and ours find the same one in both."""
    packed = bytes.fromhex(case["msgpack_hex"])
    assert json.loads(case["json"]) == case["message"]
    assert msgpack.unpackb(packed) == case["message"]
    if case["direction"] == "from_client":
        assert JSON.decode_client(case["json"].encode()) == MSGPACK.decode_client(packed)
    else:
        assert JSON.decode_server(case["json"].encode()) == MSGPACK.decode_server(packed)


def test_every_message_has_a_vector() -> None:
    """Each type of either direction is there."""
    seen = {(case["direction"], case["message"]["type"]) for case in _read("messages.json")["cases"]}
    types = {("from_client", kind.__struct_config__.tag) for kind in ClientMessage.__args__}
    types |= {("from_server", kind.__struct_config__.tag) for kind in ServerMessage.__args__}
    assert seen == types


@pytest.mark.parametrize("case", _cases("invalid.json"))
def test_bad_input_is_refused_as_said(case: dict[str, Any]) -> None:
    """Bytes that cannot be read are told from those that can but are no message, whose id can be answered."""
    codec = CODECS[f"seatmap.v1.{case['codec']}"]
    kind = {"undecodable": UndecodableError, "not_understood": NotUnderstoodError}[case["error"]]
    with pytest.raises(kind) as caught:
        codec.decode_client(bytes.fromhex(case["hex"]))
    assert getattr(caught.value, "id", None) == case["id"]


def test_backoff() -> None:
    """Delays double from 250 ms to 10 s, times the jitter, and stay there."""
    topic = _read("backoff.json")
    assert (topic["base_ms"], topic["cap_ms"]) == (250, 10_000)
    for case in topic["cases"]:
        assert case["delay_ms"] == case["random"] * min(10_000, 250 * 2 ** case["attempt"])
        assert backoff_ms(case["attempt"], case["random"]) == case["delay_ms"]
    assert [backoff_ms(attempt, 0.999_999) for attempt in range(8)] == [249, 499, 999, 1999, 3999, 7999, 9999, 9999]
