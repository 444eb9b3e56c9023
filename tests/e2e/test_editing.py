"""Files of a thread that people edit together, as they see them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, expect

from tests.e2e.people import Person
from tests.e2e.scan import violations
from tests.integration.editing.test_word_files import DRAWING, RED
from tests.support import odt
from tests.support.docx import body_of, word_file
from tests.support.hub_process import HubProcess
from tests.unit.formats.test_docx import COMMENTED, COMMENTS
from tests.unit.formats.test_markdown import FILE

REVIEWED = (Path(__file__).parents[1] / "data" / "odt" / "libreoffice-reviewed.odt").read_bytes()


async def send(person: Person, name: str, data: bytes) -> None:
    """A file in a message of its own."""
    file: FilePayload = {"name": name, "mimeType": "", "buffer": data}
    await person.page.get_by_label("Attach files").set_input_files([file])
    await expect(person.page.get_by_role("button", name=f"Leave out {name}")).to_be_visible()
    await expect(person.page.get_by_role("button", name=f"Leave out {name}")).to_be_visible()
    await person.say("")
    await expect(person.log().get_by_role("link", name=f"Open {name}")).to_be_visible()


async def open_together(person: Person, name: str) -> None:
    await person.log().get_by_role("link", name=f"Open {name}").click()
    await person.page.get_by_role(
        "button", name=re.compile("^(Edit together|Open the document)$")
    ).click()
    await expect(person.editor(name)).to_be_visible()


async def versions(person: Person, name: str, number: int) -> bytes:
    """The bytes of a version, by the link that a person has."""
    link = person.log().get_by_role("link", name=f"Download {name}").first
    address = str(await link.get_attribute("href"))
    address = re.sub(r"/versions/\d+", f"/versions/{number}", address)
    found = await person.page.request.get(address)
    assert found.ok, await found.text()
    return await found.body()


@pytest.mark.timeout(120)
async def test_a_text_is_opened_by_two_and_saved(
    ada: Person, hub: HubProcess, browser: Browser
) -> None:
    await ada.begin_thread("Notes")
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(await ada.invite())
    text = "Dobrý deň,\r\nposielam ponuku.\r\n"
    await send(ada, "ponuka.txt", text.encode("cp1250"))
    await expect(ben.log().get_by_role("link", name="Open ponuka.txt")).to_be_visible()
    await open_together(ada, "ponuka.txt")
    await open_together(ben, "ponuka.txt")
    line = ada.page.get_by_test_id("file-line")
    await expect(line).to_contain_text("version 1, Windows-1250")
    standing = ada.page.get_by_test_id("file-standing")
    await expect(standing).to_have_text("As in the file")
    await expect(ada.page.get_by_role("button", name="Save as version 2")).to_be_disabled()
    await expect(ada.log().get_by_text("opened “ponuka.txt” to edit it together")).to_be_visible()

    await ben.write("ponuka.txt", "Ben\n")
    await expect(standing).to_have_text("Unsaved changes")
    tab = ada.page.get_by_role("tab", name="ponuka.txt")
    await expect(tab).to_have_accessible_name(re.compile("unsaved changes"))
    await expect(ada.editor("ponuka.txt")).to_contain_text("Ben")
    await ada.editor("ponuka.txt").press("Control+s")
    await expect(ada.page.get_by_text("Saved as version 2.")).to_be_visible()
    await expect(standing).to_have_text("As in the file")
    await expect(tab).not_to_have_accessible_name(re.compile("unsaved changes"))
    await expect(ben.page.get_by_test_id("file-line")).to_contain_text("version 2")
    await expect(ben.page.get_by_test_id("file-standing")).to_have_text("As in the file")
    await expect(
        ben.log().get_by_text("saved version 2 of “ponuka.txt”, with changes by Ben Novak")
    ).to_be_visible()
    assert await versions(ada, "ponuka.txt", 2) == (text + "Ben\r\n").encode("cp1250")

    # What the encoding has not is said, and a click helps.
    await ben.write("ponuka.txt", "😀")
    await ben.saved()
    await ben.page.get_by_role("button", name="Save as version 3").click()
    alert = ben.page.get_by_text("It was not saved: The encoding of this file has no 😀.")
    await expect(alert).to_be_visible()
    assert await violations(ben.page) == []
    ben.forgive("409")
    await ben.page.get_by_role("button", name="Save as UTF-8").click()
    await expect(ben.page.get_by_text("Saved as version 3.")).to_be_visible()
    assert await versions(ada, "ponuka.txt", 3) == (text + "Ben\r\n😀").encode()
    await expect(ada.page.get_by_test_id("file-line")).not_to_contain_text("Windows-1250")
    # Whoever comes later reads the same.
    await ada.page.reload()
    await expect(ada.editor("ponuka.txt")).to_contain_text("😀")
    await expect(ada.page.get_by_test_id("file-standing")).to_have_text("As in the file")
    assert await violations(ada.page) == []
    ben.check()
    await ben.context.close()


@pytest.mark.timeout(120)
async def test_a_version_comes_from_elsewhere(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Notes")
    await send(ada, "plan.txt", b"one\ntwo\nthree\n")
    await open_together(ada, "plan.txt")
    await ada.write("plan.txt", "mine")
    await ada.saved()
    await send_again(ada, "plan.txt", b"ONE\ntwo\nthree\n")
    line = page.get_by_test_id("file-line")
    await expect(page.get_by_text("1 change came in from version 2 by Ada Okafor.")).to_be_visible()
    await expect(ada.editor("plan.txt")).to_contain_text("ONE")
    await expect(line).to_contain_text("version 2")
    await expect(page.get_by_test_id("file-standing")).to_have_text("Unsaved changes")
    assert await violations(page) == []
    await page.get_by_role("button", name="Take it out again").click()
    await expect(ada.editor("plan.txt")).to_contain_text("one")
    await expect(line).to_contain_text("version 1")
    await page.get_by_role("button", name="Save as version 3").click()
    await expect(page.get_by_text("Saved as version 3.")).to_be_visible()
    assert await versions(ada, "plan.txt", 3) == b"one\ntwo\nthree\nmine"

    # Where both changed the same, a person chooses.
    await ada.write("plan.txt", " too")
    await ada.saved()
    await send_again(ada, "plan.txt", b"one\ntwo\nthree\ntheirs\n")
    await expect(page.get_by_text("came from elsewhere and has changed the same")).to_be_visible()
    assert await violations(page) == []
    await expect(page.get_by_role("button", name="Save as version 5")).to_be_disabled()
    await page.get_by_role("button", name="Take in, keep ours").click()
    await expect(page.get_by_text("came from elsewhere")).to_have_count(0)
    await page.get_by_role("button", name="Save as version 5").click()
    await expect(page.get_by_text("Saved as version 5.")).to_be_visible()
    assert b"mine too" in await versions(ada, "plan.txt", 5)


async def send_again(person: Person, name: str, data: bytes) -> None:
    """The next version of a file."""
    file: FilePayload = {"name": name, "mimeType": "", "buffer": data}
    await person.page.get_by_label("Attach files").set_input_files([file])
    await expect(person.page.get_by_test_id("attached")).to_contain_text("version")
    await person.say("")


@pytest.mark.timeout(120)
async def test_markdown_keeps_its_flavour(ada: Person, hub: HubProcess, browser: Browser) -> None:
    page = ada.page
    await ada.begin_thread("Notes")
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(await ada.invite())
    source = FILE.replace("\n", "\r\n")
    await send(ada, "plan.md", source.encode())
    await open_together(ada, "plan.md")
    await open_together(ben, "plan.md")
    editor = ada.editor("plan.md")
    await expect(editor.get_by_role("group", name="Front matter")).to_contain_text('title = "x"')
    await expect(editor.get_by_role("heading", name="Heading")).to_be_visible()
    await expect(editor.get_by_role("group", name="HTML").first).to_contain_text("<details>")
    await expect(editor.locator("sup")).to_have_text("[n]")
    await expect(editor.get_by_role("cell", name="two | x")).to_be_visible()
    # Nothing of it is what an editor deletes.
    await editor.get_by_text("other list").click()
    await page.keyboard.press("End")
    await page.keyboard.type("!")
    await expect(ben.editor("plan.md").get_by_text("other list!")).to_be_visible()
    await ben.editor("plan.md").get_by_text("second paragraph").click()
    await expect(ben.editor("plan.md")).to_be_focused()
    await ben.page.keyboard.press("Home")
    await ben.page.keyboard.type("The ")
    await ben.saved()
    # His caret stands between.
    await expect(editor.get_by_text(re.compile("^The .*second paragraph"))).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Save as version 2").click()
    await expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    saved = source.replace("other list", "other list!").replace("second para", "The second para")
    assert (await versions(ada, "plan.md", 2)).decode() == saved
    ben.check()
    await ben.context.close()


TABLE = (
    "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid><w:tr><w:tc><w:p><w:r><w:t>One"
    "</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Two</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
)
WORD = word_file(
    "<w:p><w:pPr><w:pStyle w:val=\"Kop1\"/></w:pPr><w:r><w:t>Offer</w:t></w:r></w:p>"
    + COMMENTED
    + '<w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:t xml:space="preserve">We </w:t></w:r>'
    '<w:ins w:id="8" w:author="Bo"><w:r><w:t xml:space="preserve">gladly </w:t></w:r></w:ins>'
    '<w:del w:id="9" w:author="Bo"><w:r><w:delText>never</w:delText></w:r></w:del><w:r>'
    '<w:t xml:space="preserve"> deliver, see page </w:t></w:r><w:fldSimple w:instr="PAGEREF x">'
    '<w:r><w:t>12</w:t></w:r>'
    "</w:fldSimple></w:p>" + DRAWING + TABLE
    + '<w:p><w:pPr><w:bidi/></w:pPr><w:r><w:rPr><w:rtl/></w:rPr><w:t>שלום</w:t></w:r></w:p>',
    {**COMMENTS, "word/media/image1.png": RED},
)  # fmt: skip


@pytest.mark.timeout(120)
async def test_a_word_file_is_edited_together(
    ada: Person, hub: HubProcess, browser: Browser
) -> None:
    page = ada.page
    await ada.begin_thread("Offer")
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(await ada.invite())
    await send(ada, "offer.docx", WORD)
    await expect(ben.log().get_by_role("link", name="Open offer.docx")).to_be_visible()
    await asyncio.gather(open_together(ada, "offer.docx"), open_together(ben, "offer.docx"))
    editor = ada.editor("offer.docx")
    await expect(editor.get_by_role("heading", name="Offer")).to_be_visible()
    await expect(
        page.get_by_text("Kept in the file as they are: tracked changes, comments")
    ).to_be_visible()
    await expect(editor.locator(".deletion")).to_have_text("never")
    await expect(editor.get_by_role("img", name="Field: 12")).to_be_visible()
    picture = editor.get_by_role("img", name="Red")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 40)
    # What the file says of the words is told at the caret.
    await editor.locator(".comment").click()
    await expect(page.get_by_test_id("notes")).to_have_text("Comment by Ada: Really?")
    await editor.locator(".deletion").click()
    await expect(page.get_by_test_id("notes")).to_have_text("Deleted by Bo")
    await editor.get_by_text("deliver, see page").click()
    await expect(page.get_by_label("Alignment")).to_have_value("center")
    await page.get_by_label("Alignment").select_option("right")
    # Both write at once, in a cell and behind a heading.
    await editor.get_by_role("heading", name="Offer").click()
    await page.keyboard.press("End")
    await page.keyboard.type(" for north")
    cell = ben.editor("offer.docx").get_by_role("cell", name="One")
    await cell.click()
    await ben.page.keyboard.press("End")
    await ben.page.keyboard.type(" and more")
    await expect(editor.get_by_role("cell", name="One and more")).to_be_visible()
    await ada.saved()
    await ben.saved()
    assert await violations(page) == []
    await editor.press("Control+s")
    await expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    await expect(
        ben.log().get_by_text("saved version 2 of “offer.docx”, also with changes by")
    ).to_be_visible()
    made = body_of(await versions(ada, "offer.docx", 2))
    assert made == body_of(WORD).replace("<w:t>Offer</w:t>", "<w:t>Offer for north</w:t>").replace(
        "<w:t>One</w:t>", "<w:t>One and more</w:t>"
    ).replace('w:val="center"', 'w:val="right"')
    ada.check()
    ben.check()
    await ben.context.close()


@pytest.mark.timeout(120)
async def test_an_open_document_is_edited_together(
    ada: Person, hub: HubProcess, browser: Browser
) -> None:
    page = ada.page
    await ada.begin_thread("Report")
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(await ada.invite())
    await send(ada, "report.odt", REVIEWED)
    await expect(ben.log().get_by_role("link", name="Open report.odt")).to_be_visible()
    await asyncio.gather(open_together(ada, "report.odt"), open_together(ben, "report.odt"))
    editor = ada.editor("report.odt")
    await expect(
        page.get_by_text("Kept in the file as they are: tracked changes, comments")
    ).to_be_visible()
    await expect(editor.get_by_role("img", name="Deleted: never")).to_be_visible()
    await editor.locator(".comment").click()
    await expect(page.get_by_test_id("notes")).to_have_text("Comment by Ada: Really?")
    await expect(page.get_by_label("Alignment")).to_be_visible()
    await editor.get_by_role("heading", name="Offer").click()
    await page.keyboard.press("End")
    await page.keyboard.type(" for north")
    await ben.editor("report.odt").get_by_role("cell", name="One").click()
    await ben.page.keyboard.press("End")
    await ben.page.keyboard.type(" and more")
    await expect(editor.get_by_role("cell", name="One and more")).to_be_visible()
    await ada.saved()
    await ben.saved()
    assert await violations(page) == []
    await editor.press("Control+s")
    await expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    made = odt.body_of(await versions(ada, "report.odt", 2))
    assert made == odt.body_of(REVIEWED).replace(">Offer<", ">Offer for north<").replace(
        ">One<", ">One and more<"
    )
    ada.check()
    ben.check()
    await ben.context.close()


async def find(person: Person, words: str, instead: str | None = None) -> None:
    """Look for words, with what shall be there instead."""
    page = person.page
    await page.keyboard.press("Control+f" if instead is None else "Control+h")
    await page.get_by_label("Find", exact=True).fill(words)
    if instead is not None:
        await page.get_by_label("Replace with").fill(instead)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("name", "most"), [("words.md", 40), ("words.txt", 30)])
async def test_two_find_and_replace_at_the_same_time(
    ada: Person, hub: HubProcess, browser: Browser, name: str, most: int
) -> None:
    await ada.begin_thread("Words")
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(await ada.invite())
    line = "The colour of the colours, Colour by **col**our.\n\n"
    await send(ada, name, (line * 10).encode())
    await expect(ben.log().get_by_role("link", name=f"Open {name}")).to_be_visible()
    await asyncio.gather(open_together(ada, name), open_together(ben, name))
    for person in (ada, ben):
        await person.editor(name).click()
        await find(person, "colour", "colourful")
        await expect(person.page.get_by_test_id("find-standing")).to_contain_text("places")
    assert await violations(ada.page) == []
    press = [one.page.get_by_role("button", name="Replace all") for one in (ada, ben)]
    await asyncio.gather(*(one.click() for one in press))
    counts = []
    for person in (ada, ben):
        toast = person.page.get_by_text(re.compile(r"^\d+ places were replaced"))
        await expect(toast).to_be_visible()
        counts.append(int((await toast.inner_text()).split()[0]))
        await person.page.get_by_role("button", name="Close the search").click()
    assert sorted(counts) == [0, most]
    for person in (ada, ben):
        said = (await person.editor(name).inner_text()).lower()
        assert (said.count("colourful"), said.count("fulful")) == (most, 0)
    # Whose it was takes it back.
    winner = ada if counts[0] else ben
    await winner.editor(name).press("Control+z")
    for person in (ada, ben):
        await expect(person.editor(name)).not_to_contain_text("colourful")
        await person.saved()
    ada.check()
    ben.check()
    await ben.context.close()


@pytest.mark.timeout(120)
async def test_one_place_after_another(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Words")
    await send(ada, "a.txt", b"one two one\ntwo One\n")
    await open_together(ada, "a.txt")
    editor = ada.editor("a.txt")
    await editor.click()
    await page.keyboard.press("Control+Home")
    await find(ada, "one", "1")
    standing = page.get_by_test_id("find-standing")
    await expect(standing).to_have_text("3 places")
    field = page.get_by_label("Find", exact=True)
    await field.press("Enter")
    await expect(standing).to_have_text("1 of 3")
    await field.press("Shift+Enter")
    await expect(standing).to_have_text("3 of 3")
    await page.get_by_role("button", name="Match case").click()
    await expect(standing).to_have_text("2 places")
    await field.press("Enter")
    await expect(standing).to_have_text("1 of 2")
    await page.get_by_label("Replace with").press("Enter")
    await expect(editor).to_contain_text("1 two one")
    await expect(standing).to_have_text("1 of 1")
    await page.get_by_role("button", name="Regular expression").click()
    await field.fill("(t)w(o")
    await expect(standing).to_have_text("This is no regular expression.")
    await field.fill("(t)w(o)")
    await page.get_by_label("Replace with").fill("$2$1")
    await page.get_by_label("Replace with").press("Control+Enter")
    await expect(editor).to_contain_text("1 ot one")
    await expect(editor).to_contain_text("ot One")
    await page.keyboard.press("Escape")
    panel = page.get_by_role("search", name="Find in this document")
    await expect(panel).to_have_count(0)
    await expect(editor).to_be_focused()
    # A document that goes takes its search with it.
    await ada.begin_document("Draft")
    for title in ("a.txt", "Draft"):
        await page.get_by_role("tab", name=re.compile(f"^{title}")).click()
        await ada.editor(title).click()
        await find(ada, "one")
        await expect(panel).to_be_visible()
    await ada.begin_thread("Another")
    await expect(panel).to_have_count(0)
    ada.check()


@pytest.mark.timeout(180)
async def test_a_document_becomes_a_file_and_is_handed_on(
    ada: Person, hub: HubProcess, browser: Browser
) -> None:
    await ada.begin_thread("Offer")
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(await ada.invite())
    await ada.begin_document("Offer")
    await ada.write("Offer", "The price.")
    await ben.page.get_by_role("tab", name="Offer").click()
    await expect(ben.editor("Offer")).to_contain_text("The price.")
    await ben.write("Offer", "Ours: ")
    await expect(ada.editor("Offer")).to_contain_text("Ours:")
    await ada.saved()
    await ben.saved()

    # By the keyboard alone.
    more = ada.page.get_by_role("button", name="More about this document")
    await more.focus()
    await more.press("Enter")
    await ada.page.get_by_role("menuitem", name="Save as a file").press("Enter")
    dialog = ada.page.get_by_role("dialog", name="Save as a file")
    await expect(dialog.get_by_role("radio", name="Word")).to_be_checked()
    await expect(dialog.get_by_text("From then on this document is the file")).to_be_visible()
    name = dialog.get_by_label("Name")
    await name.fill("Our offer")
    await name.press("Enter")
    await expect(ada.page.get_by_text("Our offer.docx is in the thread.")).to_be_visible()
    line = ada.log().get_by_text("saved a document as “Our offer.docx”, also with words by Ben")
    await expect(line.get_by_role("link", name="Show Our offer.docx")).to_be_visible()
    for person in (ada, ben):
        await expect(person.page.get_by_test_id("file-line")).to_contain_text("version 1")
        await expect(person.page.get_by_test_id("file-standing")).to_have_text("As in the file")
    await ben.write("Offer", "All ")
    await ben.editor("Offer").press("Control+s")
    await expect(ben.page.get_by_text("Saved as version 2.")).to_be_visible()

    # A PDF of it, and another one when it has changed.
    await more.click()
    await ada.page.get_by_role("menuitem", name="Save as a file").click()
    await dialog.get_by_role("radio", name="PDF").check()
    async with ada.page.expect_download() as downloading:
        await dialog.get_by_role("button", name="Download").click()
    download = await downloading.value
    assert download.suggested_filename == "Offer.pdf"
    await expect(dialog).to_have_count(0)
    await more.click()
    await ada.page.get_by_role("menuitem", name="Save as a file").click()
    await dialog.get_by_role("radio", name="PDF").check()
    await expect(dialog.get_by_label("Name")).to_have_value("Offer")
    await dialog.get_by_role("button", name="Save to the thread").click()
    await expect(ada.page.get_by_text("Offer.pdf is in the thread.")).to_be_visible()
    await ada.write("Offer", "Now ")
    await ada.saved()
    await more.click()
    await ada.page.get_by_role("menuitem", name="Save as a file").click()
    await dialog.get_by_role("radio", name="PDF").check()
    await expect(
        dialog.get_by_role("checkbox", name="As the next version of Offer.pdf")
    ).to_be_checked()
    await dialog.get_by_role("button", name="Save to the thread").click()
    await expect(ada.page.get_by_text("Offer.pdf has version 2 now.")).to_be_visible()
    await ada.page.get_by_role("button", name="Show", exact=True).last.click()
    await expect(ada.page.get_by_role("heading", name="Offer.pdf")).to_be_visible()
    await expect(ada.page.get_by_role("img", name="Page 1 of Offer.pdf")).to_be_visible()
