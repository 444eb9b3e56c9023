"""A worker that is up to no good; it tells how far it came."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import threading
import time

import msgspec

from hub.sandbox.cell import write
from hub.sandbox.frames import Part


def main(kind: str, options: str) -> None:
    given = msgspec.json.decode(options)
    if kind == "look":
        write(Part("saw", look(**given)))
    elif kind == "fork":
        write(Part("saw", {"forked": forked()}))
    elif kind == "limits":
        names = ("AS", "CPU", "FSIZE", "NOFILE", "CORE", "NPROC")
        found = {one: resource.getrlimit(getattr(resource, f"RLIMIT_{one}"))[0] for one in names}
        threads = [threading.Thread(target=time.time) for _ in range(8)]
        for thread in threads:
            thread.start()
        write(Part("saw", found))
    elif kind == "many":
        while True:
            write(Part("more", {}, bytes(1 << 20)))
    elif kind == "unframed":
        os.write(3, b"\xff" * 64)
    elif kind == "cut_off":
        os.write(3, b"\0\0\0\x02\0\0\1\0{}")
    elif kind == "nothing":
        return
    elif kind == "sleep":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
        while True:
            time.sleep(1000)
    elif kind == "spin":
        while True:
            pass
    elif kind == "crash":
        ctypes.string_at(0)
    elif kind == "eat":
        raise SystemExit(len(bytes(1 << 40)))
    elif kind == "lie":
        write(Part("failed", {"reason": "sandbox", "detail": "x" * 9000}))
        return
    elif kind == "raise":
        raise RuntimeError("oops")
    write(Part("end"))


def look(port: int, secret: str, own: str) -> dict[str, bool | str]:
    """What it can do that it must not."""
    return {
        "tcp": can(lambda: socket.create_connection(("127.0.0.1", port), 5)),
        "datagram": can(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
        "passwd": can(lambda: open("/etc/passwd").close()),
        "secret": can(lambda: open(secret).close()),
        "listing": can(lambda: os.listdir(os.path.dirname(secret))),
        "write": can(lambda: open(os.path.join(own, "made"), "w").close()),
        "tmp": can(lambda: open("/tmp/made", "w").write("x")),
        "program": can(lambda: os.posix_spawn("/bin/true", ["true"], {})),
        "kill": can(lambda: os.kill(os.getppid(), 0)),
        "mode": can(lambda: os.fchmod(0, 0o777)),
        "times": can(lambda: os.utime(0, (1, 1))),
        "reopen": can(lambda: open("/proc/self/fd/0", "r+b").close()),
        "environment": ",".join(sorted(os.environ)),
        "input": os.read(0, 5).decode(),
    }


def can(what: object) -> bool:
    try:
        what()  # type: ignore[operator]
    except OSError:
        return False
    return True


def forked() -> int:
    count = 0
    for _ in range(50):
        try:
            if os.fork() == 0:
                os.setsid()
                time.sleep(1000)
        except OSError:
            break
        count += 1
    return count
