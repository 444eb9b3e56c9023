"""Browser tests: a real hub process, the system's Chromium, and people who click."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.people import Person
from tests.e2e.scan import Scan
from tests.e2e.wire import Wire
from tests.support.hub_process import HubProcess

# The same names, in the same order, as scripts/require-chromium.
NAMES = (os.environ.get("HUB_TEST_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if name and (found := shutil.which(name))), "chromium")
# A busy machine is no fault of the page.
expect.set_options(timeout=30_000)
ARGUMENTS = [
    "--no-sandbox", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    async with HubProcess(tmp_path / "data") as hub:
        yield hub


@pytest.fixture
def scan() -> Scan:
    return Scan()


@pytest.fixture
async def wire(hub: HubProcess) -> AsyncIterator[Wire]:
    async with Wire(hub.url) as wire:
        yield wire


@pytest.fixture
async def ada(hub: HubProcess, browser: Browser) -> AsyncIterator[Person]:
    """The first owner, by the link the hub printed."""
    person = await Person.open(browser, hub.url, "Ada Okafor", "ada@north.example")
    assert hub.link_secret is not None
    await person.accept(f"{hub.url}/welcome#{hub.link_secret}")
    yield person
    person.check()
