"""Files in the room, as people see them."""

from __future__ import annotations

import base64
import os
import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, Page, Route, expect

from tests.e2e.people import PASSWORD, Person
from tests.e2e.scan import violations
from tests.support.hub_process import HubProcess, answer

TUS = {"tus-resumable": "1.0.0"}


async def test_a_file_arrives_in_the_history_and_can_be_had(ada: Person, hub: HubProcess) -> None:
    await ada.begin_thread("Films")
    thread = ada.page.url.rpartition("/")[2]
    data = bytes(range(256)) * 8000
    async with hub.browser() as http:
        await answer(http.post("/api/session", json={"address": ada.address, "password": PASSWORD}))
        told = ",".join(
            f"{key} {base64.b64encode(one.encode()).decode()}"
            for key, one in {"filename": "film <one>.mov", "thread": thread}.items()
        )
        headers = {**TUS, "upload-length": str(len(data)), "upload-metadata": told}
        url = (await http.post("/files/", headers=headers)).headers["location"]
        body = {"text": "", "files": [{"upload": url.rpartition("/")[2]}]}
        await answer(http.post(f"/api/threads/{thread}/messages", json=body))

        file = ada.log().get_by_test_id("file")
        await expect(file).to_contain_text("film _one_.mov")
        await expect(file).to_contain_text("Arriving: 0 bytes of 2.05 MB")
        patch = {**TUS, "content-type": "application/offset+octet-stream", "upload-offset": "0"}
        await http.patch(url, headers=patch, content=data[:1_024_000])
        await expect(file).to_contain_text("Arriving: 1.02 MB of 2.05 MB")
        await expect(file.get_by_role("progressbar")).to_have_js_property("value", 50)
        patch["upload-offset"] = "1024000"
        await http.patch(url, headers=patch, content=data[1_024_000:])

    link = ada.log().get_by_role("link", name="Download film _one_.mov", exact=True)
    async with ada.page.expect_download() as coming:
        await link.click()
    download = await coming.value
    assert download.suggested_filename == "film _one_.mov"
    assert (await download.path()).read_bytes() == data
    assert await violations(ada.page) == []
    # The same after a reload; and the inbox says that a file came.
    await ada.page.reload()
    await expect(link).to_be_visible()
    await ada.page.goto(hub.url)
    inbox = ada.page.get_by_role("region", name="Inbox")
    await expect(inbox.get_by_role("link", name=re.compile("Films"))).to_contain_text("a file")


@pytest.mark.timeout(120)
async def test_files_are_attached_and_sent(
    ada: Person, hub: HubProcess, browser: Browser, tmp_path: Path
) -> None:
    await ada.begin_thread("Plans")
    invitation = await ada.invite()
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(invitation)
    plan, notes = tmp_path / "plan.pdf", tmp_path / "notes.txt"
    plan.write_bytes(b"%PDF-1.7\n" + bytes(3_000_000))
    notes.write_text("Measure twice.")

    await ada.page.get_by_label("Attach files").set_input_files([plan, notes])
    attached = ada.page.get_by_test_id("attached")
    await expect(attached.get_by_role("listitem")).to_have_count(2)
    await expect(attached).to_contain_text("plan.pdf")
    await attached.get_by_role("button", name="Leave out notes.txt").click()
    await expect(attached.get_by_role("listitem")).to_have_count(1)
    assert await violations(ada.page) == []
    await ada.say("Look at this")
    await expect(attached).to_have_count(0)
    for person in (ada, ben):
        link = person.log().get_by_role("link", name="Download plan.pdf")
        await expect(link).to_be_visible()
        await person.has_said(["Look at this"])
    async with ben.page.expect_download() as coming:
        await ben.log().get_by_role("link", name="Download plan.pdf").click()
    assert (await (await coming.value).path()).read_bytes() == plan.read_bytes()

    # Without words; pasted; and after a reload in the middle the draft still has it.
    box = ada.page.get_by_role("textbox", name=re.compile("^Message"))
    await box.focus()
    await box.evaluate(PASTE_PICTURE)
    await expect(attached.get_by_role("listitem")).to_have_count(1)
    await expect(attached).to_contain_text(re.compile(r"Picture \d{4}-\d\d-\d\d \d\d\.\d\d\.png"))
    await ada.page.reload()
    await expect(attached.get_by_role("listitem")).to_have_count(1)
    await ada.page.get_by_role("button", name="Send").click()
    await expect(ben.log().get_by_test_id("file")).to_have_count(2)
    await expect(ben.log().get_by_test_id("file").last).to_contain_text("Picture")
    ben.check()


