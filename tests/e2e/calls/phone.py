"""Somebody with a microphone and a camera: what they do in calls, and what they see and hear."""

from __future__ import annotations

import re
from typing import Any, Protocol

from playwright.async_api import Locator, Page, expect

from tests.e2e.calls.senses import HEAR, MOVES, PICTURES
from tests.e2e.people import Person


class Heard(Protocol):
    """Whoever has a tone of their own."""

    name: str
    frequency: int


class Phone(Person):
    frequency: int = 0

    # --- what they do -----------------------------------------------------------------------------

    async def call(
        self, *, camera: bool = False, ring: str | None = None, page: Page | None = None
    ) -> None:
        """Begin a call in the thread that is open, and go in."""
        page = page or self.page
        await page.get_by_role("button", name="Call", exact=True).click()
        if ring is not None:
            await page.get_by_label("Ring", exact=True).select_option(ring)
        await self.go_in("Start the call", camera=camera, page=page)

    async def join(self, *, camera: bool = False, page: Page | None = None) -> None:
        """Come into the call of the thread that is open."""
        page = page or self.page
        await page.get_by_test_id("call-line").get_by_role("button").click()
        await self.go_in("Join", camera=camera, page=page)

    async def go_in(self, button: str, *, camera: bool, page: Page) -> None:
        dialog = page.get_by_role("dialog")
        if camera:
            switch = dialog.get_by_role("button", name=re.compile("^Turn the camera"))
            if await switch.get_attribute("aria-label") == "Turn the camera on":  # else remembered
                await switch.click()
            await expect(dialog.get_by_label("Your camera")).to_be_visible()
        await dialog.get_by_role("button", name=button, exact=True).click()
        await self.is_in(page)

    async def answer(self, *, video: bool = False, page: Page | None = None) -> None:
        page = page or self.page
        name = "With video" if video else "Answer"
        await self.ringing(page).get_by_role("button", name=name).click()
        await self.is_in(page)

    async def decline(self, page: Page | None = None) -> None:
        await self.ringing(page).get_by_role("button", name="Decline").click()

    async def press(self, name: str, page: Page | None = None) -> None:
        """A control of the call."""
        controls = (page or self.page).get_by_role("group", name="Call controls")
        await controls.get_by_role("button", name=name, exact=True).click()

    # --- what they see and hear -------------------------------------------------------------------

    def ringing(self, page: Page | None = None) -> Locator:
        return (page or self.page).get_by_test_id("ringing")

    def strip(self, page: Page | None = None) -> Locator:
        return (page or self.page).get_by_test_id("call-strip")

    async def is_in(self, page: Page | None = None) -> None:
        await expect(self.strip(page)).to_be_visible()

    async def is_out(self, page: Page | None = None) -> None:
        await expect(self.strip(page)).to_have_count(0)

    async def lets_go(self, page: Page | None = None) -> None:
        """No microphone and no camera is open any more."""
        ended = "taken.length > 0 && taken.every((track) => track.readyState === 'ended')"
        await (page or self.page).wait_for_function(ended)

    def person(self, name: str, page: Page | None = None) -> Locator:
        """Somebody in the strip of the call."""
        return self.strip(page).get_by_role("group", name=re.compile(f"^{name}"))

    async def is_with(self, *names: str, page: Page | None = None) -> None:
        """In the call are these others, and they are connected."""
        people = self.strip(page).get_by_test_id("call-person")
        await expect(people).to_have_count(len(names) + 1)
        for name in names:
            await expect(self.person(name, page)).to_have_attribute("data-state", "connected")

    async def hears(self, other: Heard, page: Page | None = None) -> None:
        """The tone of another one. Waits for it."""
        heard: dict[str, Any] = {}
        for _ in range(20):
            heard = await self.listen(other.frequency, page)
            if heard["share"] > 0.15:
                return
        raise AssertionError(f"{self.name} does not hear {other.name}: {heard}")

    async def hears_nothing_of(self, other: Heard, page: Page | None = None) -> None:
        """For a second, after what is on its way has arrived."""
        heard: dict[str, Any] = {}
        for _ in range(8):
            heard = await self.listen(other.frequency, page)
            if heard["share"] < 0.002 or heard["loud"] < 1e-9:
                return
        raise AssertionError(f"{self.name} hears {other.name}: {heard}")

    async def listen(self, frequency: int, page: Page | None = None) -> dict[str, Any]:
        heard: dict[str, Any] = await (page or self.page).evaluate(HEAR, [frequency, 1000])
        return heard

    async def sees_moving(self, picture: Locator) -> None:
        await expect(picture).to_be_visible()
        for _ in range(5):  # each looks for four seconds
            if await picture.evaluate(MOVES):
                return
        raise AssertionError(f"{self.name}: it stands still\n{await self.pictures(picture)}")

    async def pictures(self, picture: Locator) -> str:
        """What is known of it, and of all that go and come."""
        told: str = await picture.evaluate(PICTURES)
        return told
