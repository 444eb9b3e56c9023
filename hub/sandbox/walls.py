"""Runs a worker on foreign bytes where it can do no harm, and believes nothing of what it says.

Always: a process of its own, limits, a deadline, an empty environment, never more at once than the
cores. And the best wall there is (``sandbox_kind``): bubblewrap; else Landlock with seccomp; else
the limits alone. However a worker ends, the answer is a value.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import msgspec
import structlog

from hub.errors import Unavailable
from hub.processes import kill_process, start_process
from hub.sandbox import bubblewrap, landlock, seccomp
from hub.sandbox.cell import Orders
from hub.sandbox.frames import REASONS, Garbled, Part, Reason, decode

log = structlog.get_logger()

Kind = Literal["bubblewrap", "landlock", "rlimits"]

_LIBRARIES: Final = (
    "PIL", "pypdfium2", "pypdfium2_raw", "pi_heif", "msgspec", "pycrdt", "pyromark",
    "charset_normalizer", "lxml", "typst",
)  # fmt: skip
_CHUNK_BYTES: Final = 1 << 18
_CLEAN_UP_S: Final = 5
_STDERR_BYTES: Final = 2048
_TRIAL_S: Final = 10
_FOR_EVER: Final = frozenset((errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOEXEC))
"""A program that cannot be started, whenever it is tried."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one run.

    Attributes:
        nice: how far behind people's own work it stands; 19 is last.
        wall_s: until it is killed, the wait for a core not counted.
        cpu_s: of a core.
        memory_bytes: of address space.
        scratch_bytes: of files that it may write for itself; 0 for none.
        processes: that it may start; 0 for none, and then no socket either.
    """

    wall_s: float = 40
    nice: int = 15
    cpu_s: int = 20
    memory_bytes: int = 1 << 30
    input_bytes: int = 1 << 30
    output_bytes: int = 32 << 20
    scratch_bytes: int = 0
    files: int = 64
    processes: int = 0


OFFICE: Final = Limits(
    wall_s=90, cpu_s=60, memory_bytes=4 << 30, scratch_bytes=512 << 20, files=1024, processes=256
)
"""For LibreOffice, which is several processes and writes files."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a worker made, in its order."""

    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing came of it.

    Attributes:
        reason: stable; ``sandbox`` may be tried again, the others say something of the file.
        detail: for a log, not for people: a part of it may be the worker's words.
    """

    reason: Reason
    detail: str = ""


Outcome = Made | Failed


@dataclass(frozen=True, slots=True)
class Program:
    """Code that runs in a worker.

    Attributes:
        module: has ``main(kind, options)``.
        folder: that the module lies in, when it is none of the hub's.
    """

    module: str = "hub.files.previews.worker"
    folder: Path | None = None


class WallUnknown(Unavailable):
    """This machine was too busy to try its walls: a lesser one than it has is not taken."""

    code = "sandbox_unknown"
    title = "The hub could not tell how foreign files are kept apart here"
    retry_s = 5


def sandbox_kind() -> Kind:
    """The best wall that works here; tried until that is known.

    Raises:
        WallUnknown.
    """
    return _wall().kind


class Sandbox:
    """Args:
    at_once: workers at the same time; as many as this process may use cores.
    kind: a lesser wall than there is.
    """

    def __init__(self, at_once: int | None = None, *, kind: Kind | None = None) -> None:
        self._slots = asyncio.Semaphore(at_once or len(os.sched_getaffinity(0)))
        self._kind = kind

    @property
    def kind(self) -> Kind:
        return self._kind or sandbox_kind()

    async def run(
        self,
        kind: str,
        source: Path | bytes,
        options: dict[str, Any] | None = None,
        *,
        limits: Limits = Limits(),
        program: Program = Program(),
    ) -> Outcome:
        """Give one file to one worker.

        Args:
            kind: what the program shall do with it.
            source: given as an open file, or through a pipe.
            options: JSON for the program.

        Returns:
            What it made, or why not: never an exception of the worker's making.

        Raises:
            WallUnknown: no worker was started.
        """
        async with self._slots:
            wall = await asyncio.to_thread(_wall)
            if self._kind is not None and self._kind != wall.kind:
                wall = _Wall(self._kind)
            if limits.processes and wall.kind != "bubblewrap":
                return Failed("unsupported", "other programs run in bubblewrap only")
            orders = _orders(wall, kind, options or {}, limits, program)
            return await _Run(wall, orders, limits, program).on(source)


@dataclass(frozen=True, slots=True)
class _Wall:
    kind: Kind
    bwrap: str = ""
    namespaces: Sequence[str] = ()


@functools.cache  # but not that it is unknown
def _wall() -> _Wall:
    bwrap = shutil.which("bwrap")
    for namespaces in bubblewrap.NAMESPACES if bwrap else ():
        assert bwrap is not None
        wall = _Wall("bubblewrap", bwrap, namespaces)
        words = _command(wall, Program(), Limits())
        try:
            subprocess.run(  # noqa: S603  our own words
                [*words, "-c", "import hub.sandbox.cell"],
                env=_environment(wall, Program()), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_TRIAL_S, check=True,
            )  # fmt: skip
        except subprocess.CalledProcessError:
            continue
        except subprocess.TimeoutExpired as error:
            raise WallUnknown(f"bubblewrap did not answer in {_TRIAL_S} s") from error
        except OSError as error:
            if error.errno in _FOR_EVER:
                break
            raise WallUnknown(f"bubblewrap was not started: {error.strerror}") from error
        return wall
    if landlock.version() and seccomp.supported():
        return _Wall("landlock")
    return _Wall("rlimits")


_SEEN_CODE: Final = "/cell/code"
_SEEN_PROGRAM: Final = "/cell/program"


def _package() -> Path:
    """The folder that the package ``hub`` lies in."""
    return Path(__file__).resolve().parents[2]


@functools.cache
def _readable() -> list[str]:
    """The interpreter's and the libraries' folders, as long as they are not the system's."""
    folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *_libraries()]
    # A virtual environment's python is a link, at times to another link.
    folders.append(str(Path(sys.executable).resolve().parent.parent))
    found: list[str] = []
    for folder in sorted(set(folders), key=len):
        inside = any(Path(folder).is_relative_to(one) for one in ("/usr", *found))
        if not inside and folder != "/":
            found.append(folder)
    return found


