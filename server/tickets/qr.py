"""QR codes as pictures: SVG for pages, PNG for mails, which show no SVG."""

import io
from typing import Final

import segno

_QUIET: Final = 4
"""The white frame that scanners need, in modules; it is part of the picture, for pages and mails are often dark."""


def qr_svg(text: str) -> str:
    """An SVG element without a size of its own, dark on white; it has no text in it, so whoever shows it names it."""
    svg: str = _code(text).svg_inline(border=_QUIET, dark="#000", light="#fff", omitsize=True, svgclass=None)
    return svg


def qr_png(text: str, *, scale: int = 8) -> bytes:
    """A PNG, `scale` pixels a module."""
    out = io.BytesIO()
    _code(text).save(out, kind="png", scale=scale, border=_QUIET, dark="#000", light="#fff")
    return out.getvalue()


def _code(text: str) -> segno.QRCode:
    # A quarter of the picture may be scratched or in glare; a screen needs no more. To find the best of the eight masks
    # takes four times as long as all the rest; a signed code is as good as random, so that none is much better.
    return segno.make_qr(text, error="m", mask=3)
