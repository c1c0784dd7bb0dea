"""The README's table of REST and the routes that there are say the same."""

import re
from pathlib import Path

from server.web.app import endpoints

README = Path(__file__).parent.parent.parent / "README.md"
CHAPTER = re.compile(r"^### REST\n.*?(?=^##)", re.MULTILINE | re.DOTALL)
ROUTE = re.compile(r"`([A-Z]+ /\S+)`")


def test_the_readme_lists_every_route() -> None:
    """Each route stands once in the table, and the table has no other; `id` is a showtime's or an order's."""
    (chapter,) = CHAPTER.findall(README.read_text())
    listed = [route for line in chapter.splitlines() if line.startswith("| ") for route in ROUTE.findall(line)]
    there = [f"{route.method} {re.sub(r'{[a-z]+_id}', '{id}', route.path)}" for route in endpoints()]
    assert sorted(listed) == sorted(there)
