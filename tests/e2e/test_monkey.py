"""Two people and one who is offline now and then do anything at any time, and no word is lost."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.monkey import CODE, MARKS, RICH, Ledger, Monkey, marks
from tests.e2e.people import PASSWORD, Person
from tests.e2e.test_room import NETWORK
from tests.e2e.wire import Wire
from tests.support.hub_process import HubProcess, answer

MODULES = Path(__file__).parent.parent.parent / "web/node_modules"
FREE = {"MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause"}


def snippets() -> list[str]:
    """Pieces of the Markdown and the code of installed packages, read where they lie."""
    found = []
    for about in sorted(MODULES.glob("*/package.json")):
        if json.loads(about.read_text()).get("license") not in FREE:
            continue
        for path in sorted((*about.parent.glob("*.md"), *about.parent.glob("*.js")))[:2]:
            text = MARKS.sub("", path.read_text(errors="replace"))
            found.append(text[:1500])
    assert len(found) > 20
    return found


async def change_roles(
    owner: httpx.AsyncClient, thread: str, uids: list[str], seed: int, until: float, ledger: Ledger
) -> None:
    chance = random.Random(seed)
    while time.monotonic() < until:
        uid = chance.choice(uids)
        for role in ("reader", "editor"):
            await answer(
                owner.post(f"/api/threads/{thread}/members", json={"uid": uid, "role": role})
            )
            ledger.note("roles", f"{uid} {role}")
            await asyncio.sleep(chance.uniform(1.5, 4))  # it shall last for some of their actions


async def play(
    ada: Person, browser: Browser, wire: Wire, hub: HubProcess, seconds: float, seed: int
) -> None:
    await ada.begin_thread("Offer")
    await ada.begin_document(CODE, "Text or code")
    await ada.begin_document(RICH)
    people = [ada]
    for name, url in (("Grace Lindqvist", hub.url), ("Alan Reyes", wire.url)):
        link = await ada.invite()
        person = await Person.open(browser, url, name, f"{name.split()[0].lower()}@north.example")
        await person.accept(link.replace(hub.url, url))
        await expect(person.editor(RICH).or_(person.editor(CODE))).to_be_visible()
        # A picture that was pasted is on its way when its sender becomes a reader.
        person.forgive(r"status of 403 .*/files/")
        people.append(person)
    people[2].forgive(NETWORK)
    for person in people:
        for title in (CODE, RICH):  # one that was never opened is not there offline
            await person.page.get_by_role("tab", name=title).click()
            await expect(person.editor(title)).to_be_visible()
            await person.saved()
    ledger = Ledger()
    texts = snippets()
    monkeys = [
        Monkey(person, ledger, seed + index, texts, wire if index == 2 else None)
        for index, person in enumerate(people)
    ]
    thread = ada.page.url.split("/t/")[1].split("/")[0]
    async with hub.browser() as owner:
        await answer(
            owner.post("/api/session", json={"address": ada.address, "password": PASSWORD})
        )
        members = (await answer(owner.get(f"/api/threads/{thread}")))["members"]
        uids = [one["uid"] for one in members if one["role"] != "owner"]
        for monkey in monkeys:
            await monkey.begin()
        until = time.monotonic() + seconds
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(change_roles(owner, thread, uids, seed, until, ledger))
                for monkey in monkeys:
                    group.create_task(monkey.run(until))
            await asyncio.gather(*(monkey.settle() for monkey in monkeys))
            await judge(monkeys, ledger, owner, thread)
            # The same again from what the hub and the browsers kept.
            await asyncio.gather(*(monkey.page.reload() for monkey in monkeys))
            await asyncio.gather(*(monkey.settle() for monkey in monkeys))
            await judge(monkeys, ledger, owner, thread)
        except BaseException:
            print(f"seed {seed}", *ledger.acts, sep="\n")
            raise
    for person in people:
        person.check()
    print(f"{len(ledger.acts)} actions, {len(ledger.typed)} marks, {len(ledger.deleted)} deleted, "
          f"{len(ledger.kept & ledger.typed.keys())} kept aside")  # fmt: skip


async def judge(
    monkeys: list[Monkey], ledger: Ledger, owner: httpx.AsyncClient, thread: str
) -> None:
    """All see the same, and every mark is accounted for."""
    for title in (RICH, CODE):
        for _ in range(100):  # what is saved may still be on its way to the others
            first, *others = [await monkey.sees(title) for monkey in monkeys]
            if all(other["html"] == first["html"] for other in others):
                break
            await asyncio.sleep(0.1)
        for monkey, other in zip(monkeys[1:], others, strict=True):
            assert other["html"] == first["html"], f"{title} of {monkey.name}"
        typed = {mark for mark, (_, place) in ledger.typed.items() if place == title}
        lost = typed - marks(first["text"]) - ledger.deleted - ledger.kept
        assert not lost, {mark: ledger.typed[mark] for mark in lost}
        twice = [mark for mark in typed if first["text"].count(mark) > 1]
        assert not twice, twice

    items = await history(owner, thread)
    said = "".join(item["text"] or "" for item in items)
    chat = [mark for mark, (_, place) in ledger.typed.items() if place == "chat"]
    lost = {mark for mark in chat if mark not in said} - ledger.deleted
    assert not lost, {mark: ledger.typed[mark] for mark in lost}
    assert not [mark for mark in chat if said.count(mark) > 1]
    for monkey in monkeys:
        await monkey.to_newest()
        drawn = [text for text in await monkey.person.messages() if MARKS.search(text)]
        assert drawn, monkey.name
        expected = [item["text"] for item in items if item["text"] and MARKS.search(item["text"])]
        seen = [" ".join(text.split()) for text in drawn]
        there = [" ".join(text.split()) for text in expected]
        assert seen[-6:] == there[-6:], f"{monkey.name}: {seen} of {there}"
        if await monkey.can_say():
            await monkey.checks_draft()


async def history(owner: httpx.AsyncClient, thread: str) -> list[dict[str, str]]:
    items: list[dict[str, str]] = []
    before = None
    while True:
        query = "" if before is None else f"&before={before}"
        page = await answer(owner.get(f"/api/threads/{thread}/history?limit=100{query}"))
        items = [*page["items"], *items]
        if not page["items"] or page["items"][0]["seq"] == 1:
            return [item for item in items if item["type"] == "message"]
        before = page["items"][0]["seq"]


@pytest.mark.timeout(150)
async def test_a_short_while(ada: Person, browser: Browser, wire: Wire, hub: HubProcess) -> None:
    await play(ada, browser, wire, hub, 20, 7)


@pytest.mark.heavy
@pytest.mark.timeout(1200)
async def test_monkey_for_ten_minutes(
    ada: Person, browser: Browser, wire: Wire, hub: HubProcess
) -> None:
    seconds = float(os.environ.get("HUB_MONKEY_SECONDS", "600"))
    seed = int(os.environ.get("HUB_MONKEY_SEED", "1"))
    await play(ada, browser, wire, hub, seconds, seed)
