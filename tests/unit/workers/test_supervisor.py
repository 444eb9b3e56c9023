"""The supervisor keeps its workers, whatever they do."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.workers import child, supervisor
from hub.workers.supervisor import Supervisor, WorkerFailed

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "MAX_SILENT", 3)
    monkeypatch.setattr(supervisor, "GRACE_S", 2.0)
    monkeypatch.setattr(child, "ABORT_S", 0.5)


class Run:
    """A supervisor at work, and what its workers are to do."""

    def __init__(self, state: Path, count: int) -> None:
        self.state = state
        self.how("well")
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.listener.setblocking(False)
        command = [sys.executable, "-m", "tests.support.worker", "--state", str(state)]
        self.reload = asyncio.Event()
        self.supervisor = Supervisor(command, self.listener, count, self.reload)
        self.announced = asyncio.Event()

    def how(self, word: str) -> None:
        (self.state / "how").write_text(word)

    async def run(self) -> None:
        async def announce() -> None:
            self.announced.set()

        await self.supervisor.run(announce)

    async def ask(self, word: str = "who") -> tuple[int, int]:
        """Number and pid of a worker."""
        reader, writer = await asyncio.open_connection(*self.listener.getsockname())
        writer.write(word.encode() + b"\n")
        answer = await reader.read()
        writer.close()
        number, pid = answer.split()
        return int(number), int(pid)

    @property
    def children(self) -> dict[int, int]:
        """Number → pid."""
        there = {slot.number: slot.child for slot in self.supervisor._slots}
        return {number: one.pid for number, one in there.items() if one is not None and one.alive}

    @property
    def serving(self) -> dict[int, int]:
        there = [slot.child for slot in self.supervisor._slots]
        return {one.number: one.pid for one in there if one and one.alive and one.ready.is_set()}

    def begun(self) -> int:
        return len(list(self.state.glob("started-*")))

    def pids(self) -> list[int]:
        """Of all that ever were."""
        return [int(one.name.split("-")[2]) for one in self.state.glob("started-*")]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def left(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task], timeout=30)
    assert task.cancelled()


@asynccontextmanager
async def running(state: Path, count: int = 2) -> AsyncIterator[Run]:
    run = Run(state, count)
    task = asyncio.create_task(run.run())
    try:
        await asyncio.wait_for(run.announced.wait(), 30)
        yield run
    finally:
        await left(task)
        run.listener.close()
        assert not run.children


async def test_all_serve_one_address_and_leave_when_told(tmp_path: Path) -> None:
    async with running(tmp_path, 3) as run:
        pids = set(run.children.values())
        assert len(pids) == 3
        seen = set()
        async with asyncio.timeout(20):
            while seen != pids:
                seen |= {pid for _, pid in await asyncio.gather(*(run.ask() for _ in range(20)))}
    assert not any(alive(pid) for pid in pids)


async def test_a_dead_worker_is_begun_anew_and_the_others_go_on(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        before = run.children
        os.kill(before[1], signal.SIGKILL)
        await run.until(lambda: run.serving.get(1, before[1]) != before[1])
        assert run.serving[2] == before[2]
        assert run.supervisor.restarts == 1
        assert run.supervisor.hung == 0


async def test_a_frozen_worker_is_replaced(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        before = run.children
        os.kill(before[2], signal.SIGSTOP)
        await run.until(lambda: run.serving.get(2, before[2]) != before[2])
        assert run.serving[1] == before[1]
        assert run.supervisor.hung == 1


async def test_a_worker_whose_loop_is_blocked_says_where_and_is_replaced(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path, 1) as run:
        before = run.children
        blocked = asyncio.create_task(run.ask("block"))
        await run.until(lambda: run.serving.get(1, before[1]) != before[1])
        await asyncio.gather(blocked, return_exceptions=True)
        assert (await run.ask())[1] == run.serving[1]
    said = capfd.readouterr().err
    assert "Fatal Python error: Aborted" in said
    assert "in answer" in said


async def test_reload_replaces_one_after_the_other_and_nobody_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        before = run.children
        run.reload.set()
        asked = 0
        while set(run.serving.values()) & set(before.values()) or len(run.serving) < 2:
            assert len(run.serving) == 2, "as many serve as before"
            await run.ask()
            asked += 1
        assert asked > 10
        assert run.supervisor.reloads == 2
        assert run.supervisor.restarts == 0
        await run.until(lambda: not any(alive(pid) for pid in before.values()))


async def test_a_reload_whose_workers_do_not_serve_leaves_the_old_ones(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        before = run.children
        run.how("dies")
        begun = run.begun()
        run.reload.set()
        await run.until(lambda: run.begun() > begun)
        await run.until(lambda: not run.supervisor._slots[0].lock.locked())
        assert run.serving == before
        run.how("well")
        run.reload.set()
        await run.until(lambda: run.supervisor.reloads == 2)


async def test_a_reload_that_cannot_begin_a_worker_leaves_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as run:
        before, asked = run.children, asyncio.Event()

        async def cannot(number: int) -> None:
            asked.set()
            raise BlockingIOError(11, "Resource temporarily unavailable")

        with monkeypatch.context() as patched:
            patched.setattr(run.supervisor, "_start", cannot)
            run.reload.set()
            await asyncio.wait_for(asked.wait(), 10)
            await run.until(lambda: not run.supervisor._slots[0].lock.locked())
        assert run.serving == before
        run.reload.set()
        await run.until(lambda: run.supervisor.reloads == 2)


async def test_nobody_outlives_a_supervisor_that_leaves_during_a_reload(tmp_path: Path) -> None:
    run = Run(tmp_path, 1)
    task = asyncio.create_task(run.run())
    await asyncio.wait_for(run.announced.wait(), 30)
    run.how("never ready")
    run.reload.set()
    await run.until(lambda: run.begun() == 2)
    await left(task)
    run.listener.close()
    assert not any(alive(pid) for pid in run.pids())


async def test_who_was_being_replaced_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    run = Run(tmp_path, 1)
    run.how("stays")
    task = asyncio.create_task(run.run())
    await asyncio.wait_for(run.announced.wait(), 30)
    run.how("well")
    run.reload.set()
    await run.until(lambda: run.supervisor.reloads == 1)
    await left(task)
    run.listener.close()
    assert not any(alive(pid) for pid in run.pids())


async def test_a_worker_that_does_not_leave_is_ended(tmp_path: Path) -> None:
    run = Run(tmp_path, 1)
    run.how("stays")
    task = asyncio.create_task(run.run())
    await asyncio.wait_for(run.announced.wait(), 30)
    pid = run.children[1]
    await left(task)
    run.listener.close()
    assert not alive(pid)


async def test_a_first_worker_that_ends_at_once_is_no_hub(tmp_path: Path) -> None:
    run = Run(tmp_path, 3)
    run.how("dies")
    with pytest.raises(WorkerFailed):
        await run.run()
    run.listener.close()
    assert run.begun() == 1


async def test_told_to_leave_while_the_first_begins(tmp_path: Path) -> None:
    run = Run(tmp_path, 2)
    run.how("never ready")
    task = asyncio.create_task(run.run())
    await run.until(lambda: run.begun() == 1)
    await left(task)
    run.listener.close()
    assert not run.children
