"""Every state of a call that the registry knows, scanned, and kept as a picture to be looked at."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.calls.booth import Answered
from tests.e2e.calls.phone import Phone
from tests.e2e.calls.test_calls import NETWORK_FAULTS
from tests.e2e.scan import Scan, reaches
from tests.support.hub_process import HubProcess


async def close(one: Phone) -> None:
    await one.page.get_by_role("dialog").get_by_role("button", name="Close").click()


@pytest.mark.timeout(300)
@reaches(
    "call-before", "call-ringing", "call-line", "call-alone", "call-pills", "call-pictures",
    "call-reacting", "call-grid", "call-speaker", "call-screen", "call-devices", "call-people",
    "call-hub-away", "call-reconnecting", "call-elsewhere", "call-over", "narrow-ringing",
    "narrow-call", "narrow-call-large",
)  # fmt: skip
async def test_a_call_from_its_ring_to_its_end(
    phone: Answered, hub: HubProcess, scan: Scan
) -> None:
    ada = await phone("Ada Okafor")
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    grace = await phone("Grace Lindqvist", link=await ada.invite())
    alan = await phone("Alan Mbeki", link=await ada.invite())
    await grace.open_thread("Offer")
    await alan.open_thread("Offer")
    page = ada.page

    await page.get_by_role("button", name="Call", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Turn the camera on").click()
    await expect(dialog.get_by_label("Your camera")).to_be_visible()
    await dialog.get_by_text("Devices").click()
    await scan(page, "call-before")
    await dialog.get_by_role("button", name="Turn the camera off").click()
    await ada.go_in("Start the call", camera=False, page=page)
    await expect(grace.ringing()).to_be_visible()
    await scan(page, "call-alone")
    await scan(grace.page, "call-ringing")
    await grace.page.set_viewport_size({"width": 400, "height": 800})
    await scan(grace.page, "narrow-ringing")
    await grace.page.set_viewport_size({"width": 1440, "height": 900})
    await alan.decline()
    await scan(alan.page, "call-line")

    await grace.answer()
    await ada.is_with("Grace")
    await scan(page, "call-pills")
    await grace.press("Turn the camera on")
    await alan.join(camera=True)
    await alan.press("Mute")
    await alan.press("Raise the hand")
    await ada.is_with("Grace", "Alan")
    await expect(ada.person("Alan")).to_have_accessible_name(re.compile("muted.*hand up"))
    await ada.sees_moving(page.get_by_label("Camera of Grace Lindqvist"))
    await scan(page, "call-pictures")
    await ada.press("React")
    await scan(page, "call-reacting")
    await page.get_by_role("button", name="👏").click()
    await ada.press("Show the call large")
    await ada.sees_moving(page.get_by_test_id("call-stage").get_by_label("Camera of Alan Mbeki"))
    await scan(page, "call-grid")
    await page.get_by_role("button", name="Speaker").click()
    await scan(page, "call-speaker")
    await page.set_viewport_size({"width": 400, "height": 800})
    await page.get_by_role("button", name="Work").click()
    await scan(page, "narrow-call-large")
    await page.get_by_role("button", name="Chat").click()
    await expect(page.get_by_role("log")).to_be_visible()
    await scan(page, "narrow-call")
    await page.set_viewport_size({"width": 1440, "height": 900})

    await grace.press("Share the screen")
    await grace.press("Show the call large")
    await ada.sees_moving(page.get_by_label("Screen of Grace Lindqvist"))
    await grace.page.get_by_label("Your screen").hover()
    await expect(
        page.get_by_test_id("shared-screen").get_by_text("Grace Lindqvist")
    ).to_be_visible()
    await scan(page, "call-screen")
    await grace.press("Stop sharing the screen")
    await ada.press("Devices and connection")
    await expect(dialog).to_contain_text("Alan Mbeki: direct")
    await scan(page, "call-devices")
    await close(ada)
    await alan.press("Leave")
    await expect(ada.person("Alan")).to_have_count(0)
    await ada.press("People of the call")
    await page.get_by_role("button", name="Ring Alan Mbeki").click()
    await expect(dialog).to_contain_text("It rings")
    await scan(page, "call-people")
    await close(ada)
    await alan.decline()

    for one in (ada, grace, alan):
        one.forgive(NETWORK_FAULTS)
    await hub.kill()
    await expect(ada.strip()).to_contain_text("The call goes on")
    await scan(page, "call-hub-away")
    await hub.start()
    await ada.is_with("Grace")
    await ada.saved()
    await ada.begin_thread("Another matter")
    await expect(page.get_by_test_id("call-pill")).to_be_visible()
    await scan(page, "call-elsewhere")
    await ada.open_thread("Offer")
    await ada.is_with("Grace")
    # A browser that dies says nothing.
    browser = grace.context.browser
    assert browser is not None
    cdp = await browser.new_browser_cdp_session()
    with pytest.raises(Exception, match=r"closed|crash"):
        await cdp.send("Browser.crash")
    await expect(ada.person("Grace")).to_have_attribute("data-state", "reconnecting")
    await scan(page, "call-reconnecting")
    await ada.is_with()
    await ada.press("Leave")
    await ada.is_out()
    await expect(ada.log().get_by_text(re.compile("^Call, .*, 3 people"))).to_be_visible()
    await scan(page, "call-over")


@pytest.mark.timeout(120)
@reaches("call-before-denied", "call-before-none")
async def test_the_way_in_without_devices(phone: Answered, scan: Scan) -> None:
    ada = await phone("Ada Okafor", devices=False)
    await ada.begin_thread("Offer")
    grace = await phone("Grace Lindqvist", link=await ada.invite(), allowed=False)
    await grace.open_thread("Offer")
    for one, words, state in (
        (ada, "No microphone was found", "call-before-none"),
        (grace, "does not let this page", "call-before-denied"),
    ):
        await one.page.get_by_role("button", name="Call", exact=True).click()
        await expect(one.page.get_by_role("alert")).to_contain_text(words)
        await asyncio.wait_for(scan(one.page, state), 60)
