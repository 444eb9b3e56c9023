"""The calendar beyond the browser: a phone that is connected, an invitation that came as a file, a
file that is brought in, an address that is followed."""

from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.e2e.people import Person
from tests.e2e.scan import Scan, reaches
from tests.e2e.test_agenda import button, entry, under
from tests.support.hub_process import HubProcess

pytestmark = pytest.mark.timeout(240)


def text(kind: str, uid: str, *more: str, method: str = "") -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//North//EN"]
    lines += [f"METHOD:{method}"] if method else []
    lines += [f"BEGIN:{kind}", f"UID:{uid}", "DTSTAMP:20261127T090000Z", *more, f"END:{kind}"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def calendar_file(name: str, content: str) -> FilePayload:
    return {"name": name, "mimeType": "text/calendar", "buffer": content.encode()}


async def send_file(person: Person, file: FilePayload) -> None:
    page = person.page
    await page.get_by_label("Attach files", exact=True).set_input_files([file])
    await expect(button(page, f"Leave out {file['name']}")).to_be_visible()
    await person.say("")


@reaches("settings-calendar", "settings-device-made", "narrow-devices")
async def test_a_phone_is_connected(
    ada: Person, hub: HubProcess, browser: Browser, scan: Scan
) -> None:
    page = ada.page
    await ada.begin_thread("Chairs for the hall")
    await button(page, "Plan something").click()
    await page.get_by_role("menuitem", name="New task").click()
    await page.get_by_role("dialog").get_by_label("Title").fill("Send the offer")
    await button(page.get_by_role("dialog"), "Add the task").click()
    settings = await ada.new_tab()
    await settings.goto("/settings/calendar")
    await expect(settings.get_by_role("heading", name="On your devices")).to_be_visible()
    await scan(settings, "settings-calendar")
    await settings.get_by_label("Which device?").fill("My phone")
    await button(settings, "Connect it").click()
    secret = await settings.get_by_label("Password for “My phone”").input_value()
    await expect(button(settings, "Revoke My phone")).to_be_visible()
    await scan(settings, "settings-device-made")
    address = await settings.locator("dd code").first.text_content()
    user = await settings.locator("dd code").nth(1).text_content()
    assert address == f"{hub.url}/dav/"
    assert user == "ada@north.example"

    # The phone ticks the task off, and the box in the room turns.
    auth = httpx.BasicAuth(user, secret)
    async with httpx.AsyncClient(base_url=hub.url, auth=auth, trust_env=False) as phone:
        found = await phone.request("PROPFIND", "/dav/", headers={"depth": "0"})
        (uid,) = set(re.findall(r"/dav/principals/([^/]+)/<", found.text))
        folder = f"/dav/calendars/{uid}/tasks/"
        found = await phone.request("PROPFIND", folder, headers={"depth": "1"})
        (path,) = re.findall(f"<D:href>({folder}[^<]+)</D:href>", found.text)
        task = (await phone.get(path)).text
        done = task.replace("END:VTODO", "STATUS:COMPLETED\r\nEND:VTODO")
        assert (await phone.put(path, content=done)).status_code == 204
        await expect(page.get_by_test_id("system-line").last).to_contain_text("finished")
        await expect(page.get_by_test_id("thread-plan")).to_have_count(0)

        # Its password is taken back.
        await button(settings, "Revoke My phone").click()
        await expect(button(settings, "Revoke My phone")).to_have_count(0)
        assert (await phone.get(path)).status_code == 401

    # An address to follow, until it is withdrawn.
    await settings.get_by_label("Where will it be followed?").fill("The wall")
    await button(settings, "Make the address").click()
    feed = urlsplit(await settings.get_by_label("Address “The wall”").input_value())
    async with httpx.AsyncClient(base_url=hub.url, trust_env=False) as wall:
        assert "Send the offer" in (await wall.get(feed.path)).text
        await button(settings, "Revoke The wall").click()
        await expect(button(settings, "Revoke The wall")).to_have_count(0)
        assert (await wall.get(feed.path)).status_code == 404
    await settings.set_viewport_size({"width": 390, "height": 844})
    await scan(settings, "narrow-devices")


@reaches("room-invitation", "narrow-invitation")
async def test_an_invitation_is_answered_where_it_lies(
    ada: Person, hub: HubProcess, browser: Browser, scan: Scan
) -> None:
    page = ada.page
    await ada.begin_thread("Chairs for the hall")
    grace = await Person.open(browser, hub.url, "Grace Lindqvist", "grace@north.example")
    await grace.accept(await ada.invite())
    await grace.open_thread("Chairs for the hall")
    other = grace.page
    day = date.today() + timedelta(days=3)  # noqa: DTZ011  # as the browser has it
    visit = text(
        "VEVENT", "visit", "SUMMARY:Visit of the hall", "LOCATION:Hall 2", "SEQUENCE:0",
        f"DTSTART:{day:%Y%m%d}T090000Z", f"DTEND:{day:%Y%m%d}T100000Z",
        "ORGANIZER;CN=Ivan:mailto:ivan@south.example",
        "ATTENDEE:mailto:grace@north.example", method="REQUEST",
    )  # fmt: skip
    await send_file(ada, calendar_file("invite.ics", visit))
    card = other.get_by_test_id("calendar-file")
    await expect(card).to_contain_text("Visit of the hall")
    await expect(card).to_contain_text("from Ivan")
    await scan(other, "room-invitation")
    await other.set_viewport_size({"width": 390, "height": 844})
    await expect(card).to_be_visible()
    await scan(other, "narrow-invitation")
    await other.set_viewport_size({"width": 1440, "height": 900})
    await button(card, "Coming").click()
    # The same chip for both; the card has nothing more to ask.
    for one in (page, other):
        await expect(entry(under(one, "invite.ics"), "Visit of the hall")).to_be_visible()
        await expect(button(one.get_by_test_id("calendar-file"), "Coming")).to_have_count(0)
    await button(card, "Show Visit of the hall").click()
    await expect(button(other.get_by_role("dialog"), "Coming")).to_have_attribute(
        "aria-pressed", "true"
    )
    await button(other.get_by_role("dialog"), "Close").click()

    # Its sender has called it off.
    off = text("VEVENT", "visit", "SUMMARY:Visit of the hall", "SEQUENCE:1",
               f"DTSTART:{day:%Y%m%d}T090000Z", method="CANCEL")  # fmt: skip
    await send_file(ada, calendar_file("off.ics", off))
    await button(other, "Cancel it here").click()
    await expect(entry(under(page, "invite.ics"), "Visit of the hall")).to_contain_text("cancelled")
    # What is no calendar says so.
    await send_file(ada, calendar_file("broken.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"))
    await expect(other.get_by_text("The calendar in it cannot be read")).to_be_visible()
    grace.forgive(r"status of 400")
    ada.forgive(r"status of 400")
    grace.check()


async def menu(page: Page, choice: str) -> None:
    await button(page, "Calendar files and devices").click()
    await page.get_by_role("menuitem", name=choice).click()


@reaches("calendar-bring", "calendar-brought")
async def test_a_calendar_is_brought_in_and_taken_out(ada: Person, scan: Scan) -> None:
    page, dialog = ada.page, ada.page.get_by_role("dialog")
    await page.goto("/calendar?view=month&day=2027-03-01")
    await menu(page, "Bring in a file")
    await scan(page, "calendar-bring")
    whole = text(
        "VEVENT", "fair", "SUMMARY:Fair", "DTSTART;VALUE=DATE:20270316\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:ever\r\nSUMMARY:Every second\r\nDTSTART:20270316T090000Z",
        "RRULE:FREQ=SECONDLY",
    )  # fmt: skip
    await dialog.get_by_label("The file (.ics)").set_input_files([calendar_file("a.ics", whole)])
    await button(dialog, "Bring it in").click()
    await expect(dialog.get_by_text("1 added, 1 could not be kept.")).to_be_visible()
    await expect(dialog.get_by_role("listitem")).to_contain_text("Every second")
    await scan(page, "calendar-brought")
    await button(dialog, "Done").click()
    await expect(button(page.get_by_role("table"), re.compile("Fair"))).to_be_visible()
    async with page.expect_download() as download:
        await menu(page, "Save as a file")
    saved = await download.value
    assert saved.suggested_filename.endswith(".ics")
    assert "SUMMARY:Fair" in (await saved.path()).read_text()


@reaches("meeting-find-time", "busy-asked", "settings-consents", "narrow-find-time")
async def test_a_time_at_which_all_are_free(
    ada: Person, hub: HubProcess, browser: Browser, scan: Scan
) -> None:
    page, dialog = ada.page, ada.page.get_by_role("dialog")
    await ada.begin_thread("Chairs for the hall")
    grace = await Person.open(browser, hub.url, "Grace Lindqvist", "grace@north.example")
    await grace.accept(await ada.invite())
    other, there = grace.page, grace.page.get_by_role("dialog")
    today = date.today()  # noqa: DTZ011  # as the browser has it
    monday = today + timedelta(days=14 - today.weekday())
    # Grace has something of her own.
    await other.goto(f"/calendar?view=list&day={monday}")
    await button(other, "New meeting").click()
    await there.get_by_label("Title").fill("Dentist")
    await there.get_by_label("Begins").fill(monday.isoformat())
    await there.get_by_label("At").fill("11:00")
    await there.get_by_label("Until", exact=True).fill("12:00")
    await button(there, "Plan the meeting").click()
    await expect(there).to_have_count(0)

    await button(page, "Plan something").click()
    await page.get_by_role("menuitem", name="New meeting").click()
    await dialog.get_by_label("Title").fill("Kick-off")
    await dialog.get_by_label("Begins").fill(monday.isoformat())
    await dialog.get_by_label("Ends").fill(monday.isoformat())
    await dialog.get_by_label("At").fill("09:00")
    await dialog.get_by_label("Until", exact=True).fill("10:00")
    await dialog.get_by_label("Grace Lindqvist").check()
    await button(dialog, "When are all free?").click()
    free = dialog.get_by_test_id("find-time")
    first = free.get_by_role("list").get_by_role("listitem").first
    await expect(first.get_by_role("button")).to_have_count(1)
    await expect(free).to_contain_text("Grace Lindqvist does not show when they are busy")
    await button(free, "Ask Grace Lindqvist").click()
    await expect(free).to_contain_text("You have asked")

    # She decides, and only times are told.
    notice = other.get_by_test_id("notice")
    await expect(notice).to_contain_text("Ada Okafor asks to see when you are busy")
    await scan(other, "busy-asked")
    await notice.get_by_role("link", name="Decide").click()
    await expect(button(other, "Agree: Ada Okafor")).to_be_visible()
    await scan(other, "settings-consents")
    await button(other, "Agree: Ada Okafor").click()
    await expect(other.get_by_test_id("consents")).to_contain_text("knows when you are busy")
    await expect(notice).to_have_count(0)  # it is decided, on all of their devices
    await free.get_by_label("Weekends, too").check()  # asked anew
    await expect(first.get_by_role("button")).to_have_count(2)
    await expect(free).not_to_contain_text("does not show")
    await expect(free).not_to_contain_text("Dentist")
    await scan(page, "meeting-find-time")
    await page.set_viewport_size({"width": 390, "height": 844})
    await scan(page, "narrow-find-time")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await first.get_by_role("button").nth(1).click()
    await expect(dialog.get_by_label("At")).to_have_value("12:00")
    await expect(dialog.get_by_label("Until", exact=True)).to_have_value("13:00")
    await button(dialog, "Plan the meeting").click()
    await expect(dialog).to_have_count(0)
    grace.check()
