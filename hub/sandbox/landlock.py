"""Paths that a worker may read, kept by the kernel where there is no bubblewrap (Linux >= 5.13).

Source: Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from typing import Final

# The same numbers on every architecture.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_PR_SET_NO_NEW_PRIVS: Final = 38


def version() -> int:
    """Of the kernel's interface; 0 where there is none."""
    return max(0, int(ctypes.CDLL(None).syscall(_CREATE, None, 0, _VERSION)))


def lock(readable: Iterable[str]) -> None:
    """From now on nothing but what lies under these paths can be opened, and that only to be read;
    no TCP, no signal to another process (where the kernel is new enough). Without a way back.

    Raises:
        OSError: the kernel has no Landlock.
    """
    known = version()
    rights = (1 << 13) - 1  # version 1
    rights |= (known >= 2) << 13 | (known >= 3) << 14 | (known >= 5) << 15
    ruleset = struct.pack("Q", rights)
    if known >= 4:
        ruleset += struct.pack("Q", 0b11)  # bind, connect
    if known >= 6:
        ruleset += struct.pack("Q", 0b11)  # abstract sockets, signals
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.syscall(_CREATE, ctypes.c_char_p(ruleset), len(ruleset), 0)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "no Landlock")
    for path in readable:
        try:
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        folder = stat.S_ISDIR(os.fstat(beneath).st_mode)
        allowed = _READ_FILE | (_READ_DIR if folder else 0)
        rule = struct.pack("=Qi", allowed, beneath)
        done = libc.syscall(_ADD, descriptor, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
        os.close(beneath)
        if done:
            raise OSError(ctypes.get_errno(), f"no Landlock rule for {path}")
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(_RESTRICT, descriptor, 0):
        raise OSError(ctypes.get_errno(), "no Landlock")
    os.close(descriptor)
