"""Real servers of others as child processes, each in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support.hub_process import free_port

_PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin"


class Child:
    """A process with a folder, which answers ``hello`` on its socket once it has started."""

    program: str
    hello: bytes

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hub-child-"))
        self.port = free_port()
        self.environ: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def launch(self, program: str) -> list[str]:
        """The beginning of its command line."""
        return [program]

    def start(self) -> None:
        program = shutil.which(self.program, path=_PATH)
        assert program is not None, f"there is no {self.program}: run scripts/require-services"
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*self.launch(program), *self.arguments()],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environ},
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        ends = time.monotonic() + 15
        while not self._answers():
            said = (self.folder / "output").read_text(errors="replace")
            assert self._process.poll() is None, f"{self.program} ended:\n{said}"
            assert time.monotonic() < ends, f"{self.program} does not answer:\n{said}"
            time.sleep(0.02)  # polling a socket that is not there yet

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as peer:
                peer.sendall(self.hello)
                return bool(peer.recv(1))
        except OSError:
            return False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, to all of it."""
        if self._process is not None:
            with suppress(ProcessLookupError):  # it has ended, as `start` says
                os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None
