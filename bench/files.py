"""Files in and out, beside the disk, the npm tus server and nginx, interleaved in one run.

Bytes go over a bare socket on both sides of it, so that what is measured is the server. The peer
answers when its file is written, not when it is on disk; the hub, and `dd`, when it is. So the peer
is measured twice: to its answer, and until its file is on disk as well.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from bench.servers import HERE
from tests.support.hub_process import HubProcess, answer, free_port, token
from tests.support.nginx import NginxProcess

MIB = 1 << 20
BLOCK = 64 * MIB


def _connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=600)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MIB)
    return connection


def _head(connection: socket.socket) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers, and what came of the body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise SystemExit(f"the server ended: {data[:200]!r}")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return status, {name.lower(): value.strip() for name, _, value in pairs}, rest


def _request(
    connection: socket.socket, method: str, path: str, headers: dict[str, str]
) -> None:  # fmt: skip
    lines = [f"{method} {path} HTTP/1.1"]
    headers = {"Host": "127.0.0.1", "Connection": "keep-alive", **headers}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())


def send(url: str, size: int, headers: dict[str, str]) -> tuple[float, str]:
    """Seconds from the creation to the last answer, and where it lies."""
    block = memoryview(os.urandom(BLOCK))
    tus = {"Tus-Resumable": "1.0.0", **headers}
    began = time.perf_counter()
    with _connect(url) as connection:
        _request(connection, "POST", "/files/", {**tus, "Upload-Length": str(size)})
        status, told, _ = _head(connection)
        if " 201 " not in status + " ":
            raise SystemExit(f"not begun: {status}")
        place = "/" + told["location"].split("//", 1)[-1].partition("/")[2]
        if told["location"].startswith("/"):
            place = told["location"]
        patch = {
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(size),
        }
        _request(connection, "PATCH", place, {**tus, **patch})
        left = size
        while left:
            left -= connection.send(block[: min(left, BLOCK)])
        status, told, _ = _head(connection)
        if " 204" not in status or told.get("upload-offset") != str(size):
            raise SystemExit(f"not taken: {status} {told}")
    return time.perf_counter() - began, place


def fetch(url: str, path: str, size: int, headers: dict[str, str]) -> float:
    """Seconds to have all of it."""
    buffer = bytearray(4 * MIB)
    began = time.perf_counter()
    with _connect(url) as connection:
        _request(connection, "GET", path, headers)
        status, told, rest = _head(connection)
        if " 200" not in status or told.get("content-length") != str(size):
            raise SystemExit(f"not given: {status} {told}")
        left = size - len(rest)
        while left:
            got = connection.recv_into(buffer, min(left, len(buffer)))
            if not got:
                raise SystemExit(f"{left} bytes are missing")
            left -= got
    return time.perf_counter() - began


def written(folder: Path, size: int) -> float:
    """Seconds of `dd bs=1M conv=fsync`."""
    source, target = folder / "source", folder / "target"
    if not source.exists():
        with source.open("wb") as file:
            block = os.urandom(BLOCK)
            for _ in range(0, size, BLOCK):
                file.write(block)
    began = time.perf_counter()
    subprocess.run(
        ["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fsync"],
        check=True, capture_output=True,
    )  # fmt: skip
    took = time.perf_counter() - began
    target.unlink()
    return took


def synced(folder: Path) -> float:
    """Seconds until what lies in a folder is on disk."""
    began = time.perf_counter()
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return time.perf_counter() - began


@asynccontextmanager
async def peer(folder: Path) -> AsyncIterator[str]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(HERE.parent / "scripts/with-node"), "node", str(HERE / "tus-peer.mjs"),
        str(port), str(folder), stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _answers(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _forget_peak(process: psutil.Process) -> None:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def _peak_mib(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@dataclass(frozen=True)
class Served:
    """A file that the hub has."""

    token: str
    path: str


class Table:
    """MiB/s by what was done."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.rates: dict[str, list[float]] = {}

    async def time(self, name: str, work: Callable[[], float]) -> None:
        self.add(name, await asyncio.to_thread(work))

    def add(self, name: str, seconds: float) -> None:
        rate = self._size / MIB / seconds
        self.rates.setdefault(name, []).append(rate)
        print(f"{name:28}{rate:10,.0f} MiB/s", flush=True)

    def ratio(self, ours: str, theirs: str) -> float:
        return statistics.median(self.rates[ours]) / statistics.median(self.rates[theirs])


