"""The installation's secret."""

import multiprocessing
import os
import re
import stat
from pathlib import Path

import pytest

from server.identity.secrets import SecretError, cookie_name, derive, load_secret


def test_configured_secret_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    """With a SECRET_KEY setting no file is made."""
    assert load_secret("sixteen bytes it is", tmp_path) == b"sixteen bytes it is"
    assert list(tmp_path.iterdir()) == []


def test_short_secret_is_refused_without_being_repeated(tmp_path: Path) -> None:
    """A secret that could be guessed ends the start, and the message does not tell it."""
    with pytest.raises(SecretError) as caught:
        load_secret("hunter2", tmp_path)
    assert "hunter2" not in str(caught.value)


def test_generated_secret_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """It is the same at the next start, has 256 bits, and mode 0600 whatever the umask."""
    folder = tmp_path / "data" / "deep"
    before = os.umask(0)
    try:
        first = load_secret("", folder)
    finally:
        os.umask(before)
    assert load_secret("", folder) == first
    assert len(first) == 43
    [file] = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_damaged_file_is_refused_not_replaced(tmp_path: Path) -> None:
    """An empty key file is an error that names it: another key would end every session in silence."""
    load_secret("", tmp_path)
    [file] = tmp_path.iterdir()
    file.write_bytes(b"")
    with pytest.raises(SecretError, match=re.escape(str(file))):
        load_secret("", tmp_path)
    assert file.read_bytes() == b""


def _load_at_once(
    folder: Path, barrier: "multiprocessing.synchronize.Barrier", found: "multiprocessing.Queue[bytes]"
) -> None:
    barrier.wait()
    found.put(load_secret("", folder))


def test_processes_that_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    """Eight starters at one instant: one key, one file, no draft left."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(8)
    found = context.Queue()
    processes = [context.Process(target=_load_at_once, args=(tmp_path, barrier, found)) for _ in range(8)]
    for process in processes:
        process.start()
    secrets = {found.get(timeout=60) for _ in processes}
    for process in processes:
        process.join(timeout=60)
    assert len(secrets) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_keys_differ_by_purpose_and_secret() -> None:
    """A key tells nothing about the key of another purpose."""
    keys = {derive(secret, purpose) for secret in (b"one", b"two") for purpose in ("session", "receipt")}
    assert len(keys) == 4
    assert all(len(key) == 32 for key in keys)


def test_cookie_name_tells_servers_apart() -> None:
    """Servers on two ports of one host have names of their own; by https nobody else can set it."""
    assert cookie_name(b"one", https=False) != cookie_name(b"two", https=False)
    assert cookie_name(b"one", https=False) == cookie_name(b"one", https=False)
    assert cookie_name(b"one", https=True) == "__Host-" + cookie_name(b"one", https=False)
    assert re.fullmatch(r"[a-z0-9_]+", cookie_name(b"one", https=False))
