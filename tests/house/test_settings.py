"""The settings class, the README's table and `.env.example` say the same."""

import re
from pathlib import Path

from tests.house.settings_table import Row, as_markdown, rows

ROOT = Path(__file__).parent.parent.parent
TABLE = re.compile(r"^\| variable \| default \| meaning \|\n(?:\|.*\n)+", re.MULTILINE)
EXAMPLE = re.compile(r"^# (.*)\n#(CINEBOOK_\w+)=(.*)$", re.MULTILINE)
NAMED = re.compile(r"^#?\s*(CINEBOOK_\w+)=", re.MULTILINE)


def test_every_setting_says_what_it_is_for() -> None:
    """No setting is without a meaning."""
    assert not [row.variable for row in rows() if not row.meaning]


def test_the_readme_lists_every_setting() -> None:
    """The README's one table of settings is the one that is made of the class."""
    assert TABLE.findall((ROOT / "README.md").read_text()) == [as_markdown()]


def test_the_example_environment_lists_every_setting() -> None:
    """`.env.example` has each setting once, its meaning in front and its default behind, and nothing else."""
    text = (ROOT / ".env.example").read_text()
    assert [Row(name, default, meaning) for meaning, name, default in EXAMPLE.findall(text)] == rows()
    assert NAMED.findall(text) == [row.variable for row in rows()]
