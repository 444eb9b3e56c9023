"""Words in documents: pasted, beside pictures and tables, in code, and written apart."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.async_api import Browser, Locator, expect

from tests.e2e.people import Person
from tests.e2e.test_room import NETWORK, together
from tests.e2e.wire import Wire
from tests.support import clipboard
from tests.support.clipboard import PNG, paste


def blocks(editor: Locator) -> Locator:
    return editor.locator("xpath=./*[not(contains(@class, 'ending'))]")


@pytest.mark.timeout(120)
async def test_pictures_and_tables_leave_a_place_behind_them(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    editor = ada.editor("Draft")
    await editor.click()
    await page.keyboard.type("hello")
    await paste(editor, picture=PNG)
    await expect(editor.locator("img")).to_have_count(1)
    await page.keyboard.type("typed")
    await expect(blocks(editor)).to_have_text(["hello", "", "typed"])
    await expect(editor.locator("img")).to_have_count(1)

    # A table with a link in its last cell: what is typed after it is behind it.
    await page.keyboard.press("Control+a")
    table = "<table><tr><td>a</td><td><a href='https://example.com/'>link</a></td></tr></table>"
    await paste(editor, "a\tlink", table)
    await page.keyboard.press("Control+End")
    await page.keyboard.type("after")
    await expect(blocks(editor).last).to_have_text("after")
    await expect(editor.locator("td").last).to_have_text("link")
    await expect(editor.locator("a")).to_have_text("link")

    # The same with the pointer, in the empty page beneath.
    await page.keyboard.press("Control+a")
    await paste(editor, "a\tlink", table)
    await expect(editor.get_by_text("Write here…")).to_be_visible()
    await editor.get_by_text("Write here…").click()
    await page.keyboard.type("below")
    await expect(blocks(editor).last).to_have_text("below")

    # Behind a link the words are no link.
    await editor.locator("a").click()
    await page.keyboard.press("End")
    await page.keyboard.type(" more")
    await expect(editor.locator("a")).to_have_text("link")
    await ada.saved()
    await page.reload()
    await expect(blocks(ada.editor("Draft")).last).to_have_text("below")


@pytest.mark.timeout(120)
async def test_a_picture_is_an_attachment_that_the_document_shows(
    ada: Person, browser: Browser, wire: Wire
) -> None:
    grace = await together(ada, browser, wire)
    grace.forgive(NETWORK)
    for person in (ada, grace):
        await expect(person.editor("Draft")).to_be_visible()
    editor, other = ada.editor("Draft"), grace.editor("Draft")
    await editor.click()
    await paste(editor, picture=PNG)
    width = Image.open(BytesIO(PNG)).width

    async def drawn(person: Person, count: int) -> None:
        pictures = person.editor("Draft").locator(".picture img")
        await expect(pictures).to_have_count(count)
        for index in range(count):
            await expect(pictures.nth(index)).to_have_js_property("naturalWidth", width)

    for person in (ada, grace):
        await drawn(person, 1)
    source = await other.locator(".picture img").get_attribute("src")
    assert re.fullmatch(r"/api/attachments/a_[\w-]{22}/versions/1", source or ""), source
    # Without a connection it is there at once for who pasted it, and for the others afterwards.
    other_page = grace.page
    await other_page.wait_for_function(LOADED)
    wire.cut()
    await expect(other_page.get_by_test_id("sync")).to_have_attribute("data-kind", "offline")
    await other.click()
    await other_page.keyboard.press("Control+End")
    await paste(other, "x", f'<p>words</p><img src="{DATA}" alt="dot">')
    await drawn(grace, 2)
    await expect(other.locator(".picture img").last).to_have_attribute("src", re.compile("^blob:"))
    wire.mend()
    await drawn(ada, 2)
    await grace.saved()
    # Neither is a message or a file of the list; both are there after a reload.
    assert await ada.messages() == []
    await ada.page.get_by_role("button", name="Show files").click()
    await expect(ada.page.get_by_role("heading", name="No files yet")).to_be_visible()
    await other_page.reload()
    await drawn(grace, 2)
    ada.check()
    grace.check()


LOADED = "() => performance.getEntriesByType('resource').some((one) => /transfer/.test(one.name))"
DATA = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


@pytest.mark.timeout(120)
async def test_what_other_programs_put_on_the_clipboard(ada: Person) -> None:
    page = ada.page
    # Pictures of other hosts.
    await page.route(
        lambda url: not url.startswith((ada.url, "data:")), lambda route: route.fulfill(body=PNG)
    )
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    editor = ada.editor("Draft")
    for item in clipboard.items():
        await editor.click()
        await page.keyboard.press("Control+a")
        await page.keyboard.press("Delete")
        await paste(editor, item.text, item.html)
        for word in item.words if item.html else ():
            await expect(editor.get_by_text(word).first, item.name).to_be_attached()
        if item.html:
            seen = await editor.inner_text()
            assert [one for one in item.unseen if one in seen] == [], item.name
        await page.keyboard.press("Control+End")
        await page.keyboard.press("Enter")
        await page.keyboard.type("goes on")
        await expect(editor.get_by_text("goes on").first, item.name).to_be_attached()
    assert await page.evaluate("window.__pasteRan") is None

    # Word's paragraphs are a list, nested, without their marks.
    await page.keyboard.press("Control+a")
    word = next(one for one in clipboard.items() if one.name == "word-footnote.html")
    await paste(editor, word.text, word.html)
    inner = editor.locator("ul ul > li")
    await expect(inner.first).to_contain_text("Upper shelf")
    assert (await inner.first.inner_text()).startswith("Upper shelf")
    await ada.saved()


@pytest.mark.timeout(120)
async def test_code(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Offer")
    await ada.begin_document("main.py", "Text or code")
    editor = ada.editor("main.py")
    await expect(page.get_by_text("Python", exact=True)).to_be_visible()
    await editor.click()
    await paste(editor, "one\r\ntwo\rthree\n")
    await ada.saved()
    exported = await page.request.get(await address(ada, "txt"))
    assert await exported.body() == b"one\ntwo\nthree\n"

    # Tab indents, by four in Python; Escape, then Tab leaves.
    await page.keyboard.press("Control+a")
    await page.keyboard.type("if x:\n")
    await page.keyboard.type("pass")
    await page.keyboard.press("Home")
    await page.keyboard.press("Tab")
    await expect(editor.locator(".cm-line").last).to_have_text(re.compile("^ {4,8}pass$"))
    await expect(page.get_by_text(re.compile("Tab indents; Esc, then Tab leaves"))).to_be_visible()
    await expect(editor).to_have_attribute("aria-description", re.compile("leaves the editor"))
    await expect(editor).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")
    await expect(editor).not_to_be_focused()

    # In a Makefile a tab is a tab, pasted or typed.
    await ada.begin_document("Makefile", "Text or code")
    editor = ada.editor("Makefile")
    await editor.click()
    await paste(editor, "all:\r\n\tmake one\r\n")
    await page.keyboard.press("Control+End")
    await page.keyboard.press("Tab")
    await page.keyboard.type("make two\nmake three")
    await ada.saved()
    exported = await page.request.get(await address(ada, "txt"))
    assert await exported.text() == "all:\n\tmake one\n\tmake two\n\tmake three"


@pytest.mark.timeout(120)
async def test_a_document_begins_with_a_file(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Offer")
    await page.get_by_role("button", name="New document").first.click()
    await page.get_by_role("radio", name=re.compile("^Text or code")).check()
    chooser = page.get_by_label("Text file to begin with")
    await chooser.set_input_files({"name": "a.bin", "mimeType": "", "buffer": b"\xff\x00"})
    await expect(page.get_by_role("alert")).to_have_text("a.bin is no text in UTF-8.")
    content = "def one():\r\n\treturn 'Žofie'\r\n"
    file = {"name": "main.py", "mimeType": "text/x-python", "buffer": content.encode()}
    await chooser.set_input_files(file)
    await expect(page.get_by_label("Title")).to_have_value("main.py")
    await expect(page.get_by_text("whose lines end with CR LF")).to_be_visible()
    await page.get_by_role("button", name="Create").click()
    editor = ada.editor("main.py")
    await expect(editor.locator(".cm-line").first).to_have_text("def one():")
    await editor.click()
    await page.keyboard.press("Control+End")
    await page.keyboard.type("one()\n")
    await ada.saved()
    exported = await page.request.get(await address(ada, "txt"))
    assert await exported.body() == (content + "one()\r\n").encode()
    assert 'filename="main.py"' in exported.headers["content-disposition"]


async def address(person: Person, format_: str) -> str:
    document = person.page.url.split("/d/")[1]
    return f"{person.url}/api/documents/{document}/export?format={format_}"


@pytest.mark.timeout(120)
async def test_words_and_tables_written_apart(ada: Person, browser: Browser, wire: Wire) -> None:
    grace = await together(ada, browser, wire)
    grace.forgive(NETWORK)
    mine, theirs = ada.editor("Draft"), grace.editor("Draft")
    cells = "".join(
        f"<tr>{''.join(f'<td>{row}{column}</td>' for column in range(3))}</tr>" for row in range(3)
    )
    await mine.click()
    await paste(mine, "table", f"<table>{cells}</table>")
    await expect(theirs.locator("td")).to_have_count(9)
    await ada.saved()
    wire.cut()
    await expect(grace.page.get_by_test_id("sync")).to_have_text(
        re.compile("^(Offline|Reconnecting)")
    )
    await mine.get_by_text("11").click()
    await ada.page.get_by_role("button", name="Table").click()
    await ada.page.get_by_role("menuitem", name="Add a row below").click()
    await theirs.get_by_text("11").click()
    await grace.page.get_by_role("button", name="Table").click()
    await grace.page.get_by_role("menuitem", name="Add a column after").click()
    wire.mend()
    await grace.comes_back()
    for editor in (mine, theirs):
        await expect(editor.locator("tr")).to_have_count(4)
        await expect(editor.locator("td")).to_have_count(16)
        for row in range(3):
            for column in range(3):
                cell = editor.locator(
                    "td", has_text=f"{row}{column}"
                )  # a caret's name may be there
                await expect(cell).to_have_count(1)

    # Ada clears the document while Grace appends to it: Grace has her words.
    await mine.click()
    await ada.page.keyboard.press("Control+a")
    await ada.page.keyboard.type("First paragraph")
    await ada.page.keyboard.press("Enter")
    await ada.page.keyboard.type("Second paragraph")
    await expect(theirs.get_by_text("Second paragraph")).to_be_visible()
    await ada.saved()
    wire.cut()
    await expect(grace.page.get_by_test_id("sync")).to_have_text(
        re.compile("^(Offline|Reconnecting)")
    )
    await grace.write("Draft", " appended by Grace")
    await mine.click()
    await ada.page.keyboard.press("Control+a")
    await ada.page.keyboard.press("Delete")
    await ada.saved()
    wire.mend()
    await grace.comes_back()
    copy = grace.page.get_by_test_id("private-copy")
    await expect(copy).to_contain_text("Somebody deleted the place where you wrote")
    await copy.get_by_role("button", name="Show").click()
    await expect(grace.page.get_by_role("dialog").get_by_label("Your words")).to_have_value(
        "appended by Grace"
    )
    grace.check()
