"""The npm y-websocket client, pycrdt's own Provider and the browser co-edit one document."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.people import Person
from tests.interop.stock import NPM, PYCRDT, Stock, stock, ticket_of
from tests.support.hub_process import HubProcess

ROUNDS = 4
# None that is joined of several: typed key by key before another emoji they would join with that.
EMOJI = {"npm": "🦀", "pycrdt": "🐍", "Ada": "🦊"}


def piece(who: str, name: object) -> str:
    """Begins and ends with an emoji, so that who counts in other units hits the middle of one."""
    return f"{EMOJI[who]}{who}-{name};{EMOJI[who]}|"


async def exported(person: Person, document: str) -> str:
    answer = await person.page.request.get(f"/api/documents/{document}/export?format=txt")
    assert answer.ok
    return (await answer.body()).decode()


async def begin(ada: Person, title: str, kind: str) -> str:
    await ada.begin_thread("Offer")
    await ada.begin_document(title, kind=kind)
    return ada.page.url.rpartition("/")[2]


@asynccontextmanager
async def both(ada: Person, hub: HubProcess, document: str) -> AsyncIterator[tuple[Stock, Stock]]:
    async with (
        stock(hub, document, await ticket_of(ada, document), NPM) as npm,
        stock(hub, document, await ticket_of(ada, document), PYCRDT) as pycrdt,
    ):
        for client in (npm, pycrdt):
            await client.until(lambda message: message.get("synced") is True)
        yield npm, pycrdt


class Browser:
    """The text of the page: pieces at its start by single keys, with slips; at its end at once."""

    def __init__(self, ada: Person) -> None:
        self._editor = ada.editor("Notes")
        self._keys = ada.page.keyboard

    async def begin_with(self, text: str, slip: str = "") -> None:
        await self._editor.press("Control+Home")
        await self._keys.type(text + slip)
        for _ in slip:
            await self._keys.press("Backspace")

    async def end_with(self, text: str) -> None:
        await self._editor.press("Control+End")
        await self._keys.insert_text(text)

    @property
    def line(self) -> Locator:
        return self._editor.locator(".cm-line")

    async def shows(self, text: str) -> None:
        await expect(self.line).to_have_text([text])
        assert await self.line.all_text_contents() == [text]


async def write(client: Stock, first: str, last: str) -> None:
    await client.order(insert=[0, first])
    await client.order(append=last)


async def type_in(browser: Browser, first: str, last: str) -> None:
    await browser.begin_with(first, slip="🙃oops")
    await browser.end_with(last)


async def settle(pieces: list[str], browser: Browser, *clients: Stock) -> str:
    """Until all show the same text, of these pieces, each once and unbroken."""
    expected = Counter(text[:-1] for text in pieces)
    texts = {
        await client.showing("text", lambda text: Counter(text.split("|")[:-1]) == expected)
        for client in clients
    }
    assert len(texts) == 1, texts
    await browser.shows(next(iter(texts)))
    return texts.pop()


@pytest.mark.timeout(120)
async def test_npm_pycrdt_and_browser_write_one_text(ada: Person, hub: HubProcess) -> None:
    document = await begin(ada, "Notes", "Text or code")
    page = ada.page.url
    browser = Browser(ada)
    async with both(ada, hub, document) as (npm, pycrdt):
        pieces = []
        for number in range(ROUNDS):
            # Nobody has seen what the others write in a round; all have, before the next.
            first, last = ([piece(who, f"{where}{number}") for who in EMOJI] for where in "<>")
            await asyncio.gather(
                write(npm, first[0], last[0]),
                write(pycrdt, first[1], last[1]),
                type_in(browser, first[2], last[2]),
            )
            pieces += first + last
            text = await settle(pieces, browser, npm, pycrdt)

        # All in the middle, at one place.
        half = text.index("|", len(text) // 2) + 1
        middle = len(text[:half].encode("utf-16-le")) // 2
        more = [piece(who, "middle") for who in EMOJI]
        await asyncio.gather(
            npm.order(insert=[middle, more[0]]),
            pycrdt.order(insert=[middle, more[1]]),
            browser.end_with(more[2]),
        )
        pieces += more
        await settle(pieces, browser, npm, pycrdt)

        # Each deletes: what others wrote, one thing twice; Ada once more what she mistyped.
        by_npm, by_pycrdt, twice = piece("pycrdt", "<0"), piece("Ada", ">1"), piece("npm", "<2")
        last = piece("Ada", "last")
        await asyncio.gather(
            npm.order(remove=twice),
            npm.order(remove=by_npm),
            pycrdt.order(remove=twice),
            pycrdt.order(remove=by_pycrdt),
            browser.begin_with(last, slip="🙃oops"),
        )
        pieces = [one for one in pieces if one not in (by_npm, by_pycrdt, twice)]
        text = await settle([*pieces, last], browser, npm, pycrdt)
        assert await exported(ada, document) == text

        # A page says "Saved" when all that the hub had when it came is on disk.
        await ada.page.reload()
        await browser.shows(text)
        await ada.saved()
        # Away, so that nothing but the disk of the hub can bring the text back.
        await ada.page.goto("about:blank")
        await hub.kill()
        for client in (npm, pycrdt):
            await client.until(lambda message: "closed" in message)

    await hub.start()
    assert await exported(ada, document) == text
    async with stock(hub, document, await ticket_of(ada, document), NPM) as fresh:
        assert await fresh.showing("text", bool) == text
        await ada.page.goto(page)
        await browser.shows(text)


@pytest.mark.timeout(120)
async def test_npm_pycrdt_and_browser_write_one_rich_document(ada: Person, hub: HubProcess) -> None:
    document = await begin(ada, "Draft", "Document")
    said = ["A paragraph of Ada 🦊", "A paragraph of npm 🦀", "A paragraph of pycrdt 🐍"]
    async with both(ada, hub, document) as (npm, pycrdt):
        # The empty paragraph the page shows before there is any is its own alone.
        await ada.write("Draft", "The first")
        for client in (npm, pycrdt):
            await client.shows("xml", "The first")
        await asyncio.gather(
            ada.write("Draft", "\n" + said[0]), npm.order(xml=said[1]), pycrdt.order(xml=said[2])
        )
        for client in (npm, pycrdt):
            xml = await client.showing("xml", lambda xml: all(text in xml for text in said))
            assert [xml.count(f">{text}<") for text in said] == [1, 1, 1], xml
        paragraphs = ada.editor("Draft").locator("p")
        for text in said:
            await expect(paragraphs.filter(has_text=text)).to_have_count(1)
            await expect(paragraphs.filter(has_text=text)).to_have_text(text)
        lines = (await exported(ada, document)).split("\n")
        assert sorted(line for line in lines if line) == [*said, "The first"]
