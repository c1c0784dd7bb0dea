"""QR codes, read back by another library, as a scanner at the door reads them."""

import zlib

import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from server.tickets.codes import TicketCode, TicketSigner, verify
from server.tickets.qr import qr_png

SIGNER = TicketSigner(b"s" * 32)

tickets = st.builds(
    TicketCode,
    order=st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=1, max_size=24),
    showtime=st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1, max_size=40),
    seat=st.from_regex(r"[A-Z]{1,2}[1-9][0-9]?", fullmatch=True),
    starts_at=st.integers(0, 2**48 - 1),
)


@settings(max_examples=20)
@given(tickets)
def test_a_scanner_reads_the_ticket(ticket: TicketCode) -> None:
    """Whatever the ticket, the picture says its code and nothing else, and the code verifies."""
    code = SIGNER.issue(ticket)
    (read,) = zxingcpp.read_barcodes(_pixels(qr_png(code, scale=2)))
    assert (read.format, read.text) == (zxingcpp.BarcodeFormat.QRCode, code)
    assert verify(SIGNER.public_key, read.text) == ticket


def _pixels(png: bytes) -> memoryview:
    """The pixels of a PNG of one bit each, a byte each, row by row; its rows are whole, or added to the last."""
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert png[24:26] == b"\x01\x00", "one bit of grey"
    data = zlib.decompress(b"".join(content for kind, content in _chunks(png) if kind == b"IDAT"))
    size = (width + 7) // 8
    row, pixels = bytes(size), bytearray()
    for start in range(0, len(data), size + 1):
        kind, part = data[start], data[start + 1 : start + 1 + size]
        assert kind in {0, 2}, "no other filter"
        row = bytes((new + above) & 255 for new, above in zip(part, row, strict=True)) if kind else part
        pixels += bytes(255 * int(bit) for bit in f"{int.from_bytes(row, 'big'):0{8 * size}b}"[:width])
    return memoryview(bytes(pixels)).cast("B", shape=[height, width])


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += size + 12
    return found
