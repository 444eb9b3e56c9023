"""A trial of an update in a process of its own, with a bound on time and memory.

Nothing can stop yrs once it has begun; so what might take it long (``hub.rooms.effort``) is tried
here first. Run as a program it reads updates, each behind eight bytes of length, and applies them.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from typing import Any, Final

from hub.errors import TooLarge, Unavailable
from hub.processes import start_process

CPU_S: Final = 2
"""Seconds of CPU that an update may cost, the reading of the document included; for whole seconds
only are counted, up to one more."""
MEMORY_BYTES: Final = 4 * 2**30
DEADLINE_S: Final = 30.0

REFUSED: Final = 3
_ENDED: Final = {-one for one in (signal.SIGXCPU, signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL)}
"""Out of time, out of stack, out of memory by one's own count or the machine's."""


async def attempt(updates: Sequence[bytes]) -> None:
    """Apply a state and what comes to it elsewhere.

    Raises:
        TooLarge: ``update_too_complex``: it took too long or too much, or yrs would not have it.
        Unavailable: ``busy``: it could not be tried.
    """
    try:
        process = await start_process(
            sys.executable, "-m", "hub.rooms.trial",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise _busy() from error
    given = b"".join(len(one).to_bytes(8, "big") + one for one in updates)
    try:
        async with asyncio.timeout(DEADLINE_S):
            await process.communicate(given)
    except TimeoutError as error:
        raise _busy() from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == REFUSED or process.returncode in _ENDED:
        raise TooLarge(
            "The update takes more work than the hub does for one.", code="update_too_complex"
        )
    if process.returncode != 0:
        raise _busy()


def _busy() -> Unavailable:
    return Unavailable("The update cannot be tried now.", code="busy", retry_after_s=5)


def _main() -> None:
    import resource

    from pycrdt import Doc

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS knows no such bound
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    given = sys.stdin.buffer.read()
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
    doc: Doc[Any] = Doc()
    at = 0
    while at < len(given):
        size = int.from_bytes(given[at : at + 8], "big")
        try:
            doc.apply_update(given[at + 8 : at + 8 + size])
        except BaseException:  # a PanicException is no Exception
            sys.exit(REFUSED)
        at += 8 + size


if __name__ == "__main__":
    _main()
