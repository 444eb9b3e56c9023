"""What a person wrote survives a browser that does not keep it, and a session that ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, CDPSession, Page, expect

from tests.e2e.people import PASSWORD, Person
from tests.e2e.scan import Scan, reaches
from tests.e2e.wire import Wire
from tests.support.hub_process import HubProcess

NETWORK = r"ERR_|WebSocket connection|Failed to load resource"
OFFLINE = re.compile("^(Offline|Reconnecting)")


@pytest.fixture
async def nobody(browser: Browser, wire: Wire) -> AsyncIterator[Person]:
    """Somebody at the sign-in page, over a wire that can be cut."""
    person = await Person.open(browser, wire.url, "Ada Okafor", "ada@north.example")
    person.forgive(NETWORK)
    await person.page.goto("/signin")
    yield person
    person.check()


@pytest.fixture
async def ada(nobody: Person, hub: HubProcess, wire: Wire) -> Person:
    """The first owner."""
    await nobody.accept(wire.through(f"{hub.url}/welcome#{hub.link_secret}"))
    return nobody


async def storage(person: Person, command: str, **parameters: object) -> CDPSession:
    """Tell the browser what to do with its storage; a quota lasts as long as the session."""
    session = await person.context.new_cdp_session(person.page)
    await session.send(f"Storage.{command}", {"origin": person.url, **parameters})
    return session


# Whether a message waits in this browser's own store.
KEPT = """async (text) => {
    const names = (await indexedDB.databases()).map((one) => one.name);
    const database = await new Promise((resolve) => {
        const request = indexedDB.open(names.find((one) => one.startsWith("hub:")) ?? "none");
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve(null);
    });
    if (!database?.objectStoreNames.contains("outbox")) return false;
    const rows = await new Promise((resolve) => {
        const request = database.transaction("outbox").objectStore("outbox").getAll();
        request.onsuccess = () => resolve(request.result);
    });
    database.close();
    return rows.some((one) => one.text === text);
}"""


async def sign_in(person: Person, page: Page) -> None:
    await page.get_by_label("Address").fill(person.address)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def sign_out(page: Page) -> None:
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_role("menuitem", name="Sign out").click()


@pytest.mark.timeout(120)
async def test_a_full_disk_loses_no_word(nobody: Person, hub: HubProcess, wire: Wire) -> None:
    ada, page = nobody, nobody.page
    full = await storage(ada, "overrideQuotaForOrigin", quotaSize=1)
    await ada.accept(wire.through(f"{hub.url}/welcome#{hub.link_secret}"))
    sync = page.get_by_test_id("sync")
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    await ada.write("Draft", "Before. ")
    await ada.saved()

    wire.cut()
    await expect(sync).to_have_text(OFFLINE)
    await ada.write("Draft", "While full. ")
    await ada.say("Said while full")
    await expect(sync).to_have_text(re.compile("not kept on this device$"))
    await expect(page.get_by_text(re.compile("in this window only"))).to_be_visible()

    # Leaving would lose it: the browser asks, and the person stays.
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss())[1])
    await page.close(run_before_unload=True)
    await expect(sync).to_be_visible()
    assert asked == ["beforeunload"]

    # When there is room again, this browser keeps it; when the hub is back, the hub has it.
    await full.detach()
    await expect(sync).to_have_text(re.compile("kept here$"), timeout=40_000)
    wire.mend()
    await ada.comes_back()
    await ada.saved()
    await ada.sees("Said while full")
    await page.reload()
    await expect(ada.editor("Draft")).to_contain_text("Before. While full.")
    await ada.sees("Said while full")


@pytest.mark.timeout(120)
async def test_storage_that_the_browser_takes_away_loses_no_word(ada: Person, wire: Wire) -> None:
    page = ada.page
    sync = page.get_by_test_id("sync")
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    await ada.write("Draft", "Before. ")
    await ada.saved()
    wire.cut(live_only=True)
    await expect(sync).to_have_text(OFFLINE)
    await ada.write("Draft", "While away. ")
    await ada.say("Said while away")
    await expect(sync).to_have_text(re.compile(r"\d+ kept here$"))
    await storage(ada, "clearDataForOrigin", storageTypes="indexeddb")
    await ada.write("Draft", "After it was taken. ")
    while not await page.evaluate(KEPT, "Said while away"):
        await asyncio.sleep(0.05)
    await page.reload()
    await expect(ada.log().get_by_text("Said while away", exact=True)).to_be_visible()
    wire.mend()
    await ada.saved()
    await expect(ada.editor("Draft")).to_contain_text("Before. While away. After it was taken.")
    await ada.has_said(["Said while away"])


@pytest.mark.timeout(120)
@reaches("day-waits")
async def test_a_task_is_ticked_off_in_a_tunnel(ada: Person, wire: Wire, scan: Scan) -> None:
    page = ada.page
    await page.get_by_role("link", name="My day").click()
    add = page.get_by_test_id("quick-add")
    for words in ("Buy wood today", "Buy nails today"):
        await add.fill(words)
        await add.press("Enter")
        await expect(add).to_have_value("")
    wood, nails = (page.get_by_test_id("entry").filter(has_text=one) for one in ("wood", "nails"))
    await expect(wood).to_be_visible()
    await expect(nails).to_be_visible()
    wire.cut(live_only=True)
    await expect(page.get_by_text(re.compile("^(You are offline|Reconnecting)"))).to_be_visible()

    await nails.get_by_role("checkbox").click()
    await wood.get_by_role("checkbox").click()
    for one in (nails, wood):
        await expect(one).to_contain_text("waits for the connection")
        await expect(one.get_by_role("checkbox")).to_be_checked()
    await expect(page.get_by_text("2 changes are kept in this browser")).to_be_visible()
    await scan(page, "day-waits")
    await nails.get_by_role("checkbox").click()  # not done after all
    await expect(nails.get_by_role("checkbox")).not_to_be_checked()
    await expect(nails).not_to_contain_text("waits")
    await expect(page.get_by_text("1 change is kept in this browser")).to_be_visible()

    await page.reload()
    await expect(wood.get_by_role("checkbox")).to_be_checked()
    await expect(wood).to_contain_text("waits for the connection")
    wire.mend()
    await expect(page.get_by_test_id("done").filter(has=wood)).to_be_visible()
    await expect(wood).not_to_contain_text("waits")
    await expect(nails.get_by_role("checkbox")).not_to_be_checked()
    await expect(page.get_by_test_id("done")).not_to_contain_text("nails")


@pytest.mark.timeout(120)
async def test_storage_that_is_refused_loses_no_word(ada: Person, wire: Wire) -> None:
    page = ada.page
    await page.add_init_script(
        "Object.defineProperty(window, 'indexedDB', {value: {open() {"
        "throw new DOMException('refused', 'SecurityError'); }}})"
    )
    await page.reload()
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    await ada.write("Draft", "Before. ")
    await ada.saved()
    wire.cut()
    await ada.write("Draft", "While away. ")
    await ada.say("Said while away")
    await expect(page.get_by_test_id("sync")).to_have_text(re.compile("not kept on this device$"))
    wire.mend()
    await ada.saved()
    await expect(ada.editor("Draft")).to_contain_text("Before. While away.")
    await ada.has_said(["Said while away"])


@pytest.mark.timeout(120)
async def test_a_session_that_ends_elsewhere(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    await ada.write("Draft", "Before. ")
    await ada.saved()
    second = await ada.new_tab()
    await second.goto(page.url)
    await expect(ada.editor("Draft", second)).to_contain_text("Before.")
    await sign_out(second)
    await expect(second.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(page.get_by_text("Your session has ended.")).to_be_visible()
    await expect(page.get_by_text("kept")).to_have_count(0)  # nothing is, so nothing is said
    await sign_in(ada, page)
    await expect(ada.editor("Draft")).to_contain_text("Before.")
    await ada.write("Draft", "After. ")
    await ada.say("Here again")
    await ada.saved()
    await ada.has_said(["Here again"])
    await ada.page.reload()
    await expect(ada.editor("Draft")).to_contain_text("Before. After.")


@pytest.mark.timeout(120)
async def test_signing_out_asks_before_words_are_deleted(
    ada: Person, hub: HubProcess, wire: Wire
) -> None:
    page = ada.page
    await ada.begin_thread("Offer")
    await page.get_by_role("textbox", name="Message").fill("half a thought")
    place = page.url
    wire.cut()
    await sign_out(page)
    await expect(page.get_by_text(re.compile("You are still signed in"))).to_be_visible()

    # What the hub refuses stays as a message that was not sent.
    wire.mend()
    wire.cut(live_only=True)
    await expect(page.get_by_test_id("sync")).to_have_text(OFFLINE)
    box = page.get_by_role("textbox", name="Message")
    await box.fill("never sent")
    await box.press("Enter")
    await box.fill("half a thought")
    await sign_out(page)
    dialog = page.get_by_role("dialog", name="Not everything has reached the hub")
    await expect(dialog).to_contain_text("Only this browser has 1 message.")
    await dialog.get_by_role("button", name="Stay signed in").click()
    await expect(ada.log().get_by_text("never sent", exact=True)).to_be_visible()
    await sign_out(page)
    await dialog.get_by_role("button", name="Keep and sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto(place)
    await sign_in(ada, page)
    await expect(ada.log().get_by_text("never sent", exact=True)).to_be_visible()
    await expect(box).to_have_value("half a thought")
    await sign_out(page)
    await dialog.get_by_role("button", name="Delete and sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    wire.mend()
    await page.goto(place)
    await sign_in(ada, page)
    await expect(box).to_have_value("half a thought")
    await ada.say("sent")
    await ada.sees("sent")
    await ada.has_said(["sent"])
