"""The two forms of a mail's text, from one template each; HTML escapes everything, a missing name is an error."""

from collections.abc import Mapping
from typing import Final

import jinja2

from server.notify.content import Content
from server.notify.words import BRAND

_ENVIRONMENT: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("server.notify"),
    autoescape=jinja2.select_autoescape(("html",), default=False),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    auto_reload=False,
)


def html(content: Content, pictures: Mapping[str, str]) -> str:
    """The mail as HTML; `pictures` are the content ids of the QR codes by seat."""
    return _ENVIRONMENT.get_template("mail.html").render(content=content, pictures=pictures, brand=BRAND)


def plain(content: Content) -> str:
    """The mail as plain text."""
    return _ENVIRONMENT.get_template("mail.txt").render(content=content, brand=BRAND)
