"""A real writing history, typed edit by edit through the live socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from hub.client import LiveClient, RemoteDocument
from tests.support import trace
from tests.support.hub_process import HubProcess, answer, token


async def type_trace(document: RemoteDocument, history: trace.Trace, edits: int) -> None:
    """One transaction, and so one update frame, an edit."""
    text = document.text
    for count, edit in enumerate(history.edits[:edits]):
        with document.doc.transaction():
            if edit.deleted:
                del text[edit.position : edit.position + edit.deleted]
            if edit.inserted:
                text.insert(edit.position, edit.inserted)
        if count % 100 == 0:
            await document.drained()
    await document.saved(timeout_s=120)


async def new_document(owner: Any, title: str = "Paper") -> str:
    state = await answer(owner.post("/api/threads", json={"subject": title}))
    made = await answer(
        owner.post(
            f"/api/threads/{state['summary']['thread']}/documents",
            json={"kind": "text", "title": title},
        )
    )
    return str(made["document"])


@pytest.mark.timeout(240)
async def test_real_history_ends_in_its_text_and_survives_a_restart(
    tmp_path: Path, browser: Browser
) -> None:
    history = trace.load()
    assert len(history.edits) == 259_778
    async with HubProcess(tmp_path / "data") as hub:
        owner = await hub.first_owner()
        document = await new_document(owner)
        secret = await token(owner)
        async with LiveClient(hub.url, secret) as client:
            typed = await client.open_document(document)
            await type_trace(typed, history, len(history.edits))
            assert str(typed.text) == history.end
            assert typed.refusals == []
        await hub.stop()
        await hub.start()
        async with LiveClient(hub.url, secret) as client:
            reopened = await client.open_document(document)
            assert str(reopened.text) == history.end
        exported = await owner.get(f"/api/documents/{document}/export?format=txt")
        assert exported.text == history.end
        await opens_in_a_browser(browser, hub, owner, document, history.end)
        await owner.aclose()


async def opens_in_a_browser(
    browser: Browser, hub: HubProcess, owner: Any, document: str, text: str
) -> None:
    """Its first line and its last are shown, and it can be typed in."""
    context = await browser.new_context(base_url=hub.url)
    await context.add_cookies(
        [{"name": name, "value": value, "url": hub.url} for name, value in owner.cookies.items()]
    )
    page = await context.new_page()
    info = await answer(owner.get(f"/api/documents/{document}"))
    await page.goto(f"/t/{info['thread']}/d/{document}")
    editor = page.get_by_role("textbox", name="Document: Paper")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    await expect(editor).to_contain_text(lines[0])
    await editor.click()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(" typed in the browser")
    await expect(editor).to_contain_text("typed in the browser")
    await expect(page.get_by_test_id("sync")).to_have_text("Saved")
    await context.close()
    exported = await owner.get(f"/api/documents/{document}/export?format=txt")
    assert exported.text == text + " typed in the browser"
