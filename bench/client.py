"""The browser client against its bars (weights, first use, echo, scrolling); medians of five.

Chromium is slowed four times and put behind 9 Mbit/s with 60 ms for the first use.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from hub.client import LiveClient
from hub.wire.commands import Post
from tests.support.hub_process import HubProcess, answer, token

RUNS = 5
MESSAGES = 10_000
STATIC = Path(__file__).parent.parent / "hub" / "static"

# Counts frames while scrolling 300 px in each; a frame is blank when its middle shows no row.
SCROLL = """
async () => {
  const log = document.querySelector('[role=log]');
  const around = [log, ...log.querySelectorAll('*'), log.parentElement];
  const box = around.find((one) => one.scrollHeight > one.clientHeight + 1000);
  const gaps = []; let blank = 0, rows = 0;
  let before = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < 240; frame++) {
    box.scrollBy(0, -300);
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - before); before = now;
    const place = box.getBoundingClientRect();
    const middle = [place.left + place.width / 2, place.top + place.height / 2];
    const hit = document.elementFromPoint(...middle);
    const row = hit && hit !== box && hit.textContent.trim() !== '';
    if (!row || hit.scrollHeight > place.height * 3) blank++;
    rows = Math.max(rows, document.querySelectorAll('[data-testid=message]').length);
  }
  gaps.sort((a, b) => a - b);
  return { p95: gaps[Math.floor(gaps.length * 0.95)], blank, rows };
}
"""

WATCH = """
(wanted) => new Promise((resolve) => {
  const places = () => [...document.querySelectorAll('[role=log], .tiptap')];
  const there = () => places().some((one) => one.textContent.includes(wanted));
  if (there()) return resolve(Date.now());
  const observer = new MutationObserver(() => {
    if (there()) { observer.disconnect(); resolve(Date.now()); }
  });
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
})
"""


@dataclass
class Bar:
    name: str
    value: float
    limit: float
    unit: str

    def line(self) -> str:
        mark = "ok" if self.value <= self.limit else "ABOVE"
        return f"{self.name:44}{self.value:9.1f} {self.unit:3} bar {self.limit:g}  {mark}"


async def context_of(browser: Browser, hub: HubProcess, owner: Any) -> BrowserContext:
    context = await browser.new_context(base_url=hub.url, viewport={"width": 1440, "height": 900})
    await context.add_cookies(
        [{"name": name, "value": value, "url": hub.url} for name, value in owner.cookies.items()]
    )
    return context


async def slowed(page: Page) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    await session.send("Network.enable")
    await session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 60,
            "downloadThroughput": 9e6 / 8,
            "uploadThroughput": 9e6 / 8,
        },
    )


async def loaded(page: Page, kind: str) -> float:
    """kB gzip of the scripts or style sheets a page has loaded."""
    names = await page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
    total = 0
    for name in names:
        file = STATIC / name.split("/", 3)[-1]
        if file.suffix == kind and file.is_file():
            packed = file.with_name(file.name + ".gz")
            total += (packed if packed.is_file() else file).stat().st_size
    return total / 1000


async def weights(browser: Browser, hub: HubProcess, owner: Any, path: str) -> list[Bar]:
    context = await context_of(browser, hub, owner)
    page = await context.new_page()
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    js, css = await loaded(page, ".js"), await loaded(page, ".css")
    await page.goto(path)
    await expect(page.get_by_role("textbox", name=re.compile("^Document"))).to_be_visible()
    editor = max(file.stat().st_size for file in STATIC.glob("assets/RichEditor*.js.gz")) / 1000
    await context.close()
    return [
        Bar("initial JavaScript, gzip", js, 80, "kB"),
        Bar("initial CSS, gzip", css, 15, "kB"),
        Bar("editor chunk, gzip", editor, 180, "kB"),
    ]


async def first_use(browser: Browser, hub: HubProcess, owner: Any, path: str) -> list[Bar]:
    composer, editable = [], []
    for _ in range(RUNS):
        context = await context_of(browser, hub, owner)
        page = await context.new_page()
        await slowed(page)
        await page.goto(path, wait_until="commit")
        await page.get_by_role("textbox", name=re.compile("^Message")).wait_for()
        composer.append(await page.evaluate("performance.now()"))
        await page.locator(".tiptap[contenteditable=true]").wait_for()
        editable.append(await page.evaluate("performance.now()"))
        await context.close()
    return [
        Bar("composer usable, CPU / 4, 9 Mbit/s", statistics.median(composer), 1500, "ms"),
        Bar("document editable, CPU / 4, 9 Mbit/s", statistics.median(editable), 2500, "ms"),
    ]


async def echo(browser: Browser, hub: HubProcess, owner: Any, path: str) -> list[Bar]:
    first = await (await context_of(browser, hub, owner)).new_page()
    second = await (await context_of(browser, hub, owner)).new_page()
    for page in (first, second):
        await page.goto(path)
        await page.locator(".tiptap[contenteditable=true]").wait_for()
    box = first.get_by_role("textbox", name=re.compile("^Message"))
    own = []
    for number in range(20):
        text = f"echo {number} {number * 7919}"
        await box.fill(text)
        seen = asyncio.create_task(first.evaluate(WATCH, text))
        started = await first.evaluate("Date.now()")
        await box.press("Enter")
        own.append(await seen - started)
    await first.locator(".tiptap").click()
    remote = []
    for number in range(60):
        mark = chr(0x4E00 + number)
        seen = asyncio.create_task(second.evaluate(WATCH, mark))
        await asyncio.sleep(0.02)
        started = await first.evaluate(
            "(mark) => { const now = Date.now(); document.execCommand('insertText', false, mark); "
            "return now; }",
            mark,
        )
        remote.append(await seen - started)
    for page in (first, second):
        await page.context.close()
    return [
        Bar("own echo, median", statistics.median(own), 50, "ms"),
        Bar("remote keystroke, p95", statistics.quantiles(remote, n=20)[18], 50, "ms"),
    ]


def words(number: int) -> str:
    """A message of one to a few lines."""
    return f"message {number} " + "word " * (number % 40)


async def scrolling(browser: Browser, hub: HubProcess, owner: Any, thread: str) -> list[Bar]:
    async with LiveClient(hub.url, await token(owner)) as client:
        for start in range(0, MESSAGES, 500):
            await asyncio.gather(
                *(
                    client.send(
                        Post(
                            thread=thread,
                            send_id=f"m{n}",
                            text=f"message {n} " + "word " * (n % 40),
                        )
                    )
                    for n in range(start, start + 500)
                )
            )
    page = await (await context_of(browser, hub, owner)).new_page()
    await page.goto(f"/t/{thread}")
    await page.get_by_text(re.compile(rf"message {MESSAGES - 1} ")).first.wait_for()
    results = [await page.evaluate(SCROLL) for _ in range(RUNS)]
    await page.context.close()
    return [
        Bar("scrolling 10,000 messages, frame p95",
            statistics.median(result["p95"] for result in results), 25, "ms"),
        Bar("blank frames at 300 px a frame",
            statistics.median(result["blank"] for result in results), 0, ""),
        Bar("rows in the page", max(result["rows"] for result in results), 60, ""),
    ]  # fmt: skip


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[Browser, HubProcess, Any]]:
    """A browser, an empty hub, and its owner's client of HTTP."""
    with TemporaryDirectory(prefix="hub-bench-") as folder:
        async with HubProcess(Path(folder) / "data") as hub, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            owner = await hub.first_owner()
            yield browser, hub, owner
            await browser.close()
            await owner.aclose()


async def run() -> None:
    """Print every bar and how far the client is from it."""
    async with stage() as (browser, hub, owner):
        state = await answer(owner.post("/api/threads", json={"subject": "Bench"}))
        thread = state["summary"]["thread"]
        draft = {"kind": "rich", "title": "Draft"}
        made = await answer(owner.post(f"/api/threads/{thread}/documents", json=draft))
        path = f"/t/{thread}/d/{made['document']}"
        for part in (weights, first_use, echo):
            for bar in await part(browser, hub, owner, path):
                print(bar.line(), flush=True)
        for bar in await scrolling(browser, hub, owner, thread):
            print(bar.line(), flush=True)
