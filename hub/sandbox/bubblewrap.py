"""A worker's own small world, by the program ``bwrap``: what it sees of this machine.

No network, no other processes, no folder of the hub's or of anybody; programs and libraries
read-only; no ``/proc``, so that an open file cannot be opened anew for writing.

Source: bwrap(1) of bubblewrap 0.8.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final

_SYSTEM: Final = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin")
# Of LibreOffice's settings Debian keeps a part here; the loader and the fonts read theirs.
_SETTINGS: Final = ("/etc/ld.so.cache", "/etc/fonts", "/etc/libreoffice", "/etc/alternatives")

# From the safest to what a container may still allow: with a user namespace that can have no other
# within; with one; with none of its own.
NAMESPACES: Final = (
    ("--unshare-user", "--disable-userns", "--unshare-all"),
    ("--unshare-user", "--unshare-all"),
    ("--unshare-all",),
)


def command(
    bwrap: str,
    namespaces: Sequence[str],
    readable: Iterable[str],
    code: Iterable[tuple[str, str]],
    *,
    scratch_bytes: int,
    processes: bool,
) -> list[str]:
    """The words before the worker's own.

    Args:
        readable: folders that it sees where they are, besides the system's.
        code: (folder, where it sees it).
        scratch_bytes: of the memory that serves it as ``/tmp``; 0 for none.
        processes: whether it sees its own processes in ``/proc``.
    """
    # No --new-session: the caller begins one already, and whose group is killed while bubblewrap
    # is at its preparations must still find all of it there. (--die-with-parent holds only after.)
    words = [bwrap, *namespaces, "--die-with-parent", "--cap-drop", "ALL"]
    words += ["--hostname", "cell"]
    if scratch_bytes:
        words += ["--size", str(scratch_bytes), "--perms", "0700", "--tmpfs", "/tmp"]  # noqa: S108
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        words += ["--dev-bind", device, device]
    if processes:
        words += ["--proc", "/proc"]
    for path in _SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    for path in _SETTINGS:
        words += ["--ro-bind-try", path, path]
    for path in readable:
        words += ["--ro-bind", path, path]
    for path, seen in code:
        words += ["--ro-bind", path, seen]
    return [*words, "--remount-ro", "/", "--chdir", "/", "--"]