@pytest.mark.timeout(120)
async def test_a_folder_from_a_phone_and_what_the_other_does_with_it(
    ada: Person, hub: HubProcess, browser: Browser, tmp_path: Path
) -> None:
    await ada.begin_thread("Site")
    thread = ada.page.url.rpartition("/")[2]
    invitation = await ada.invite()
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(invitation)
    folder = tmp_path / "site"
    (folder / "plans").mkdir(parents=True)
    # More than goes with the creation of an upload, so that some can be held back.
    contents = {f"page {one:02}.txt": f"Page {one}.\n" + "roof\n" * 240_000 for one in range(30)}
    for one, (name, text) in enumerate(contents.items()):
        (folder / ("plans" if one % 2 else "") / name).write_text(text)

    # Ten of them get through before the page is loaded anew.
    await ada.page.set_viewport_size({"width": 390, "height": 780})
    through: list[str] = []

    async def hold(route: Route) -> None:
        if route.request.method == "PATCH":
            if len(through) >= 10:
                return
            through.append(route.request.url)
        await route.continue_()

    await ada.page.route("**/files/**", hold)
    await drop(ada.page, folder)
    attached = ada.page.get_by_test_id("attached")
    await expect(attached.get_by_role("listitem")).to_have_count(30)
    await expect(attached).to_contain_text("site/plans/page 01.txt")
    assert await violations(ada.page) == []
    await ada.page.get_by_role("button", name="Send", exact=True).click()
    files = ben.log().get_by_test_id("file")
    await ben.log().get_by_role("button", name="6 more files").click()
    await expect(files).to_have_count(30)
    await expect(files.filter(has_text="Arriving")).to_have_count(20)
    await ada.page.unroute("**/files/**")
    await ada.page.reload()
    await expect(files.filter(has_text="Arriving")).to_have_count(0)

    # The other looks at one, brings another version, compares, and goes back.
    page = ben.page
    await page.get_by_role("button", name="Show files").click()
    await expect(page.get_by_test_id("file-row").first).to_be_visible()
    await page.get_by_label("Find a file").fill("page 07")
    row = page.get_by_test_id("file-row")
    await expect(row).to_have_count(1)
    await row.get_by_role("button").first.click()
    pane = page.get_by_test_id("file-pane")
    await expect(pane.get_by_test_id("file-text")).to_contain_text("Page 7.")
    changed = contents["page 07.txt"].replace("Page 7.", "Page seven.", 1)
    async with page.expect_file_chooser() as choosing:
        await pane.get_by_role("button", name="More about page 07.txt").click()
        await page.get_by_role("menuitem", name="New version").click()
    chosen: FilePayload = {"name": "x.txt", "mimeType": "", "buffer": changed.encode()}
    await (await choosing.value).set_files([chosen])
    await expect(pane.get_by_label("Version", exact=True)).to_have_value("2")
    await expect(pane.get_by_test_id("file-text")).to_contain_text("Page seven.")
    await pane.get_by_role("button", name="Compare versions").click()
    compared = pane.get_by_test_id("compared")
    await expect(compared.locator(".cm-changedLine")).to_have_text("Page seven.")
    await expect(compared.locator(".cm-deletedChunk")).to_contain_text("Page 7.")
    for theme in ("light", "dark"):
        await page.evaluate("(one) => (document.documentElement.dataset.theme = one)", theme)
        assert await violations(page) == []
    await pane.get_by_role("button", name="Show one version").click()
    await pane.get_by_label("Version", exact=True).select_option("1")
    await pane.get_by_role("button", name="Restore").click()
    await expect(ada.log().get_by_text("went back to version 1 of a file")).to_be_visible()
    await expect(pane.get_by_role("button", name="Restore")).to_have_count(0)

    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Download all as ZIP").click()
    with zipfile.ZipFile(await (await coming.value).path()) as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert found == contents
    assert page.url.startswith(f"{hub.url}/t/{thread}/f/")
    ben.check()


@pytest.mark.timeout(120)
async def test_what_is_said_of_a_file(ada: Person, hub: HubProcess, browser: Browser) -> None:
    await ada.begin_thread("Invoices")
    invitation = await ada.invite()
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(invitation)
    bill: FilePayload = {"name": "bill.txt", "mimeType": "", "buffer": b"To be paid."}
    await ada.page.get_by_label("Attach files").set_input_files([bill])
    await ada.say("The bill")
    for person in (ada, ben):
        await person.log().get_by_role("link", name=re.compile("Open.*bill.txt")).click()
    group = ada.page.get_by_test_id("properties")
    theirs = ben.page.get_by_test_id("properties").get_by_role("button")
    await group.get_by_role("button", name="Invoice").click()
    dialog = ada.page.get_by_role("dialog", name="Invoice")
    await dialog.get_by_label("Total").fill("12.345,6")
    await dialog.get_by_label("Currency").fill("nok")
    await dialog.get_by_role("button", name="Save").click()
    await expect(theirs.first).to_have_text("Total NOK\u00a012,345.6")
    await expect(theirs.first).to_have_attribute("title", re.compile("^Ada Okafor, "))
    # What the hub does not take stays in the form; who changes it says so from then on.
    await theirs.first.click()
    dialog = ben.page.get_by_role("dialog", name="Change “Total”")
    await dialog.get_by_label("Total").fill("a lot")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("amount")
    ben.forgive("Failed to load resource")
    await dialog.get_by_label("Total").fill("13")
    await dialog.get_by_role("button", name="Save").click()
    await expect(group.get_by_role("button").first).to_have_text("Total NOK\u00a013")
    await expect(group.get_by_role("button").first).to_have_attribute(
        "title", re.compile("^Ben Novak, ")
    )
    line = "Ben Novak set “Total” of a file to NOK\u00a013"
    await expect(ada.log().get_by_text(line)).to_be_visible()
    # It is found by it, here and in the search; taken away it is not.
    await ada.page.get_by_role("button", name="Show files").click()
    await ada.page.get_by_label("Find a file").fill("nok 13")
    await expect(ada.page.get_by_test_id("file-row")).to_have_count(1)
    await ben.page.goto(f"{hub.url}/search?q=nok")
    await expect(ben.page.get_by_role("link", name=re.compile("bill.txt"))).to_be_visible()
    await group.get_by_role("button").first.click()
    await ada.page.get_by_role("button", name="Remove", exact=True).click()
    await expect(group.get_by_role("button")).to_have_text(["Property", "Invoice"])
    ada.check()
    ben.check()


