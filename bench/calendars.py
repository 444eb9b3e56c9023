"""A calendar program with 5,000 tasks: how long it waits when nothing has changed, when one thing
has, and the first time; beside Radicale, a CalDAV server that keeps files, in one run."""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.support.hub_process import HubProcess, answer, free_port

COUNT = 5_000
RUNS = 20
_PYTHON = Path(__file__).parents[1] / "tests" / "interop" / ".venv" / "bin" / "python"
_PROPS = "<D:prop><D:getetag/></D:prop>"


class Program:
    """One that is signed in; ``folder`` is its collection of tasks."""

    def __init__(self, http: httpx.AsyncClient, folder: str) -> None:
        self._http = http
        self.folder = folder
        self.token = ""
        self.path = ""

    async def sync(self, known: str = "") -> int:
        """How many changes it is told of."""
        body = (
            f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{known}</D:sync-token>'
            f"<D:sync-level>1</D:sync-level>{_PROPS}</D:sync-collection>"
        )
        found = await self._http.request("REPORT", self.folder, content=body)
        assert found.status_code == 207, found.text
        (self.token,) = re.findall("<(?:D:)?sync-token>(.+?)</", found.text)
        paths = re.findall("<(?:D:)?href>([^<]+[.]ics)</", found.text)
        self.path = paths[0] if paths else self.path
        return len(re.findall("<(?:D:)?response>", found.text))

    async def etags(self) -> None:
        body = f'<D:propfind xmlns:D="DAV:">{_PROPS}</D:propfind>'
        found = await self._http.request(
            "PROPFIND", self.folder, content=body, headers={"depth": "1"}
        )
        assert len(re.findall("<(?:D:)?response>", found.text)) == COUNT + 1

    async def change(self, title: str) -> None:
        """One of those that it was told of; the text is read before, as programs have it."""
        text = (await self._http.get(self.path)).text
        text = re.sub("SUMMARY:.*", f"SUMMARY:{title}\r", text)
        put = await self._http.put(self.path, content=text)
        assert put.is_success, put.text

    async def open_tasks(self) -> None:
        """As programs without sync ask: those that are not done."""
        body = (
            '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:">'
            f'{_PROPS}<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VTODO">'
            '<C:prop-filter name="COMPLETED"><C:is-not-defined/></C:prop-filter>'
            "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
        )
        found = await self._http.request("REPORT", self.folder, content=body)
        assert len(re.findall("<(?:D:)?response>", found.text)) == COUNT


def _task(number: int) -> str:
    return (
        f"BEGIN:VTODO\r\nUID:{number}\r\nDTSTAMP:20261128T090000Z\r\n"
        f"SUMMARY:What has to be done, {number}\r\n"
        f"DUE;VALUE=DATE:2027{1 + number % 12:02}{1 + number % 28:02}\r\nEND:VTODO\r\n"
    )


def _whole(*tasks: str) -> str:
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Bench//EN\r\n"
    return f"{head}{''.join(tasks)}END:VCALENDAR\r\n"


@asynccontextmanager
async def _hub(folder: Path) -> AsyncIterator[Program]:
    async with HubProcess(folder) as hub:
        ada = await hub.first_owner()
        made = await answer(ada.post("/api/tokens", json={"name": "Phone", "scopes": ["calendar"]}))
        thread = (await answer(ada.post("/api/me/thread", json={})))["thread"]
        writer = {"content-type": "text/calendar"}
        async with httpx.AsyncClient(
            base_url=hub.url, auth=("ada", made["token"]), trust_env=False, timeout=120
        ) as http:
            for first in range(0, COUNT, 1_000):
                text = _whole(*map(_task, range(first, first + 1_000)))
                await answer(
                    ada.post(
                        f"/api/threads/{thread}/calendar", content=text, headers=writer, timeout=120
                    )
                )
            uid = (await answer(ada.get("/api/me")))["uid"]
            yield Program(http, f"/dav/calendars/{uid}/tasks/")


@asynccontextmanager
async def _radicale(folder: Path) -> AsyncIterator[Program]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(_PYTHON), "-m", "radicale", "--hosts", f"127.0.0.1:{port}", "--auth-type", "none",
        "--storage-filesystem-folder", str(folder), "--logging-level", "error",
        "--server-max-content-length", "100000000",
        stdout=asyncio.subprocess.DEVNULL, stderr=sys.stderr,
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", auth=("ada", "x"), trust_env=False, timeout=300
        ) as http:
            async with asyncio.timeout(30):
                while True:
                    try:
                        await http.get("/")
                        break
                    except httpx.TransportError:
                        await asyncio.sleep(0.1)
            text = _whole(*map(_task, range(COUNT)))
            put = await http.put(
                "/ada/tasks/", content=text, headers={"content-type": "text/calendar"}
            )
            assert put.is_success, put.text
            yield Program(http, "/ada/tasks/")
    finally:
        process.terminate()
        await process.wait()


async def _measured(ask: Callable[[], Awaitable[object]], runs: int = RUNS) -> float:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def run() -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        async with _hub(Path(first)) as hub, _radicale(Path(second)) as peer:
            figures: dict[str, list[float]] = {}
            for program in (hub, peer):

                async def nothing(one: Program = program) -> None:
                    assert await one.sync(one.token) == 0

                async def a_change(one: Program = program) -> None:
                    await one.change(f"Title {time.perf_counter()}")
                    assert await one.sync(one.token) == 1

                began = time.perf_counter()
                assert await program.sync() == COUNT
                figures.setdefault("the first sync", []).append(
                    (time.perf_counter() - began) * 1000
                )
                for name, ask, runs in (
                    ("sync, nothing has changed", nothing, RUNS),
                    ("one read, changed and synced", a_change, 10),
                    ("all ETags", program.etags, 5),
                    ("tasks that are not done", program.open_tasks, 5),
                ):
                    figures.setdefault(name, []).append(await _measured(ask, runs))
            print(f"{COUNT:,} tasks{'':22} {'hub':>10} {'Radicale':>12}   ratio")
            for name, (ours, theirs) in figures.items():
                print(f"{name:32} {ours:8.1f} ms {theirs:9.1f} ms {ours / theirs:7.2f}")
