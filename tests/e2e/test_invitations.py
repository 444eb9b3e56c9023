"""An invitation leads into its thread: new people, people with an account, signed in or not."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import PASSWORD, Person


async def lands_in(person: Person, subject: str) -> None:
    await expect(person.page.get_by_role("heading", name=subject, level=1)).to_be_visible()
    assert "/t/" in person.page.url


async def invites_to(person: Person, subject: str) -> str:
    await person.page.get_by_role("link", name="Webmail hub").click()
    await person.begin_thread(subject)
    return await person.invite()


@pytest.mark.timeout(120)
async def test_invitations_lead_into_their_thread(ada: Person, browser: Browser) -> None:
    grace = await Person.open(browser, ada.url, "Grace Lindqvist", "grace@north.example")
    # Somebody new lands in the thread.
    await grace.accept(await invites_to(ada, "Offer"))
    await lands_in(grace, "Offer")

    # Signed in: one click. The same link again leads there again.
    link = await invites_to(ada, "Harvest")
    await grace.page.goto(link)
    await expect(grace.page.get_by_text("invites you to the thread “Harvest”")).to_be_visible()
    await grace.page.get_by_role("button", name="Join the thread").click()
    await lands_in(grace, "Harvest")
    await grace.say("Here")
    await grace.page.goto("about:blank")
    await grace.page.goto(link)
    await lands_in(grace, "Harvest")

    # Signed out: sign in and join.
    link = await invites_to(ada, "Budget")
    await grace.page.get_by_role("button", name="Your account").click()
    await grace.page.get_by_role("menuitem", name="Sign out").click()
    await expect(grace.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await grace.page.goto(link)
    await grace.page.get_by_role("button", name="Sign in and join").click()
    await grace.page.get_by_label("Address").fill(grace.address)
    await grace.page.get_by_label("Password").fill(PASSWORD)
    await grace.page.get_by_role("button", name="Sign in and join").click()
    await lands_in(grace, "Budget")

    # What cannot be is said.
    await ada.page.get_by_role("link", name="Webmail hub").click()
    await ada.page.goto(f"{ada.url}/admin/invitations")
    await ada.page.get_by_label("Address").fill("mei@north.example")
    await ada.page.get_by_role("button", name=re.compile("invitation", re.I)).first.click()
    bound = await ada.page.get_by_label("Invitation link").input_value()
    grace.forgive("Failed to load resource")
    await grace.page.goto(bound)
    await grace.page.get_by_role("button", name="Go to the hub").click()
    await expect(grace.page.get_by_role("alert")).to_have_text(
        "The invitation is for mei@north.example."
    )
    grace.check()
