"""The settings class, the README's table and `.env.example` say the same."""

import re
from pathlib import Path

from tests.house.settings_table import Row, rows

ROOT = Path(__file__).parent.parent.parent
TABLE_ROW = re.compile(r"^\|\s*`(CINEBOOK_\w+)`\s*\|\s*(?:`([^`]*)`)?\s*\|\s*(.*?)\s*\|\s*$", re.MULTILINE)
EXAMPLE_LINE = re.compile(r"^#?\s*(CINEBOOK_\w+)=(.*)$", re.MULTILINE)


def test_every_setting_says_what_it_is_for() -> None:
    """No setting is without a meaning."""
    assert not [row.variable for row in rows() if not row.meaning]


def test_the_readme_lists_every_setting_with_its_default() -> None:
    """The README's table has each setting once, with the default of the class, and nothing else."""
    listed = [Row(*found) for found in TABLE_ROW.findall((ROOT / "README.md").read_text())]
    assert all(row.meaning for row in listed)
    assert _facts(listed) == _facts(rows())


def test_the_example_environment_names_every_setting() -> None:
    """`.env.example` has each setting once, with the default of the class, and nothing else of that prefix."""
    listed = [Row(name, value, "") for name, value in EXAMPLE_LINE.findall((ROOT / ".env.example").read_text())]
    assert _facts(listed) == _facts(rows())


def _facts(listed: list[Row]) -> list[tuple[str, str]]:
    return sorted((row.variable, row.default) for row in listed)
