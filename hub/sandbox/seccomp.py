"""System calls that a worker may not make, as a filter in the kernel (Linux, x86-64 and ARM64).

A list of what is refused, not of what is allowed: a new C library must not break previews. It is
the second wall; the first is bubblewrap or Landlock, which refuse whatever has a path.

Source: seccomp(2), Documentation/userspace-api/seccomp_filter.rst; numbers from asm/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_HAS_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_KILL: Final = 0x80000000
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, little-endian
_X32: Final = 0x40000000
_CLONE_THREAD: Final = 0x00010000

_ARCHES: Final = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# Name: (x86-64, ARM64); -1 where there is none.
_ALWAYS: Final = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "open_by_handle_at": (304, 265),
}  # fmt: skip
# LibreOffice is several processes that talk over local sockets; a decoder is one process.
_ONE_PROCESS: Final = {
    "fork": (57, -1), "vfork": (58, -1), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    # The input is an open file of the hub's: not even its mode, times or locks may be touched.
    # Landlock knows nothing of these.
    "chmod": (90, -1), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, -1), "fchown": (93, 55), "lchown": (94, -1), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "utime": (132, -1), "utimes": (235, -1), "futimesat": (261, -1), "utimensat": (280, 88),
    "flock": (73, 32),
}  # fmt: skip
_CLONE: Final = (56, 220)
_CLONE3: Final = (435, 435)
_SOCKET: Final = (41, 198)
_AF_UNIX: Final = 1


def supported() -> bool:
    """Whether this machine and kernel have such filters; changes nothing."""
    if platform.machine() not in _ARCHES or os.name != "posix":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    # A filter at address 0 is a bad address where filters are known, else an unknown mode.
    return libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, None, 0, 0) == -1 and (
        ctypes.get_errno() == errno.EFAULT
    )


def lock(*, one_process: bool) -> None:
    """From now on, for this thread and all that it starts, without a way back.

    Args:
        one_process: no other process, no other program, no socket at all; else local sockets only.

    Raises:
        OSError: the kernel has no such filters.
    """
    code = b"".join(_program(one_process))
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_char_p(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "no seccomp filter")


def _program(one_process: bool) -> list[bytes]:
    machine = platform.machine()
    if machine not in _ARCHES:
        raise OSError(errno.ENOSYS, f"no seccomp filter for {machine}")
    arch, column = _ARCHES[machine]
    steps = [_step(_LOAD, _ARCH), _step(_EQUAL, arch, 1, 0), _step(_RETURN, _KILL)]
    steps += [_step(_LOAD, _NUMBER)]
    steps += [_step(_AT_LEAST, _X32, 0, 1), _step(_RETURN, _ERRNO | errno.ENOSYS)]
    refused = _ALWAYS | (_ONE_PROCESS if one_process else {})
    for numbers in refused.values():
        if numbers[column] >= 0:
            steps += [_step(_EQUAL, numbers[column], 0, 1), _step(_RETURN, _ERRNO | errno.EPERM)]
    if one_process:
        # Threads are made by clone where clone3 seems not to be there; its flags can be looked at.
        steps += [_step(_EQUAL, _CLONE3[column], 0, 1), _step(_RETURN, _ERRNO | errno.ENOSYS)]
        steps += _only(_CLONE[column], _HAS_BIT, _CLONE_THREAD)
    else:
        steps += _only(_SOCKET[column], _EQUAL, _AF_UNIX)
    return [*steps, _step(_RETURN, _ALLOW)]


def _only(number: int, test: int, value: int) -> list[bytes]:
    """The call is allowed only where its first argument passes."""
    return [
        _step(_EQUAL, number, 0, 4),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(test, value, 0, 1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _ERRNO | errno.EPERM),
    ]


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)
