"""Somebody who does anything at any time, and the account of every word that anybody typed.

A *mark* is a Han character that is typed once in a whole run. So it does not matter where others
write, in the middle of a word or not: afterwards each mark is there once, or was deleted by
somebody who saw it, or its writer (or who deleted its place) has it in a private copy.
"""

from __future__ import annotations

import asyncio
import base64
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Error as PageError
from playwright.async_api import Locator, Page, expect

from tests.e2e.people import PASSWORD, Person
from tests.e2e.wire import Wire
from tests.support import clipboard
from tests.support.clipboard import PNG, paste

# Playwright could answer for other hosts, but then the browser has no cache, as no browser has.
PICTURES = re.compile(r"""src=["']https?:[^"']*["']""")
PICTURE = f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"'
MARKS = re.compile("[\u4e00-\u9fff]")
RICH, CODE = "Draft", "main.py"

# What one sees of a document: all of its text, also what is scrolled away, without others' carets.
LOOK = """(title) => {
    const editor = document.querySelector(`[role=textbox][aria-label="Document: ${title}"]`);
    if (!editor) return null;
    const view = editor.cmTile?.root.view;
    let text, html, fault = '';
    try { if (!view) editor.editor.state.doc.check(); } catch (error) { fault = String(error); }
    if (view) text = html = view.state.doc.toString();
    else {
        const copy = editor.cloneNode(true);
        // Who sent a picture sees it from their own memory, others perhaps that it is arriving.
        for (const one of copy.querySelectorAll('.picture')) one.replaceChildren();
        const drawn = '.caret, .ending, .ProseMirror-gapcursor, .ProseMirror-separator';
        for (const one of copy.querySelectorAll(`${drawn}, .ProseMirror-trailingBreak`))
            one.remove();
        for (const one of copy.querySelectorAll('.caret-selection'))
            one.replaceWith(...one.childNodes);
        for (const one of copy.querySelectorAll('[class], [data-placeholder], [draggable]'))
            for (const name of ["class", "data-placeholder", "draggable"])
                one.removeAttribute(name);
        copy.normalize();
        text = copy.textContent;
        html = copy.innerHTML;
        editor.editor.state.doc.descendants((node) => {
            if (node.type.name === 'image') html += ` ${node.attrs.src}`;
        });
    }
    const { activeElement } = document;
    const focused = editor.contains(activeElement);
    const focus = activeElement?.getAttribute('aria-label') ?? activeElement?.tagName;
    const chosen = view ? view.state.selection.main : editor.editor.state.selection;
    const editable = editor.isContentEditable;
    return { text, html, fault, editable, focused, focus, selects: !chosen.empty };
}"""


# What the person saw when they pressed a key that may delete.
WATCH = """() => addEventListener('keydown', ({ key, target }) => {
    if (!['Backspace', 'Delete', 'z', 'y'].includes(key)) return;
    const state = target.editor?.state ?? target.cmTile?.root.view.state;
    window.seenAtKey = state ? (state.doc.textContent ?? state.doc.toString()) : '';
}, true)"""


