"""One worker as its supervisor sees it: a process, its pulse and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from typing import Self

from hub.processes import start_process
from hub.workers.pulse import READY

ABORT_S = 1.0


class Child:
    """Attributes:
    silent: how many times ``tick`` was called since it was heard last.
    ready: set once it serves people.
    why: what the supervisor ended it for, if it did.
    """

    def __init__(self, number: int, process: asyncio.subprocess.Process, pulse: int) -> None:
        self.number = number
        self.silent = 0
        self.ready = asyncio.Event()
        self.why: str | None = None
        self._process = process
        self._pulse = pulse
        os.set_blocking(pulse, False)
        asyncio.get_running_loop().add_reader(pulse, self._hear)

    @classmethod
    async def start(cls, number: int, command: Sequence[str], listener: int) -> Self:
        """Begin a fresh interpreter that inherits the listening socket, and nothing else.

        Args:
            command: gets ``--listener`` and ``--pulse``, numbers of descriptors, at its end.
        """
        hear, beat = os.pipe()
        try:
            process = await start_process(
                *command, "--number", str(number),
                "--listener", str(listener), "--pulse", str(beat),
                pass_fds=(listener, beat), stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl+C is the supervisor's to pass on
            )  # fmt: skip
        except BaseException:
            os.close(hear)
            raise
        finally:
            os.close(beat)
        return cls(number, process, hear)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ended(self) -> int:
        """Wait for its end; returns its code, negative for a signal."""
        code = await self._process.wait()
        if self._pulse >= 0:
            asyncio.get_running_loop().remove_reader(self._pulse)
            os.close(self._pulse)
            self._pulse = -1
        return code

    async def served(self, timeout_s: float) -> bool:
        """Wait until it serves people, or ended, or the time is up; whether it does."""
        waits = [asyncio.create_task(one) for one in (self.ready.wait(), self._process.wait())]
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        return self.ready.is_set() and self.alive

    def leave(self) -> None:
        """Ask it to let its people go, and to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    async def abort(self) -> None:
        """Have it say where it hangs, if it still can, and end it."""
        self._signal(signal.SIGABRT)
        await asyncio.sleep(ABORT_S)
        self.kill()

    def _signal(self, which: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(which)

    def _hear(self) -> None:
        try:
            heard = os.read(self._pulse, 4096)
        except BlockingIOError:
            return
        if not heard:
            asyncio.get_running_loop().remove_reader(self._pulse)
            return
        self.silent = 0
        if READY in heard:
            self.ready.set()
