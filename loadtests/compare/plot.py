"""The plot of the comparison, drawn by matplotlib in an environment of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from loadtests.compare.install import HOME

PACKAGE: Final = "matplotlib==3.11.2"

DRAW: Final = """
import json, sys
import matplotlib
matplotlib.use("svg")
# The same numbers give the same file.
matplotlib.rcParams.update({"svg.hashsalt": "compare", "font.size": 10})
import matplotlib.pyplot as plt
given = json.load(sys.stdin)
names, values = list(given["values"])[::-1], list(given["values"].values())[::-1]
others = {name: "#a8a29e" if name.startswith("floor") else "#44607c" for name in names}
colours = [{**others, given["ours"]: "#c2410c"}[name] for name in names]
figure, axes = plt.subplots(figsize=(8, 0.42 * len(names) + 1.1), layout="constrained")
bars = axes.barh(names, values, color=colours)
axes.bar_label(bars, fmt="%.1f", padding=4)
axes.set_xscale("log")
axes.set_xlim(1, max(values) * 1.6)
axes.set_xlabel("CPU of the server for each delivered frame, µs (logarithmic)")
axes.set_title(given["title"], fontsize=10)
axes.spines[["top", "right"]].set_visible(False)
figure.savefig(given["path"], metadata={"Date": None})
"""


def plot(values: Mapping[str, float], ours: str, title: str, path: Path) -> None:
    """Draw the values as bars, ours in another colour, into an SVG file."""
    home = HOME / "matplotlib"
    python = home / "bin/python"
    if not (home / ".installed").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "-q", "install", PACKAGE], check=True)
        (home / ".installed").touch()
    given = json.dumps({"values": values, "ours": ours, "title": title, "path": str(path)})
    subprocess.run([python, "-c", DRAW], input=given, text=True, check=True)
