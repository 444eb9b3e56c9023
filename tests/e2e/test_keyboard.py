"""From sign-in to the end of a message without a pointer."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.people import PASSWORD, Person
from tests.support.hub_process import HubProcess

# What has the focus, as a screen reader would name it, and whether one sees that it has.
FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const labels = [...(one.labels ?? [])].map((label) => label.textContent.trim());
    const name = one.getAttribute('aria-label') ?? labels[0] ?? one.textContent.trim();
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
    let seen = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
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
