"""A trial of an update in a process of its own, with a bound on time and memory.

yrs puts an insertion between two neighbours by walking over what stands there already; updates can
be made for which that is quadratic, and nothing can stop yrs once it has begun. So what might be is
tried elsewhere first. Run as a program it reads a state and an update, each behind eight bytes of
length, and applies them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any, Final

from hub.errors import TooLarge, Unavailable
from hub.wire.yupdate import Update

CPU_S: Final = 2
"""Seconds of CPU that an update may cost, the reading of the document included."""
MEMORY_BYTES: Final = 4 * 2**30
DEADLINE_S: Final = 30.0

FEW_INSERTIONS: Final = 32
MANY_STEPS: Final = 500_000
MANY_DELETIONS: Final = 20_000
BYTES_A_BLOCK: Final = 16
"""Of an encoded state there is hardly a struct in less."""


def is_suspect(update: Update, size: int) -> bool:
    """Whether an update might take yrs long, by a rough count of the steps.

    Args:
        size: bytes of the document's state.
    """
    if sum(map(len, update.deletes.values())) > MANY_DELETIONS:
        return True
    if sum(map(len, update.structs.values())) < FEW_INSERTIONS:
        return False
    # Typing goes on where it left off; only what begins elsewhere is looked for a place.
    begun = sum(
        struct.origin != (client, struct.clock - 1)
        for client, structs in update.structs.items()
        for struct in structs
        if struct.origin is not None or struct.right is not None
    )
    return begun >= FEW_INSERTIONS and begun * (2 * begun + size // BYTES_A_BLOCK) > MANY_STEPS


async def attempt(state: bytes, update: bytes) -> None:
    """Apply an update to a state elsewhere.

    Raises:
        TooLarge: ``update_too_complex``: it ended badly, or took too long.
        Unavailable: ``busy``: no process could be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.rooms.trial",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise Unavailable("The update cannot be tried now.", code="busy") from error
    given = b"".join(len(one).to_bytes(8, "big") + one for one in (state, update))
    try:
        async with asyncio.timeout(DEADLINE_S):
            await process.communicate(given)
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise TooLarge(
            "The update takes more work than the hub does for one.", code="update_too_complex"
        )


def _main() -> None:
    import resource

    from pycrdt import Doc

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS knows no such bound
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    given = sys.stdin.buffer.read()
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    doc: Doc[Any] = Doc()
    at = 0
    while at < len(given):
        size = int.from_bytes(given[at : at + 8], "big")
        doc.apply_update(given[at + 8 : at + 8 + size])
        at += 8 + size


if __name__ == "__main__":
    _main()
