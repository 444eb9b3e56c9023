"""Work on many bytes, in threads that give way: who types is served before a film is hashed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")

NICE: Final = 10


def give_way() -> None:
    """This thread comes after the others where both want a processor. Only Linux has that, and
    whoever runs the hub may forbid it."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):
            now = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, max(now, NICE))


async def in_bulk(work: Callable[..., T], *args: Any) -> T:
    """Do something that computes, and leaves the interpreter to others meanwhile."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *args)


_threads: Final = ThreadPoolExecutor(
    os.cpu_count(), thread_name_prefix="bulk", initializer=give_way
)
