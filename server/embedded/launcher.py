"""Becomes a server program: gives up root, binds itself to the life of its parent, then executes the program.

Run as a script of its own (`python -I -S launcher.py PARENT SIGNAL UID GID PROGRAM ARGUMENT…`) rather than as a hook
between fork and exec, because such a hook may deadlock in a process with threads. UID and GID are empty to stay who
one is; SIGNAL is what the kernel sends when the parent dies (0 for nothing; Linux only).
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def become(parent: int, death_signal: int, user: tuple[int, int] | None, program: list[str]) -> None:
    """Replace this process by the program; returns only by an exception, or by exiting if the parent is dead."""
    if user is not None:
        uid, gid = user
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if death_signal and sys.platform == "linux":
        # After the change of user, which clears this setting.
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:
            sys.exit("the parent ended before the program began")
    os.execv(program[0], program)  # noqa: S606 (the program and its arguments are chosen by the caller, no shell)


if __name__ == "__main__":
    _parent, _signal, _uid, _gid, *_program = sys.argv[1:]
    become(int(_parent), int(_signal), (int(_uid), int(_gid)) if _uid else None, _program)
