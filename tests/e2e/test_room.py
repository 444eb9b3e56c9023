"""Two people in one room, through a cut and a reload; and one person in two tabs."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import Person
from tests.e2e.wire import Wire

NETWORK = r"ERR_|WebSocket connection|Failed to load resource"


async def together(ada: Person, browser: Browser, wire: Wire) -> Person:
    """Ada begins a thread with a document; Grace comes by an invitation link, over the wire."""
    await ada.begin_thread("Offer")
    link = await ada.invite()
    grace = await Person.open(browser, wire.url, "Grace Lindqvist", "grace@north.example")
    await grace.accept(wire.through(link))
    await ada.begin_document("Draft")
    await grace.open_thread("Offer")
    await expect(grace.editor("Draft")).to_be_visible()
    return grace


@pytest.mark.timeout(120)
async def test_two_people_write_through_a_cut_and_a_reload(
    ada: Person, browser: Browser, wire: Wire
) -> None:
    grace = await together(ada, browser, wire)

    # Both write in one document and see each other's caret and name.
    await ada.write("Draft", "Ada writes. ")
    await expect(grace.editor("Draft")).to_contain_text("Ada writes.")
    await grace.write("Draft", "Grace writes. ")
    await expect(ada.editor("Draft")).to_contain_text("Ada writes. Grace writes.")
    await expect(ada.editor("Draft").get_by_text("Grace Lindqvist")).to_be_attached()
    await expect(grace.editor("Draft").get_by_text("Ada Okafor")).to_be_attached()

    # Both chat.
    await ada.say("Hello Grace")
    await grace.sees("Hello Grace")
    await grace.say("Hello Ada")
    await ada.sees("Hello Ada")
    await ada.saved()
    await grace.saved()

    # Grace's network is cut; both go on.
    grace.forgive(NETWORK)
    wire.cut()
    sync = grace.page.get_by_test_id("sync")
    await expect(sync).to_have_text(re.compile("^(Offline|Reconnecting)"))
    await grace.write("Draft", "Grace offline. ")
    await grace.say("Sent while away")
    await expect(sync).to_have_text(re.compile(r"^(Offline|Reconnecting), \d+ kept here$"))
    await ada.write("Draft", "Ada meanwhile. ")
    await ada.say("Said meanwhile")
    await ada.saved()

    # Her tab is reloaded meanwhile: the page comes, the live socket does not.
    wire.cut(live_only=True)
    await grace.page.reload()
    await expect(grace.editor("Draft")).to_contain_text("Grace offline.")
    await expect(grace.log().get_by_text("Sent while away", exact=True)).to_be_visible()
    await grace.write("Draft", "Grace after the reload. ")

    # It returns.
    wire.mend()
    for person in (ada, grace):
        for text in ("Ada meanwhile.", "Grace offline.", "Grace after the reload."):
            await expect(person.editor("Draft")).to_contain_text(text)
        await person.saved()
        await person.sees("Sent while away")
    final = await ada.editor("Draft").locator("p").all_inner_texts()

    def words(texts: list[str]) -> str:
        return re.sub(r"\u2060[^\u2060]*\u2060", "", " ".join(texts)).strip()

    assert words(final) == words(await grace.editor("Draft").locator("p").all_inner_texts())
    for text in ("Ada writes.", "Grace writes.", "Ada meanwhile.", "Grace offline."):
        assert words(final).count(text) == 1, text
    said = ["Hello Grace", "Hello Ada", "Said meanwhile", "Sent while away"]
    assert await ada.messages() == said
    assert await grace.messages() == said
    grace.check()


@pytest.mark.timeout(120)
async def test_two_tabs_of_one_person_share_a_document(ada: Person) -> None:
    await ada.begin_thread("Offer")
    await ada.begin_document("Draft")
    second = await ada.new_tab()
    await second.goto(ada.page.url)
    await expect(ada.editor("Draft", second)).to_be_visible()
    await ada.write("Draft", "first tab ")
    await expect(ada.editor("Draft", second)).to_contain_text("first tab")
    await ada.write("Draft", "second tab ", second)
    await expect(ada.editor("Draft")).to_contain_text("first tab second tab")
    await ada.say("once", second)
    await ada.sees("once")
    await ada.sees("once", second)
    assert await ada.messages() == await ada.messages(second) == ["once"]
    await ada.saved()
    await ada.saved(second)
    await ada.page.reload()
    await expect(ada.editor("Draft")).to_contain_text("first tab second tab")


@pytest.mark.timeout(120)
async def test_reader_sees_but_cannot_write(ada: Person, browser: Browser, wire: Wire) -> None:
    grace = await together(ada, browser, wire)
    await ada.page.get_by_role("button", name="Show people").click()
    await ada.page.get_by_label("Role of Grace Lindqvist").select_option("reader")
    await expect(grace.page.get_by_text("Read only", exact=True)).to_be_visible()
    await expect(grace.editor("Draft")).to_have_attribute("contenteditable", "false")
    await ada.write("Draft", "Still arriving.")
    await expect(grace.editor("Draft")).to_contain_text("Still arriving.")
    await ada.page.get_by_role("button", name="Remove Grace Lindqvist").click()
    await ada.page.get_by_role("button", name="Remove", exact=True).click()
    await expect(
        grace.page.get_by_role("heading", name="You are no longer in this thread")
    ).to_be_visible()


@pytest.mark.timeout(120)
async def test_a_new_name_is_everywhere_at_once(ada: Person, browser: Browser, wire: Wire) -> None:
    grace = await together(ada, browser, wire)
    await grace.say("Hello Ada")
    await ada.page.get_by_role("button", name="Show people").click()
    await expect(ada.log().get_by_text("Grace Lindqvist").first).to_be_visible()
    settings = await grace.new_tab()
    await settings.goto(f"{grace.url}/settings")
    await settings.get_by_label("Your name").fill("Grace L.")
    await settings.get_by_role("button", name="Save the name").click()
    await expect(ada.log().get_by_text("Grace L.", exact=True).first).to_be_visible()
    await expect(ada.page.get_by_label("Role of Grace L.")).to_be_visible()
    # But in what was read out before.
    shown = '//*[not(@data-testid="announcer")][text()[contains(., "Grace Lindqvist")]]'
    await expect(ada.page.locator(f"xpath={shown}")).to_have_count(0)
    await expect(grace.page.get_by_role("button", name="Your account")).to_contain_text("Grace L.")
    grace.check()


@pytest.mark.timeout(120)
async def test_what_newcomers_may_read_changes_while_they_look(
    ada: Person, browser: Browser, wire: Wire
) -> None:
    await ada.begin_thread("Offer")
    await ada.say("Before she came")
    await ada.sees("Before she came")
    link = await ada.invite()
    grace = await Person.open(browser, wire.url, "Grace Lindqvist", "grace@north.example")
    await grace.accept(wire.through(link))
    await grace.open_thread("Offer")
    await grace.sees("Before she came")
    await ada.say("Since then")
    await grace.sees("Since then")
    await ada.page.get_by_role("button", name="Show people").click()
    setting = ada.page.get_by_label("What newcomers may read")
    await setting.select_option("joined")
    await expect(grace.log().get_by_text("Before she came", exact=True)).to_have_count(0)
    assert await grace.messages() == ["Since then"]
    await setting.select_option("all")
    await grace.sees("Before she came")
    assert await grace.messages() == ["Before she came", "Since then"]
    grace.check()