async def drop(page: Page, folder: Path) -> None:
    """As the file manager of the system does."""
    session = await page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        await session.send(
            "Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 300, "data": data}
        )


PASTE_PICTURE = """(box) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(5000)], 'image.png', { type: 'image/png' }));
    const what = { clipboardData: transfer, bubbles: true, cancelable: true };
    box.dispatchEvent(new ClipboardEvent('paste', what));
}"""


@pytest.mark.timeout(120)
async def test_a_film_is_gone_on_with_after_a_reload(
    ada: Person, hub: HubProcess, tmp_path: Path
) -> None:
    page = ada.page
    page.on("dialog", lambda dialog: dialog.accept())  # the page asks before it goes
    await ada.begin_thread("Films")
    film, other = tmp_path / "film.mov", tmp_path / "other" / "film.mov"
    other.parent.mkdir()
    film.write_bytes(os.urandom(24 << 20))
    other.write_bytes(os.urandom(24 << 20))
    os.utime(other, ns=(film.stat().st_atime_ns, film.stat().st_mtime_ns))
    throttle = await page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 6 << 20}
    await throttle.send("Network.emulateNetworkConditions", slow)
    await page.get_by_label("Attach files").set_input_files(film)
    await expect(page.get_by_test_id("attached")).to_contain_text("film.mov")
    await ada.say("The film")
    file = ada.log().get_by_test_id("file")
    await expect(file).to_contain_text(re.compile(r"8\.39 MB of 25\.2 MB"))
    await expect(page.get_by_role("region", name="Files being sent")).to_contain_text("film.mov")
    await file.get_by_role("button", name="Pause film.mov").click()
    await expect(file).to_contain_text("Paused at")
    await file.get_by_role("button", name="Go on with film.mov").click()
    await expect(file.get_by_role("button", name="Pause film.mov")).to_be_focused()
    await page.reload()

    # What the browser could not keep is asked for again, and it has to be the same.
    await expect(file).to_contain_text(re.compile(r"Choose film\.mov again to go on at \d+ %"))
    line = page.get_by_role("region", name="Files being sent")
    await expect(line).to_contain_text("Choose film.mov again")
    choose = file.get_by_label("Choose film.mov again")
    await choose.set_input_files(other)
    await expect(page.get_by_text("has other content")).to_be_visible()
    await page.goto(hub.url)  # and wherever one is
    await line.get_by_role("button", name="Show").click()
    await page.get_by_test_id("sending").get_by_label("Choose film.mov again").set_input_files(film)
    await expect(page.get_by_text("All files are sent.")).to_be_visible(timeout=30_000)
    await page.keyboard.press("Escape")
    await ada.open_thread("Films")
    link = ada.log().get_by_role("link", name="Download film.mov", exact=True)
    async with page.expect_download() as coming:
        await link.click()
    assert (await (await coming.value).path()).read_bytes() == film.read_bytes()
    ada.check()


@pytest.mark.timeout(120)
async def test_a_message_with_files_is_written_again(ada: Person, tmp_path: Path) -> None:
    ada.forgive(r"ERR_|Failed to load resource|WebSocket")
    await ada.begin_thread("Notes")
    note = tmp_path / "note.txt"
    note.write_text("Measure twice.")
    await ada.page.get_by_label("Attach files").set_input_files(note)
    attached = ada.page.get_by_test_id("attached")
    await expect(attached).to_contain_text("note.txt")
    await ada.page.context.set_offline(True)
    await ada.say("Look at tihs")
    await expect(attached).to_have_count(0)
    pending = ada.page.get_by_test_id("pending")
    await pending.get_by_role("button", name="Edit").click()
    await expect(attached).to_contain_text("note.txt")
    box = ada.page.get_by_role("textbox", name=re.compile("^Message"))
    await expect(box).to_have_value("Look at tihs")
    await ada.say("Look at this")
    await ada.page.context.set_offline(False)
    await expect(ada.log().get_by_text("Look at this")).to_be_visible()
    await expect(
        ada.log().get_by_role("link", name="Download note.txt", exact=True)
    ).to_be_visible()
    await expect(pending).to_have_count(0)
    await expect(ada.log().get_by_text("tihs")).to_have_count(0)