@functools.cache
def _libraries() -> list[str]:
    """The folders that the decoders lie in, wherever they were installed to."""
    specs = [importlib.util.find_spec(name) for name in _LIBRARIES]
    found = [str(Path(spec.origin).parent.parent) for spec in specs if spec and spec.origin]
    return sorted(set(found))


def _command(wall: _Wall, program: Program, limits: Limits) -> list[str]:
    python = [sys.executable, "-P", "-s", "-B"]
    if wall.kind != "bubblewrap":
        return python
    code = [(str(_package() / "hub"), f"{_SEEN_CODE}/hub")]
    if program.folder is not None:
        code.append((str(program.folder), _SEEN_PROGRAM))
    words = bubblewrap.command(
        wall.bwrap, wall.namespaces, _readable(), code,
        scratch_bytes=limits.scratch_bytes, processes=limits.processes > 0,
    )  # fmt: skip
    return words + python


def _environment(wall: _Wall, program: Program) -> dict[str, str]:
    if wall.kind == "bubblewrap":
        folders = [_SEEN_CODE, _SEEN_PROGRAM]
    else:
        folders = [str(_package()), *([str(program.folder)] if program.folder else [])]
    return {
        "PYTHONPATH": os.pathsep.join([*folders, *_libraries()]),
        "LC_ALL": "C.UTF-8",
        "HOME": "/tmp",  # noqa: S108
    }


def _orders(
    wall: _Wall, kind: str, options: dict[str, Any], limits: Limits, program: Program
) -> Orders:
    readable: list[str] | None = None
    if wall.kind == "landlock":
        readable = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom"]
        readable += [*_readable(), str(_package() / "hub")]
        readable += [str(program.folder)] if program.folder else []
    return Orders(
        module=program.module,
        kind=kind,
        options=msgspec.json.encode(options).decode(),
        readable=readable,
        must_lock=wall.kind == "landlock",
        one_process=limits.processes == 0,
        memory_bytes=limits.memory_bytes,
        cpu_s=limits.cpu_s,
        nice=limits.nice,
        file_bytes=limits.scratch_bytes,
        files=limits.files,
        processes=limits.processes,
    )


