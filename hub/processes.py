"""Starting of processes that may be given up at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from typing import Any


async def start_process(*words: str, **options: Any) -> Process:
    """``asyncio.create_subprocess_exec``, that leaves nothing where it is cancelled.

    asyncio's own closes only the pipes that it had connected by then, and goes on to connect the
    others, which then are nobody's. Here a start goes to its end, and what was started is killed.

    Raises:
        OSError: no such program, or no room for another process.
    """
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*words, **options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            process = await starting
            kill_process(process, group=options.get("start_new_session", False))
            await process.communicate()
        raise


def kill_process(process: Process, *, group: bool) -> None:
    """Kill it, or the ``group`` of all that it started, if it leads one; also one that has gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
