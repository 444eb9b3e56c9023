"""Very many files in the browser: 1,000 small ones at once, and a thread that has 10,000."""

from __future__ import annotations

import asyncio
import re
import statistics
from io import BytesIO
from typing import Any

from playwright.async_api import Browser, Page, expect

from bench.client import RUNS, Bar, context_of, stage
from hub.client import FileClient, LiveClient
from hub.wire.commands import NewFile, Post
from tests.support.hub_process import HubProcess, answer, token

SMALL = 1_000
BYTES = 4_096
MANY = 10_000
A_MESSAGE = 100

CHOOSE = """
async ([input, count, size]) => {
  const transfer = new DataTransfer();
  for (let i = 0; i < count; i++) {
    const bytes = crypto.getRandomValues(new Uint8Array(size));
    transfer.items.add(new File([bytes], `small ${i}.bin`, { lastModified: 1000 }));
  }
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  return Date.now();
}
"""

# From the click to the frame that shows the first rows.
OPEN = """
() => new Promise((resolve) => {
  const button = document.querySelector('button[aria-label="Show files"]');
  const began = performance.now();
  button.click();
  const look = () => {
    const rows = document.querySelectorAll('[data-testid=files] [data-row]').length;
    if (rows > 0) resolve(performance.now() - began);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""


async def small(browser: Browser, hub: HubProcess, owner: Any) -> list[Bar]:
    """Chosen in the composer; ends when the hub knows each of them whole."""
    state = await answer(owner.post("/api/threads", json={"subject": "Small files"}))
    thread = state["summary"]["thread"]
    page = await (await context_of(browser, hub, owner)).new_page()
    await page.goto(f"/t/{thread}")
    box = page.get_by_role("textbox", name=re.compile("^Message"))
    await box.wait_for()
    choose = await page.get_by_label("Attach files").element_handle()
    began = asyncio.get_running_loop().time()
    await page.evaluate(CHOOSE, [choose, SMALL, BYTES])
    await expect(page.get_by_test_id("attached")).to_be_visible()
    await box.fill("All of them")
    await box.press("Enter")
    async with asyncio.timeout(300):
        while await ready(owner, thread) < SMALL:
            await asyncio.sleep(0.1)
    took = asyncio.get_running_loop().time() - began
    await page.context.close()
    return [Bar(f"{SMALL} files of {BYTES} bytes, each", took / SMALL * 1000, 10, "ms")]


async def ready(owner: Any, thread: str) -> int:
    found = await answer(owner.get(f"/api/threads/{thread}/attachments", params={"limit": 2000}))
    return sum(one["versions"][0]["state"] == "ready" for one in found["attachments"])


async def panel(browser: Browser, hub: HubProcess, owner: Any) -> list[Bar]:
    """Opened in a room that was just loaded, so that nothing of the files is there yet."""
    state = await answer(owner.post("/api/threads", json={"subject": "Many files"}))
    thread = state["summary"]["thread"]
    await fill(hub, owner, thread)
    opened, typed, sorted_ = [], [], []
    for _ in range(RUNS):
        page = await (await context_of(browser, hub, owner)).new_page()
        await page.goto(f"/t/{thread}")
        await page.get_by_role("textbox", name=re.compile("^Message")).wait_for()
        opened.append(await page.evaluate(OPEN))
        await expect(page.get_by_test_id("files").get_by_role("heading")).to_contain_text("10,0")
        await expect(page.get_by_text("in this thread")).to_be_visible()
        typed.append(await reacts(page, "input[type=search]", "input", "4711"))
        sorted_.append(await reacts(page, "select", "change", "size"))
        await page.context.close()
    return [
        Bar(f"panel of {MANY} files", statistics.median(opened), 300, "ms"),
        Bar("the same, found by name", statistics.median(typed), 100, "ms"),
        Bar("the same, in another order", statistics.median(sorted_), 100, "ms"),
    ]


REACT = """
([selector, kind, value]) => new Promise((resolve) => {
  const field = document.querySelector(`[data-testid=files] ${selector}`);
  const began = performance.now();
  field.value = value;
  field.dispatchEvent(new Event(kind, { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
})
"""


async def reacts(page: Page, selector: str, kind: str, value: str) -> float:
    """Ms until the frame after a change is drawn."""
    return float(await page.evaluate(REACT, [selector, kind, value]))


async def fill(hub: HubProcess, owner: Any, thread: str) -> None:
    """One file is uploaded, the others are sent on from it under names of their own."""
    secret = await token(owner)
    files = FileClient(hub.url, secret)
    sent = await files.upload(BytesIO(bytes(BYTES)), thread, name="first.bin")
    (first,) = await files.post(thread, [sent])
    async with LiveClient(hub.url, secret) as live:
        for start in range(0, MANY, A_MESSAGE):
            await live.send(
                Post(
                    thread=thread, send_id=f"m{start}", text="",
                    files=[
                        NewFile(source=first.attachment, number=1, name=f"report {start + n}.pdf")
                        for n in range(A_MESSAGE)
                    ],
                )
            )  # fmt: skip


async def run() -> None:
    """Prints each bar and how far the client is from it."""
    async with stage() as (browser, hub, owner):
        for part in (small, panel):
            for bar in await part(browser, hub, owner):
                print(bar.line(), flush=True)
