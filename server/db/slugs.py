"""What the ids that people and programs give look like."""

import re
from typing import Final

SLUG: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
"""What is no slug exists nowhere in the database, and need not be asked for."""
