"""However a worker behaves, the hub gets a value, and nothing of it is left."""

from __future__ import annotations

import asyncio
import errno
import gc
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
import uvloop

from hub.sandbox import seccomp
from hub.sandbox import walls as module
from hub.sandbox.walls import (
    OFFICE,
    Failed,
    Kind,
    Limits,
    Made,
    Outcome,
    Program,
    Sandbox,
    WallUnknown,
    sandbox_kind,
)
from tests.integration.sandbox.conftest import HOSTILE


def processes() -> set[int]:
    """All that came of this one, however far down."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found = {os.getpid()}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    before = processes()
    yield
    Path("/tmp/made").unlink(missing_ok=True)
    assert processes() - before == set()


def failed(outcome: Outcome, reason: str) -> Failed:
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason == reason, outcome
    return outcome


async def test_it_sees_and_touches_nothing(walled: Sandbox, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    source = data / "blob"
    source.write_bytes(b"hello")
    source.chmod(0o600)
    os.utime(source, (1000, 1000))
    (data / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        options = {"port": port, "secret": str(data / "secret"), "own": str(data)}
        outcome = await walled.run("look", source, options, program=HOSTILE)
    assert isinstance(outcome, Made), outcome
    (saw,) = outcome.parts
    assert str(saw.meta.pop("environment")).replace("PWD,", "") == "HOME,LC_ALL,PYTHONPATH"
    assert saw.meta.pop("input") == "hello"
    able = {name for name, value in saw.meta.items() if value}
    if walled.kind == "rlimits":  # limits hide no file; `hub doctor` must say so
        assert able <= {"passwd", "secret", "listing", "write", "tmp", "reopen"}
    else:
        assert able == set()
        assert not (data / "made").exists()
    assert stat.S_IMODE(source.stat().st_mode) == 0o600
    assert source.stat().st_mtime == 1000


async def test_the_program_can_do_all_that_where_nothing_holds_it(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "blob").write_bytes(b"hello")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = (
            "import sys, json, os; sys.path.insert(0, sys.argv[1]); import hostile;"
            "print(json.dumps(hostile.look(int(sys.argv[2]), sys.argv[3], sys.argv[4])))"
        )
        with (tmp_path / "blob").open("rb") as blob:
            done = await asyncio.to_thread(
                subprocess.run,
                [
                    sys.executable, "-c", code, str(HOSTILE.folder), str(server.getsockname()[1]),
                    str(tmp_path / "secret"), str(tmp_path),
                ],
                stdin=blob, capture_output=True, text=True, check=True,
                cwd=Path(__file__).parents[4],
            )  # fmt: skip
    assert [name for name, able in json.loads(done.stdout).items() if able is False] == []


async def test_its_limits_hold(walled: Sandbox) -> None:
    limits = Limits(memory_bytes=256 << 20, cpu_s=7, files=20)
    outcome = await walled.run("limits", b"", program=HOSTILE, limits=limits)
    assert isinstance(outcome, Made), outcome
    saw = dict(outcome.parts[0].meta)
    # Threads count for it as processes do: decoders would fail without any.
    assert (saw.pop("NPROC") != 0) is seccomp.supported()
    assert saw == {"AS": 256 << 20, "CPU": 7, "FSIZE": 0, "NOFILE": 20, "CORE": 0}


async def test_it_starts_no_process(walled: Sandbox) -> None:
    outcome = await walled.run("fork", b"", program=HOSTILE, limits=Limits(wall_s=10))
    assert isinstance(outcome, Made), outcome
    assert outcome.parts[0].meta == {"forked": 0}


async def test_processes_that_it_may_start_end_with_it(sandbox: Sandbox) -> None:
    if sandbox.kind != "bubblewrap":
        pytest.skip("only bubblewrap lets any be started")
    limits = Limits(wall_s=10, processes=100)
    outcome = await sandbox.run("fork", b"", program=HOSTILE, limits=limits)
    assert isinstance(outcome, Made), outcome
    assert outcome.parts[0].meta == {"forked": 50}


async def test_its_output_is_bounded(walled: Sandbox) -> None:
    limits = Limits(output_bytes=4 << 20)
    failed(await walled.run("many", b"", program=HOSTILE, limits=limits), "too_large")


async def test_a_deadline_ends_it(walled: Sandbox) -> None:
    began = time.monotonic()
    failed(await walled.run("sleep", b"", program=HOSTILE, limits=Limits(wall_s=1)), "timeout")
    assert 1 <= time.monotonic() - began < 4


async def test_its_time_of_a_core_is_bounded(walled: Sandbox) -> None:
    limits = Limits(wall_s=15, cpu_s=1)
    outcome = failed(await walled.run("spin", b"", program=HOSTILE, limits=limits), "timeout")
    assert "core" in outcome.detail


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("unframed", "damaged"),
        ("cut_off", "damaged"),
        ("nothing", "damaged"),
        ("crash", "damaged"),
        ("raise", "damaged"),
        ("eat", "damaged"),
        ("lie", "damaged"),
    ],
)
async def test_what_it_says_is_not_believed(sandbox: Sandbox, kind: str, reason: str) -> None:
    outcome = failed(await sandbox.run(kind, b"", program=HOSTILE), reason)
    assert len(outcome.detail) <= 4096


async def test_a_place_that_does_not_work_is_not_the_file_s_fault(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    failed(await sandbox.run("x", b"", program=Program("not_there")), "sandbox")
    failed(await sandbox.run("text", tmp_path / "gone"), "sandbox")
    failed(await sandbox.run("text", b"x", limits=Limits(files=1)), "sandbox")


async def test_a_source_that_is_too_large_is_not_begun(sandbox: Sandbox, tmp_path: Path) -> None:
    limits = Limits(input_bytes=5)
    (tmp_path / "six").write_bytes(b"123456")
    failed(await sandbox.run("text", tmp_path / "six", limits=limits), "too_large")
    failed(await sandbox.run("text", b"123456", limits=limits), "too_large")
    assert isinstance(await sandbox.run("text", b"12345", limits=limits), Made)


async def test_a_source_that_nobody_reads_is_no_fault(sandbox: Sandbox) -> None:
    outcome = await sandbox.run("fork", bytes(8 << 20), program=HOSTILE)
    assert isinstance(outcome, Made), outcome


async def test_no_more_run_at_once_than_told() -> None:
    sandbox = Sandbox(1)
    long = asyncio.create_task(sandbox.run("sleep", b"", program=HOSTILE, limits=Limits(wall_s=2)))
    began = time.monotonic()
    await asyncio.sleep(0)
    assert isinstance(await sandbox.run("text", b"x"), Made)
    assert time.monotonic() - began >= 2
    failed(await long, "timeout")


async def test_a_cancelled_run_leaves_nothing() -> None:
    sandbox = Sandbox(1)
    assert sandbox_kind()  # finding out runs a process, too
    before = processes()
    run = asyncio.create_task(sandbox.run("sleep", b"", program=HOSTILE))
    while processes() == before:
        await asyncio.sleep(0.01)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert processes() == before
    assert isinstance(await sandbox.run("text", b"x"), Made)


async def test_a_run_may_be_cancelled_at_any_step() -> None:
    """asyncio forgets pipes where a start is cancelled; the last of them would fail this test."""
    sandbox = Sandbox(1)
    assert sandbox_kind()
    before = processes()
    for steps in range(25):
        run = asyncio.create_task(sandbox.run("sleep", b"x", program=HOSTILE))
        for _ in range(steps):
            await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        gc.collect()
    assert processes() == before


def test_the_wall_is_named() -> None:
    assert sandbox_kind() in ("bubblewrap", "landlock", "rlimits")


@pytest.mark.parametrize(
    "error",
    [subprocess.TimeoutExpired("bwrap", 10), BlockingIOError(errno.EAGAIN, "no process")],
)
async def test_a_busy_machine_takes_no_lesser_wall(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """And not for the life of the process."""
    monkeypatch.setattr(module.shutil, "which", lambda name: "/usr/bin/" + name)
    module._wall.cache_clear()
    try:
        with monkeypatch.context() as busy:
            busy.setattr(module.subprocess, "run", Mock(side_effect=error))
            with pytest.raises(WallUnknown):
                await Sandbox().run("text", b"x")
            with pytest.raises(WallUnknown):
                sandbox_kind()
        monkeypatch.setattr(module.subprocess, "run", Mock())
        assert sandbox_kind() == "bubblewrap"
    finally:
        module._wall.cache_clear()


@pytest.mark.parametrize(
    "error",
    [subprocess.CalledProcessError(1, "bwrap"), PermissionError(errno.EACCES, "not allowed")],
)
def test_a_wall_that_cannot_be_is_known(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name: "/usr/bin/" + name)
    monkeypatch.setattr(module.subprocess, "run", Mock(side_effect=error))
    module._wall.cache_clear()
    try:
        assert sandbox_kind() in ("landlock", "rlimits")
    finally:
        module._wall.cache_clear()


def test_it_runs_on_the_hub_s_own_loop() -> None:
    """uvloop has processes of its own making."""

    async def all_of_it() -> None:
        sandbox = Sandbox()
        assert isinstance(await sandbox.run("text", b"x" * (1 << 20)), Made)
        limits = Limits(output_bytes=4 << 20, wall_s=1)
        failed(await sandbox.run("many", b"", program=HOSTILE, limits=limits), "too_large")
        failed(await sandbox.run("sleep", b"", program=HOSTILE, limits=limits), "timeout")

    uvloop.run(all_of_it())


async def test_other_programs_run_in_bubblewrap_only() -> None:
    kinds: tuple[Kind, ...] = ("landlock", "rlimits")
    for kind in kinds:
        outcome = await Sandbox(kind=kind).run("office_pdf", b"", limits=OFFICE)
        failed(outcome, "unsupported")
