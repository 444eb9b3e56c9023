"""With ``history: joined`` nothing from before one's first seq ever leaves: no route, frame or
search tells of it, whatever others do, and however often one left and came back."""

from __future__ import annotations

import json
import random
import re
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.integration.conftest import Person, Served
from tests.integration.files.test_uploads import Sender
from tests.integration.sockets import Raw, signed_in
from tests.support.hub_process import answer

WORD = re.compile(r"(?<![\w-])w\d+z(?![\w-])")  # not within an id


class Thread:
    """What was written where, and who may read from where on."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.words: dict[str, int] = {}
        self.texts: dict[int, str] = {}
        self.plans: dict[str, int] = {}
        self.since: dict[str, int] = {}

    def word(self) -> str:
        return f"w{len(self.words)}z"

    def check(self, uid: str, told: Any) -> None:
        """Everything in an answer or frame may be seen by a user."""
        since = self.since[uid]
        text = json.dumps(told)
        for word in WORD.findall(text):
            assert self.words[word] >= since, f"{word} of {self.words[word]} seen from {since}"
        for one in _dicts(told):
            if one.get("t") == "event":
                assert one["seq"] >= since
            if "target" in one:
                assert one["target"] >= since
        if (last := _last_message(told)) is not None:
            assert last["seq"] >= since


def _dicts(told: Any) -> list[dict[str, Any]]:
    if isinstance(told, dict):
        return [told, *(inner for value in told.values() for inner in _dicts(value))]
    if isinstance(told, list):
        return [inner for value in told for inner in _dicts(value)]
    return []


def _last_message(told: Any) -> dict[str, Any] | None:
    summary = told.get("summary", {}) if isinstance(told, dict) else {}
    last: dict[str, Any] | None = summary.get("last_message")
    return last


class Member:
    """Somebody with two connections: one in the room when they may, one that watches the inbox."""

    def __init__(self, person: Person, room: Raw, inbox: Raw) -> None:
        self.person = person
        self.room = room
        self.inbox = inbox

    @property
    def uid(self) -> str:
        return self.person.uid

    async def look(self, thread: Thread) -> int:
        """Read all there is, check it; returns how many frames had come."""
        frames = [*await _heard(self.room), *await _heard(self.inbox)]
        if self.uid not in thread.since:
            return 0
        for frame in frames:
            thread.check(self.uid, frame)
        http, base = self.person.http, f"/api/threads/{thread.id}"
        first = thread.since[self.uid]
        for path in (
            base, f"{base}/history?limit=200", f"{base}/history?around={max(1, first - 2)}",
            f"{base}/events?limit=200", f"{base}/events?before=9999", "/api/threads",
            f"{base}/history?before={first}", f"{base}/entries",
            *(f"/api/search?q={word}" for word in list(thread.words)[-3:]),
        ):  # fmt: skip
            thread.check(self.uid, await answer(http.get(path)))
        return len(frames)


async def _heard(raw: Raw) -> list[dict[str, Any]]:
    """All frames up to now."""
    id_ = await raw.send(cmd="ping")
    frames = []
    while (frame := await raw.next()).get("re") != id_:
        frames.append(frame)
    return frames


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_from_before_ones_first_seq_ever_leaves(served: Served, seed: int) -> None:
    chance = random.Random(seed)
    ada = await served.person("ada")
    people = [await served.person(name, ada) for name in ("grace", "linus")]
    state = await answer(ada.http.post("/api/threads", json={"subject": "S", "history": "joined"}))
    thread = Thread(state["summary"]["thread"])
    thread.since[ada.uid] = 0
    async with AsyncExitStack() as stack:

        async def join(person: Person) -> Member:
            room = await stack.enter_async_context(signed_in(served, person))
            inbox = await stack.enter_async_context(signed_in(served, person))
            await inbox.call(cmd="watch_inbox")
            return Member(person, room, inbox)

        members = [await join(person) for person in (ada, *people)]
        await members[0].room.call(cmd="subscribe", thread=thread.id)
        seen = 0
        for step in range(60):
            await _act(chance, thread, members, f"s{step}")
            for member in members:
                seen += await member.look(thread)
        assert seen > 30
        assert len(thread.words) > 10


async def _act(chance: random.Random, thread: Thread, members: list[Member], send_id: str) -> None:
    """Somebody does something, perhaps to a message that others may not see."""
    inside = [one for one in members if one.uid in thread.since]
    who, ada = chance.choice(inside), members[0]
    act = {"thread": thread.id, "send_id": send_id}
    targets = sorted(thread.texts) or [1]
    acts = (
        "post",
        "post",
        "reply",
        "edit",
        "edit",
        "react",
        "delete",
        "plan",
        "replan",
        "come",
        "go",
    )
    match chance.choice(acts):
        case "post" | "reply" as kind:
            word = thread.word()
            target = chance.choice(targets) if kind == "reply" else None
            reply = await who.room.call(cmd="post", text=f"a {word}", reply_to=target, **act)
            if target is not None and target < thread.since[who.uid]:
                assert reply["code"] == "message_not_found"
            if reply["t"] == "ok":
                thread.words[word] = reply["result"]["seq"]
                thread.texts[reply["result"]["seq"]] = who.uid
        case "edit":
            word, target = thread.word(), chance.choice(targets)
            thread.words[word] = target
            author = next((one for one in inside if one.uid == thread.texts.get(target)), who)
            reply = await author.room.call(cmd="edit", target=target, text=f"now {word}", **act)
            if target < thread.since[author.uid]:
                assert reply["code"] == "message_not_found"
        case "react":
            target = chance.choice(targets)
            reply = await who.room.call(cmd="react", target=target, emoji="👍", **act)
            if target < thread.since[who.uid]:
                assert reply["code"] == "message_not_found"
        case "delete":
            target = chance.choice(targets)
            await ada.room.call(cmd="delete", target=target, **act)
            if chance.random() < 0.5:
                await ada.room.call(
                    cmd="undelete", target=target, thread=thread.id, send_id=send_id + "u"
                )
        case "plan":  # for nobody else
            word = thread.word()
            reply = await ada.room.call(cmd="add_entry", title=f"a {word}", **act)
            thread.words[word] = reply["result"]["seq"]
            thread.plans[reply["result"]["entry"]] = reply["result"]["seq"]
        case "replan" if thread.plans:
            word, (entry, seq) = thread.word(), chance.choice(sorted(thread.plans.items()))
            thread.words[word] = seq
            await ada.room.call(cmd="change_entry", entry=entry, title=f"now {word}", **act)
            if seq < thread.since[who.uid]:
                done = {"cmd": "finish_entry", "entry": entry, "thread": thread.id}
                reply = await who.room.call(**done, send_id=send_id + "d")
                assert reply["code"] == "entry_not_found"
        case "come":
            one = chance.choice(members[1:])
            if one.uid not in thread.since:
                # Their since is the seq of this very event.
                thread.since[one.uid] = 1 << 50
                reply = await ada.room.call(cmd="set_member", uid=one.uid, role="editor", **act)
                thread.since[one.uid] = reply["result"]["seq"]
                after = chance.choice((None, 0, 1))
                answered = await one.room.call(cmd="subscribe", thread=thread.id, after=after)
                assert answered["t"] == "ok"
        case "go":
            one = chance.choice(members[1:])
            if one.uid in thread.since:
                await one.look(thread)
                await ada.room.call(cmd="set_member", uid=one.uid, role=None, **act)
                await _heard(one.room)
                await _heard(one.inbox)
                del thread.since[one.uid]


async def test_the_history_tells_nothing_of_files_from_before(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    state = await answer(ada.http.post("/api/threads", json={"subject": "S", "history": "joined"}))
    thread = state["summary"]["thread"]
    sender = Sender(served, ada, thread)
    url = await sender.begin(3)
    files = [{"upload": url.rpartition("/")[2]}]
    said = f"/api/threads/{thread}/messages"
    made = await answer(ada.http.post(said, json={"text": "x", "files": files}))
    await sender.patch(url, 0, b"one")
    await served.hub.jobs.drain()
    new = {"uid": grace.uid, "role": "editor"}
    await answer(ada.http.post(f"/api/threads/{thread}/members", json=new))
    path = f"/api/attachments/{made['attachments'][0]}"
    await answer(ada.http.patch(path, json={"name": "Secret.txt"}))
    page = await answer(grace.http.get(f"/api/threads/{thread}/history"))
    assert [one["data"] for one in page["items"] if one["type"] == "attachment.rename"] == [None]
    assert "Secret" not in str(page)
