"""Tasks and meetings as people meet them: from a message, for two, done and undone, moved to a time
that somebody proposed, in the day of each."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.people import Person
from tests.e2e.scan import Scan, reaches
from tests.support.hub_process import HubProcess

pytestmark = pytest.mark.timeout(240)


def button(place: Page | Locator, name: str | re.Pattern[str]) -> Locator:
    return place.get_by_role("button", name=name, exact=isinstance(name, str))


def entry(place: Page | Locator, title: str) -> Locator:
    return place.get_by_test_id("entry").filter(has_text=title)


def under(page: Page, message: str) -> Locator:
    """Tasks and meetings that came from a message."""
    return page.get_by_test_id("message").filter(has_text=message).get_by_test_id("message-entries")


async def choose(page: Page, message: str, choice: str) -> None:
    """From the menu of a message."""
    row = page.get_by_test_id("message").filter(has_text=message)
    await row.hover()
    await row.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name=choice).click()


@reaches(
    "room-plan", "room-plan-menu", "task-new", "task", "meeting-new", "meeting", "meeting-propose",
    "entry-gone", "day-empty", "day", "narrow-plan", "narrow-task", "narrow-day",
)  # fmt: skip
async def test_what_is_said_becomes_what_is_done(
    ada: Person, hub: HubProcess, browser: Browser, scan: Scan
) -> None:
    page = ada.page
    today = date.today()  # noqa: DTZ011  # as the browser has it
    await page.get_by_role("link", name="My day").click()
    await expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    await scan(page, "day-empty")
    await ada.begin_thread("Chairs for the hall")
    grace = await Person.open(browser, hub.url, "Grace Lindqvist", "grace@north.example")
    await grace.accept(await ada.invite())
    await grace.open_thread("Chairs for the hall")
    other = grace.page

    # A message becomes a task for Grace: there for both, at once.
    await ada.say("We have to send the offer to Ivan")
    await choose(page, "send the offer", "Make a task")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Title")).to_have_value("We have to send the offer to Ivan")
    await dialog.get_by_label("Title").fill("Send the offer")
    await dialog.get_by_label("Due").fill((today - timedelta(days=1)).isoformat())
    await dialog.get_by_label("Grace Lindqvist").check()
    await scan(page, "task-new")
    await button(dialog, "Add the task").click()
    await expect(dialog).to_have_count(0)
    for one in (page, other):
        chip = entry(under(one, "send the offer"), "Send the offer")
        await expect(chip).to_contain_text("yesterday")
        await expect(chip.get_by_role("checkbox")).not_to_be_checked()
        await expect(one.get_by_test_id("thread-plan")).to_contain_text("1 task, 1 late")
    await expect(other.get_by_test_id("system-line").last).to_contain_text("made the task")

    # Looked at, blocked, and freed again; each sees it as it happens.
    await button(
        entry(under(other, "send the offer"), "Send the offer"), re.compile("Send")
    ).click()
    await expect(other.get_by_test_id("entry-view")).to_contain_text("Late: due yesterday")
    await button(other, "Blocked…").click()
    await other.get_by_label("What is it waiting for?").fill("The price of the wood")
    await button(other, "It is blocked").click()
    await expect(entry(under(page, "send the offer"), "Send the offer")).to_contain_text("blocked")
    await scan(other, "task")
    await button(other, "Goes on").click()
    await expect(button(other, "Blocked…")).to_be_visible()
    await button(other, "Close").click()

    # Done by a click, undone by another; the other's chip turns with it.
    await entry(under(other, "send the offer"), "Send the offer").get_by_role("checkbox").click()
    box = entry(under(page, "send the offer"), "Send the offer").get_by_role("checkbox")
    await expect(box).to_be_checked()
    await expect(page.get_by_test_id("thread-plan")).to_have_count(0)
    await button(other, "Undo").click()
    await expect(box).not_to_be_checked()

    # A meeting: what cannot be is said, another time is proposed, and taken.
    await button(page, "Plan something").click()
    await scan(page, "room-plan-menu")
    await page.get_by_role("menuitem", name="New meeting").click()
    await dialog.get_by_label("Title").fill("Kick-off")
    tomorrow = (today + timedelta(days=1)).isoformat()
    await dialog.get_by_label("Begins").fill(tomorrow)
    await dialog.get_by_label("At").fill("09:00")
    await dialog.get_by_label("Ends").fill(tomorrow)
    await dialog.get_by_label("Until", exact=True).fill("08:00")
    await dialog.get_by_label("Grace Lindqvist").check()
    await button(dialog, "Plan the meeting").click()
    await expect(dialog.get_by_role("alert")).to_have_text("It ends before it begins.")
    await scan(page, "meeting-new")
    await dialog.get_by_label("Until", exact=True).fill("10:00")
    await button(dialog, "Plan the meeting").click()
    await expect(other.get_by_test_id("thread-plan")).to_contain_text("1 task, 1 meeting")
    await button(other.get_by_test_id("thread-plan"), re.compile("1 task")).click()
    await button(entry(other, "Kick-off"), re.compile("Kick-off")).click()
    await button(other, "Another time…").click()
    await other.get_by_test_id("propose-time").get_by_label("At").fill("14:00")
    await other.get_by_test_id("propose-time").get_by_label("Until").fill("15:00")
    await other.get_by_label("Why").fill("The wood comes at noon")
    await scan(other, "meeting-propose")
    await button(other, "Propose").click()
    await expect(other.get_by_test_id("proposals")).to_contain_text("The wood comes at noon")
    await button(page.get_by_test_id("thread-plan"), re.compile("1 task")).click()
    await scan(page, "room-plan")
    await button(entry(page, "Kick-off"), re.compile("Kick-off")).click()
    await expect(page.get_by_test_id("proposals")).to_contain_text("The wood comes at noon")
    await button(page, "Coming").click()
    await expect(button(page, "Coming")).to_have_attribute("aria-pressed", "true")
    await scan(page, "meeting")
    await button(page, re.compile("Take this time")).click()
    await expect(page.get_by_test_id("proposals")).to_have_count(0)
    for one in (page, other):
        await expect(one.get_by_test_id("entry-view")).to_contain_text(re.compile("14:00|2:00"))
    # Who proposed the time comes; who took it, too.
    await expect(button(other, "Coming")).to_have_attribute("aria-pressed", "true")
    await button(page, "Close").click()
    await button(other, "Close").click()

    # My day of each is right, and what is added there is one's own.
    await other.get_by_role("link", name="My day").click()
    await expect(entry(other.get_by_test_id("late"), "Send the offer")).to_be_visible()
    await expect(other.get_by_test_id("meetings-soon")).to_contain_text("Kick-off")
    add = other.get_by_test_id("quick-add")
    await add.fill("Call Ivan today 23:55")
    await expect(other.get_by_text(re.compile("due today"))).to_be_visible()
    await add.press("Enter")
    await expect(entry(other.get_by_test_id("today"), "Call Ivan")).to_be_visible()
    await add.fill("Water the plants every day")
    await add.press("Enter")
    await expect(other.get_by_test_id("today")).to_contain_text("Water the plants")
    await entry(other, "Water the plants").get_by_role("checkbox").click()
    await expect(entry(other.get_by_test_id("soon"), "Water the plants")).to_contain_text(
        "tomorrow"
    )
    await ada.say("@Grace Lindqvist, are you here?")
    await expect(other.get_by_test_id("mentions")).to_contain_text("Chairs for the hall")
    await entry(other.get_by_test_id("late"), "Send the offer").get_by_role("checkbox").click()
    await expect(entry(other.get_by_test_id("done"), "Send the offer")).to_be_visible()
    await scan(other, "day")
    await page.get_by_role("link", name="My day").click()
    await expect(page.get_by_test_id("meetings-soon")).to_contain_text("Kick-off")
    await expect(page.get_by_test_id("late")).to_have_count(0)

    # What somebody removes while it is looked at is gone, and comes back.
    await ada.open_thread("Chairs for the hall")
    await choose(page, "send the offer", "Make a task")
    await button(dialog, "Add the task").click()
    await expect(dialog).to_have_count(0)
    await grace.open_thread("Chairs for the hall")
    made = entry(under(other, "send the offer"), "We have to")
    await button(made, re.compile("We have")).click()
    await button(entry(under(page, "send the offer"), "We have to"), re.compile("We have")).click()
    await button(page, "Remove").click()
    await expect(other.get_by_role("heading", name="It is not there any more")).to_be_visible()
    await scan(other, "entry-gone")
    await button(page, "Undo").click()
    await expect(other.get_by_test_id("entry-view")).to_be_visible()
    await button(other, "Close").first.click()

    await other.set_viewport_size({"width": 390, "height": 844})
    await button(other.get_by_test_id("thread-plan"), re.compile("1 task")).click()
    await scan(other, "narrow-plan")
    await button(entry(other.get_by_test_id("thread-plan"), "We have"), re.compile("We")).click()
    await scan(other, "narrow-task")
    await button(other, "Close").first.click()
    await other.goto("/day")
    await expect(other.get_by_test_id("done")).to_be_visible()
    await scan(other, "narrow-day")
    grace.check()


@reaches(
    "calendar-month", "calendar-week", "calendar-list", "meeting-of-series", "narrow-calendar",
    "narrow-month",
)  # fmt: skip
async def test_a_series_in_the_calendar(ada: Person, scan: Scan) -> None:
    page, dialog = ada.page, ada.page.get_by_role("dialog")
    await ada.begin_thread("Chairs for the hall")
    # From a day, by the keyboard alone.
    await page.goto("/calendar?view=month&day=2027-03-01")
    await expect(page.get_by_role("heading", name="March 2027")).to_be_visible()
    first = page.locator("[data-day='2027-03-01']")
    await first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("[data-day='2027-03-09']")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Begins")).to_have_value("2027-03-09")
    await dialog.get_by_label("Where").select_option(label="Chairs for the hall")
    await dialog.get_by_label("Title").fill("Stand-up")
    await dialog.get_by_label("At").fill("09:00")
    await dialog.get_by_label("Until", exact=True).fill("10:30")
    await dialog.get_by_label("Comes back").select_option("weekly")
    await dialog.get_by_label("Until the day").fill("2027-04-15")
    await dialog.get_by_label("Until the day").press("Enter")
    month = page.get_by_role("table")
    await expect(button(month, re.compile("Stand-up"))).to_have_count(4)

    # One moment of it is another, and another is left out; the rest stays.
    await button(month, re.compile("Stand-up")).nth(1).click()
    await button(dialog, "Change").click()
    await expect(dialog.get_by_label("Only this one")).to_be_checked()
    await dialog.get_by_label("Title").fill("Stand-up with Ivan")
    await dialog.get_by_label("Begins").fill("2027-03-17")
    await dialog.get_by_label("At").fill("09:30")
    await dialog.get_by_label("Until", exact=True).fill("11:00")
    await scan(page, "meeting-of-series")
    await button(dialog, "Save").click()
    await button(dialog, "Close").click()
    moved = page.get_by_role("cell").filter(has=page.locator("[data-day='2027-03-17']"))
    await expect(button(moved, re.compile("with Ivan"))).to_be_visible()
    await button(month, re.compile("Stand-up")).nth(2).click()
    await button(dialog, "Leave this one out").click()
    await expect(button(month, re.compile("Stand-up"))).to_have_count(3)

    # Days, and what is at the same time.
    for title, whole in (("Fair", True), ("Call with North", False)):
        await button(page, "New meeting").click()
        await dialog.get_by_label("Title").fill(title)
        if whole:
            await dialog.get_by_label("All day").check()
        await dialog.get_by_label("First day" if whole else "Begins").fill("2027-03-16")
        if whole:
            await dialog.get_by_label("Last day").fill("2027-03-18")
        else:
            await dialog.get_by_label("Begins").fill("2027-03-17")
            await dialog.get_by_label("At").fill("10:00")
            await dialog.get_by_label("Until", exact=True).fill("11:00")
        await button(dialog, "Plan the meeting").click()
        await expect(dialog).to_have_count(0)
    await expect(button(month, re.compile("Fair"))).to_have_count(3)
    await scan(page, "calendar-month")
    await page.goto("/calendar?view=week&day=2027-03-17")
    week = page.get_by_role("group", name="Week")
    left, right = button(week, re.compile("with Ivan")), button(week, re.compile("Call with North"))
    boxes = [await one.bounding_box() for one in (left, right)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] + 1  # side by side
    await scan(page, "calendar-week")
    await button(page, "List").click()
    await expect(page.get_by_role("heading", name="Wednesday, March 17, 2027")).to_be_visible()
    await scan(page, "calendar-list")
    await page.set_viewport_size({"width": 390, "height": 844})
    await scan(page, "narrow-calendar")
    await button(page, "Month").click()
    await expect(page.get_by_role("table")).to_be_visible()
    await scan(page, "narrow-month")


async def set_for_now(page: Page) -> None:
    """By the fields: what is due this minute is due at once."""
    dialog = page.get_by_role("dialog")
    now: str = await page.evaluate(
        "new Date(Date.now() - new Date().getTimezoneOffset() * 6e4).toJSON()"
    )
    await dialog.get_by_label("Day").fill(now[:10])
    await dialog.get_by_label("Time").fill(now[11:16])


@reaches("reminder-new", "reminder-due", "narrow-reminder")
async def test_reminders_come_once_and_go_everywhere(
    ada: Person, hub: HubProcess, browser: Browser, scan: Scan
) -> None:
    page, dialog = ada.page, ada.page.get_by_role("dialog")
    await ada.begin_thread("Chairs for the hall")
    grace = await Person.open(browser, hub.url, "Grace Lindqvist", "grace@north.example")
    await grace.accept(await ada.invite())
    await grace.open_thread("Chairs for the hall")
    await ada.say("Pay the invoice")
    second = await ada.new_tab()
    await second.goto("/day")

    # In words, mended by the fields; private, and there in every tab at once.
    await choose(page, "Pay the invoice", "Remind me…")
    await dialog.get_by_label("When").fill("in three days")
    await expect(dialog.get_by_text(re.compile("^That is "))).to_be_visible()
    await scan(page, "reminder-new")
    await set_for_now(page)
    await button(dialog, "Remind me").click()
    for one in (page, second):
        await expect(one.get_by_test_id("notice")).to_contain_text("Pay the invoice")
    await expect(grace.page.get_by_test_id("notice")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_test_id("notice")).to_have_count(1)
    await button(page.get_by_test_id("notice"), "Later: remind me again").click()
    await expect(page.get_by_role("menuitem", name="Tomorrow at 9")).to_be_visible()
    await scan(page, "reminder-due")
    await page.get_by_role("menuitem", name="Tomorrow at 9").click()
    for one in (page, second):
        await expect(one.get_by_test_id("notice")).to_have_count(0)
    await expect(second.get_by_test_id("reminders")).to_contain_text("tomorrow 9:00")
    await button(second, "Remove the reminder: Pay the invoice").click()
    await expect(second.get_by_test_id("reminders")).to_have_count(0)

    # For the thread: a message of who set it, for everybody.
    await choose(page, "Pay the invoice", "Remind me…")
    await dialog.get_by_label("Of what").fill("The invoice is due")
    await set_for_now(page)
    await dialog.get_by_label("The thread: it is said there, by you").check()
    await button(dialog, "Remind the thread").click()
    said = grace.page.get_by_test_id("message").filter(has_text="The invoice is due")
    await expect(said).to_contain_text("reminder")
    await expect(said).to_contain_text("Pay the invoice")  # that it answers

    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto("/day")
    await button(page, "New reminder").click()
    await dialog.get_by_label("Of what").fill("Call Ivan")
    await set_for_now(page)
    await button(dialog, "Remind me").click()
    await expect(page.get_by_test_id("notice")).to_contain_text("Call Ivan")
    await scan(page, "narrow-reminder")
    await button(page.get_by_test_id("notice"), "Done").click()
    await expect(page.get_by_test_id("notice")).to_have_count(0)
    grace.check()
