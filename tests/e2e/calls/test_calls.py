"""Calls from person to person: ringing, voices, pictures, and who is in from where."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Dialog, expect

from tests.e2e.calls.booth import Answered
from tests.e2e.calls.phone import Phone
from tests.support.hub_process import HubProcess

NETWORK_FAULTS = r"ERR_|WebSocket connection|Failed to load resource"
# From one view to the other and back, with each picture of the screen.
TO_AND_FRO = """
async (stage) => {
  const buttons = [...stage.querySelectorAll('button')];
  const named = (name) => buttons.find((one) => one.textContent === name);
  for (let at = 0; at < 24; at++) {
    named(at % 2 ? 'Grid' : 'Speaker').click();
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }
}
"""
# A machine that takes its time to change how a picture is sent.
SLOWLY = """
() => {
  const { setParameters } = RTCRtpSender.prototype;
  window.refused = [];
  RTCRtpSender.prototype.setParameters = async function (parameters) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return setParameters.call(this, parameters).catch((error) => {
      window.refused.push(String(error));
      throw error;
    });
  };
}
"""


async def two(phone: Answered) -> tuple[Phone, Phone]:
    """Ada and Grace, both with the thread open."""
    ada = await phone("Ada Okafor")
    await ada.begin_thread("Offer")
    grace = await phone("Grace Lindqvist", link=await ada.invite())
    await grace.open_thread("Offer")
    return ada, grace


@pytest.mark.timeout(120)
async def test_one_rings_the_other_answers_and_both_see_and_hear(phone: Answered) -> None:
    ada, grace = await two(phone)
    await ada.call(camera=True)
    await grace.answer(video=True)
    await ada.is_with("Grace")
    await grace.is_with("Ada")
    await ada.hears(grace)
    await grace.hears(ada)
    await ada.sees_moving(ada.page.get_by_label("Camera of Grace Lindqvist"))
    await grace.sees_moving(grace.page.get_by_label("Camera of Ada Okafor"))

    # Muted: nothing is heard, whatever the others' pages do.
    await grace.press("Mute")
    await expect(ada.person("Grace")).to_have_accessible_name(re.compile("muted"))
    await ada.hears_nothing_of(grace)
    await grace.press("Unmute")
    await ada.hears(grace)

    # However fast the views change, the picture goes on.
    await grace.page.evaluate(SLOWLY)
    await ada.press("Show the call large")
    stage = ada.page.get_by_test_id("call-stage")
    for _ in range(3):
        await stage.evaluate(TO_AND_FRO)
        await ada.sees_moving(stage.get_by_label("Camera of Grace Lindqvist"))
    assert await grace.page.evaluate("window.refused") == []
    await ada.press("Back to the work")

    # Beside it all goes on as before.
    await ada.say("Can you hear me?")
    await grace.sees("Can you hear me?")

    await ada.press("Leave")
    await ada.is_out()
    await ada.lets_go()
    await grace.is_with()
    await grace.press("Leave")
    await grace.lets_go()
    await expect(grace.log().get_by_text(re.compile(r"^Call, .*, 2 people"))).to_be_visible()


@pytest.mark.timeout(120)
async def test_declined_missed_and_answered_elsewhere(phone: Answered) -> None:
    ada, grace = await two(phone)
    other = await grace.new_tab()
    await other.goto(grace.url)

    # Declined: it rings nowhere any more, and who waited alone need not hang up.
    await ada.call()
    await expect(grace.ringing(other)).to_be_visible()
    await expect(grace.ringing()).to_be_visible()
    await grace.decline(other)
    await expect(grace.ringing()).to_have_count(0)
    await ada.is_out()
    await expect(ada.log().get_by_text("You called, nobody answered")).to_be_visible()
    await expect(grace.log().get_by_text("You declined a call from Ada Okafor")).to_be_visible()

    # Missed: it counts as unread where the thread is not open.
    await ada.call()
    await expect(grace.ringing(other)).to_be_visible()
    await ada.press("Leave")
    await expect(grace.ringing(other)).to_have_count(0)
    await expect(grace.log().get_by_text("You missed a call from Ada Okafor")).to_be_visible()

    # Answered in one tab: the other one rings no more, and knows.
    await ada.call()
    await grace.answer(page=other)
    await expect(grace.ringing()).to_have_count(0)
    await expect(grace.page.get_by_test_id("call-line")).to_contain_text("on another device")
    await grace.is_with("Ada", page=other)
    await ada.is_with("Grace")
    await ada.hears(grace)

    # Moved to the other tab: nobody left, and the first one is out.
    await grace.join()
    await grace.is_out(other)
    await grace.is_with("Ada")
    await ada.is_with("Grace")
    await ada.hears(grace)
    await grace.hears(ada)
    await grace.press("Leave")


@pytest.mark.timeout(180)
async def test_a_third_and_a_fourth_come_and_go(phone: Answered) -> None:
    ada, grace = await two(phone)
    alan = await phone("Alan Mbeki", link=await ada.invite())
    await alan.open_thread("Offer")
    await ada.call()
    await grace.answer()
    await alan.answer()
    for one, others in (
        (ada, ("Grace", "Alan")), (grace, ("Ada", "Alan")), (alan, ("Ada", "Grace")),
    ):  # fmt: skip
        await one.is_with(*others)
    await alan.hears(ada)
    await alan.hears(grace)
    await ada.hears(alan)

    # Large is who speaks, also when that changes.
    await grace.press("Turn the camera on")
    await alan.press("Turn the camera on")
    await ada.press("Show the call large")
    await ada.page.get_by_role("button", name="Speaker").click()
    large = ada.page.get_by_test_id("call-stage").locator(".large")
    await alan.press("Mute")
    await ada.sees_moving(large.get_by_label("Camera of Grace Lindqvist"))
    await grace.press("Mute")
    await alan.press("Unmute")
    await ada.sees_moving(large.get_by_label("Camera of Alan Mbeki"))
    await grace.press("Unmute")
    await ada.press("Back to the work")

    edsger = await phone("Edsger Novak", link=await ada.invite())
    await edsger.open_thread("Offer")
    await edsger.join()
    await edsger.is_with("Ada", "Grace", "Alan")
    await edsger.hears(grace)
    await grace.hears(edsger)

    await grace.press("Leave")
    await ada.is_with("Alan", "Edsger")
    await ada.hears_nothing_of(grace)
    await edsger.press("Leave")
    await ada.is_with("Alan")
    await ada.hears(alan)


@pytest.mark.timeout(120)
async def test_busy_is_told_quietly_and_two_who_ring_at_once_are_in_one_call(
    phone: Answered,
) -> None:
    ada, grace = await two(phone)
    alan = await phone("Alan Mbeki", link=await ada.invite())
    await alan.open_thread("Offer")
    await ada.page.get_by_role("button", name="Call", exact=True).click()
    await grace.page.get_by_role("button", name="Call", exact=True).click()
    start = "Start the call"
    await ada.page.get_by_role("dialog").get_by_role("button", name=start).click()
    await (
        grace.page.get_by_role("dialog")
        .get_by_role("button", name=re.compile("^(Start the call|Join)"))
        .click()
    )
    await ada.is_with("Grace")
    await grace.is_with("Ada")

    # Alan, who is rung by them, rings in a thread of his own: they are busy.
    await alan.decline()
    await alan.begin_thread("Aside")
    await alan.page.get_by_role("button", name="Show people").click()
    await alan.page.get_by_role("button", name="Add people").click()
    for name in ("Ada Okafor", "Grace Lindqvist"):
        await alan.page.get_by_role("button", name=f"Add {name}").click()
    await alan.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await alan.page.get_by_role("button", name="Hide people").click()
    await alan.call()
    await expect(alan.strip()).to_contain_text("Ringing")
    # It is told, but does not sound; who answers leaves the other call.
    await expect(ada.ringing()).to_contain_text("You are in another call")
    await alan.press("People of the call")
    await expect(alan.page.get_by_role("dialog").get_by_text("in another call")).to_have_count(2)
    await alan.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await ada.answer()
    await alan.is_with("Ada")
    await alan.hears(ada)
    await grace.is_with()


@pytest.mark.timeout(120)
async def test_a_screen_is_shared_beside_a_document_and_who_points_is_named(
    phone: Answered,
) -> None:
    ada, grace = await two(phone)
    await ada.begin_document("Draft")
    await ada.call()
    await grace.answer()
    await ada.is_with("Grace")
    await grace.press("Share the screen")
    screen = ada.page.get_by_label("Screen of Grace Lindqvist")
    await ada.sees_moving(screen)

    # Where one points on it, the others see.
    await grace.press("Show the call large")
    await expect(grace.page.get_by_label("Your screen")).to_be_visible()
    await screen.hover()
    await expect(
        grace.page.get_by_test_id("shared-screen").get_by_text("Ada Okafor")
    ).to_be_visible()

    # It is a tab of the work: the document is one click away, and the call goes on.
    await ada.page.get_by_role("tab", name="Draft").click()
    await expect(screen).to_have_count(0)
    await ada.write("Draft", "Written while Grace shows her screen.")
    await ada.saved()
    await ada.page.get_by_role("tab", name="Grace Lindqvist’s screen").click()
    await ada.sees_moving(screen)
    await grace.press("Stop sharing the screen")
    await expect(ada.page.get_by_role("tab", name="Call")).to_be_visible()
    await ada.hears(grace)
    await grace.hears(ada)


@pytest.mark.timeout(120)
async def test_a_call_outlives_the_hub_and_goes_on_in_other_threads(
    phone: Answered, hub: HubProcess
) -> None:
    ada, grace = await two(phone)
    for one in (ada, grace):
        one.forgive(NETWORK_FAULTS)
    await ada.call()
    await grace.answer()
    await ada.is_with("Grace")
    await grace.is_with("Ada")

    await hub.kill()
    await expect(ada.strip()).to_contain_text("The hub cannot be reached. The call goes on.")
    await ada.hears(grace)
    await grace.hears(ada)
    await hub.start()
    await expect(ada.strip()).not_to_contain_text("cannot be reached")
    await ada.is_with("Grace")
    await grace.is_with("Ada")
    # What is said by the hub works again.
    await grace.press("Mute")
    await expect(ada.person("Grace")).to_have_accessible_name(re.compile("muted"))
    await ada.hears_nothing_of(grace)
    await grace.press("Unmute")
    await ada.hears(grace)

    # In another thread the call is a pill, and can be left from there.
    await ada.begin_thread("Another matter")
    await ada.is_out()
    pill = ada.page.get_by_test_id("call-pill")
    await expect(pill).to_contain_text("Grace Lindqvist")
    await ada.hears(grace)
    await grace.hears(ada)
    await pill.get_by_role("link", name="Offer").click()
    await ada.is_with("Grace")
    await ada.begin_thread("A third matter")
    await pill.get_by_role("button", name="Leave").click()
    await expect(pill).to_have_count(0)
    await grace.is_with()


@pytest.mark.timeout(120)
async def test_without_devices_or_leave_to_use_them_one_can_listen(phone: Answered) -> None:
    ada = await phone("Ada Okafor")
    await ada.begin_thread("Offer")
    grace = await phone("Grace Lindqvist", link=await ada.invite(), devices=False)
    alan = await phone("Alan Mbeki", link=await ada.invite(), allowed=False)
    await ada.call(ring="Nobody: they see that there is a call")
    for one in (grace, alan):
        await one.open_thread("Offer")
        await one.page.get_by_test_id("call-line").get_by_role("button", name="Join").click()
    dialog = grace.page.get_by_role("dialog")
    await expect(dialog.get_by_role("alert")).to_contain_text("No microphone was found")
    await dialog.get_by_role("button", name="Join").click()
    dialog = alan.page.get_by_role("dialog")
    await expect(dialog.get_by_role("alert")).to_contain_text(
        "does not let this page use the micro"
    )
    await dialog.get_by_role("button", name="Only listen").click()
    await ada.is_with("Grace", "Alan")
    for one in (grace, alan):
        await one.hears(ada)
    await expect(ada.person("Grace")).to_have_accessible_name(re.compile("muted"))


@pytest.mark.timeout(120)
async def test_moderators_mute_remove_and_lock(phone: Answered) -> None:
    ada, grace = await two(phone)
    alan = await phone("Alan Mbeki", link=await ada.invite())
    await alan.open_thread("Offer")
    await grace.call()
    await ada.answer()
    await alan.decline()
    await grace.is_with("Ada")
    await grace.hears(ada)

    # Anybody who is in may mute; only the person themselves unmutes.
    await grace.press("People of the call")
    dialog = grace.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Mute Ada Okafor").click()
    await expect(ada.strip()).to_contain_text("Grace Lindqvist muted you")
    await grace.hears_nothing_of(ada)
    await expect(dialog.get_by_role("button", name="Mute Ada Okafor")).to_be_disabled()
    await ada.press("Unmute")
    await grace.hears(ada)

    # Locked: whoever is not in does not come in.
    await dialog.get_by_role("button", name="Let nobody else in").click()
    await expect(alan.page.get_by_test_id("call-line")).to_contain_text("Nobody else can come in")
    await dialog.get_by_role("button", name="Let others in again").click()
    await alan.join()
    await grace.is_with("Ada", "Alan")

    # Removed: out at once, and not back by themselves; whoever rings them lets them in again.
    await dialog.get_by_role("button", name="Remove Alan Mbeki from the call").click()
    await alan.is_out()
    await expect(alan.page.get_by_text("You were removed from the call")).to_be_visible()
    await expect(alan.page.get_by_test_id("call-line")).to_contain_text("You were removed")
    await grace.is_with("Ada")
    await dialog.get_by_role("button", name="Ring Alan Mbeki").click()
    await alan.answer()
    await dialog.get_by_role("button", name="Close").click()
    await grace.is_with("Ada", "Alan")

    # A member who is removed from the thread is out of its call.
    await ada.page.get_by_role("button", name="Show people").click()
    await ada.page.get_by_role("button", name="Remove Alan Mbeki").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(alan.page.get_by_text("You are no longer in this thread")).to_be_visible()
    await expect(alan.page.get_by_text("You were removed from the call").last).to_be_visible()
    await alan.lets_go()
    await grace.is_with("Ada")


@pytest.mark.timeout(120)
async def test_a_tab_that_is_closed_or_loaded_anew_leaves_and_asks_before(phone: Answered) -> None:
    ada, grace = await two(phone)
    await ada.call()
    await grace.answer()
    await ada.is_with("Grace")

    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    grace.page.on("dialog", stay)
    await grace.page.close(run_before_unload=True)
    await ada.hears(grace)
    assert asked == ["beforeunload"]
    await grace.is_with("Ada")
    await grace.page.close()
    await ada.is_with()


@pytest.mark.timeout(120)
async def test_a_call_rings_in_a_tab_that_nobody_looks_at(phone: Answered) -> None:
    ada, grace = await two(phone)
    await grace.context.grant_permissions(["microphone", "camera", "notifications"])
    await grace.page.add_init_script(
        "window.shown = []; window.Notification = class extends EventTarget {"
        "  static permission = 'granted';"
        "  constructor(title, { body }) { super(); shown.push([title, body]); }"
        "  close() { shown.push('closed'); } };"
        "document.hasFocus = () => false;"
    )
    await grace.page.reload()
    await expect(grace.page.get_by_test_id("sync")).to_have_text("Saved")
    await ada.call()
    await expect(grace.ringing()).to_be_visible()
    assert await grace.page.evaluate("shown") == [["Ada Okafor is calling", "Offer"]]
    await grace.decline()
    await expect(grace.ringing()).to_have_count(0)
    assert await grace.page.evaluate("shown.at(-1)") == "closed"

    # Who does not want to be disturbed is not, and the caller is told.
    await grace.page.goto("/settings/calls")
    await grace.page.get_by_label("Do not disturb").check()
    await expect(grace.page.get_by_label("Do not disturb")).to_be_enabled()
    await grace.page.goto("/")
    await ada.call()
    await ada.press("People of the call")
    dialog = ada.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("does not want to be disturbed")
    await dialog.get_by_role("button", name="Close").click()
    await expect(grace.ringing()).to_have_count(0)
    await ada.press("Leave")
    await expect(
        grace.page.get_by_role("link", name=re.compile("Offer.*1 unread")).first
    ).to_be_visible()


@pytest.mark.timeout(120)
async def test_devices_are_changed_and_unplugged_in_mid_call(phone: Answered) -> None:
    ada, grace = await two(phone)
    await ada.call(camera=True)
    await grace.answer()
    await grace.is_with("Ada")
    await ada.press("Devices and connection")
    dialog = ada.page.get_by_role("dialog")
    microphones = dialog.get_by_label("Microphone", exact=True)
    await microphones.select_option(index=1)
    await dialog.get_by_label("Suppress noise").check()
    await dialog.get_by_label("Suppress noise").uncheck()
    cameras = dialog.get_by_label("Camera", exact=True)
    await cameras.select_option(index=1)
    await dialog.get_by_role("button", name="Close").click()
    await grace.hears(ada)
    await grace.sees_moving(grace.page.get_by_label("Camera of Ada Okafor"))
    await expect(ada.person("You")).to_have_count(1)

    # By keyboard: muted and heard again, and spoken while the space bar is held.
    await ada.page.keyboard.press("Control+Shift+M")
    await expect(grace.person("Ada")).to_have_accessible_name(re.compile("muted"))
    await ada.strip().focus()
    await ada.page.keyboard.down("Space")
    await grace.hears(ada)
    await ada.page.keyboard.up("Space")
    await expect(grace.person("Ada")).to_have_accessible_name(re.compile("muted"))
    await grace.hears_nothing_of(ada)
    # Where one types, a space is a space.
    await ada.page.get_by_role("textbox", name=re.compile("^Message")).fill("two")
    await ada.page.keyboard.press("Space")
    await ada.page.keyboard.type("words")
    await ada.page.keyboard.press("Enter")
    await grace.sees("two words")
    await ada.page.keyboard.press("Control+Shift+O")
    await expect(grace.page.get_by_label("Camera of Ada Okafor")).to_have_count(0)


@pytest.mark.timeout(120)
async def test_a_phone_has_both_cameras_and_large_controls(phone: Answered) -> None:
    ada = await phone("Ada Okafor")
    await ada.begin_thread("Offer")
    grace = await phone("Grace Lindqvist", link=await ada.invite(), touch=True)
    await ada.call()
    await grace.answer(video=True)
    await grace.is_with("Ada")
    picture = ada.page.get_by_label("Camera of Grace Lindqvist")
    await ada.sees_moving(picture)
    await grace.press("Other camera")
    await expect(grace.page.get_by_role("button", name="Turn the camera off")).to_be_enabled()
    await ada.sees_moving(picture)
    controls = grace.page.get_by_role("group", name="Call controls")
    for button in await controls.get_by_role("button").all():
        box = await button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44, await button.get_attribute("aria-label")
    # What has no place is in a menu.
    await controls.get_by_role("button", name="More").click()
    await grace.page.get_by_role("menuitem", name="Raise the hand").click()
    await expect(ada.person("Grace")).to_have_accessible_name(re.compile("hand up"))
    await grace.press("Leave")


@pytest.mark.timeout(120)
async def test_a_browser_without_webrtc_says_so(phone: Answered) -> None:
    ada = await phone("Ada Okafor")
    await ada.begin_thread("Offer")
    await ada.page.evaluate("delete window.RTCPeerConnection")
    await ada.page.get_by_role("button", name="Call", exact=True).click()
    await expect(ada.page.get_by_text("This browser cannot make calls")).to_be_visible()
    await ada.say("Then in writing")
    await ada.sees("Then in writing")


@pytest.mark.timeout(120)
async def test_a_link_to_a_call_opens_no_device_before_one_does_something(phone: Answered) -> None:
    ada, grace = await two(phone)
    await ada.call(ring="Nobody: they see that there is a call")
    await ada.context.grant_permissions(
        ["microphone", "camera", "clipboard-read", "clipboard-write"]
    )
    await ada.press("People of the call")
    await ada.page.get_by_role("button", name="Copy a link to the call").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    link = await ada.page.evaluate("navigator.clipboard.readText()")
    await grace.page.add_init_script(
        "window.opened = 0; const open = MediaDevices.prototype.getUserMedia;"
        "MediaDevices.prototype.getUserMedia = function (...given) {"
        "  opened++; return open.apply(this, given); };"
    )
    await grace.page.goto(link)
    dialog = grace.page.get_by_role("dialog")
    await expect(dialog.get_by_text("Inside: Ada Okafor")).to_be_visible()
    assert await grace.page.evaluate("opened") == 0
    await dialog.get_by_role("button", name="Join").click()
    await grace.is_with("Ada")
    await ada.hears(grace)
    assert await grace.page.evaluate("opened") == 1
    assert "call" not in grace.page.url.split("/t/")[1]


@pytest.mark.timeout(120)
async def test_a_call_by_keyboard_alone(phone: Answered) -> None:
    ada, grace = await two(phone)
    keys = ada.page.keyboard
    await ada.page.get_by_role("button", name="Call", exact=True).focus()
    await keys.press("Enter")
    start = ada.page.get_by_role("button", name="Start the call")
    await expect(start).to_be_focused()
    await keys.press("Enter")
    await ada.is_in()

    await expect(grace.ringing()).to_be_visible()
    answer = grace.ringing().get_by_role("button", name="Answer")
    for _ in range(12):  # from one region to the next, until it is that of the calls that ring
        await grace.page.keyboard.press("F6")
        if await grace.page.evaluate("!!document.activeElement.closest('.rings')"):
            break
    await grace.page.keyboard.press("Tab")
    await expect(answer).to_be_focused()
    await grace.page.keyboard.press("Enter")
    await grace.is_with("Ada")

    # Along the controls, to the last of them.
    await ada.strip().focus()
    leave = ada.strip().get_by_role("button", name="Leave")
    names: list[str] = []
    while not await leave.evaluate("(one) => one === document.activeElement"):
        await keys.press("Tab")
        names.append(await ada.page.evaluate("document.activeElement.ariaLabel ?? ''"))
        assert len(names) < 20, names
    assert names[:3] == ["Mute", "Turn the camera on", "Share the screen"]
    await keys.press("Enter")
    await ada.is_out()
    await grace.is_with()


@pytest.mark.timeout(120)
async def test_a_ring_over_a_dialog_is_answered_by_no_key_that_was_meant_for_it(
    phone: Answered,
) -> None:
    ada, grace = await two(phone)
    await grace.page.get_by_role("button", name="New thread").first.click()
    subject = grace.page.get_by_label("Subject")
    await subject.fill("Half a ")
    await ada.call()
    await expect(grace.ringing()).to_be_visible()
    for key in ("Space", "Enter", "Escape", "Escape"):
        await grace.page.keyboard.press(key)
    await expect(grace.ringing()).to_be_visible()
    await expect(ada.strip()).to_contain_text("Ringing")

    # Put aside here, it rings elsewhere; what was begun goes on.
    await grace.ringing().get_by_role("button", name="Not now").click()
    await expect(grace.ringing()).to_have_count(0)
    await expect(ada.strip()).to_contain_text("Ringing")
    await expect(subject).to_be_focused()
    await grace.page.keyboard.type("subject")
    await expect(subject).to_have_value("Half a subject")

    # One that rings before a dialog opens can be answered above it.
    await grace.page.keyboard.press("Escape")
    await ada.press("Leave")
    await ada.call()
    await expect(grace.ringing()).to_be_visible()
    await grace.page.get_by_role("button", name="New thread").first.click()
    await expect(subject).to_be_visible()
    await grace.answer()
    await grace.is_with("Ada")


@pytest.mark.timeout(120)
async def test_a_call_starts_from_its_meeting(phone: Answered) -> None:
    ada, grace = await two(phone)
    page = ada.page
    await page.get_by_role("button", name="Plan something").click()
    await page.get_by_role("menuitem", name="New meeting").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Title").fill("Kick-off")
    await dialog.get_by_role("button", name="Plan the meeting").click()
    await expect(dialog).to_have_count(0)
    # From the day: the call is beside it, and in the room once that is open.
    await page.get_by_role("link", name="My day").click()
    await page.get_by_role("button", name=re.compile("Kick-off")).click()
    await dialog.get_by_role("button", name="Call", exact=True).click()
    await dialog.get_by_role("button", name="Start the call", exact=True).click()
    await expect(page.get_by_test_id("call-pill")).to_be_visible()
    await grace.answer()
    await ada.open_thread("Offer")
    await ada.is_with("Grace")