async def run(runs: int, size: int) -> None:
    """Prints MiB/s of each way, and the ratios of their medians."""
    table = Table(size)
    grown = 0.0
    print(f"{size / MIB:,.0f} MiB of random bytes, {runs} interleaved runs\n")
    for _ in range(runs):
        with TemporaryDirectory(prefix="hub-bench-", dir=os.environ.get("HUB_BENCH_DIR")) as name:
            grown = max(grown, await _once(Path(name), size, table))
    print(f"\nmemory of the hub, more than at rest: {grown:.0f} MiB\n\nratios of medians")
    for ours, theirs in [
        ("in: hub, synced", "dd, synced"),
        ("in: hub, synced", "in: @tus/server, synced"),
        ("in: hub, synced", "in: @tus/server, not synced"),
        ("out: hub, proved", "out: nginx"),
        ("out: hub by nginx", "out: nginx"),
    ]:
        print(f"{ours:20}/ {theirs:28}{table.ratio(ours, theirs):6.2f}")


async def _once(folder: Path, size: int, table: Table) -> float:
    """Returns MiB of memory that the hub grew by."""
    await table.time("dd, synced", partial(written, folder, size))
    (folder / "source").unlink()
    (folder / "peer").mkdir()
    async with peer(folder / "peer") as url:
        there = {"Upload-Metadata": "filename " + b64encode(b"a.bin").decode()}
        took, _ = await asyncio.to_thread(send, url, size, there)
        table.add("in: @tus/server, not synced", took)
        table.add(
            "in: @tus/server, synced", took + await asyncio.to_thread(synced, folder / "peer")
        )
    shutil.rmtree(folder / "peer")
    async with HubProcess(folder / "data") as hub:
        assert hub.process is not None
        process = psutil.Process(hub.process.pid)
        owner = await hub.first_owner()  # whose password takes 64 MiB
        _forget_peak(process)
        rest = _peak_mib(process)
        served = await _taken(hub, owner, size, table)
        await _rests(process)
        bearer = {"Authorization": f"Bearer {served.token}"}
        await table.time("out: hub, proved", partial(fetch, hub.url, served.path, size, bearer))
        grown = _peak_mib(process) - rest
    async with HubProcess(folder / "data", HUB_ACCEL_PREFIX="/hub-files") as hub:
        root = hub.data_dir / "blobs"
        (stored,) = root.glob("sealed/*/*")
        plain = f"/plain/{stored.relative_to(root)}"
        # As the hub would see it: nginx does not know its own name here.
        bearer["Host"] = hub.url.removeprefix("http://")
        with NginxProcess(hub.url, root, f"location /plain/ {{ alias {root}/; }}") as front:
            way = partial(fetch, front.url, served.path, size, bearer)
            await table.time("out: hub by nginx", way)
            await table.time("out: nginx", partial(fetch, front.url, plain, size, {}))
    return grown


async def _rests(process: psutil.Process) -> None:
    """Until it is through with what it does by itself: the hash of the whole file."""
    process.cpu_percent()
    async with asyncio.timeout(120):
        while True:
            await asyncio.sleep(0.5)
            if process.cpu_percent() < 5:
                return


async def _taken(hub: HubProcess, owner: httpx.AsyncClient, size: int, table: Table) -> Served:
    """A file goes in, and becomes one of a thread."""
    secret = await token(owner)
    state = await answer(owner.post("/api/threads", json={"subject": "Bench"}))
    thread = state["summary"]["thread"]
    pairs = {"filename": b"a.bin", "thread": thread.encode()}
    told = ",".join(f"{name} {b64encode(value).decode()}" for name, value in pairs.items())
    headers = {"Authorization": f"Bearer {secret}", "Upload-Metadata": told}
    places: list[str] = []

    def into() -> float:
        took, place = send(hub.url, size, headers)
        places.append(place)
        return took

    await table.time("in: hub, synced", into)
    body = {"text": "", "files": [{"upload": places[0].rpartition("/")[2]}]}
    said = await answer(owner.post(f"/api/threads/{thread}/messages", json=body))
    (attachment,) = said["attachments"]
    async with asyncio.timeout(600):
        while not (await answer(owner.get(f"/api/attachments/{attachment}"))).get("count"):
            await asyncio.sleep(0.1)
    await owner.aclose()
    return Served(secret, f"/api/attachments/{attachment}/versions/1")
