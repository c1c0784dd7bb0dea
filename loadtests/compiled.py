"""The parts in C, compiled when they are first needed, where the machine has a compiler."""

import atexit
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

COMPILER: Final = "cc"


@functools.cache
def compiled(source: str, *options: str) -> Path | None:
    """The program or library made of a file of this folder; None without a compiler."""
    compiler = shutil.which(COMPILER)
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="cinebook-load-"))
    atexit.register(shutil.rmtree, folder)
    made = folder / Path(source).stem
    subprocess.run([compiler, "-O2", *options, "-o", made, Path(__file__).with_name(source)], check=True)
    return made
