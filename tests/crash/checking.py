"""Writers at work while something happens to the hub, and then the accounts are compared.

Whatever was acknowledged to the writers, a process of their own, is there once, and nowhere twice;
all end with the same text; every live feed was without a gap.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.support.hub_process import HubProcess, answer, token


class Writers:
    """The writers' process; ``acknowledged`` asks it how much the hub has acknowledged."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def acknowledged(self) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(b"count\n")
        await self._process.stdin.drain()
        return int(await self._process.stdout.readline())

    async def more_than(self, count: int) -> int:
        """Wait until more than ``count`` acknowledgements have been noted."""
        async with asyncio.timeout(60):
            while (now := await self.acknowledged()) <= count:
                assert self._process.returncode is None, "the writers' process ended"
                await asyncio.sleep(0.02)  # asking another process, which tells only when asked
        return now

    async def finish(self) -> None:
        assert self._process.stdin
        self._process.stdin.write(b"stop\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(120):
            assert await self._process.wait() == 0


async def history(browser: Any, thread: str) -> list[dict[str, Any]]:
    """Every event of the thread, from the first."""
    events: list[dict[str, Any]] = []
    while True:
        after = events[-1]["seq"] if events else 0
        page = await answer(browser.get(f"/api/threads/{thread}/events?after={after}&limit=200"))
        events += page["events"]
        if not page["events"] or events[-1]["seq"] >= page["head"]:
            return events


Disaster = Callable[[Writers], Awaitable[None]]


async def write_through(
    hub: HubProcess, folder: Path, disaster: Disaster, *, writers: int, connects: int | None = None
) -> None:
    """Have so many people write while a ``disaster`` happens, and compare afterwards.

    Args:
        hub: a new one, which serves.
        connects: so often somebody may have connected at most.
    """
    notebook = folder / "notebook.jsonl"
    owner = await hub.first_owner()
    state = await answer(owner.post("/api/threads", json={"subject": "Crash"}))
    thread = state["summary"]["thread"]
    made = await answer(
        owner.post(f"/api/threads/{thread}/documents", json={"kind": "text", "title": "Shared"})
    )
    tokens = [await token(owner)]
    for number in range(1, writers):
        person = await hub.colleague(owner, f"Writer {number}")
        me = await answer(person.get("/api/me"))
        await answer(owner.post(f"/api/threads/{thread}/members", json={"uid": me["uid"]}))
        tokens.append(await token(person))
        await person.aclose()

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash.writers",
        hub.url, str(notebook), thread, made["document"], *tokens,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        group = Writers(process)
        await group.more_than(writers * 3)
        await disaster(group)
        await group.more_than(await group.acknowledged() + writers * 2)
        await group.finish()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    facts = [json.loads(line) for line in notebook.read_text().splitlines()]
    finals = [fact for fact in facts if fact["kind"] == "final"]
    assert len(finals) == writers
    texts = {final["text"] for final in finals}
    assert len(texts) == 1, "the writers did not converge"
    text = texts.pop()
    exported = await owner.get(f"/api/documents/{made['document']}/export?format=txt")
    assert exported.text.rstrip("\n") == text.rstrip("\n")
    if connects is not None:
        assert all(final["connects"] <= connects for final in finals)
    assert [final["refusals"] for final in finals] == [[]] * writers

    edits = [fact["mark"] for fact in facts if fact["kind"] == "edit"]
    assert edits
    wrong = {mark: text.count(mark) for mark in edits if text.count(mark) != 1}
    assert not wrong, f"acknowledged edits missing or doubled: {wrong}"

    events = await history(owner, thread)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    messages = {e["seq"]: e["data"]["text"] for e in events if e["type"] == "message"}
    assert len(set(messages.values())) == len(messages), "a message came twice"
    for fact in facts:
        if fact["kind"] == "message":
            assert messages[fact["seq"]] == fact["text"]
    for final in finals:
        assert final["seqs"] == list(range(1, final["seqs"][-1] + 1)), "a gap in a live feed"
    await owner.aclose()
