"""Every state of the registry, in both themes: no violation axe can find, one heading of the page,
nothing to scroll sideways. The pictures are kept in ``screenshots/`` to be looked at."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, Route, async_playwright, expect

from hub.client import FileClient, LiveClient
from hub.files.scanning.service import TELL
from hub.ids import new_id
from hub.sample import PASSWORD
from hub.storage import jobs, verdicts
from hub.storage.embedded import EmbeddedPostgres
from hub.wire import commands as cmd
from tests.e2e import scan as scanning
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.people import Person
from tests.e2e.scan import Scan, reaches
from tests.e2e.test_editing import WORD
from tests.e2e.wire import Wire
from tests.support.hub_process import HubProcess, answer, token
from tests.unit.formats.test_markdown import FILE

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

NETWORK = r"ERR_|WebSocket connection|Failed to load resource"
MESSAGES = (
    "Could you look at the **second paragraph** before noon?",
    "Three things are open:\n\n1. the price\n2. the date\n3. who signs",
    "> before noon\n\nYes, see https://north.example/plan",
    "This is what the server says:\n\n```\nhub doctor\nhub serve\n```",
)

# --- what stands ready for all of them ------------------------------------------------------------


@dataclass
class Colleague:
    """Somebody with an account: requests with their cookie, and commands with their token."""

    uid: str
    http: httpx.AsyncClient
    live: LiveClient

    async def say(self, thread: str, text: str, **more: Any) -> int:
        posted = await self.live.send(
            cmd.Post(thread=thread, send_id=new_id("n"), text=text, **more)
        )
        return posted.seq


class World:
    """One hub with the sample people and threads, and a browser."""

    def __init__(self, hub: HubProcess, browser: Browser) -> None:
        self.hub = hub
        self.browser = browser
        self.people: dict[str, Colleague] = {}

    async def sign_in(self, name: str) -> None:
        http = self.hub.browser()
        given = {"address": f"{name}@north.example", "password": PASSWORD}
        me = await answer(http.post("/api/session", json=given))
        live = LiveClient(self.hub.url, await token(http))
        await live.__aenter__()
        self.people[name] = Colleague(me["uid"], http, live)

    async def thread(self, owner: str, *members: str, subject: str) -> str:
        state = await answer(
            self.people[owner].http.post(
                "/api/threads",
                json={"subject": subject, "members": [self.people[one].uid for one in members]},
            )
        )
        return str(state["summary"]["thread"])

    async def sample(self, subject: str) -> tuple[str, list[str]]:
        """A sample thread and its documents."""
        http = self.people["ada"].http
        found = await answer(http.get("/api/threads"))
        rows = found["threads"] if isinstance(found, dict) else found
        thread = next(one["thread"] for one in rows if one["subject"] == subject)
        documents = await answer(http.get(f"/api/threads/{thread}/documents"))
        return thread, [one["document"] for one in documents]

    async def block(self, attachment: str) -> None:
        """As a scanner that found something would."""
        url = EmbeddedPostgres(self.hub.data_dir).running()
        connection = await asyncpg.connect(url)
        query = "SELECT blob_id FROM versions WHERE attachment_id = $1"
        blob = await connection.fetchval(query, attachment)
        now = datetime.now(UTC)
        async with connection.transaction():
            await verdicts.put(connection, blob, "A", "1", "blocked", "Eicar", "A 1", now)
            await jobs.put(connection, TELL, [blob], now)
        await connection.close()

    async def aclose(self) -> None:
        for one in self.people.values():
            await one.live.close()
            await one.http.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    hub = HubProcess(tmp_path_factory.mktemp("hub") / "data")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        world = World(hub, browser)
        try:
            await hub.start("--sample")
            async with asyncio.timeout(20):
                while not any(line.startswith("Sample people") for line in hub.output):
                    await asyncio.sleep(0.05)
            for name in ("ada", "grace", "ivan"):
                await world.sign_in(name)
            yield world
        finally:
            await world.aclose()
            await hub.stop()
            await browser.close()


# A browser that refuses to keep anything.
REFUSED = """Object.defineProperty(window, 'indexedDB', { value: { open() {
  throw new DOMException('refused', 'SecurityError');
} } });"""
Visit = Callable[..., Awaitable[Person]]


@pytest_asyncio.fixture(loop_scope="module")
async def visit(world: World) -> AsyncIterator[Visit]:
    """Opens an address as one of the people, or as nobody."""
    opened: list[Person] = []

    async def visit(
        name: str | None,
        path: str,
        *,
        width: int = 1440,
        height: int = 900,
        url: str | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> Person:
        url = url or world.hub.url
        person = await Person.open(world.browser, url, name or "", f"{name}@north.example")
        opened.append(person)
        http = http or (world.people[name].http if name else None)
        for cookie in http.cookies.jar if http else ():
            await person.context.add_cookies(
                [{"name": cookie.name, "value": cookie.value or "", "url": url}]
            )
        await person.page.set_viewport_size({"width": width, "height": height})
        await person.page.goto(path)
        return person

    yield visit
    for person in opened:
        await person.context.close()
        person.check()


async def entered(page: Page, subject: str) -> None:
    """The room is there and in step."""
    await expect(page.get_by_role("heading", name=subject, level=1)).to_be_visible()
    await expect(page.get_by_test_id("sync")).to_have_text("Saved")


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


# --- outside --------------------------------------------------------------------------------------


@reaches(
    "signin", "signin-failed", "signin-ended", "signin-no-owner", "hub-silent",
    "welcome-first-owner", "welcome-invitation", "welcome-known", "welcome-join", "welcome-reset",
    "welcome-used", "welcome-unknown", "not-found-outside", "page-fault",
)  # fmt: skip
async def test_outside(
    world: World, visit: Visit, scan: Scan, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with HubProcess(tmp_path_factory.mktemp("new") / "data") as hub:
        someone = await visit(None, "/", url=hub.url)
        someone.forgive("Failed to load resource")
        page = someone.page
        await expect(page.get_by_role("heading", name="Almost there")).to_be_visible()
        await scan(page, "signin-no-owner")
        await page.goto(f"/welcome#{hub.link_secret}")
        await expect(page.get_by_role("heading", name="Welcome to your hub")).to_be_visible()
        await scan(page, "welcome-first-owner")

        async with aclosing(await hub.first_owner()) as ada:
            await page.reload()
            await expect(page.get_by_role("heading", name="used")).to_be_visible()
            await scan(page, "welcome-used")
            await page.goto(f"/welcome#{'x' * 30}")
            await expect(page.get_by_text("Code: link_unknown")).to_be_visible()
            await scan(page, "welcome-unknown")

            state = await answer(ada.post("/api/threads", json={"subject": "Offer"}))
            invitation = {
                "address": "grace@north.example", "thread": state["summary"]["thread"],
            }  # fmt: skip
            made = await answer(ada.post("/api/invitations", json=invitation))
            await page.goto(made["link"])
            await expect(page.get_by_role("heading", name="You are invited")).to_be_visible()
            await scan(page, "welcome-invitation")
            await button(page, "Sign in and join").click()
            await expect(page.get_by_label("Your name")).to_be_hidden()
            await scan(page, "welcome-known")
            member = await visit(None, "/", url=hub.url, http=ada)
            await member.page.goto(made["link"])
            await expect(button(member.page, "Join the thread")).to_be_visible()
            await scan(member.page, "welcome-join")
            async with aclosing(await hub.colleague(ada, "Ivan Petrov")) as ivan:
                uid = (await answer(ivan.get("/api/me")))["uid"]
                made = await answer(ada.post(f"/api/accounts/{uid}/reset"))
                await page.goto(made["link"])
                await expect(page.get_by_role("heading", name="Set a new password")).to_be_visible()
                await scan(page, "welcome-reset")

            await page.goto("/signin")
            await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            await scan(page, "signin")
            await page.get_by_label("Address").fill("ada@north.example")
            await page.get_by_label("Password").fill("not the password")
            await button(page, "Sign in").click()
            await expect(page.get_by_role("alert")).to_be_visible()
            await scan(page, "signin-failed")
            await page.goto("/nowhere")
            await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
            await scan(page, "not-found-outside")

            inside = await visit(None, "/", url=hub.url, http=ada)
            inside.forgive("Failed to load resource")
            await expect(inside.page.get_by_role("heading", name="Inbox")).to_be_visible()
            inside.forgive("a fault on purpose")
            await inside.page.evaluate(
                "setTimeout(() => { throw new Error('a fault on purpose'); })"
            )
            await expect(inside.page.get_by_role("alert")).to_contain_text("on purpose")
            await scan(inside.page, "page-fault")
            await button(inside.page, "Retry").click()
            await expect(inside.page.get_by_role("heading", name="Inbox")).to_be_visible()
            await answer(ada.delete("/api/session"))
            await expect(inside.page.get_by_text("Your session has ended.")).to_be_visible()
            await scan(inside.page, "signin-ended")

        await page.route("**/api/hub", lambda route: route.abort())
        await page.goto("/")
        await expect(page.get_by_role("heading", name="The hub does not answer")).to_be_visible()
        await scan(page, "hub-silent")


# --- inbox, search, settings, administration ------------------------------------------------------


@reaches(
    "inbox-empty", "inbox-unread", "inbox-account-menu", "thread-new", "narrow-inbox",
    "search-results", "search-none", "not-found",
)  # fmt: skip
async def test_inbox_and_search(world: World, visit: Visit, scan: Scan) -> None:
    nora = await world.hub.colleague(world.people["ada"].http, "Nora Berg")
    new = await visit(None, "/", http=nora)
    await expect(new.page.get_by_role("heading", name="No threads yet")).to_be_visible()
    await scan(new.page, "inbox-empty")
    await nora.aclose()

    thread = await world.thread("grace", "ivan", subject="Second opinion")
    uid = world.people["ivan"].uid
    await world.people["grace"].say(thread, "What does Ivan think?", mentions=[uid])
    ivan = await visit("ivan", "/")
    page = ivan.page
    await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    await ivan.open_thread("Design review")
    await page.get_by_role("textbox", name="Message").fill("Half a sentence")
    await page.get_by_role("link", name="Webmail hub").click()
    await expect(page.get_by_role("main").get_by_text("Draft", exact=True)).to_be_visible()
    await scan(page, "inbox-unread")
    await page.get_by_role("button", name="Your account").click()
    await expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()
    await scan(page, "inbox-account-menu")
    await page.keyboard.press("Escape")
    await button(page, "New thread").first.click()
    await expect(page.get_by_role("dialog", name="New thread")).to_be_visible()
    await scan(page, "thread-new")
    await page.keyboard.press("Escape")

    await page.goto("/search?q=fakturu")
    await expect(page.locator("mark").first).to_be_visible()
    await scan(page, "search-results")
    await page.goto("/search?q=zeppelin")
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    await scan(page, "search-none")
    await page.goto("/nowhere")
    await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    await scan(page, "not-found")

    await page.set_viewport_size({"width": 400, "height": 800})
    await page.goto("/")
    await expect(page.get_by_role("link", name=re.compile("Design review"))).to_be_visible()
    await scan(page, "narrow-inbox")


@reaches(
    "settings-profile", "settings-appearance", "settings-calls", "settings-sessions",
    "settings-tokens", "settings-token-made", "admin-people", "admin-reset", "admin-disable",
    "admin-invitations", "narrow-settings",
)  # fmt: skip
async def test_settings_and_administration(world: World, visit: Visit, scan: Scan) -> None:
    http = world.people["ada"].http
    gone = await world.hub.colleague(http, "Olaf Brandt")
    uid = (await answer(gone.get("/api/me")))["uid"]
    await gone.aclose()
    await answer(http.patch(f"/api/accounts/{uid}", json={"disabled": True}))

    page = (await visit("ada", "/settings/profile")).page
    await expect(page.get_by_role("heading", name="Who you are")).to_be_visible()
    await scan(page, "settings-profile")
    await page.get_by_role("link", name="Appearance").click()
    await expect(page.get_by_role("heading", name="Theme")).to_be_visible()
    await scan(page, "settings-appearance")
    await page.get_by_role("link", name="Calls").click()
    await expect(page.get_by_label("Do not disturb")).not_to_be_checked()
    await scan(page, "settings-calls")
    await page.get_by_role("link", name="Sessions").click()
    await expect(page.get_by_text("this one")).to_be_visible()
    await scan(page, "settings-sessions")
    await page.get_by_role("link", name="Tokens").click()
    await expect(button(page, "Revoke test")).to_be_visible()
    await scan(page, "settings-tokens")
    await page.get_by_label("What is it for?").fill("Nightly report")
    await button(page, "Make the token").click()
    await expect(page.get_by_label("Token “Nightly report”")).to_be_visible()
    await scan(page, "settings-token-made")
    await page.set_viewport_size({"width": 400, "height": 800})
    await scan(page, "narrow-settings")
    await page.set_viewport_size({"width": 1440, "height": 900})

    await page.goto("/admin/people")
    await expect(button(page, "Enable Olaf Brandt")).to_be_visible()
    await scan(page, "admin-people")
    await button(page, "Password reset link for Grace Lindqvist").click()
    await expect(page.get_by_label("Send them this link yourself")).to_be_visible()
    await scan(page, "admin-reset")
    await page.keyboard.press("Escape")
    await button(page, "Disable Grace Lindqvist").click()
    await expect(page.get_by_role("dialog", name="Disable Grace Lindqvist?")).to_be_visible()
    await scan(page, "admin-disable")
    await page.keyboard.press("Escape")
    await page.get_by_role("navigation").get_by_role("link", name="Invitations").click()
    await button(page, "Make an invitation link").click()
    await expect(page.get_by_label("Invitation link")).to_be_visible()
    await scan(page, "admin-invitations")


# --- the room -------------------------------------------------------------------------------------


@reaches(
    "room-history", "room-messages", "room-replying", "room-editing", "room-mentioning",
    "room-message-menu", "room-emoji", "room-undo", "room-renaming", "room-unsaved-edit",
)  # fmt: skip
async def test_history_and_chat(world: World, visit: Visit, scan: Scan) -> None:
    grace, ada = world.people["grace"], world.people["ada"]
    thread = await world.thread("ada", "grace", "ivan", subject="Spring offer")
    first = await ada.say(thread, "Good morning. The offer is in the document.")
    second = await grace.say(thread, "A word I regret")
    third = await grace.say(thread, MESSAGES[0])
    await ada.say(thread, "Of course.", reply_to=third)
    for emoji, one in (("👍", grace), ("🎉", grace), ("👍", ada)):
        react = cmd.React(thread=thread, send_id=new_id("n"), target=first, emoji=emoji)
        await one.live.send(react)
    edit = cmd.Edit(thread=thread, send_id=new_id("n"), target=third, text=MESSAGES[0] + " Today.")
    await grace.live.send(edit)
    await grace.live.send(cmd.Delete(thread=thread, send_id=new_id("n"), target=second))
    for text in MESSAGES[1:]:
        await grace.say(thread, text)
    await grace.say(thread, "What does Ada Okafor think?", mentions=[ada.uid])

    person = await visit("ada", f"/t/{thread}")
    page = person.page
    await entered(page, "Spring offer")
    await expect(page.get_by_test_id("unread-line")).to_be_visible()
    await scan(page, "room-history")
    message = page.get_by_test_id("message").filter(has_text="Good morning")
    await message.hover()
    await expect(button(page, "Reply")).to_be_visible()
    await scan(page, "room-messages")
    await button(page, "More actions").click()
    await expect(page.get_by_role("menu", name="Message actions")).to_be_visible()
    await scan(page, "room-message-menu")
    await page.keyboard.press("Escape")
    await button(page, "React").click()
    await expect(page.get_by_role("dialog", name="React")).to_be_visible()
    await scan(page, "room-emoji")
    await page.keyboard.press("Escape")
    await button(page, "Reply").click()
    box = page.get_by_role("textbox", name="Message")
    await box.fill("With pleasure.")
    await scan(page, "room-replying")
    await box.fill("@gr")
    await expect(page.get_by_role("option", name="Grace Lindqvist")).to_be_visible()
    await scan(page, "room-mentioning")
    await box.fill("")
    await button(page, "Do not answer").click()
    await box.press("ArrowUp")
    await expect(page.get_by_label("Edit message")).to_be_visible()
    await scan(page, "room-editing")
    await page.get_by_label("Edit message").fill("Of course, and gladly.")
    await page.get_by_role("link", name="Webmail hub").click()
    await person.open_thread("Spring offer")
    await expect(page.get_by_test_id("unsaved-edit")).to_be_visible()
    await scan(page, "room-unsaved-edit")
    await button(page, "Discard").click()
    await message.hover()
    await button(page, "More actions").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page.get_by_text("Message deleted.")).to_be_visible()
    await scan(page, "room-undo")
    await button(page, "Rename the thread").click()
    await expect(page.get_by_label("Subject")).to_be_visible()
    # The page's heading gives way to its field.
    await scan(page, "room-renaming")


@reaches(
    "room-empty", "documents-none", "room-reader", "room-removed", "room-not-found",
    "people-owner", "people-member", "people-overlaid", "people-add", "people-remove",
    "people-invited",
)  # fmt: skip
async def test_people_and_their_roles(world: World, visit: Visit, scan: Scan) -> None:
    subject = "Roles"
    thread = await world.thread("ada", "grace", subject=subject)
    grace = world.people["grace"]

    async def role_of_grace(role: str | None) -> None:
        command = cmd.SetMember(thread=thread, send_id=new_id("n"), uid=grace.uid, role=role)  # type: ignore[arg-type]
        await world.people["ada"].live.send(command)

    page = (await visit("ada", f"/t/{thread}")).page
    await entered(page, subject)
    await expect(page.get_by_role("heading", name="No documents yet")).to_be_visible()
    await scan(page, "room-empty")
    await button(page, "Show people").click()
    await expect(page.get_by_label("Role of Grace Lindqvist")).to_be_visible()
    await scan(page, "people-owner")
    await button(page, "Make an invitation link").click()
    await expect(page.get_by_label("Invitation link")).to_be_visible()
    await scan(page, "people-invited")
    await button(page, "Add people").click()
    await expect(button(page, "Add Mei Tanaka")).to_be_visible()
    await scan(page, "people-add")
    await page.keyboard.press("Escape")
    await button(page, "Remove Grace Lindqvist").click()
    await expect(page.get_by_role("dialog", name="Remove Grace Lindqvist?")).to_be_visible()
    await scan(page, "people-remove")
    await page.keyboard.press("Escape")

    person = await visit("grace", f"/t/{thread}")
    page = person.page
    await entered(page, subject)
    await button(page, "Show people").click()
    await expect(page.get_by_test_id("people")).to_be_visible()
    await scan(page, "people-member")
    await page.set_viewport_size({"width": 1000, "height": 800})
    await expect(page.locator(".scrim")).to_be_attached()
    await scan(page, "people-overlaid")
    await page.keyboard.press("Escape")
    await role_of_grace("reader")
    await expect(page.get_by_text("Read only", exact=True)).to_be_visible()
    await scan(page, "documents-none")
    await page.set_viewport_size({"width": 1440, "height": 900})
    made = {"kind": "rich", "title": "Plan"}
    await answer(world.people["ada"].http.post(f"/api/threads/{thread}/documents", json=made))
    await expect(page.get_by_role("textbox", name="Document: Plan")).to_be_visible()
    await scan(page, "room-reader")
    await role_of_grace(None)
    gone = page.get_by_role("heading", name="You are no longer in this thread")
    await expect(gone).to_be_visible()
    await scan(page, "room-removed")
    person.forgive("Failed to load resource")
    await page.goto("/t/t_none")
    await expect(page.get_by_role("heading", name="There is no such thread")).to_be_visible()
    await scan(page, "room-not-found")


@reaches("room-offline", "room-not-kept", "room-failed", "signout-unsent", "document-private-copy")
async def test_connection_lost(world: World, visit: Visit, scan: Scan) -> None:
    thread = await world.thread("ada", "grace", subject="Away")
    ada, grace = world.people["ada"], world.people["grace"]
    await ada.say(thread, "Are you still there?")
    made = {"kind": "rich", "title": "Plan"}
    await answer(ada.http.post(f"/api/threads/{thread}/documents", json=made))
    async with Wire(world.hub.url) as wire:
        person = await visit("grace", f"/t/{thread}", url=wire.url)
        person.forgive(NETWORK)
        page = person.page
        await entered(page, "Away")
        await expect(person.editor("Plan")).to_be_visible()
        await expect(person.editor("Plan")).to_have_attribute("contenteditable", "true")
        await person.saved()
        wire.cut()
        await expect(page.get_by_test_id("sync")).to_have_text(re.compile("^Offline|^Reconnecting"))
        await person.say("Sent while away")
        await person.write("Plan", "Written while away.")
        await expect(page.get_by_test_id("pending")).to_be_visible()
        await expect(page.get_by_test_id("sync")).to_have_text(re.compile(r"\d+ kept here$"))
        await scan(page, "room-offline")
        await button(page, "Your account: Grace Lindqvist").click()
        await page.get_by_role("menuitem", name="Sign out").click()
        await expect(button(page, "Keep and sign out")).to_be_visible()
        await scan(page, "signout-unsent")
        await button(page, "Stay signed in").click()
        command = cmd.SetMember(thread=thread, send_id=new_id("n"), uid=grace.uid, role="reader")
        await ada.live.send(command)
        wire.mend()
        await page.evaluate("dispatchEvent(new Event('online'))")  # no waiting for the next try
        pending = page.get_by_test_id("pending")
        await expect(pending).to_have_attribute("data-status", "failed", timeout=20_000)
        await scan(page, "room-failed")
        await page.get_by_test_id("private-copy").get_by_role("button", name="Show").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await scan(page, "document-private-copy")
        await page.keyboard.press("Escape")
        owner = await visit("ada", f"/t/{thread}", url=wire.url)
        owner.forgive(NETWORK)
        await owner.context.add_init_script(REFUSED)
        await owner.page.reload()
        await entered(owner.page, "Away")
        wire.cut()
        await owner.say("Not kept")
        kept = re.compile("not kept on this device$")
        await expect(owner.page.get_by_test_id("sync")).to_have_text(kept)
        await scan(owner.page, "room-not-kept")
        wire.mend()
        await owner.comes_back()
        await entered(owner.page, "Away")
        await person.context.close()


@reaches("room-not-saved")
async def test_nothing_can_be_saved(world: World, visit: Visit, scan: Scan) -> None:
    """The database takes no writes: what is written stays here, and is saved when it does."""
    thread = await world.thread("ada", subject="Standby")
    person = await visit("ada", f"/t/{thread}")
    page = person.page
    await entered(page, "Standby")
    url = EmbeddedPostgres(world.hub.data_dir).running()
    assert url is not None
    banner = page.get_by_text("The hub cannot save at the moment: its database takes no writes.")
    try:
        await take_writes(url, False)
        await person.say("Written meanwhile")
        await expect(banner).to_be_visible()
        await scan(page, "room-not-saved")
    finally:
        await take_writes(url, True)
    await expect(banner).to_have_count(0)
    await expect(page.get_by_test_id("pending")).to_have_count(0, timeout=30_000)
    await person.sees("Written meanwhile")
    person.check()


async def take_writes(url: str, on: bool) -> None:
    """Whether the server takes them, from now on and over whatever connection.

    `pg_reload_conf` only asks: a session that starts with the new value was started after every
    older one was told of it.
    """
    value = "off" if on else "on"
    said = None
    async with asyncio.timeout(30):
        while said != value:
            connection = await asyncpg.connect(url)
            try:
                said = await connection.fetchval("SHOW default_transaction_read_only")
                if said != value:
                    await connection.execute(
                        f"ALTER SYSTEM SET default_transaction_read_only = {value}"
                    )
                    await connection.execute("SELECT pg_reload_conf()")
            finally:
                await connection.close()


@reaches(
    "document-editing", "document-viewing", "document-text", "document-new", "document-rename",
    "document-menu", "document-link", "document-picture", "document-table-menu",
)  # fmt: skip
async def test_documents(world: World, visit: Visit, scan: Scan) -> None:
    thread, (notes, _) = await world.sample("Release 1.0")
    person = await visit("ada", f"/t/{thread}/d/{notes}")
    page = person.page
    await entered(page, "Release 1.0")
    editor = person.editor("Release notes")
    await expect(editor.get_by_role("heading", name="Upgrading")).to_be_attached()
    other = await visit("grace", f"/t/{thread}/d/{notes}")
    await other.write("Release notes", ", please")
    await expect(editor.get_by_text("Grace Lindqvist")).to_be_attached()
    await expect(page.get_by_role("list", name="Also in this document")).to_be_visible()
    await scan(page, "document-editing")
    await other.context.close()

    await person.write("Release notes", "")
    toolbar = page.get_by_role("toolbar", name="Formatting")
    await toolbar.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_role("dialog", name="Add a link")).to_be_visible()
    await scan(page, "document-link")
    await page.keyboard.press("Escape")
    await toolbar.get_by_role("button", name="Picture").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await scan(page, "document-picture")
    await page.keyboard.press("Escape")
    await person.write("Release notes", "")
    bullets = toolbar.get_by_role("button", name="Bulleted list")
    await expect(bullets).to_have_attribute("aria-pressed", "true")  # the caret has arrived
    await page.keyboard.type("\n\n")
    await toolbar.get_by_role("button", name="Task list").click()
    await page.keyboard.type("Ask Mei\n\n")
    await toolbar.get_by_role("button", name="Table").click()
    await expect(editor.locator("table")).to_be_visible()
    for heading in ("Task", "Who", "When"):
        await page.keyboard.type(heading)
        await page.keyboard.press("Tab")
    await toolbar.get_by_role("button", name="Table").click()
    await expect(page.get_by_role("menu", name="Table")).to_be_visible()
    await scan(page, "document-table-menu")
    await page.get_by_role("menuitem", name="Heading row on or off").click()
    await expect(editor.locator("th", has_text="When")).to_be_attached()

    await button(page, "More about this document").click()
    await expect(page.get_by_role("menuitem", name="Print view")).to_be_visible()
    await scan(page, "document-menu")
    await page.get_by_role("menuitem", name="Rename").click()
    await expect(page.get_by_role("dialog", name="Rename the document")).to_be_visible()
    await scan(page, "document-rename")
    await page.keyboard.press("Escape")
    await button(page, "Read").click()
    await expect(editor).to_have_attribute("contenteditable", "false")
    await scan(page, "document-viewing")
    await button(page, "Edit").click()

    await page.get_by_role("tab", name="Runbook").click()
    await expect(person.editor("Runbook")).to_contain_text("hub doctor")
    await expect(person.editor("Runbook").locator(".cm-line span").first).to_be_attached()
    await scan(page, "document-text")
    await button(page, "New document").click()
    await page.get_by_label("Text or code").check()
    await scan(page, "document-new")
    await page.keyboard.press("Escape")


@reaches(
    "files-empty", "files-list", "files-selecting", "files-none-found", "file-menu",
    "file-rename", "file-send-on", "file-picture", "file-pages", "file-code", "file-markdown",
    "file-compared", "file-compared-pictures", "file-without-preview", "file-blocked", "file-gone",
    "composer-new-version", "narrow-files", "narrow-file", "file-properties", "file-property",
    "file-invoice", "sending", "sending-list",
)  # fmt: skip
@pytest.mark.timeout(120)
async def test_files(world: World, visit: Visit, scan: Scan, tmp_path: Path) -> None:
    thread = await world.thread("ada", "grace", subject="Files of all kinds")
    page = (await visit("ada", f"/t/{thread}")).page
    await entered(page, "Files of all kinds")
    await button(page, "Show files").click()
    await expect(page.get_by_role("heading", name="No files yet")).to_be_visible()
    await scan(page, "files-empty")

    client = FileClient(world.hub.url, await token(world.people["ada"].http), state=tmp_path)
    ids: dict[str, str] = {}
    for name, data in samples().items():
        upload = await client.upload(BytesIO(data), thread, name=name)
        (file,) = await client.post(thread, [upload])
        ids[name] = file.attachment
    rows = page.get_by_test_id("file-row")
    await expect(rows).to_have_count(len(ids))
    attach = page.get_by_label("Attach files", exact=True)
    await attach.set_input_files(payload("notes.py", b"print(2)\n"))
    await expect(button(page, "New version of notes.py")).to_be_visible()
    await scan(page, "composer-new-version")
    await button(page, "Send").click()
    await attach.set_input_files(payload("photo.png", picture("teal")))
    await button(page, "A file of its own").click()
    await button(page, "Send").click()
    await expect(rows.filter(has_text="version 2")).to_have_count(2)
    await world.block(ids["virus.bin"])
    await expect(rows.filter(has_text="Malware: Eicar")).to_have_count(1)
    await scan(page, "files-list")
    await button(page, "More about notes.py").click()
    await expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()
    await scan(page, "file-menu")
    await page.get_by_role("menuitem", name="Send to another thread").click()
    await expect(page.get_by_role("radio").first).to_be_visible()
    await scan(page, "file-send-on")
    await page.keyboard.press("Escape")
    await button(page, "More about notes.py").click()
    await page.get_by_role("menuitem", name="Rename").click()
    await expect(page.get_by_role("dialog", name="Rename the file")).to_be_visible()
    await scan(page, "file-rename")
    await page.keyboard.press("Escape")
    await button(page, "Select files").click()
    await rows.nth(0).get_by_role("button").click()
    await expect(page.get_by_text("1 selected")).to_be_visible()
    await scan(page, "files-selecting")
    await button(page, "Done").click()
    await page.get_by_label("Find a file").fill("nothing")
    await expect(page.get_by_role("heading", name="No file is called so")).to_be_visible()
    await scan(page, "files-none-found")
    await page.get_by_label("Find a file").fill("")

    film = tmp_path / "film.mov"  # too large to be kept by the browser
    film.write_bytes(bytes(12_000_000))

    async def hold(route: Route) -> None:
        if route.request.method != "PATCH":
            await route.continue_()

    await page.route("**/files/*", hold)
    await attach.set_input_files(film)
    await expect(page.get_by_test_id("attached")).to_contain_text("film.mov")
    await button(page, "Send").click()
    await button(page, "Pause film.mov").click()
    await expect(page.get_by_role("region", name="Files being sent")).to_be_visible()
    await scan(page, "sending")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.get_by_test_id("sending").get_by_role("listitem")).to_have_count(1)
    await scan(page, "sending-list")
    await page.keyboard.press("Escape")
    await page.unroute("**/files/*")
    await button(page, "Stop sending film.mov").click()
    await expect(page.get_by_role("region", name="Files being sent")).to_have_count(0)

    body = page.get_by_test_id("file-body")

    async def opened(name: str) -> None:
        await rows.filter(has_text=name).get_by_role("button").first.click()
        await expect(page.get_by_role("heading", name=name)).to_be_visible()

    await opened("plan.pdf")
    await expect(body.get_by_role("img", name="Page 1 of plan.pdf")).to_have_js_property(
        "complete", True
    )
    await scan(page, "file-pages")
    await button(page, "Invoice").click()
    await page.get_by_label("Due").fill("2026-11-30")
    await page.get_by_label("Total").fill("1 234,50")
    await page.get_by_label("Variable symbol").fill("20260117")
    await scan(page, "file-invoice")
    await button(page, "Save").click()
    chips = page.get_by_test_id("properties").get_by_role("button")
    await expect(chips).to_have_count(4)
    await expect(chips.nth(1)).to_have_text("Total €1,234.50")
    await scan(page, "file-properties")
    await button(page, "Property").click()
    await expect(page.get_by_role("dialog", name="Add a property")).to_be_visible()
    await scan(page, "file-property")
    await page.keyboard.press("Escape")
    await opened("README.md")
    await expect(body.get_by_role("heading", name="The roof")).to_be_visible()
    await scan(page, "file-markdown")
    await opened("notes.py")
    await expect(page.get_by_test_id("file-text").locator("span").first).to_be_attached()
    await scan(page, "file-code")
    await button(page, "Compare versions").click()
    await expect(page.get_by_test_id("compared")).to_contain_text("print(2)")
    await scan(page, "file-compared")
    await opened("photo.png")
    await expect(body.get_by_role("img")).to_have_js_property("complete", True)
    await scan(page, "file-picture")
    await button(page, "Compare versions").click()
    await expect(page.get_by_test_id("compared").get_by_role("img")).to_have_count(2)
    await scan(page, "file-compared-pictures")
    await opened("data.bin")
    await expect(body.get_by_role("link", name="Download")).to_be_visible()
    await scan(page, "file-without-preview")
    await opened("virus.bin")
    await expect(body).to_contain_text("A scanner found malware")
    await scan(page, "file-blocked")
    person = await visit("ada", f"/t/{thread}/f/a_unknown")
    person.forgive("Failed to load resource")
    await expect(person.page.get_by_role("heading", name="There is no such file")).to_be_visible()
    await scan(person.page, "file-gone")

    page = (await visit("ada", f"/t/{thread}", width=400, height=800)).page
    await entered(page, "Files of all kinds")
    await button(page, "Files").click()
    rows = page.get_by_test_id("file-row")
    await expect(rows.first).to_be_visible()
    await scan(page, "narrow-files")
    await rows.filter(has_text="notes.py").get_by_role("button").first.click()
    await expect(page.get_by_test_id("file-text")).to_be_visible()
    await scan(page, "narrow-file")


def samples() -> dict[str, bytes]:
    """A file of each kind."""
    return {
        "plan.pdf": pdf(3),
        "README.md": b"# The roof\n\nSome *words*.\n\n- one\n- two\n\n    code\n",
        "notes.py": b"def main():\n    print(1)\n",
        "photo.png": picture("orange"),
        "data.bin": bytes(range(256)) * 4,
        "virus.bin": bytes(range(255, -1, -1)),
    }


def picture(colour: str) -> bytes:
    packed = BytesIO()
    Image.new("RGB", (640, 400), colour).save(packed, "PNG")
    return packed.getvalue()


def pdf(pages: int) -> bytes:
    packed = BytesIO()
    first, *rest = (Image.new("RGB", (210, 297), "white") for _ in range(pages))
    first.save(packed, "PDF", save_all=True, append_images=rest)
    return packed.getvalue()


def payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": data}


async def save_as(world: World, person: Person, thread: str, scan: Scan) -> None:
    """A document that is no file yet, for the PDF of which there are no fonts."""
    page = person.page
    made = await answer(
        world.people["ada"].http.post(
            f"/api/threads/{thread}/documents", json={"kind": "rich", "title": "Signs"}
        )
    )
    document = made["document"]
    await page.goto(f"/t/{thread}/d/{document}")
    await person.write("Signs", "These: \U00012031")
    await person.saved()
    dialog = page.get_by_role("dialog", name="Save as a file")

    async def begin() -> None:
        await button(page, "More about this document").click()
        await page.get_by_role("menuitem", name="Save as a file").click()
        await expect(dialog).to_be_visible()

    await begin()
    await scan(page, "document-save-as")
    await dialog.get_by_role("radio", name="PDF").check()
    await button(dialog, "Save to the thread").click()
    person.forgive("Failed to load resource")
    await expect(dialog.get_by_text("characters_missing")).to_be_visible()
    await scan(page, "document-save-as-refused")
    await button(dialog, "Save all the same").click()
    await expect(page.get_by_text("Signs.pdf is in the thread.")).to_be_visible()
    await page.set_viewport_size({"width": 400, "height": 800})
    await begin()
    await dialog.get_by_role("radio", name="PDF").check()
    await expect(dialog.get_by_role("checkbox")).to_be_checked()
    await scan(page, "narrow-document-save-as")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await button(dialog, "Cancel").click()


@reaches(
    "document-file", "document-word-file", "document-find", "narrow-document-find",
    "document-save-as", "narrow-document-save-as", "document-save-as-refused", "document-read-as",
    "document-file-unsaved", "document-file-merged",
    "document-file-waits", "document-file-refused", "document-file-gone", "narrow-document-file",
)  # fmt: skip
@pytest.mark.timeout(120)
async def test_files_that_are_edited(
    world: World, visit: Visit, scan: Scan, tmp_path: Path
) -> None:
    thread = await world.thread("ada", "grace", subject="Edited files")
    person = await visit("ada", f"/t/{thread}")
    page = person.page
    await entered(page, "Edited files")
    client = FileClient(world.hub.url, await token(world.people["ada"].http), state=tmp_path)

    async def send(name: str, data: bytes, attachment: str | None = None) -> str:
        upload = await client.upload(BytesIO(data), thread, name=name)
        file = {"upload": upload.upload} | ({"attachment": attachment} if attachment else {})
        path = f"/api/threads/{thread}/messages"
        said = await answer(world.people["ada"].http.post(path, json={"files": [file]}))
        (ready,) = await client.wait_ready(said["attachments"], [upload])
        return ready.attachment

    async def show(attachment: str, name: str) -> None:
        info = await client.open(attachment)
        await page.goto(f"/t/{thread}/d/{info.document}")
        await expect(person.editor(name)).to_be_visible()
        await expect(page.get_by_test_id("file-standing")).not_to_be_empty()

    standing = page.get_by_test_id("file-standing")
    await show(await send("plan.md", FILE.encode()), "plan.md")
    await expect(standing).to_have_text("As in the file")
    await scan(page, "document-file")
    await page.set_viewport_size({"width": 400, "height": 800})
    await expect(button(page, "Save as version 2")).to_be_visible()
    await scan(page, "narrow-document-file")
    await page.set_viewport_size({"width": 1440, "height": 900})

    await show(await send("word.docx", WORD), "word.docx")
    await person.editor("word.docx").locator(".comment").click()
    await expect(page.get_by_test_id("notes")).to_contain_text("Really?")
    await scan(page, "document-word-file")
    await page.keyboard.press("Control+h")
    await page.get_by_label("Find", exact=True).fill("deliver")
    await page.get_by_label("Find", exact=True).press("Enter")
    await expect(page.get_by_test_id("find-standing")).to_have_text("1 of 1")
    await scan(page, "document-find")
    await page.set_viewport_size({"width": 400, "height": 800})
    await scan(page, "narrow-document-find")
    await page.set_viewport_size({"width": 1440, "height": 900})
    await button(page, "Close the search").click()
    await save_as(world, person, thread, scan)

    text = "Dobrý deň,\nposielam žltú ponuku.\n"
    offer = await send("offer.txt", text.encode("cp1250"))
    await show(offer, "offer.txt")
    await button(page, "More about this document").click()
    await page.get_by_role("menuitem", name="Read in another encoding").click()
    await page.get_by_label("Encoding", exact=True).select_option("cp1251")
    await scan(page, "document-read-as")
    await button(page, "Read the file anew").click()
    await expect(person.editor("offer.txt")).not_to_contain_text("žltú")
    await expect(standing).to_have_text("As in the file")
    await button(page, "More about this document").click()
    await page.get_by_role("menuitem", name="Read in another encoding").click()
    await page.get_by_label("Encoding", exact=True).select_option("cp1250")
    await button(page, "Read the file anew").click()
    await expect(person.editor("offer.txt")).to_contain_text("žltú")
    await button(page, "Save by itself, a minute after the last change").click()
    await person.write("offer.txt", "mine")
    await expect(standing).to_have_text("Unsaved changes")
    await scan(page, "document-file-unsaved")
    await person.saved()
    await send("offer.txt", ("New\n" + text).encode("cp1250"), offer)
    await expect(page.get_by_text("1 change came in from version 2")).to_be_visible()
    await scan(page, "document-file-merged")
    await send("offer.txt", (text + "theirs").encode("cp1250"), offer)
    await expect(page.get_by_text("came from elsewhere")).to_be_visible()
    await scan(page, "document-file-waits")
    await button(page, "Leave it beside").click()
    await expect(page.get_by_text("came from elsewhere")).to_have_count(0)
    await person.write("offer.txt", "😀")
    await person.saved()
    person.forgive("Failed to load resource")
    await button(page, "Save as version 4").click()
    await expect(button(page, "Save as UTF-8")).to_be_visible()
    await scan(page, "document-file-refused")
    await answer(world.people["grace"].http.delete(f"/api/attachments/{offer}"))
    await expect(page.get_by_text("The file was removed from the thread.")).to_be_visible()
    await scan(page, "document-file-gone")


@reaches("narrow-chat", "narrow-work", "narrow-people")
async def test_narrow_room(world: World, visit: Visit, scan: Scan) -> None:
    thread, _ = await world.sample("Release 1.0")
    person = await visit("ada", f"/t/{thread}", width=400, height=800)
    page = person.page
    await entered(page, "Release 1.0")
    await expect(page.get_by_text("Thursday it is.")).to_be_visible()
    await scan(page, "narrow-chat")
    await button(page, "Work").click()
    await expect(person.editor("Release notes")).to_be_visible()
    await scan(page, "narrow-work")
    await button(page, "People").click()
    await expect(page.get_by_test_id("people")).to_be_visible()
    await scan(page, "narrow-people")


# --- what holds for all of them -------------------------------------------------------------------


async def test_every_state_of_the_registry_is_reached() -> None:
    registry = scanning.states()
    assert set(scanning.REACHED) == set(registry)
    assert set(registry.values()) == set(scanning.routes())


async def test_every_route_fits_into_320_pixels(world: World, visit: Visit) -> None:
    thread, (notes, _) = await world.sample("Release 1.0")
    page = (await visit("ada", "/", width=320, height=640)).page
    nobody = await visit(None, "/", width=320, height=640)
    nobody.forgive("Failed to load resource")  # the secret of the registry is none
    for name, path in scanning.routes().items():
        # Who is signed in would be sent on from these two to the inbox.
        where = nobody.page if name in ("signin", "welcome") else page
        await where.goto(path.replace("{thread}", thread).replace("{document}", notes))
        await expect(where.get_by_role("heading", level=1).first).to_be_visible()
        assert await scanning.sideways(where) == [], name
    await page.goto(f"/t/{thread}")
    await entered(page, "Release 1.0")
    for pane in ("Chat", "People", "Work"):
        await button(page, pane).click()
        assert await scanning.sideways(page) == [], pane


async def test_the_focus_follows_to_a_new_page(world: World, visit: Visit) -> None:
    page = (await visit("ada", "/")).page
    main = page.get_by_role("main")
    await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    await page.get_by_role("main").get_by_role("link", name=re.compile("Design review")).click()
    await entered(page, "Design review")
    await expect(main).to_be_focused()
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_role("menuitem", name="Settings").click()
    await expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    await expect(main).to_be_focused()
    # Within a page it stays where it is.
    tab = page.get_by_role("link", name="Tokens")
    await tab.click()
    await expect(page.get_by_role("heading", name="A new token")).to_be_visible()
    await expect(tab).to_be_focused()
    await page.go_back()
    await page.go_back()
    await entered(page, "Design review")
    await expect(main).to_be_focused()


async def test_axe_can_fail(world: World, visit: Visit) -> None:
    page = (await visit("ada", "/settings/profile")).page
    await expect(page.get_by_label("Your name")).to_be_visible()
    assert await scanning.violations(page) == []
    await page.evaluate("document.querySelector('main label').remove()")
    assert [one["id"] for one in await scanning.violations(page)] == ["label"]