@dataclass(slots=True)
class Ledger:
    """What was typed and what became of it."""

    typed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By mark: who, and into what."""
    deleted: set[str] = field(default_factory=set)
    """By somebody who saw it."""
    kept: set[str] = field(default_factory=set)
    """Shown to somebody as words that the document does not hold."""
    acts: list[str] = field(default_factory=list)
    _next: int = 0x4E00

    def mark(self) -> str:
        self._next += 1
        return chr(self._next)

    def note(self, who: str, act: str) -> None:
        self.acts.append(f"{time.monotonic():.2f} {who}: {act}")


def marks(text: str) -> set[str]:
    return set(MARKS.findall(text))


class Monkey:
    """One person, one tab, one action after the other."""

    def __init__(
        self, person: Person, ledger: Ledger, seed: int, snippets: list[str],
        wire: Wire | None = None,
    ) -> None:  # fmt: skip
        self.person, self.ledger, self.wire = person, ledger, wire
        self.chance = random.Random(seed)
        self.draft = ""
        self.sure = True
        """Whether the draft is that: false when it was being typed as the role fell."""
        self.editing: tuple[str, str] | None = None
        """The mark of a message, and the one that was typed into it and is not saved."""
        self._items = clipboard.items()
        self._snippets = snippets
        self._cut = ""
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (24, self.write), (12, self.say), (5, self.begin_draft), (5, self.edit_message),
            (2, self.delete_message), (3, self.react), (8, self.paste), (6, self.undo),
            (6, self.cut_some), (1, self.clear), (5, self.shape), (4, self.reload),
            (2, self.sign_out), (4, self.look_away), (2, self.read_private_copy),
        ]  # fmt: skip
        if wire:
            acts.append((12, self.pull_or_mend))
        self._acts = [act for _, act in acts]
        self._weights = [weight for weight, _ in acts]

    @property
    def page(self) -> Page:
        return self.person.page

    @property
    def name(self) -> str:
        return self.person.name

    async def begin(self) -> None:
        await self.person.context.add_init_script(f"({WATCH})()")
        await self.page.evaluate(WATCH)

    async def run(self, until: float) -> None:
        """Act until that moment of the monotonic clock."""
        while time.monotonic() < until:
            await self.comes_in()
            act = self.chance.choices(self._acts, self._weights)[0]
            self.ledger.note(self.name, act.__name__)
            await self.page.evaluate("window.seenAtKey = ''")
            await act()

    async def comes_in(self) -> None:
        """In the room, whatever happened: another tab or a role may have changed the page."""
        page = self.page
        if await page.get_by_role("heading", name="Sign in").is_visible():
            await page.get_by_label("Address").fill(self.person.address)
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Sign in").click()
        editor = page.get_by_role("textbox", name=re.compile("^Document:"))
        inbox = page.get_by_role("region", name="Inbox")
        absent = page.get_by_role("heading", name="Not in this browser")
        await expect(editor.or_(inbox).or_(absent)).to_be_visible()
        if await inbox.is_visible():
            await inbox.get_by_role("link").first.click()
            await expect(editor.or_(absent)).to_be_visible()
        # Whoever is made a reader gets the document anew, and may be offline by then.
        if self._cut and await absent.is_visible():
            await self.pull_or_mend()
        await expect(editor).to_be_visible()

    # --- documents --------------------------------------------------------------------------------

    async def editor(self, title: str = "") -> Locator:
        """One of the documents, in front and with the focus, the caret somewhere."""
        editor = await self.shows(title or self.chance.choice((RICH, RICH, CODE)))
        await editor.focus()
        keys = (
            "",
            "Control+End",
            "Control+Home",
            "ArrowUp",
            "ArrowDown",
            "ArrowLeft",
            "End",
            "PageUp",
        )
        for key in self.chance.choices(keys, (5, 3, 1, 2, 2, 2, 2, 1), k=2):
            if key:
                await self.page.keyboard.press(key)
        return editor

    async def shows(self, title: str) -> Locator:
        """A document, in front. No key: even an arrow makes a place behind a last block of code."""
        editor = self.person.editor(title)
        if not await editor.is_visible():
            await self.page.get_by_role("tab", name=re.compile(re.escape(title))).click()
            # Whoever is made a reader gets the document anew, and may be offline by then.
            absent = self.page.get_by_role("heading", name="Not in this browser")
            await expect(editor.or_(absent)).to_be_visible()
            if self._cut and not await editor.is_visible():
                await self.pull_or_mend()
            await expect(editor).to_be_visible()
        return editor

    async def looks(self, editor: Locator) -> dict[str, Any] | None:
        title = await self.title(editor)
        look: dict[str, Any] | None = title and await self.page.evaluate(LOOK, title)
        assert not look or not look["fault"], f"{title} of {self.name}: {look['fault']}"
        return look

    async def title(self, editor: Locator) -> str | None:
        for title in (RICH, CODE):
            if await self.person.editor(title).count():
                return title
        return None

    async def puts(self, editor: Locator, put: Callable[[], Awaitable[None]], mark: str) -> None:
        """Type something that holds a mark; it counts when the editor took writing at that time."""
        title = await self.title(editor)
        before = await self.looks(editor)
        if not before or not before["editable"] or not before["focused"]:
            # What has no keys is put where the selection is, which a reader's focus does not move.
            await self.page.keyboard.press("x")
            return
        await put()
        after = await self.looks(editor)
        took = all(look and look["editable"] and look["focused"] for look in (before, after))
        if not took:
            self.sure = False  # it may have gone into the message, as above
        if took or (after and mark in after["text"]):
            assert title
            self.ledger.typed[mark] = (self.name, title)
        gone = marks(before["text"]) - marks(after["text"]) if after else set()
        if gone:
            self.ledger.note(self.name, f"  beside it went {''.join(sorted(gone))}")
        if before["selects"]:
            self.ledger.deleted |= gone  # typed over
        seen = bool(after and mark in after["text"])
        at = [(look["editable"], look["focus"]) if look else None for look in (before, after)]
        self.ledger.note(self.name, f"  {mark} in {title}, {took=}, {seen=}, {at}")

    async def removes(self, editor: Locator, remove: Callable[[], Awaitable[None]]) -> None:
        """Do something that may delete words that are seen."""
        await remove()
        after = await self.looks(editor)
        if after:
            before = await self.page.evaluate("window.seenAtKey ?? ''")
            gone = marks(before) - marks(after["text"])
            self.ledger.deleted |= gone
            self.ledger.note(self.name, f"  deleted {''.join(sorted(gone))}")

    async def write(self) -> None:
        editor = await self.editor()
        mark = self.ledger.mark()
        words = self.chance.choice(
            (f"{mark}", f"w{mark} ", f"{mark} and ", f"# {mark}", f"- {mark}")
        )
        end = self.chance.choice(("", "", "", "Enter", "Tab"))

        async def put() -> None:
            await self.page.keyboard.type(words)

        await self.puts(editor, put, mark)
        if end:
            await self.page.keyboard.press(end)

    async def paste(self) -> None:
        editor = await self.editor()
        mark = self.ledger.mark()
        if self.chance.random() < 0.6:
            item = self.chance.choice(self._items)
            text, html = item.text, item.html
        else:
            text, html = self.chance.choice(self._snippets), None
        if html is not None:
            html = f"{PICTURES.sub(PICTURE, html)}<p>{mark}</p>"

        async def put() -> None:
            await paste(editor, f"{text}\n{mark}", html)

        await self.puts(editor, put, mark)

    async def undo(self) -> None:
        editor = await self.editor()
        key = self.chance.choice(("Control+z", "Control+z", "Control+z", "Control+y"))
        await self.removes(editor, lambda: self.page.keyboard.press(key))

    async def cut_some(self) -> None:
        editor = await self.editor()

        async def remove() -> None:
            for _ in range(self.chance.randrange(1, 6)):
                await self.page.keyboard.press(
                    self.chance.choice(("Shift+ArrowLeft", "Shift+ArrowUp", "Shift+ArrowRight"))
                )
            await self.page.keyboard.press(self.chance.choice(("Backspace", "Delete")))

        await self.removes(editor, remove)

    async def clear(self) -> None:
        editor = await self.editor()

        async def remove() -> None:
            await self.page.keyboard.press("Control+a")
            await self.page.keyboard.press("Delete")

        await self.removes(editor, remove)

    async def shape(self) -> None:
        """What changes the form of blocks, and no word but those that are selected."""
        editor = await self.editor(RICH)
        key = self.chance.choice(
            ("Control+b", "Control+Alt+1", "Control+Alt+0", "Control+Shift+8", "Control+Shift+7",
             "Control+Shift+b", "Tab", "Shift+Tab", "Enter", "Control+Alt+c")
        )  # fmt: skip
        before = await self.looks(editor)
        await self.page.keyboard.press(key)
        after = await self.looks(editor)
        if before and after and before["selects"]:
            gone = marks(before["text"]) - marks(after["text"])
            self.ledger.deleted |= gone
            self.ledger.note(self.name, f"  {key} over {''.join(sorted(gone))}")

    async def read_private_copy(self) -> None:
        """Take the words and let go of them."""
        copy = self.page.get_by_test_id("private-copy").first
        if not await copy.is_visible():
            return
        try:
            await copy.get_by_role("button", name="Show").click()
            dialog = self.page.get_by_role("dialog")
            words = await dialog.get_by_role("textbox").input_value()
            await self.escape()
            await expect(dialog).to_have_count(0)
        except PageError:
            return  # it became another one meanwhile
        self.ledger.kept |= marks(words)

    # --- chat -------------------------------------------------------------------------------------

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name=re.compile("^Message"))

    async def can_say(self) -> bool:
        return await self.box.count() > 0 and await self.box.is_editable()

    async def say(self) -> None:
        if not await self.can_say():
            return
        await self.checks_draft()
        mark = self.ledger.mark()
        words = await self.drafts(mark)
        if not words:
            return
        await self.page.keyboard.press("Enter")
        still = await self.box.input_value() if await self.can_say() else None
        if still == "" or (still is None and await self.person.log().get_by_text(mark).count()):
            self.ledger.typed[mark] = (self.name, "chat")
            for draft in marks(self.draft):
                self.ledger.typed[draft] = (self.name, "chat")
            self.draft = ""
        else:  # may not write any more
            self.draft = words

    async def begin_draft(self) -> None:
        if not await self.can_say():
            return
        await self.checks_draft()
        if words := await self.drafts(self.ledger.mark()):
            self.draft = words

    async def drafts(self, mark: str) -> str:
        """Type into the message box; what stands there then, or nothing when it was taken away."""
        await self.box.focus()
        await self.page.keyboard.press("Control+End")
        await self.page.keyboard.type(f" {mark}")
        words = await self.box.input_value() if await self.can_say() else ""
        if mark in words:
            return words
        self.sure = False
        return ""

    async def checks_draft(self) -> None:
        value = await self.box.input_value()
        told = f"{self.name}: {value!r} is not {self.draft!r}"
        assert marks(self.draft) <= marks(value), told
        assert not self.sure or value.strip() == self.draft.strip(), told
        self.draft, self.sure = value, True

    def drawn(self) -> Locator:
        """Rows of messages that are drawn now."""
        return self.person.log().get_by_test_id("message")

    async def last_own(self) -> tuple[Locator, str] | None:
        """A message of this person near the end, and its first mark."""
        texts = await self.drawn().locator("[data-message-text]").all_inner_texts()
        mine = [
            mark
            for text in texts[-8:]
            for mark in MARKS.findall(text)[:1]
            if self.ledger.typed.get(mark, ("", ""))[0] == self.name
        ]
        if not mine:
            return None
        mark = self.chance.choice(mine)
        return self.drawn().filter(has_text=mark).first, mark

    async def chooses(self, row: Locator, choice: str) -> bool:
        try:
            await row.hover(timeout=2_000)
            await row.get_by_role("button", name="More actions").click(timeout=2_000)
            await self.page.get_by_role("menuitem", name=choice).click(timeout=2_000)
        except PageError:
            await self.escape()  # it went, or the role did
            return False
        return True

    async def edit_message(self) -> None:
        """Change one of the last messages; now and then it is saved only later."""
        if self.editing:
            await self.finish_edit()
            return
        found = await self.last_own()
        if found is None or not await self.chooses(found[0], "Edit"):
            return
        mark = self.ledger.mark()
        try:
            await self.field.press("End", timeout=2_000)
        except PageError:
            return
        await self.page.keyboard.type(mark)
        if await self.field.count() and mark in await self.field.input_value():
            self.editing = (found[1], mark)
            if self.chance.random() < 0.6:
                await self.finish_edit()

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("textbox", name="Edit message")

    async def finish_edit(self) -> None:
        """Save what was changed, wherever it waits; it goes on waiting when it cannot be now."""
        assert self.editing
        message, mark = self.editing
        if not await self.field.is_visible():
            row = self.drawn().filter(has_text=message).first
            if message in self.ledger.deleted:  # and so it may show no words, but those kept
                gone = self.drawn().filter(has=self.page.get_by_test_id("unsaved-edit"))
                await self.scroll_to(row.or_(gone).first)
                if not await row.is_visible() and await gone.count():
                    await expect(gone.get_by_role("button", name="Copy")).to_be_visible()
                    await gone.get_by_role("button", name="Discard").click(timeout=3_000)
                    self.editing = None
                    return
            await self.scroll_to(row)
            if await row.locator("[data-message-text]", has_text=mark).count():
                self.is_edited(mark)  # after all
                return
            waits = row.get_by_test_id("unsaved-edit")
            told = waits.or_(row.get_by_text(mark)).first
            for _ in range(50):  # a message that comes meanwhile may take the history to its end
                if await told.is_visible() or not await row.is_visible():
                    break
                await asyncio.sleep(0.1)
                await self.scroll_to(row)
            else:
                raise AssertionError(f"{self.name}: the edit {mark} is not kept")
            try:
                await waits.get_by_role("button", name="Go on").click(timeout=3_000)
            except PageError:
                return  # a reader has none
        value = await self.field.input_value()
        assert mark in value, f"{self.name}: the edit {mark} is not in {value!r}"
        await self.field.press("Enter")
        try:
            await expect(self.field).to_have_count(0, timeout=2_000)
        except AssertionError:
            return  # offline, or a reader by now
        self.is_edited(mark)

    def is_edited(self, mark: str) -> None:
        self.ledger.typed[mark] = (self.name, "chat")
        self.editing = None

    async def escape(self) -> None:
        """It closes what is open, and gives an edit up."""
        if self.editing and await self.field.evaluate_all(
            "(all) => all.includes(document.activeElement)"
        ):
            self.editing = None
        await self.page.keyboard.press("Escape")

    async def scroll_to(self, row: Locator) -> None:
        """From the end of the history up to a message."""
        log = self.person.log()
        key = "End"
        for _ in range(200):
            if await row.is_visible():
                return
            await log.press(key)
            await log.evaluate("new Promise(requestAnimationFrame)")
            key = "PageUp"

    async def delete_message(self) -> None:
        found = await self.last_own()
        if not found or (self.editing and self.editing[0] == found[1]):
            return
        text = await found[0].locator("[data-message-text]").inner_text()
        if await self.chooses(found[0], "Delete"):
            self.ledger.deleted |= marks(text)

    async def react(self) -> None:
        found = await self.last_own()
        if found is None:
            return
        try:
            await found[0].hover(timeout=2_000)
            await found[0].get_by_role("button", name="React").click(timeout=2_000)
            await self.page.keyboard.press("Enter")
        except PageError:
            pass
        await self.escape()

    # --- the page ---------------------------------------------------------------------------------

    async def reload(self) -> None:
        if self._cut == "all":
            return  # there is no page without a network
        await self.page.reload()

    async def look_away(self) -> None:
        """Another page of the client, and back."""
        if self._cut == "all":
            return  # it may not be in this browser
        await self.page.get_by_role("button", name="Your account").click()
        await self.page.get_by_role("menuitem", name="Settings").click()
        await expect(self.page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
        await self.page.go_back()

    async def sign_out(self) -> None:
        if self._cut == "all":
            return
        page = self.page
        await page.get_by_role("button", name="Your account").click()
        await page.get_by_role("menuitem", name="Sign out").click()
        asked = page.get_by_role("dialog", name="Not everything has reached the hub")
        out = page.get_by_role("heading", name="Sign in")
        await expect(asked.or_(out).first).to_be_visible()
        if await asked.is_visible():
            stay = self.chance.random() < 0.5
            await asked.get_by_role("button", name="Stay" if stay else "Keep").click()
            await expect(asked).to_have_count(0)
            if stay:
                return
            await expect(out).to_be_visible()

    async def pull_or_mend(self) -> None:
        assert self.wire
        if self._cut:
            self._cut = ""
            self.wire.mend()
            await self.person.comes_back()
        else:
            self._cut = self.chance.choice(("all", "live", "live", "short"))
            self.wire.cut(live_only=self._cut == "live")
            if self._cut == "short":
                self._cut = ""
                self.wire.mend()

    # --- the end ----------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Everything is sent, and what was refused is sent again."""
        if self._cut:
            await self.pull_or_mend()
        await self.comes_in()
        page = self.page
        retry = self.person.log().get_by_role("button", name="Retry")
        async with asyncio.timeout(60):
            while await self.person.log().get_by_test_id("pending").count():
                if await retry.count():
                    await retry.first.click()
                await self.person.comes_back()
                await page.evaluate("new Promise(requestAnimationFrame)")
        try:
            async with asyncio.timeout(60):
                while self.editing:
                    await self.finish_edit()
        except TimeoutError:
            drawn = await self.drawn().all_inner_texts()
            raise AssertionError(f"{self.name} cannot save {self.editing}: {drawn}") from None
        for title in (RICH, CODE):
            await self.shows(title)
            await self.person.saved()
            for copy in await page.get_by_test_id("private-copy").all():
                await copy.get_by_role("button", name="Show").click()
                words = await page.get_by_role("dialog").get_by_role("textbox").input_value()
                await self.escape()
                self.ledger.kept |= marks(words)

    async def to_newest(self) -> None:
        """Where the history ends."""
        await self.person.log().press("End")
        await expect(self.page.get_by_test_id("jump-to-newest")).to_have_count(0)

    async def sees(self, title: str) -> dict[str, Any]:
        await self.shows(title)
        look = await self.page.evaluate(LOOK, title)
        assert look
        return look  # type: ignore[no-any-return]
