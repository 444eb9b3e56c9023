"""Numbers as people meet them: proposed under a message, on a thread, in a subject, in the search,
in a channel."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.people import Person
from tests.e2e.scan import Scan, reaches
from tests.support.hub_process import HubProcess

pytestmark = pytest.mark.timeout(240)


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def numbers(page: Page, text: str) -> Locator:
    """Under the message with a text."""
    message = page.get_by_test_id("message").filter(has_text=text)
    return message.get_by_test_id("message-numbers")


async def tab_to(page: Page, key: str, there: str) -> None:
    """Press a key until the focus is where it should be, a few times."""
    for _ in range(8):
        await page.keyboard.press(key)
        if await page.evaluate(there):
            return
    raise AssertionError(there)


async def menu_of(page: Page, name: str) -> None:
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_role("menuitem", name=name).click()


@reaches(
    "room-numbers", "room-number-menu", "room-numbers-dialog", "narrow-numbers",
    "thread-new-number", "search-number", "channels-none", "channels", "channel-new",
    "channel-menu", "channel-remove", "narrow-channels", "admin-numbers",
)  # fmt: skip
async def test_numbers_lead_to_threads_and_gather_them(
    ada: Person, hub: HubProcess, browser: Browser, scan: Scan
) -> None:
    page = ada.page
    await ada.begin_thread("Chairs for the hall")
    # By the keyboard alone: from the message to its number, and what can be done with it.
    await ada.say("Reply about case no. 7")
    await expect(numbers(page, "case no. 7").get_by_role("button")).to_have_count(1)
    await page.get_by_role("textbox", name="Message").focus()
    await tab_to(page, "Shift+Tab", "document.activeElement.matches('[data-key]')")
    await tab_to(page, "Tab", "document.activeElement.textContent.trim() === '7'")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Put it on the thread")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(numbers(page, "case no. 7").get_by_title("Case 7", exact=True)).to_be_visible()
    grace = await Person.open(browser, hub.url, "Grace Lindqvist", "grace@north.example")
    await grace.accept(await ada.invite())
    await grace.open_thread("Chairs for the hall")

    # A number in a message is offered, and put on the thread: for both, at once.
    await grace.say("The order is PO-2026-0042, invoice no. 118 comes later.")
    found = numbers(page, "PO-2026-0042")
    await expect(found.get_by_role("button")).to_have_count(2)
    await scan(page, "room-numbers")
    await found.get_by_role("button", name="Order PO-2026-0042").click()
    await expect(page.get_by_role("menuitem", name="Put it on the thread")).to_be_visible()
    await scan(page, "room-number-menu")
    await page.get_by_role("menuitem", name="Put it on the thread").click()
    for one in (page, grace.page):
        await expect(one.get_by_role("button", name="Numbers of the thread: PO")).to_be_visible()
        await expect(numbers(one, "PO-2026-0042").get_by_role("button")).to_have_count(1)
    line = page.get_by_test_id("system-line").last
    await expect(line).to_contain_text("put the number")
    await numbers(grace.page, "invoice").get_by_role("button", name="Invoice 118").click()
    await grace.page.get_by_role("menuitem", name="This is no number").click()
    await expect(numbers(page, "invoice")).to_have_count(0)

    # Its other name, and what else messages name.
    await grace.say("And PO-2026-0043 for the tables.")
    await button(page, "Numbers of the thread: PO-2026-0042").click()
    dialog = page.get_by_role("dialog", name="Numbers of the thread")
    await button(dialog, "Another name of PO-2026-0042").click()
    await dialog.get_by_label("Number", exact=True).fill("SO-77120")
    await dialog.get_by_label("Whose").fill("North")
    await dialog.get_by_label("Number", exact=True).press("Enter")
    await expect(dialog.get_by_test_id("numbers")).to_contain_text("also SO-77120 of North")
    await expect(button(dialog, "Add PO-2026-0043")).to_be_visible()
    await page.keyboard.press("Escape")

    # A channel of such numbers.
    await menu_of(page, "Channels")
    await expect(page.get_by_role("heading", name="No channels yet")).to_be_visible()
    await scan(page, "channels-none")
    await button(page, "New channel").click()
    dialog = page.get_by_role("dialog", name="New channel")
    await dialog.get_by_label("Name").fill("Orders")
    await dialog.get_by_label("Number, or how numbers begin").fill("PO-")
    await dialog.get_by_label("Grace Lindqvist").check()
    await scan(page, "channel-new")
    await button(dialog, "Make the channel").click()
    channel = page.get_by_test_id("channel").filter(has_text="Orders")
    await expect(channel.get_by_role("link", name="Chairs for the hall")).to_be_visible()

    # In the subject of a new thread: where it leads, and who is asked in.
    await button(page, "New thread").click()
    await page.get_by_label("Subject").fill("Tables of PO-2026-0042")
    known = page.get_by_test_id("subject-numbers")
    await expect(known).to_contain_text("One thread speaks of PO-2026-0042")
    await expect(known).to_contain_text("Ask in the people of Orders: Grace Lindqvist")
    await scan(page, "thread-new-number")
    await button(page, "Begin the thread").click()
    heading = page.get_by_role("heading", name="Tables of PO-2026-0042", level=1)
    await expect(heading).to_be_visible()
    await grace.open_thread("Tables of PO-2026-0042")

    # The dialog of a thread that a channel gathers.
    await ada.open_thread("Chairs for the hall")
    await button(page, "Numbers of the thread: PO-2026-0042 +1").click()
    dialog = page.get_by_role("dialog", name="Numbers of the thread")
    await expect(dialog.get_by_text("all are here")).to_be_visible()
    await expect(numbers(page, "tables").locator("button")).to_have_count(1)
    await scan(page, "room-numbers-dialog")
    await page.set_viewport_size({"width": 400, "height": 800})
    await scan(page, "narrow-numbers")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await button(dialog, "Take away SO-77120").click()
    await expect(dialog.get_by_test_id("numbers")).not_to_contain_text("SO-77120")
    await button(dialog, "Undo: put SO-77120 back").click()
    await expect(dialog.get_by_test_id("numbers")).to_contain_text("SO-77120")
    await page.keyboard.press("Escape")

    # The search: both threads, by the number of either party.
    find = page.get_by_label("Find a thread or a message")
    await find.fill("po 2026-0042")
    await find.press("Enter")
    found = page.get_by_test_id("search-numbers")
    await expect(found).to_contain_text("Two threads speak of po 2026-0042")
    await expect(found.get_by_role("link")).to_have_text(
        ["Tables of PO-2026-0042", "Chairs for the hall"]
    )
    await scan(page, "search-number")

    # Joining, leaving, removing.
    await menu_of(grace.page, "Channels")
    row = grace.page.get_by_test_id("channel").filter(has_text="Orders")
    await expect(row.get_by_role("link")).to_have_count(2)
    await button(row, "More of Orders").click()
    await grace.page.get_by_role("menuitem", name="Leave").click()
    await button(row, "Join Orders").click()
    await expect(button(row, "More of Orders")).to_be_visible()
    await menu_of(page, "Channels")
    await button(page, "More of Orders").click()
    await expect(page.get_by_role("menuitem", name="Remove")).to_be_visible()
    await scan(page, "channel-menu")
    await page.keyboard.press("Escape")
    await scan(page, "channels")
    await page.set_viewport_size({"width": 400, "height": 800})
    await scan(page, "narrow-channels")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await button(page, "More of Orders").click()
    await page.get_by_role("menuitem", name="Remove").click()
    await expect(page.get_by_role("dialog", name="Remove the channel?")).to_be_visible()
    await scan(page, "channel-remove")
    await button(page.get_by_role("dialog"), "Remove").click()
    await expect(page.get_by_role("heading", name="No channels yet")).to_be_visible()

    # The owner says what numbers look like here.
    ada.forgive("400")
    await page.goto(f"{hub.url}/admin/numbers")
    await page.get_by_label("Pattern").fill(r"(a)\1")
    await button(page, "Add the rule").click()
    await expect(page.get_by_text("The pattern cannot be used")).to_be_visible()
    await page.get_by_label("Pattern").fill(r"NR-\d{4}")
    await page.get_by_label("Put what it finds on messages").check()
    await button(page, "Add the rule").click()
    await expect(button(page, r"Remove the rule NR-\d{4}")).to_be_visible()
    await page.get_by_label("Pattern").fill(r"(a)\1")
    await button(page, "Add the rule").click()
    await scan(page, "admin-numbers")
    await grace.open_thread("Chairs for the hall")
    await grace.say("As NR-1001 says.")
    chip = numbers(grace.page, "NR-1001").get_by_role("button", name="Order NR-1001")
    await expect(chip).to_be_visible()
    await expect(chip).to_have_attribute("title", re.compile("^Order NR-1001$"))
    await button(page, r"Remove the rule NR-\d{4}").click()
    await expect(page.get_by_text("None yet.")).to_be_visible()
    grace.check()
    await grace.context.close()
