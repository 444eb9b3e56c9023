"""``/api/protocol.json`` and its examples are what a hub does.

One of every command, event and frame is sent and received here, checked against the schema, and
compared with ``hub/wire/examples.json`` and the end of ``docs/protocol.md``.

``HUB_WRITE_EXAMPLES=1`` writes both anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pycrdt import Awareness, Doc, Text

from hub.mail.agenda.reminders import REMIND
from hub.wire import frames, protocol
from tests.integration.conftest import Person, Served, judge
from tests.integration.sockets import Raw, connection
from tests.support.hub_process import answer

DOCS = Path(__file__).parents[2] / "docs/protocol.md"
BEGIN, END = "<!-- examples -->\n", "<!-- end of examples -->\n"
WRITES = bool(os.environ.get("HUB_WRITE_EXAMPLES"))
FIRST = ("t", "cmd", "id", "re")
# Nobody writes it yet.
UNWRITTEN = {"checkpoint"}


class Book:
    """Notes the first of each kind, with ids and times that do not change from run to run."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._validator = jsonschema.Draft202012Validator(schema)
        self.commands: dict[str, dict[str, Any]] = {}
        self.results: dict[str, Any] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.frames: dict[str, dict[str, Any]] = {}
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def command(self, command: dict[str, Any]) -> None:
        self._check(command, self.schema["command"])
        self.commands.setdefault(command["cmd"], self._stable(command))

    def frame(self, frame: dict[str, Any], of: dict[int, str]) -> None:
        self._check(frame, self.schema["frame"])
        stable = self._stable(frame)
        if frame["t"] == "ok" and (name := of.get(frame["re"])) is not None:
            self._check(frame["result"], self.schema["results"][name])
            if frame["result"] is None or name in self.results:
                return
            self.results[name] = stable
        elif frame["t"] == "event":
            if frame.get("data") is not None:
                self._check(frame["data"], self.schema["events"][frame["type"]])
            self.events.setdefault(frame["type"], stable)
        self.frames.setdefault(frame["t"], stable)

    def examples(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "commands": list(self.commands.values()),
            "results": [{"cmd": name, **frame} for name, frame in self.results.items()],
            "events": list(self.events.values()),
            "frames": [one for kind, one in self.frames.items() if kind not in ("ok", "event")],
        }

    def _check(self, value: Any, part: dict[str, Any]) -> None:
        self._validator.evolve(schema={"$defs": self.schema["$defs"], **part}).validate(value)

    def _stable(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            # What it is comes first, for those who read it.
            names = sorted(value, key=lambda name: name not in FIRST)
            return {self._stable(name): self._stable(value[name], name) for name in names}
        if isinstance(value, list):
            return [self._stable(one, key) for one in value]
        if key == "token":
            return "hub_…"
        if key == "stayed":  # ms that pass
            return 60_000
        if isinstance(value, str):
            own, id_ = ("hub:", value[4:]) if value.startswith("hub:") else ("", value)
            whole = re.fullmatch(r"\d{10,}|[a-z]_[\w-]{16,}(\.\d+)?", id_)
            return own + self._name(id_) if whole else value
        if isinstance(value, int) and not isinstance(value, bool):
            if value > 1_600_000_000_000:
                return 1_790_000_000_000
            return int(self._name(str(value))) if value > 2**32 else value
        return value

    def _name(self, id_: str) -> str:
        if id_ not in self._names:
            prefix = "" if id_.isdecimal() else id_[:2]
            count = self._counts[prefix] = self._counts.get(prefix, 0) + 1
            self._names[id_] = f"{prefix}{count}" if prefix else str(2**32 + count)
        return self._names[id_]


class Noted(Raw):
    """A connection that notes what goes over it."""

    book: Book

    def begin(self, book: Book) -> None:
        self.book = book
        self._sent: dict[int, str] = {}
        self._id = 0

    async def send(self, **command: Any) -> int:
        id_ = await super().send(**command)
        self._sent[id_] = command["cmd"]
        self.book.command({"id": id_, **command})
        return id_

    async def next(self) -> dict[str, Any]:
        frame = await super().next()
        self.book.frame(frame, self._sent)
        return frame

    async def ok(self, **command: Any) -> Any:
        reply = await self.call(**command)
        assert reply["t"] == "ok", reply
        return reply["result"]


async def play(served: Served, book: Book, ada: Person, grace: Person, here: Noted, there: Noted) \
        -> None:  # fmt: skip
    await here.frame("welcome")
    await here.ok(cmd="ping")
    await here.ok(cmd="watch_inbox")
    key = (await there.frame("welcome"))["session"]
    created = await answer(
        ada.http.post("/api/threads", json={"subject": "Offer", "members": [grace.uid]})
    )
    thread = created["summary"]["thread"]
    await here.ok(cmd="subscribe", thread=thread, after=0)
    await there.ok(cmd="subscribe", thread=thread, after=None)
    await here.frame("presence")

    async def write(raw: Noted = here, **command: Any) -> Any:
        return await raw.ok(thread=thread, send_id=f"send-{raw._id}", **command)

    first = (await write(cmd="post", text="Hello @grace", reply_to=None, mentions=[grace.uid]))[
        "seq"
    ]
    await write(cmd="edit", target=first, text="Hello again", mentions=[])
    await write(cmd="react", target=first, emoji="👍", on=True)
    await write(cmd="delete", target=first)
    await write(cmd="undelete", target=first)
    await write(cmd="rename", subject="Offer of May")
    await write(cmd="set_reference", kind="order", number="PO-2026-0042", whose="North")
    entry = (
        await write(
            cmd="add_entry", kind="event", title="Kick-off", place="Room 2", people=[grace.uid],
            starts=_hour(9), ends=_hour(10), source={"seq": first},
        )
    )["entry"]  # fmt: skip
    other = {"starts": _hour(14), "ends": _hour(15), "note": "After lunch?"}
    await write(there, cmd="answer_entry", entry=entry, answer="declined", proposal=other)
    await write(cmd="change_entry", entry=entry, starts=_hour(14), ends=_hour(15))
    task = (await write(cmd="add_entry", title="Send the offer", ends={"local": "2026-12-01"}))[
        "entry"
    ]
    await write(cmd="finish_entry", entry=task)
    await write(cmd="remove_entry", entry=task)
    await write(cmd="unremove_entry", entry=task)
    text = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Phone//EN\r\nBEGIN:VTODO\r\nUID:call-7\r\n"
        "DTSTAMP:20261127T090000Z\r\nSUMMARY:{}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    )
    brought = (await write(cmd="add_entry", ical=text.format("Call")))["entry"]
    await write(cmd="replace_entry", entry=brought, ical=text.format("Call North"))
    # Something is due: a clock that stands still is moved for the hub alone.
    body = {"note": "Pay", "when": {"local": "2099-12-31"}, "thread": thread, "seq": first}
    made = await answer(ada.http.post("/api/reminders", json=body))
    async with served.hub.database.transaction() as database:
        await database.execute("UPDATE reminders SET due_at = now() - interval '1 s'")
        await served.hub.jobs.put(database, REMIND, "")
    await served.hub.jobs.drain([REMIND])
    notice = (await here.frame("notice"))["notice"]
    assert notice["notice"].startswith(made["reminder"])
    await ada.http.delete(f"/api/notices/{notice['notice']}")
    await here.frame("notice_seen")
    await write(cmd="set_history", history="joined")
    document = (await write(cmd="create_document", kind="text", title="main.py", language=None))[
        "document"
    ]
    await write(cmd="rename_document", document=document, title="hub.py")
    await here.ok(cmd="typing", thread=thread, on=True)
    await there.frame("typing")
    await there.ok(cmd="present", thread=thread, state="away", document=None)

    # A document: what is taken, what is not, whose caret it is.
    number = (
        await here.ok(cmd="open_document", document=document, schema_version=1, lineage=None)
    )["number"]
    mine = (await here.ok(cmd="lease_client_ids", document=document, count=1))["ids"][0]
    doc: Doc[Any] = Doc(client_id=mine)
    doc.get("content", type=Text).insert(0, "print()")
    await here.sync(number, frames.UPDATE, doc.get_update())
    await here.until(lambda frame: frame["t"] == "durable" and frame["count"] == 1)
    opened = await there.ok(cmd="open_document", document=document, schema_version=1, lineage=None)
    foreign: Doc[Any] = Doc(client_id=mine + 1)
    foreign.get("content", type=Text).insert(0, "x")
    await there.sync(number, frames.UPDATE, foreign.get_update())
    await there.frame("refused")
    assert opened["number"] == number
    presence = Awareness(doc)
    presence.set_local_state({"cursor": None})
    await here.socket.send(
        frames.header(frames.AWARENESS, number) + presence.encode_awareness_update([mine])
    )
    await there.frame("caret_owners")
    await here.ok(cmd="close_document", document=document)

    await play_files(served, ada, thread, here, there, write)

    # Signals, read markers, people, roles.
    await there.ok(cmd="mark_read", thread=thread, seq=first)
    async with connection(served) as second:
        other = noted(second, book)
        await other.send(cmd="auth", token=grace.token)
        await other.frame("welcome")
        await other.until(lambda frame: frame["t"] == "ok")
        await other.ok(cmd="mark_read", thread=thread, seq=first + 1)
        await there.frame("read")
    await play_call(thread, grace.uid, key, here, there)
    await answer(grace.http.patch("/api/me", json={"display_name": "Grace L."}))
    await there.frame("person")
    # Its writer finds the database away, and back (test_postgres_days has a real one that goes).
    assert served.hub.writer.on_trouble is not None
    served.hub.writer.on_trouble("database_read_only")
    await there.frame("saving")
    served.hub.writer.on_trouble(None)
    await write(cmd="set_member", uid=grace.uid, role="reader")
    await there.frame("demoted")
    await there.call(cmd="post", thread=thread, send_id="no", text="May I?")
    await write(cmd="set_member", uid=grace.uid, role=None)
    await there.frame("document_reset")
    await there.frame("removed")
    await here.ok(cmd="unsubscribe", thread=thread)
    tokens = await answer(grace.http.get("/api/tokens"))
    await answer(grace.http.delete(f"/api/tokens/{tokens[0]['id']}"))
    await there.frame("closing")


def _hour(hour: int) -> dict[str, str]:
    return {"local": f"2026-12-01T{hour:02}:00:00", "zone": "Europe/Prague"}


async def play_call(thread: str, uid: str, key: str, here: Noted, there: Noted) -> None:
    """One that is declined, and one with all that can happen in it."""

    async def both(raw: Noted, cmd: str, **more: Any) -> Any:
        return await raw.ok(cmd=cmd, thread=thread, **more)

    async def event(type_: str) -> None:
        while type_ not in there.book.events:
            await there.next()

    call = (await both(here, "call_start", device="desk", ring=None, video=True))["call"]
    await both(there, "call_decline", call=call)
    await event("call.end")
    call = (await both(here, "call_start", device="desk", ring=[uid]))["call"]
    await both(there, "call_join", call=call, device="phone")
    for raw, device in ((here, "desk"), (there, "phone")):
        how = {"muted": False, "camera": True, "screen": False, "hand": False, "mutes": 0}
        await both(raw, "call_present", call=call, device=device, **how)
    await here.until(
        lambda frame: frame["t"] == "presence" and frame["entry"]["uid"] == uid
        and "call" in frame["entry"]
    )  # fmt: skip
    await both(here, "signal", to_session=key, kind="call", payload={"candidate": "…"})
    await there.frame("signal")
    await both(here, "call_mute", call=call, uid=uid)
    await there.frame("call_muted")
    await both(here, "call_lock", call=call, locked=True)
    await both(here, "call_remove", call=call, uid=uid)
    await both(here, "call_ring", call=call, ring=[uid])
    await both(here, "call_leave", call=call, device="desk")
    await event("call.miss")
    await event("call.end")


async def play_files(
    served: Served,
    ada: Person,
    thread: str,
    here: Noted,
    there: Noted,
    write: Callable[..., Awaitable[Any]],
) -> None:
    """A file that arrives, its next version, and one of which nothing comes."""
    tus = {"tus-resumable": "1.0.0"}

    async def begin(size: int) -> str:
        name, into = (b64encode(one).decode() for one in (b"offer.txt", thread.encode()))
        told = f"filename {name},thread {into}"
        headers = {**tus, "upload-length": str(size), "upload-metadata": told}
        made = await ada.http.post("/files/", headers=headers)
        return str(made.headers["location"])

    async def bytes_of(url: str, data: bytes) -> None:
        headers = {**tus, "upload-offset": "0", "content-type": "application/offset+octet-stream"}
        await ada.http.patch(url, headers=headers, content=data)

    def key(url: str) -> str:
        return url.rpartition("/")[2]

    async def event(type_: str) -> None:
        await here.until(lambda frame: frame["t"] == "event" and frame["type"] == type_)

    first, second, third = [await begin(5), await begin(6), await begin(7)]
    said = await write(cmd="post", text="", files=[{"upload": key(first)}])
    (file,) = said["attachments"]
    await bytes_of(first, b"offer")
    await event("version.ready")
    await there.frame("upload")
    await there.frame("preview")
    await write(
        cmd="post", text="Better", files=[{"upload": key(second), "attachment": file}]
    )  # fmt: skip
    await bytes_of(second, b"better")
    await event("version.ready")
    await judge(served, "blocked", "Eicar-Test-Signature")
    await event("version.blocked")
    await there.frame("verdict")
    await judge(served, "clean", "")
    await event("version.unblocked")
    await write(cmd="restore_version", attachment=file, number=1)
    await write(cmd="rename_attachment", attachment=file, name="Offer of May.txt")
    amount = {"type": "money", "amount": "1234.50", "currency": "EUR"}
    place = {"by": "document", "number": 1, "page": 3, "quote": "Total 1 234,50 €"}
    await write(cmd="set_property", attachment=file, key="Total", property=amount, source=place)
    await write(cmd="remove_attachment", attachment=file)
    await write(cmd="unremove_attachment", attachment=file)
    await write(cmd="add_attachment", file={"upload": key(third)})
    await ada.http.delete(third, headers=tus)
    await event("version.failed")


def noted(raw: Raw, book: Book) -> Noted:
    raw.__class__ = Noted
    assert isinstance(raw, Noted)
    raw.begin(book)
    return raw


@pytest.mark.timeout(120)
async def test_one_of_everything(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    schema = await answer(ada.http.get("/api/protocol.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    book = Book(schema)
    bearer = {"Authorization": f"Bearer {ada.token}"}
    async with (
        asyncio.timeout(50),
        connection(served, additional_headers=bearer) as one,
        connection(served) as two,
    ):
        here, there = noted(one, book), noted(two, book)
        await there.send(cmd="auth", token=grace.token)
        await play(served, book, ada, grace, here, there)
    examples = book.examples()
    assert set(book.commands) == {protocol.tag_of(one) for one in protocol.RESULTS}
    assert set(book.events) == set(protocol.EVENT_DATA) - UNWRITTEN
    assert set(book.frames) == {
        one["properties"]["t"]["enum"][0]
        for one in schema["$defs"].values()
        if "t" in one.get("properties", {})
    }
    if WRITES:
        protocol.EXAMPLES.write_text(json.dumps(examples, ensure_ascii=False, indent=1) + "\n")
        text = DOCS.read_text()
        before, _, rest = text.partition(BEGIN)
        DOCS.write_text(before + BEGIN + in_words(examples) + END + rest.partition(END)[2])
    assert examples == protocol.examples()
    assert in_words(examples) in DOCS.read_text()


def in_words(examples: dict[str, list[dict[str, Any]]]) -> str:
    """The examples as they stand in the document."""
    titles = {
        "commands": "A client sends",
        "results": "It is answered (`cmd` is not part of the frame)",
        "events": "Events of a thread",
        "frames": "All other frames",
    }
    parts = []
    for name, title in titles.items():
        lines = [json.dumps(one, ensure_ascii=False) for one in examples[name]]
        parts.append(f"**{title}:**\n\n```json\n" + "\n".join(lines) + "\n```\n\n")
    return "".join(parts)
