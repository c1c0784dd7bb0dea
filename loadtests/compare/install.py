"""Brings each peer into a folder of its own, outside the project's environment: pip, npm or Debian's packages.

The command that installs each is printed; what is there already is left alone.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from loadtests.compare.peers import PROGRAMS, Peer
from loadtests.server import free_port

HOME: Final = Path(__file__).parent.parent.parent / ".cache" / "compare"
"""Not under version control."""

MODULE: Final = "usr/lib/nginx/modules/ngx_nchan_module.so"
NGINX_STATE: Final = Path("/var/lib/nginx")
_NGINX_HOME: Final = ("body", "proxy", "fastcgi", "uwsgi", "scgi")


def install(peer: Peer) -> Path:
    """Install a peer; its folder. Raises `subprocess.CalledProcessError` or `OSError` if that fails."""
    home = HOME / Path(peer.program).stem
    done = home / ".installed"
    wanted = " ".join(peer.packages)
    if not done.exists() or done.read_text() != wanted:
        home.mkdir(parents=True, exist_ok=True)
        for command in _commands(peer, home):
            print(f"    {' '.join(command)}", flush=True)
            subprocess.run(command, cwd=home, check=True, stdout=subprocess.DEVNULL)
        done.write_text(wanted)
    return home


def _commands(peer: Peer, home: Path) -> list[list[str]]:
    match peer.installer:
        case "pip":
            pip = [str(home / "bin/python"), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
            return [[sys.executable, "-m", "venv", str(home)], [*pip, *peer.packages]]
        case "npm":
            return [
                ["npm", "install", "--prefix", str(home), "--no-fund", "--no-audit", "--loglevel=error", *peer.packages]
            ]
        case _:
            return [
                ["apt-get", "-qq", "download", *peer.packages],
                ["sh", "-c", "for it in *.deb; do dpkg-deb -x $it .; done"],
            ]


def configure_nginx(home: Path) -> int:
    """Write the configuration for a free port; that port."""
    # nchan asks for nginx's own folder whatever the configuration says.
    NGINX_STATE.mkdir(exist_ok=True)
    port = free_port()
    for name in _NGINX_HOME:
        (home / name).mkdir(exist_ok=True)
    text = (PROGRAMS / "nchan.conf").read_text()
    text = text.replace("FOLDER/module.so", str(home / MODULE)).replace("FOLDER", str(home)).replace("PORT", str(port))
    (home / "nchan.conf").write_text(text)
    return port
