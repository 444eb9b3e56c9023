"""A person in front of a browser: what they do and what they see, in the words of the page."""

from __future__ import annotations

import re
from typing import Self

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

PASSWORD = "correct horse battery"


class Person:
    """One browser context (cookies and stores of its own) and the tab in use."""

    def __init__(self, context: BrowserContext, page: Page, url: str, name: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.name = name
        self.address = ""
        self.faults: list[str] = []
        self.forgiven: list[str] = []

    @classmethod
    async def open(
        cls, browser: Browser, url: str, name: str, address: str, **options: object
    ) -> Self:
        context = await browser.new_context(
            base_url=url,
            viewport={"width": 1440, "height": 900},
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(30_000)
        person = cls(context, await context.new_page(), url, name)
        person.address = address
        person.watch(person.page)
        return person

    def watch(self, page: Page) -> None:
        """A console error or an uncaught exception is a fault of ours."""
        page.on("pageerror", lambda error: self.faults.append(f"pageerror: {error.stack or error}"))
        page.on(
            "console",
            lambda message: (
                self.faults.append(f"{message.type}: {message.text} ({message.location['url']})")
                if message.type in ("error", "warning")
                else None
            ),
        )

    def forgive(self, pattern: str) -> None:
        """Expect console errors of this kind (a network that was cut on purpose)."""
        self.forgiven.append(pattern)

    def check(self) -> None:
        faults = [
            fault
            for fault in self.faults
            if not any(re.search(pattern, fault) for pattern in self.forgiven)
        ]
        assert not faults, faults

    async def accept(self, link: str) -> None:
        """Make an account with a one-time link."""
        await self.page.goto(link)
        await self.page.get_by_label("Your name").fill(self.name)
        field = self.page.get_by_label("Address")
        if await field.is_editable():
            await field.fill(self.address)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Create the account").click()
        await expect(self.page.get_by_role("button", name="Your account")).to_be_visible()

    async def new_tab(self) -> Page:
        page = await self.context.new_page()
        self.watch(page)
        return page

    # --- threads ----------------------------------------------------------------------------------

    async def begin_thread(self, subject: str) -> None:
        await self.page.get_by_role("button", name="New thread").first.click()
        await self.page.get_by_label("Subject").fill(subject)
        await self.page.get_by_role("button", name="Begin the thread").click()
        await expect(self.page.get_by_role("heading", name=subject, level=1)).to_be_visible()

    async def open_thread(self, subject: str) -> None:
        await (
            self.page.get_by_role("navigation", name="Threads")
            .get_by_role("link", name=re.compile(re.escape(subject)))
            .click()
        )
        await expect(self.page.get_by_role("heading", name=subject, level=1)).to_be_visible()

    async def invite(self) -> str:
        """An invitation link into the thread that is open."""
        await self.page.get_by_role("button", name="Show people").click()
        await self.page.get_by_role("button", name="Make an invitation link").click()
        link = await self.page.get_by_label("Invitation link").input_value()
        await self.page.get_by_role("button", name="Hide people").click()
        return link

    async def say(self, text: str, page: Page | None = None) -> None:
        box = (page or self.page).get_by_role("textbox", name=re.compile("^Message"))
        await box.fill(text)
        await box.press("Enter")

    def log(self, page: Page | None = None) -> Locator:
        return (page or self.page).get_by_role("log")

    async def sees(self, text: str, page: Page | None = None) -> None:
        await expect(self.log(page).get_by_text(text, exact=True)).to_be_visible()

    async def has_said(self, texts: list[str], page: Page | None = None) -> None:
        """The history is these messages, in this order."""
        await expect(self.log(page).locator("[data-message-text]")).to_have_text(texts)

    async def messages(self, page: Page | None = None) -> list[str]:
        """What stands in the history, in its order."""
        texts = await self.log(page).locator("[data-message-text]").all_inner_texts()
        return [text.strip() for text in texts]

    async def comes_back(self) -> None:
        """Looks at the page again, which then looks at once whether there is a connection."""
        await self.page.evaluate("dispatchEvent(new Event('focus'))")

    # --- documents --------------------------------------------------------------------------------

    async def begin_document(self, title: str, kind: str = "Document") -> None:
        await self.page.get_by_role("button", name="New document").first.click()
        await self.page.get_by_label("Title").fill(title)
        await self.page.get_by_role("radio", name=re.compile(f"^{kind}")).check()
        await self.page.get_by_role("button", name="Create").click()
        await expect(self.editor(title)).to_be_visible()

    def editor(self, title: str, page: Page | None = None) -> Locator:
        return (page or self.page).get_by_role("textbox", name=f"Document: {title}")

    async def write(self, title: str, text: str, page: Page | None = None) -> None:
        """Type at the end of a document."""
        page = page or self.page
        await expect(self.editor(title, page)).to_have_attribute("contenteditable", "true")
        await self.editor(title, page).click()
        await page.keyboard.press("Control+End")
        await page.keyboard.type(text)

    async def saved(self, page: Page | None = None) -> None:
        await expect((page or self.page).get_by_test_id("sync")).to_have_text("Saved")
