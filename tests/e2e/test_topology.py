"""docker-compose.yml as plain processes, behind Caddy with TLS: everything goes through it."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import PASSWORD, Person
from tests.interop.stock import stock, ticket_of
from tests.support.hub_process import answer, token
from tests.support.topology import Topology

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("services")]

FILM = 48 << 20


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Topology]:
    async with Topology(tmp_path) as there:
        yield there


async def newcomer(there: Topology, browser: Browser, name: str, link: str) -> Person:
    person = await Person.open(
        browser, there.url, name, f"{name.split()[0].lower()}@north.example",
        ignore_https_errors=True,
    )  # fmt: skip
    await person.accept(link)
    return person


async def test_people_stock_clients_and_files_go_through_the_proxy(
    there: Topology, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = await there.hubs[0].first_secret()
    ada = await newcomer(there, browser, "Ada Okafor", f"{there.url}/welcome#{secret}")
    await ada.begin_thread("Offer")
    thread = ada.page.url.rpartition("/")[2]
    grace = await newcomer(there, browser, "Grace Lindqvist", await ada.invite())
    await ada.begin_document("Draft")
    await grace.open_thread("Offer")
    await ada.write("Draft", "Ada writes. ")
    await expect(grace.editor("Draft")).to_contain_text("Ada writes.")
    await grace.say("Hello Ada")
    await ada.sees("Hello Ada")
    await ada.saved()

    # A client of npm that knows nothing of the hub.
    document = ada.page.url.rpartition("/")[2]
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(there.authority))
    async with stock(there, document, await ticket_of(ada, document)) as stranger:
        await stranger.shows("xml", "Ada writes.")

    # A large file, and what the hub may not tell outside.
    trust = ssl.create_default_context(cafile=there.authority)
    async with httpx.AsyncClient(
        base_url=there.url, headers={"origin": there.url}, verify=trust, trust_env=False,
        timeout=20,
    ) as http:  # fmt: skip
        await answer(http.post("/api/session", json={"address": ada.address, "password": PASSWORD}))
        film = tmp_path / "film.mov"
        film.write_bytes(os.urandom(1 << 20) * (FILM >> 20))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "put", str(film), "--thread", thread,
            "--message", "The film", "--hub", there.url, "--state-dir", str(tmp_path / "state"),
            env={
                **os.environ, "WEBMAIL_HUB_TOKEN": await token(http),
                "SSL_CERT_FILE": str(there.authority),
            },
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        await ada.sees("The film")
        found = re.search(r"\ba_[\w-]+", said.decode())
        assert found is not None
        copy = await http.get(f"/api/attachments/{found[0]}/versions/1")
        assert copy.content == film.read_bytes()
        refused = await http.post("/api/threads", content=b"x" * (3 << 20))
        assert refused.status_code == 413
        assert (await http.get("/metrics")).status_code == 404
        assert (await http.get("/healthz")).text == "ok\n"
    assert there.coturn.port
    for hub in there.hubs:
        async with httpx.AsyncClient(base_url=hub.url, trust_env=False) as http:
            assert (await http.get("/readyz")).text == "ready\n"

    # One of the two hubs goes; nobody notices but for a moment.
    for person in (ada, grace):
        person.forgive(r"WebSocket|ERR_|Failed to load|502|503")
    await there.hubs[0].stop()
    await ada.write("Draft", "And goes on. ")
    await expect(grace.editor("Draft")).to_contain_text("And goes on.")
    await grace.say("Still here")
    await ada.sees("Still here")
    await ada.saved()
    ada.check()
    grace.check()
