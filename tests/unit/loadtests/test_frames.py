"""Frames taken apart by their lengths."""

import pytest
from websockets.frames import Frame, Opcode

from loadtests.frames import BINARY, frame, split, status_of

SIZES = (0, 1, 125, 126, 65_535, 65_536)


def _sent(size: int) -> bytes:
    return Frame(Opcode.BINARY, b"x" * size).serialize(mask=False)


@pytest.mark.parametrize("size", SIZES)
def test_every_length_is_read(size: int) -> None:
    """A frame of any of the three forms of length comes out whole, and what follows it is left over."""
    assert split(_sent(size) + b"\x82") == ([(BINARY, b"x" * size)], b"\x82")


def test_a_cut_frame_waits_for_the_rest() -> None:
    """Wherever bytes are cut, the complete frames come out and the rest is kept."""
    whole = _sent(3) + _sent(200)
    for cut in range(len(whole) + 1):
        first, rest = split(whole[:cut])
        second, left = split(rest + whole[cut:])
        assert [len(payload) for _, payload in first + second] == [3, 200]
        assert left == b""


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_out_is_masked_by_zeros(size: int) -> None:
    """What is sent has the mask that a server insists on, and reads the same under it."""
    sent = frame(BINARY, b"x" * size)
    assert sent[1] & 0x80
    assert sent.endswith(bytes(4) + b"x" * size)


def test_the_status_is_read() -> None:
    """The status of a refused handshake is told; of something else, 0."""
    assert status_of(b"HTTP/1.1 503 Service Unavailable\r\n") == 503
    assert status_of(b"\x82\x01x") == 0
