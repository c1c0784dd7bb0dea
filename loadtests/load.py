"""A minute of an evening by Locust, without a browser, on a server of its own; prints Locust's table.

    python -m loadtests.load [--users 145] [--seconds 60] [SCENARIO …]

Without scenarios, which are the classes of `loadtests/locustfile.py`, all of them at once.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from loadtests.server import running


def main() -> int:
    """The command; it fails where Locust saw a failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help="Viewer, Picker, Kiosk, Buyer, Storm")
    parser.add_argument("--users", type=int, default=145)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with running() as target:
        command = [sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("locustfile.py")), "--headless"]
        command += ["--host", target.url, "--users", str(options.users), "--spawn-rate", "25", "--loglevel", "WARNING"]
        command += ["--run-time", f"{options.seconds}s", "--only-summary", *options.scenario]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
