"""From sign-in to the end of a message without a pointer."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.people import PASSWORD, Person
from tests.e2e.test_editing import send
from tests.support.hub_process import HubProcess

# What has the focus, as a screen reader would name it, and whether one sees that it has.
FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const labels = [...(one.labels ?? [])].map((label) => label.textContent.trim());
    const name = one.getAttribute('aria-label') ?? labels[0] ?? one.textContent.trim();
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
    let seen = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
    seen ||= one.isContentEditable;  // it has a caret
    seen ||= one.matches('[type=date], [type=time]');  // the part that is in focus is marked
    for (let around = one.parentElement; around && !seen; around = around.parentElement)
        if (around.matches(':focus-within')) {
            const style = getComputedStyle(around);
            seen = style.outlineStyle !== 'none' && style.outlineWidth !== '0px';
        }
    return { name, seen, text: one.matches('input, textarea, [contenteditable=true]') };
}"""


async def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press a key until that is in focus; everything on the way has a name and shows its focus."""
    passed = []
    for _ in range(40):
        await page.keyboard.press(key)
        here = await page.evaluate(FOCUSED)
        if here is None:
            continue
        assert here["name"], passed
        assert here["seen"], f"{here['name']} does not show that it has the focus"
        passed.append(here["name"])
        if re.match(name, here["name"]):
            return
    raise AssertionError(f"{name} is not among {passed}")


@pytest.mark.timeout(120)
async def test_keyboard_only(ada: Person, browser: Browser, hub: HubProcess) -> None:
    await ada.begin_thread("Offer")
    await ada.say("Good morning")
    person = await Person.open(browser, hub.url, "Ada Okafor", ada.address)
    page = person.page
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await tab_to(page, "Address")
    await page.keyboard.type(person.address)
    await tab_to(page, "Password")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")

    # Into the thread.
    await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    await tab_to(page, "Offer")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Offer", level=1)).to_be_visible()

    # To the message box, and out of it with a message.
    await tab_to(page, "Message$")
    await page.keyboard.type("By keyboard alone")
    await page.keyboard.press("Enter")
    await person.sees("By keyboard alone")
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()

    # Change it, react to it, and take it back.
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("textbox", name="Edit message")).to_be_focused()
    await page.keyboard.type(", really")
    await page.keyboard.press("Enter")
    await person.sees("By keyboard alone, really")
    await person.has_said(["Good morning", "By keyboard alone, really"])
    await expect(person.log().get_by_role("article").last).to_be_focused()
    await page.keyboard.press("Enter")
    menu = page.get_by_role("menu", name="Message actions")
    await expect(menu).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)
    await page.keyboard.press("+")
    await page.keyboard.press("Enter")
    await expect(person.log().get_by_role("button", name=re.compile(r"1: .*you"))).to_be_visible()
    await page.keyboard.press("Delete")
    await expect(person.log().get_by_text("This message was deleted")).to_be_visible()
    await person.has_said(["Good morning"])
    person.check()


@pytest.mark.parametrize(
    ("name", "text"), [("plan.md", b"# Plan\n\nOne.\n"), ("plan.py", b"a = 1\n")]
)
@pytest.mark.timeout(120)
async def test_a_file_is_opened_edited_saved_compared_and_restored_by_keyboard(
    ada: Person, name: str, text: bytes
) -> None:
    page = ada.page
    await ada.begin_thread("Plan")
    await send(ada, name, text)
    await tab_to(page, f"Open.*{name}", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await expect(page.get_by_role("button", name="Edit together")).to_be_visible()
    await tab_to(page, "Edit together")
    await page.keyboard.press("Enter")
    editor = ada.editor(name)
    await expect(editor).to_be_visible()

    # Into the words and, since Tab may mean something there, out of them again.
    await tab_to(page, f"Document: {name}")
    await page.keyboard.press("Control+End")
    await page.keyboard.type(" More.")
    standing = page.get_by_test_id("file-standing")
    await expect(standing).to_have_text("Unsaved changes")
    await ada.saved()
    await page.keyboard.press("Escape")
    await tab_to(page, "Save as version 2", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    await expect(standing).to_have_text("As in the file")

    # From the document to its file; its versions beside each other.
    await tab_to(page, name, "Shift+Tab")
    await page.keyboard.press("Enter")
    await tab_to(page, "Compare versions")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("compared")).to_contain_text("More.")
    await tab_to(page, "Version$", "Shift+Tab")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("combobox", name="Version", exact=True)).to_have_value("1")
    await tab_to(page, "Restore")
    await page.keyboard.press("Enter")
    await expect(ada.log().get_by_text("went back to version 1 of a file")).to_be_visible()

    # The live document takes it in, as its editors are told.
    await expect(page.get_by_role("button", name="Open the document")).to_be_visible()
    await tab_to(page, "Open the document")
    await page.keyboard.press("Enter")
    await expect(editor).not_to_contain_text("More.")
    ada.check()


@pytest.mark.timeout(180)
async def test_tasks_and_meetings_by_keyboard(ada: Person) -> None:
    page = ada.page
    await ada.begin_thread("Chairs for the hall")
    await ada.say("Send the offer")
    dialog = page.get_by_role("dialog")

    # A task from a message, by its menu.
    await page.get_by_role("textbox", name="Message").focus()
    await tab_to(page, "Message of Ada", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menu", name="Message actions")).to_be_visible()
    for _ in range(20):
        if await page.evaluate("document.activeElement.textContent.trim()") == "Make a task":
            break
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Title")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)

    # Ticked off in its chip, and opened again by the words above the history.
    await tab_to(page, "Done: Send the offer")
    await page.keyboard.press("Space")
    await expect(page.get_by_label("Done: Send the offer").first).to_be_checked()
    await page.keyboard.press("Space")
    await expect(page.get_by_label("Done: Send the offer").first).not_to_be_checked()

    # My day: a task in words, looked at, and made done.
    await tab_to(page, "My day", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="My day")).to_be_visible()
    await tab_to(page, "Add a task of my own")
    await page.keyboard.type("Call Ivan in 3 days 9:00")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("soon")).to_contain_text("Call Ivan")
    await tab_to(page, "Call Ivan")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("entry-view")).to_be_visible()
    await tab_to(page, "Done$")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Not done after all")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_test_id("done")).to_contain_text("Call Ivan")

    # A meeting, at a time when all are free.
    await tab_to(page, "Calendar", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("calendar")).to_be_visible()
    await tab_to(page, "New meeting")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Title")).to_be_focused()
    await page.keyboard.type("Visit")
    await tab_to(page, "When are all free")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("find-time").get_by_role("list")).to_be_visible()
    await tab_to(page, "Weekends, too")
    await tab_to(page, r".*\d:\d\d")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("find-time")).to_have_count(0)
    await tab_to(page, "Plan the meeting")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    ada.check()
