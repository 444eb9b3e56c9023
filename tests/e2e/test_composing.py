"""Words on their way into a message: input methods, invisible text, edits that were not saved."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.people import Person


async def confirm(page: Page, key: str) -> None:
    """A key that an input method takes, as Safari tells of it: the composition is over, the code is
    that of an input method."""
    session = await page.context.new_cdp_session(page)
    event = {"key": key, "code": key, "windowsVirtualKeyCode": 229}
    await session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event})
    await session.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})
    await session.detach()


async def compose(page: Page, text: str) -> None:
    """Text that an input method has not given yet."""
    session = await page.context.new_cdp_session(page)
    await session.send(
        "Input.imeSetComposition",
        {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
    )
    await session.detach()


@pytest.mark.timeout(120)
async def test_words_in_the_composer_and_in_an_edit(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Offer")
    box = page.get_by_role("textbox", name="Message")

    # What nobody can see is no message.
    await box.fill("\u2060\u3164 ")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    await box.press("Enter")
    await box.fill("")

    # Enter that confirms an input method sends nothing, while it composes and after.
    await box.focus()
    await compose(page, "日本")
    await confirm(page, "Enter")
    await page.keyboard.insert_text("日本")
    await confirm(page, "Enter")
    await expect(box).to_have_value("日本")
    await box.press("Enter")
    await ada.sees("日本")
    await ada.has_said(["日本"])

    # Escape that ends a composition leaves the edit open.
    await box.press("ArrowUp")
    edit = page.get_by_role("textbox", name="Edit message")
    await edit.fill("日本と")
    await confirm(page, "Escape")
    await confirm(page, "Enter")
    await expect(edit).to_have_value("日本と")

    # Looking elsewhere, and a reload, keep what was changed.
    await page.get_by_role("link", name="Webmail hub").click()
    await expect(page.get_by_role("link", name=re.compile("Offer.*Draft")).first).to_be_visible()
    await page.reload()
    await ada.open_thread("Offer")
    note = page.get_by_test_id("unsaved-edit")
    await expect(note).to_be_visible()
    await note.get_by_role("button", name="Go on").click()
    await expect(edit).to_have_value("日本と")
    await edit.press("Enter")
    await ada.sees("日本と")
    await expect(note).to_be_hidden()
    await expect(page.get_by_text("Draft", exact=True)).to_have_count(0)

    # Escape discards it, and nothing remains.
    await box.press("ArrowUp")
    await edit.fill("never")
    await edit.press("Escape")
    await expect(edit).to_be_hidden()
    await expect(note).to_be_hidden()
    assert await ada.messages() == ["日本と"]

    # The message is deleted under the hand: what was being written is not.
    await box.press("ArrowUp")
    await edit.fill("日本と東京")
    other = await page.context.new_page()
    ada.watch(other)
    await other.goto(page.url)
    there = other.get_by_test_id("message").last
    await there.hover()
    await there.get_by_role("button", name="More actions").click()
    await other.get_by_role("menuitem", name="Delete").click()
    await expect(page.get_by_text("This message was deleted")).to_be_visible()
    await expect(note.get_by_role("button", name="Copy")).to_be_visible()


@pytest.mark.timeout(120)
async def test_directions_stay_where_they_are(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Offer \u202eabc")
    await ada.say("שלום, Ada!")
    await ada.say("evil\u202e text")
    paragraphs = ada.log().locator("[data-message-text] p")
    await expect(paragraphs).to_have_count(2)
    found = await paragraphs.evaluate_all(
        """all => all.map((one) => {
            const { direction, unicodeBidi } = getComputedStyle(one);
            return [direction, unicodeBidi];
        })"""
    )
    assert found == [["rtl", "isolate"], ["ltr", "isolate"]]
    line = page.get_by_test_id("system-line").first
    await expect(line).to_contain_text("\u2068Offer \u202eabc\u2069")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["Document", "Text or code"])
async def test_undo_stays_where_the_caret_is(ada: Person, kind: str) -> None:
    page = ada.page
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft", kind)
    editor = ada.editor("Draft")
    box = page.get_by_role("textbox", name="Message")
    await ada.write("Draft", "words for everybody")
    await ada.saved()
    await box.focus()
    await page.keyboard.type("a draft")

    # In the message box it ends with the message box.
    for _ in range(4):
        await page.keyboard.press("Control+z")
    await expect(box).to_have_value("")
    await expect(box).to_be_focused()
    await expect(editor).to_contain_text("words for everybody")
    for _ in range(4):
        await page.keyboard.press("Control+y")
    await expect(box).to_have_value("a draft")

    # In the document with the document.
    await editor.focus()
    for _ in range(4):
        await page.keyboard.press("Control+z")
    await expect(editor).not_to_contain_text("words")
    await expect(box).to_have_value("a draft")

    # And on a page, or in what is only read, it is nothing.
    await page.get_by_role("button", name="Read", exact=True).click()
    await editor.focus()
    await page.keyboard.press("Control+z")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Control+z")
    await expect(box).to_have_value("a draft")
