"""Private folders and files: made with narrow modes from the first moment, never by changing one that was there."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from server.embedded.errors import EmbeddedError
from server.embedded.service_user import ServiceUser

# Every user may reach it and its name is short: paths of sockets end at 107 bytes (103 on macOS), whatever DATA_DIR is.
_SOCKETS_BASE = Path("/tmp")  # noqa: S108 (the folders made in it are private and their names random)


def private_folder(path: Path) -> None:
    """Make the folder with mode 0700, its missing parents as the umask says; one that exists stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


def passable_folder(path: Path) -> None:
    """Make the folder so that every user may pass through it, whatever the umask; one that exists stays as it is."""
    if not path.is_dir():
        path.mkdir(parents=True)
        path.chmod(0o755)


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600 that is there whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)


@contextmanager
def operating_system(doing: str) -> Iterator[None]:
    """Turn what the operating system refuses into an EmbeddedError that says what was being done."""
    try:
        yield
    except OSError as error:
        raise EmbeddedError(f"Cannot {doing}: {error}.") from error


class FolderLock:
    """Holds a folder for one process at a time; the kernel lets go of it when that process ends, however it does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock, or raise EmbeddedError if another start holds it."""
        # Children do not inherit it: a leftover server must not look like a running application.
        file = (self._folder / "lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise EmbeddedError(
                f"{self._folder} is in use by another running CineBook: stop it, or choose another DATA_DIR."
            ) from None
        self._file = file

    def is_held(self) -> bool:
        """Whether another start holds the lock."""
        try:
            file = (self._folder / "lock").open("rb")
        except FileNotFoundError:
            return False
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def release(self) -> None:
        """Let go of the lock; nothing happens if it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None


class SocketFolder:
    """A short folder for one server's socket, mode 0700, under the same random name from one start to the next."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """Where the folder is; only after `create`."""
        if self._path is None:
            raise EmbeddedError("The server has not been started.")
        return self._path

    def adopt(self, path: Path) -> None:
        """Be the folder that another process made and uses."""
        self._path = path

    def create(self, owner: ServiceUser | None) -> Path:
        """Make the folder, owned by `owner` where one is given."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="cinebook-", dir=_SOCKETS_BASE))
        elif not _is_private(self._path, owner):
            # Made anew, or raising: the name may have been taken by somebody else while the folder was away.
            self._path.mkdir(mode=0o700)
        if owner is not None:
            os.chown(self._path, owner.uid, owner.gid)
        return self._path

    def remove(self, owner: ServiceUser | None) -> None:
        """Remove the folder with the sockets in it; nothing happens if it is not there."""
        if self._path is not None:
            self.remove_leftover(self._path, owner)

    def remove_leftover(self, path: Path, owner: ServiceUser | None) -> None:
        """Remove the folder that an earlier process left, if what stands there now is still private and ours."""
        if path.parent == _SOCKETS_BASE and _is_private(path, owner):
            for name in self._names:
                (path / name).unlink(missing_ok=True)
            path.rmdir()


def _is_private(path: Path, owner: ServiceUser | None) -> bool:
    # Names under /tmp are free again after a reboot: never follow a link, never trust another user's folder.
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    owners = {os.geteuid()} if owner is None else {os.geteuid(), owner.uid}
    return stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700 and found.st_uid in owners