@dataclass(slots=True)
class _Run:
    """One process from its start to its end."""

    wall: _Wall
    orders: Orders
    limits: Limits
    program: Program
    _said: bytearray = field(default_factory=bytearray)
    _over: bool = False

    async def on(self, source: Path | bytes) -> Outcome:
        try:
            # Not in a thread: whoever ended meanwhile would leave it open.
            file = None if isinstance(source, bytes) else _open(source)
        except OSError as error:
            return Failed("sandbox", f"no source: {error.strerror}")
        try:
            size = len(source) if isinstance(source, bytes) else _size(file)
            if size > self.limits.input_bytes:
                return Failed("too_large", f"{size} bytes")
            return await self._run(file, source if isinstance(source, bytes) else None)
        finally:
            if file is not None:
                file.close()

    async def _run(self, file: BinaryIO | None, given: bytes | None) -> Outcome:
        words = _command(self.wall, self.program, self.limits)
        words += ["-m", "hub.sandbox.cell", msgspec.json.encode(self.orders).decode()]
        # Programs that run others might find a way to the file itself: they get its bytes.
        through = PIPE if file is None or self.orders.processes else file
        try:
            process = await start_process(
                *words, stdin=through, stdout=PIPE, stderr=PIPE,
                env=_environment(self.wall, self.program), cwd="/", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return Failed("sandbox", f"no process: {error.strerror}")
        errors = bytearray()
        try:
            async with asyncio.timeout(self.limits.wall_s), asyncio.TaskGroup() as group:
                if through is PIPE:
                    group.create_task(_feed(process, file, given))
                group.create_task(self._listen(process))
                group.create_task(_last(process, errors))
                group.create_task(process.wait())
        except TimeoutError:
            return Failed("timeout", f"killed after {self.limits.wall_s} s")
        finally:
            await self._end(process)
        if self._over:
            return Failed("too_large", f"it wrote over {self.limits.output_bytes} bytes")
        complaint = bytes(errors).decode("utf-8", "replace")
        return await asyncio.to_thread(
            _judge, bytes(self._said), process.returncode or 0, complaint
        )

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        while chunk := await process.stdout.read(_CHUNK_BYTES):
            if self._over:
                continue  # the pipe must come to its end
            self._said += chunk
            if len(self._said) > self.limits.output_bytes:
                self._over = True
                self._said.clear()
                kill_process(process, group=True)

    async def _end(self, process: Process) -> None:
        """Nothing of it is left: it, its group, and with bubblewrap all that it started."""
        if process.returncode is None:
            kill_process(process, group=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLEAN_UP_S):
                # The pipes are at their end when the last of them has gone. asyncio knows of the
                # end of a process only when its pipes were read.
                for stream in (process.stdout, process.stderr):
                    while stream is not None and await stream.read(_CHUNK_BYTES):
                        pass
                await process.wait()
        if self.wall.kind == "rlimits":
            kill_process(process, group=True)  # what it may have left behind; elsewhere it cannot


def _judge(said: bytes, status: int, errors: str) -> Outcome:
    """What became of a worker that ended by itself."""
    # Bubblewrap passes a signal on as the shell does.
    by = -status if status < 0 else status - 128 if status > 128 else 0
    try:
        parts = decode(said)
    except Garbled as error:
        parts = []
        garbled = str(error)
    else:
        garbled = ""
    if not said:
        log.warning("a worker for previews did not start", status=status, errors=errors)
        return Failed("sandbox", errors or f"it ended with {status}")
    if by == signal.SIGXCPU:
        return Failed("timeout", "it used up its time of a core")
    if by == signal.SIGKILL:
        return Failed("too_large", "the system killed it, most likely for its memory")
    if garbled:
        return Failed("damaged", f"{garbled}; it ended with {status}: {errors}")
    if parts[0].name != "ready":
        return Failed("damaged", "it was not ready")
    last = parts[-1]
    if last.name == "failed":
        said_reason = str(last.meta.get("reason"))
        reason: Reason = "damaged"
        for known in REASONS:
            reason = known if known == said_reason and known != "sandbox" else reason
        return Failed(reason, str(last.meta.get("detail", ""))[:500])
    if status or last.name != "end":
        return Failed("damaged", f"it ended with {status}: {errors}")
    return Made(parts[1:-1])


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _size(file: BinaryIO | None) -> int:
    assert file is not None
    return os.fstat(file.fileno()).st_size


async def _feed(process: Process, file: BinaryIO | None, given: bytes | None) -> None:
    """All of the source; a worker that does not want it is no fault."""
    assert process.stdin is not None
    at = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while True:
            if given is not None:
                chunk = given[at : at + _CHUNK_BYTES]
                at += len(chunk)
            else:
                assert file is not None
                chunk = await asyncio.to_thread(file.read, _CHUNK_BYTES)
            if not chunk:
                break
            process.stdin.write(chunk)
            await process.stdin.drain()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.close()


async def _last(process: Process, errors: bytearray) -> None:
    """Reads away what it complains of, and keeps the end."""
    assert process.stderr is not None
    while chunk := await process.stderr.read(_CHUNK_BYTES):
        errors += chunk
        del errors[:-_STDERR_BYTES]
