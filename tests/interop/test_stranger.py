"""A client written from docs/protocol.md alone: it chats, writes, is cut off and goes on."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from tests.e2e.wire import Wire
from tests.interop.stock import HERE, NODE
from tests.support.hub_process import HubProcess, answer, token

CUTS = 20


class Stranger:
    """Its process, driven by JSON lines (stranger.mjs tells which), behind a cable of its own."""

    def __init__(self, process: asyncio.subprocess.Process, wire: Wire) -> None:
        self.wire = wire
        self.connects = 0
        self.events: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.content = ""
        self._process = process
        self._changed = asyncio.Condition()

    def tell(self, **order: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def listen(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            said = json.loads(line)
            self.connects = said.get("connected", self.connects)
            self.content = said.get("text", said.get("xml", self.content))
            if "event" in said:
                self.events.append(said["event"])
            if said.keys() & {"error", "refused", "gone"}:
                self.faults.append(said)
            async with self._changed:
                self._changed.notify_all()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(condition)


@asynccontextmanager
async def stranger(hub: HubProcess, secret: str) -> AsyncIterator[Stranger]:
    async with Wire(hub.url) as wire:
        process = await asyncio.create_subprocess_exec(
            *NODE, "stranger.mjs", wire.url, secret,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=HERE,
            limit=2**24,
        )  # fmt: skip
        one = Stranger(process, wire)
        listening = asyncio.create_task(one.listen())
        try:
            yield one
            one.tell(end=True)
            assert await asyncio.wait_for(process.wait(), 30) == 0, one.faults
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await listening
            process._transport.close()  # type: ignore[attr-defined]


@pytest.mark.timeout(150)
async def test_a_client_of_the_documentation_is_cut_off_and_goes_on(hub: HubProcess) -> None:
    owner = await hub.first_owner()
    grace = await hub.colleague(owner, "Grace")
    uid = (await answer(grace.get("/api/me")))["uid"]
    made = await answer(owner.post("/api/threads", json={"subject": "Offer", "members": [uid]}))
    thread = made["summary"]["thread"]
    documents = [
        (await answer(owner.post(f"/api/threads/{thread}/documents", json=one)))["document"]
        for one in ({"kind": "text", "title": "Notes"}, {"kind": "rich", "title": "Draft"})
    ]
    chance = random.Random(5)
    async with AsyncExitStack() as stack:
        # Each opens one document; two the text, two the rich one.
        people: list[Stranger] = []
        for person in (owner, grace):
            secret = await token(person)
            for document in documents:
                one = await stack.enter_async_context(stranger(hub, secret))
                one.tell(follow=thread)
                one.tell(open=document)
                people.append(one)
        for one in people:
            await one.until(lambda one=one: one.connects > 0)
        words = 0
        for _ in range(CUTS):
            for one in people:
                for _ in range(chance.randrange(1, 4)):
                    words += 1
                    one.tell(post=f"said {words}.")
                    if one in people[::2]:
                        one.tell(append=f" w{words}.")
                    else:
                        one.tell(paragraph=f"w{words}.")
            victim = chance.choice(people)
            connects = victim.connects
            victim.wire.cut()
            victim.wire.mend()
            await victim.until(lambda one=victim, before=connects: one.connects > before)
        for one in people:
            await one.until(lambda one=one: said(one) == words)
        for pair in (people[::2], people[1::2]):
            for one in pair:
                await one.until(lambda one=one, pair=pair: one.content == pair[0].content)
    for one in people:
        assert one.faults == []
        seqs = [event["seq"] for event in one.events]
        assert seqs == list(range(1, len(seqs) + 1))
    assert people[0].events == people[1].events == people[2].events == people[3].events
    text, xml = people[0].content, people[1].content
    assert [n for n in range(1, words + 1) if (text + xml).count(f"w{n}.") != 1] == []
    assert sum(one.connects for one in people) >= CUTS + len(people)
    await owner.aclose()
    await grace.aclose()


def said(one: Stranger) -> int:
    return sum(event["type"] == "message" for event in one.events)
