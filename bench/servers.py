"""The servers under load, each its own process on a loopback port."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from tests.support.hub_process import HubProcess, answer, free_port, token

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Target:
    """Where the load goes, and whose CPU is counted."""

    name: str
    url: str
    process: psutil.Process
    database: psutil.Process | None = None
    token: str = ""
    document: str = ""
    thread: str = ""
    path: str = ""
    """Where a stock Yjs client connects; empty for the hub's own live socket."""


def cpu_s(process: psutil.Process | None) -> float:
    """User and system seconds of a process and all below it."""
    if process is None:
        return 0.0
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def own_cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def find_postmaster(data_dir: Path) -> psutil.Process | None:
    """The embedded PostgreSQL of a hub, by its pid file."""
    for file in data_dir.rglob("postmaster.pid"):
        return psutil.Process(int(file.read_text().split()[0]))
    return None


@asynccontextmanager
async def hub_yjs() -> AsyncIterator[Target]:
    """The hub as stock Yjs clients meet it."""
    async with hub() as target, httpx.AsyncClient(base_url=target.url, trust_env=False) as http:
        made = await answer(
            http.post(
                f"/api/documents/{target.document}/ticket",
                headers={"authorization": f"Bearer {target.token}"},
            )
        )
        path = f"/yjs/{target.document}?ticket={made['ticket']}"
        yield replace(target, name="hub /yjs", path=path)


@asynccontextmanager
async def hub() -> AsyncIterator[Target]:
    with TemporaryDirectory(prefix="hub-bench-") as folder:
        async with HubProcess(Path(folder) / "data") as process:
            yield await prepare(process)


async def prepare(hub: HubProcess) -> Target:
    """A new hub with a thread and a document to type in."""
    owner = await hub.first_owner()
    state = await answer(owner.post("/api/threads", json={"subject": "Bench"}))
    thread = state["summary"]["thread"]
    made = await answer(
        owner.post(f"/api/threads/{thread}/documents", json={"kind": "text", "title": "Bench"})
    )
    secret = await token(owner)
    await owner.aclose()
    assert hub.process is not None
    return Target(
        "hub /live",
        hub.url,
        psutil.Process(hub.process.pid),
        find_postmaster(hub.data_dir),
        secret,
        made["document"],
        thread=thread,
    )


async def listening(port: int) -> None:
    """Wait until a server takes connections; Node may have to be fetched first."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@asynccontextmanager
async def y_websocket() -> AsyncIterator[Target]:
    """The npm `@y/websocket-server`: no log, no sign-in."""
    port = free_port()
    program = HERE / "node_modules/@y/websocket-server/src/server.js"
    process = await asyncio.create_subprocess_exec(
        str(HERE.parent / "scripts/with-node"), "node", str(program),
        env={**os.environ, "PORT": str(port), "HOST": "127.0.0.1"},
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await listening(port)
        yield Target(
            "y-websocket", f"http://127.0.0.1:{port}", psutil.Process(process.pid), path="/bench"
        )
    finally:
        process.terminate()
        await process.wait()
