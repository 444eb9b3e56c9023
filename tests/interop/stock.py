"""Programs of others' Yjs clients, driven by JSON lines; both speak the same ones.

in, what to do:
    ``{"insert": [index, text]}``, ``{"delete": [index, length]}`` (UTF-16 units),
    ``{"append": text}``, ``{"remove": text}`` (if it stands there), ``{"xml": text}`` (one more
    paragraph), ``{"presence": {…}}`` (npm only), ``{"end": true}``
out, what happened:
    ``{"status": …}`` and ``{"presence": […]}`` (npm only), ``{"synced": true}``, ``{"text": …}``
    and ``{"xml": …}`` after every change, ``{"closed": code}``
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.e2e.people import Person

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

_NODE = shutil.which("node")
NODE = [_NODE] if _NODE else [str(ROOT / "scripts/with-node"), "node"]
NPM = [*NODE, "y_websocket.mjs"]
"""The npm package y-websocket."""
PYCRDT = [sys.executable, "pycrdt_provider.py"]
"""pycrdt's own ``Provider``."""


class Stock:
    """The client's process; ``until`` waits for something it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said: list[dict[str, Any]] = []
        self._latest: dict[str, Any] = {}

    async def order(self, **order: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message of which something is true."""
        async with asyncio.timeout(15):
            while True:
                for index, message in enumerate(self._said):
                    if condition(message):
                        del self._said[: index + 1]
                        return message
                await self._read()

    async def shows(self, key: str, part: str) -> None:
        await self.showing(key, lambda text: part in text)

    async def showing(self, key: str, condition: Callable[[str], bool]) -> str:
        """The latest ``text`` or ``xml``, as soon as something is true of it."""
        try:
            async with asyncio.timeout(15):
                while not condition(str(self._latest.get(key, ""))):
                    await self._read()
        except TimeoutError:
            raise AssertionError(f"the client shows {self._latest}") from None
        return str(self._latest[key])

    async def _read(self) -> None:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        assert line, "the client ended"
        message = json.loads(line)
        self._said.append(message)
        self._latest |= message


class Server(Protocol):
    url: str


@asynccontextmanager
async def stock(
    hub: Server, document: str, ticket: str, program: list[str] = NPM
) -> AsyncIterator[Stock]:
    process = await asyncio.create_subprocess_exec(
        *program, hub.url.replace("http", "ws", 1) + "/yjs", document, ticket,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=HERE,
    )  # fmt: skip
    client = Stock(process)
    try:
        yield client
    finally:
        if process.returncode is None:
            await client.order(end=True)
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()
        # The transport of a pipe is closed with the loop otherwise, which asyncio complains of.
        process._transport.close()  # type: ignore[attr-defined]
    assert process.returncode == 0, "the client did not end well"


async def ticket_of(person: Person, document: str) -> str:
    """As the page of a signed-in person would fetch it."""
    made = await person.page.request.post(
        f"/api/documents/{document}/ticket", headers={"origin": person.url}
    )
    return str((await made.json())["ticket"])
