"""Stock clients, of npm and of pycrdt, join documents through ``/yjs/`` unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from hub.client import LiveClient
from tests.e2e.people import Person
from tests.interop.stock import NPM, PYCRDT, stock, ticket_of
from tests.support.hub_process import HubProcess, answer, token


async def ticket_for(browser: Any, document: str) -> str:
    return str((await answer(browser.post(f"/api/documents/{document}/ticket")))["ticket"])


@pytest.mark.timeout(120)
async def test_stock_client_and_browser_write_one_document(ada: Person, hub: HubProcess) -> None:
    await ada.begin_thread("Offer")
    await ada.begin_document("Notes", kind="Text or code")
    document = ada.page.url.rpartition("/")[2]
    async with stock(hub, document, await ticket_of(ada, document)) as client:
        await client.until(lambda message: message.get("synced") is True)
        await ada.write("Notes", "from the browser ")
        await client.shows("text", "from the browser")
        await client.order(presence={"name": "Forged name"})
        await client.order(insert=[0, "from npm "])
        await expect(ada.editor("Notes")).to_contain_text("from npm from the browser")
        await client.until(lambda message: bool(message.get("presence")))
        await ada.saved()
        await client.order(delete=[0, 5])
        await expect(ada.editor("Notes")).to_contain_text("npm from the browser")
    await ada.page.reload()
    await expect(ada.editor("Notes")).to_contain_text("npm from the browser")


@pytest.mark.timeout(120)
async def test_stock_client_writes_rich_text_the_browser_shows(
    ada: Person, hub: HubProcess
) -> None:
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    document = ada.page.url.rpartition("/")[2]
    async with stock(hub, document, await ticket_of(ada, document)) as client:
        await client.until(lambda message: message.get("synced") is True)
        await client.order(xml="A paragraph of npm")
        await expect(ada.editor("Draft")).to_contain_text("A paragraph of npm")
        await ada.write("Draft", " and of Ada")
        await client.shows("xml", "and of Ada")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("program", [NPM, PYCRDT], ids=["npm", "pycrdt"])
async def test_stock_reader_and_bad_tickets_are_refused(
    hub: HubProcess, program: list[str]
) -> None:
    owner = await hub.first_owner()
    state = await answer(owner.post("/api/threads", json={"subject": "Offer"}))
    thread = state["summary"]["thread"]
    made = await answer(
        owner.post(f"/api/threads/{thread}/documents", json={"kind": "text", "title": "Notes"})
    )
    document = made["document"]
    grace = await hub.colleague(owner, "Grace")
    uid = (await answer(grace.get("/api/me")))["uid"]
    member = {"uid": uid, "role": "reader"}
    await answer(owner.post(f"/api/threads/{thread}/members", json=member))
    async with LiveClient(hub.url, await token(owner)) as live:
        opened = await live.open_document(document)
        with opened.doc.transaction():
            opened.text.insert(0, "to be read")
        await opened.saved()
        async with stock(hub, document, await ticket_for(grace, document), program) as client:
            await client.shows("text", "to be read")
            # pycrdt sends back what it hears, which is no edit of a reader.
            for edit in ("and ", "now "):
                with opened.doc.transaction():
                    opened.text.insert(0, edit)
                await client.shows("text", edit)
            with opened.doc.transaction():
                del opened.text[:8]
            await client.showing("text", lambda text: text == "to be read")
            await client.order(insert=[0, "forbidden "])
            await client.until(lambda message: message.get("closed") == 4403)
        for ticket in ("nonsense", (await ticket_for(owner, document))[:-2] + "xx"):
            async with stock(hub, document, ticket, program) as client:
                await client.until(lambda message: message.get("closed") == 4401)
        assert str(opened.text) == "to be read"
    exported = await owner.get(f"/api/documents/{document}/export?format=txt")
    assert exported.text == "to be read"
    await owner.aclose()
    await grace.aclose()
