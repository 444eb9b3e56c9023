"""What a person has not read: where the history opens, what counts as seen, who comes back."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.e2e.people import Person
from tests.e2e.test_room import together
from tests.e2e.wire import Wire


async def say_many(person: Person, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await person.say(f"Message {number}: so long that it takes a line or two. " + "word " * 30)
    await person.saved()


def message(person: Person, number: int) -> Locator:
    return person.log().get_by_text(re.compile(rf"^Message {number}: "))


async def lands_at(person: Person, number: int, unread: int) -> None:
    """The history stands at the line above the first new message; what is below it is unread."""
    page = person.page
    await expect(page.get_by_test_id("unread-line")).to_be_in_viewport()
    await expect(message(person, number)).to_be_in_viewport()
    newest = page.get_by_test_id("jump-to-newest")
    await expect(newest).to_be_visible()
    left = int((await newest.inner_text()).split(" new")[0])
    assert 0 < left < unread
    seen = unread - left
    await expect(message(person, number + seen - 1)).to_be_in_viewport()


@pytest.mark.timeout(120)
async def test_a_thread_opens_at_what_is_new(ada: Person, browser: Browser, wire: Wire) -> None:
    grace = await together(ada, browser, wire)
    page = ada.page
    await page.get_by_role("link", name="Webmail hub").click()
    await say_many(grace, 1, 30)
    row = page.get_by_role("navigation", name="Threads").get_by_role(
        "link", name=re.compile("Offer")
    )
    await expect(row).to_contain_text("30")
    await ada.open_thread("Offer")
    await lands_at(ada, 1, 30)

    # Left and opened again: at what is new now, not where it began.
    await page.get_by_role("link", name="Webmail hub").click()
    left = int(re.search(r"\d+", await row.inner_text())[0])  # type: ignore[index]
    await page.wait_for_function(  # the hub has heard of it, too
        "left => fetch('/api/threads').then(a => a.json()).then(all => all[0].unread === left)",
        arg=left,
    )
    await page.reload()
    await expect(row).to_contain_text(str(left))
    await ada.open_thread("Offer")
    await lands_at(ada, 31 - left, left)
    await page.get_by_test_id("jump-to-newest").click()
    await expect(message(ada, 30)).to_be_in_viewport()
    await expect(page.get_by_test_id("jump-to-newest")).to_be_hidden()
    await expect(row).not_to_contain_text(re.compile(r"\d"))
    await page.get_by_role("link", name="Webmail hub").click()
    await say_many(grace, 31, 50)
    await expect(row).to_contain_text("20")
    await ada.open_thread("Offer")
    await lands_at(ada, 31, 20)


@pytest.mark.timeout(120)
async def test_who_is_added_again_is_back(ada: Person, browser: Browser, wire: Wire) -> None:
    grace = await together(ada, browser, wire)
    await ada.say("Hello @Grace Lindqvist, welcome")
    chip = grace.log().locator(".mention")
    await expect(chip).to_have_text("@Grace Lindqvist")
    lines = grace.page.get_by_test_id("system-line")
    before = await lines.all_inner_texts()
    assert "added Grace Lindqvist as editor" in before[-2]

    # Removed and added again, her open tab comes back by itself, documents too.
    await ada.page.get_by_role("button", name="Show people").click()
    await ada.page.get_by_role("button", name="Remove Grace Lindqvist").click()
    await ada.page.get_by_role("button", name="Remove", exact=True).click()
    gone = grace.page.get_by_role("heading", name="You are no longer in this thread")
    await expect(gone).to_be_visible()
    await ada.page.get_by_role("button", name="Add people").click()
    await ada.page.get_by_role("button", name="Add Grace Lindqvist").click()
    await ada.page.get_by_role("button", name="Done").click()
    await expect(grace.page.get_by_role("heading", name="Offer", level=1)).to_be_visible()
    await grace.write("Draft", "Back again. ")
    await expect(ada.editor("Draft")).to_contain_text("Back again.")
    await grace.say("Here I am")
    await ada.sees("Here I am")

    # What was said of her stays as it was said; so does what named her.
    assert (await lines.all_inner_texts())[: len(before)] == before
    settings = await grace.new_tab()
    await settings.goto(f"{grace.url}/settings")
    await settings.get_by_label("Your name").fill("Grace L.")
    await settings.get_by_role("button", name="Save the name").click()
    await expect(ada.log().get_by_text("Grace L.", exact=True).first).to_be_visible()
    for person in (ada, grace):
        await expect(person.log().locator(".mention")).to_have_text("@Grace Lindqvist")
        await person.page.reload()
        await expect(person.log().locator(".mention")).to_have_text("@Grace Lindqvist")
    grace.check()
