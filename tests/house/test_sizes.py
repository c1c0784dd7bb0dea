"""Files stay small enough to be read whole."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LONGEST = 400


@pytest.mark.parametrize(
    "pattern",
    [
        "server/**/*.py",
        "server/**/*.lua",
        "protocol/**/*.py",
        "static/**/*.js",
        "static/**/*.css",
        "tests/**/*.py",
        "loadtests/**/*.py",
    ],
)
def test_no_source_file_is_too_long(pattern: str) -> None:
    """A file is one noun; one that needs more lines is two."""
    lengths = {path: len(path.read_text().splitlines()) for path in ROOT.glob(pattern)}
    assert lengths
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST}
