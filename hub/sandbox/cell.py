"""The first thing that runs in a worker's process: it locks the door, then lets the worker in.

``python -m hub.sandbox.cell ORDERS`` with ``Orders`` as JSON. Nothing foreign was read yet
when the limits are set. It writes ``ready`` when all that the orders demand holds, and nothing when
not: the hub then knows that the place failed and not the file.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import resource
import struct
import sys
from typing import Final

import msgspec

from hub.sandbox import frames, landlock, seccomp

_OUTPUT: Final = 3
_PR_SET_DUMPABLE: Final = 4
_CAPABILITIES_3: Final = 0x20080522


class Orders(msgspec.Struct, frozen=True):
    """What a process is locked into.

    Attributes:
        module: has ``main(kind, options)``, which writes its parts to standard output.
        options: JSON for it.
        readable: paths for Landlock; None where bubblewrap shows only these anyway.
        must_lock: without Landlock and seccomp nothing runs.
        one_process: no other process and no socket.
        nice: how far behind people's own work it stands.
        memory_bytes, cpu_s, file_bytes, files, processes: the process's own limits.
    """

    module: str
    kind: str
    options: str
    readable: list[str] | None
    must_lock: bool
    one_process: bool
    memory_bytes: int
    cpu_s: int
    nice: int
    file_bytes: int
    files: int
    processes: int


def main() -> None:
    orders = msgspec.json.decode(sys.argv[1], type=Orders)
    _keep_output()
    _limit(orders)
    _drop_capabilities()
    _lock(orders)
    module = importlib.import_module(orders.module)
    write(frames.Part("ready"))
    module.main(orders.kind, orders.options)


def write(part: frames.Part) -> None:
    """To the hub."""
    data = memoryview(frames.encode(part))
    while data:
        data = data[os.write(_OUTPUT, data) :]


def _keep_output() -> None:
    """What libraries print is no frame: it goes where complaints go."""
    os.dup2(1, _OUTPUT)
    os.dup2(2, 1)


def _limit(orders: Orders) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: orders.memory_bytes,
        resource.RLIMIT_CPU: orders.cpu_s,
        resource.RLIMIT_FSIZE: orders.file_bytes,
        resource.RLIMIT_NOFILE: orders.files,
    }
    # This one counts threads too, which decoders of AVIF and HEIC need, and those of the user's
    # other programs: seccomp, which tells threads from processes, is better where it is there.
    if orders.processes or not seccomp.supported():
        limits[resource.RLIMIT_NPROC] = orders.processes
    for name, value in limits.items():
        _, hard = resource.getrlimit(name)
        low = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # One second more until the kill, so that SIGXCPU tells why.
        last = low + 1 if name == resource.RLIMIT_CPU and low == value else low
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(name, (low, last if hard == resource.RLIM_INFINITY else low))
    with contextlib.suppress(OSError):
        os.nice(orders.nice)  # people come first


def _drop_capabilities() -> None:
    """Root without a capability: it cannot raise its limits, nor pass by the modes of files."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    header = struct.pack("Ii", _CAPABILITIES_3, 0)
    libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))


def _lock(orders: Orders) -> None:
    try:
        if orders.readable is not None:
            landlock.lock(orders.readable)
        seccomp.lock(one_process=orders.one_process)
    except (OSError, AttributeError):
        if orders.must_lock:
            raise


if __name__ == "__main__":
    main()
