"""Takes the README's pictures from a real hub with sample people: `make pictures`."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Page, async_playwright, expect

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from hub.sample import PASSWORD  # noqa: E402
from tests.support.hub_process import HubProcess  # noqa: E402

IMAGES = ROOT / "docs" / "images"


async def sign_in(
    browser: Browser, url: str, address: str, theme: str, width: int = 1440, height: int = 860
) -> Page:
    context = await browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto("/signin")
    await page.get_by_label("Address").fill(address)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Your account")).to_be_visible()
    return page


async def enter(page: Page, subject: str = "Release 1.0") -> None:
    await page.get_by_role("link", name=re.compile(subject)).last.click()
    await expect(page.get_by_role("heading", name=subject, level=1)).to_be_visible()


async def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        async with HubProcess(Path(folder) / "data") as hub, async_playwright() as playwright:
            await hub.stop()
            await hub.start("--sample")
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            grace = await sign_in(browser, hub.url, "grace@north.example", "light")
            await enter(grace)
            editor = grace.get_by_role("textbox", name="Document: Release notes")
            for theme in ("light", "dark"):
                ada = await sign_in(browser, hub.url, "ada@north.example", theme)
                if theme == "light":
                    await expect(ada.get_by_role("heading", name="Inbox")).to_be_visible()
                    await ada.screenshot(path=IMAGES / "inbox.png")
                await enter(ada)
                shown = ada.get_by_role("textbox", name="Document: Release notes")
                await expect(shown).to_be_visible()
                await editor.click()
                await grace.keyboard.press("Control+End")
                await grace.keyboard.type(" today" if theme == "light" else ",")
                await grace.get_by_role("textbox", name=re.compile("^Message")).press_sequentially(
                    "I"
                )
                await editor.click()
                await grace.keyboard.press("Control+End")
                await expect(ada.get_by_test_id("sync")).to_have_text("Saved")
                await ada.get_by_role("textbox", name=re.compile("^Message")).click()
                await expect(shown.get_by_text("Grace")).to_be_visible()
                await ada.screenshot(path=IMAGES / f"room-{theme}.png")
                await ada.context.close()
            phone = await sign_in(browser, hub.url, "mei@north.example", "light", 400, 800)
            await enter(phone)
            await expect(phone.get_by_text("Thursday it is.")).to_be_visible()
            await phone.screenshot(path=IMAGES / "phone.png")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
