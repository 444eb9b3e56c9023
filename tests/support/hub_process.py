"""A real hub as its own process, started as an operator would start it, for tests that kill it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any, Self

import httpx

OWNER = {"display_name": "Ada Okafor", "address": "ada@north.example", "password": "correct horse"}
LINK = re.compile(r"(https?://\S+/welcome)#(\S+)")


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class HubProcess:
    """``hub serve`` in a data directory of its own; start, kill, start again.

    Args:
        data_dir: kept between starts.
        arguments: further ones of ``hub serve``.
        environ: further ``HUB_*`` settings, an attribute, too.
    """

    def __init__(self, data_dir: Path, *arguments: str, **environ: str) -> None:
        self._arguments = arguments
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None
        self.output: list[str] = []
        self.link_secret: str | None = None
        self.environ = environ
        self._reader: asyncio.Task[None] | None = None
        self._browsers: list[httpx.AsyncClient] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        # Also of a test that fails: sockets that are left burst into whichever test runs later.
        for browser in self._browsers:
            await browser.aclose()
        await self.stop()

    async def start(self, *arguments: str) -> None:
        """Start and wait until the hub is ready."""
        process = await self.begin(*arguments)
        async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as http:
            while True:
                if process.returncode is not None:
                    assert self._reader is not None
                    await self._reader
                    raise RuntimeError("the hub ended:\n" + "".join(self.output[-40:]))
                try:
                    if (await http.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)  # polling a socket that is not there yet

    async def begin(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start, no more."""
        environ = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "serve",
            "--host", "127.0.0.1", "--port", str(self.port), "--data-dir", str(self.data_dir),
            *self._arguments, *arguments,
            env={**environ, **self.environ, "PYTHONUNBUFFERED": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        return self.process

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            text = line.decode(errors="replace")
            self.output.append(text)
            if found := LINK.search(text):
                self.link_secret = found.group(2)

    async def kill(self) -> None:
        """SIGKILL, as a crash would be; the database process of the hub may live on."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM, and wait for the clean end."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.send_signal(how)
            try:
                await asyncio.wait_for(self.process.wait(), 20)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        if self._reader is not None:
            # A database that outlives a killed hub may hold the pipe open.
            try:
                await asyncio.wait_for(self._reader, 2)
            except TimeoutError:
                self._reader.cancel()
        self.process = None

    # --- people -----------------------------------------------------------------------------------

    def browser(self) -> httpx.AsyncClient:
        """An HTTP client that behaves like a page of this hub: cookies and its own Origin."""
        browser = httpx.AsyncClient(
            base_url=self.url, headers={"origin": self.url}, trust_env=False, timeout=20
        )
        self._browsers.append(browser)
        return browser

    async def first_owner(self) -> httpx.AsyncClient:
        """Use the one-time link; the returned client is signed in as Ada."""
        return await self.accept(await self.first_secret(), **OWNER)

    async def first_secret(self) -> str:
        """Of the link that the hub prints when it has no owner."""
        async with asyncio.timeout(10):
            while self.link_secret is None:
                await asyncio.sleep(0.02)
        return self.link_secret

    async def accept(self, secret: str, **person: str) -> httpx.AsyncClient:
        browser = self.browser()
        await answer(browser.post("/api/links/accept", json={"secret": secret, **person}))
        return browser

    async def colleague(self, owner: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
        """Invite somebody and let them in."""
        address = f"{name.lower().replace(' ', '.')}@north.example"
        link = await answer(owner.post("/api/invitations", json={"address": address}))
        return await self.accept(
            link["link"].split("#")[1],
            display_name=name,
            address=address,
            password="correct horse",
        )


async def answer(request: Any) -> Any:
    """The JSON of a successful answer; anything else fails the test with what the hub said."""
    response: httpx.Response = await request
    assert response.is_success, f"{response.status_code} {response.text}"
    return response.json() if response.content else None


async def token(browser: httpx.AsyncClient, name: str = "test") -> str:
    """A token with every right of the signed-in person but administration."""
    created = await answer(
        browser.post("/api/tokens", json={"name": name, "scopes": ["read", "write"]})
    )
    return str(created["token"])
