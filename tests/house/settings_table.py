"""The settings as people write them; `python -m tests.house.settings_table` prints the README's table."""

import sys
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from server.ops.settings import Settings


class Row(NamedTuple):
    """One setting: its environment variable, its default as that variable would say it, and its meaning."""

    variable: str
    default: str
    meaning: str


def rows() -> list[Row]:
    """Return every setting in the order of the class."""
    prefix = Settings.model_config["env_prefix"]
    return [
        Row(f"{prefix}{name.upper()}", _as_text(field.get_default(call_default_factory=False)), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _as_text(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case tuple():
            return ",".join(map(str, value))
        case bool():
            return str(value).lower()
        case str() | int() | float() | Path():
            return str(value)
        case _:
            raise TypeError(f"no text for a default of {type(value).__name__}")


def as_markdown() -> str:
    """Return the README's table."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{row.variable}` | {f'`{row.default}`' if row.default else ''} | {row.meaning} |" for row in rows()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
