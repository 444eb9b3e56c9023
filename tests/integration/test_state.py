"""State at some moment and what is told from then on is the state that is read anew: after every
kind of event, and of people."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from copy import deepcopy
from typing import Any, get_args

import httpx
import msgspec

from hub.storage import timeline
from hub.wire import calls
from hub.wire.events import EventType
from tests.conftest import TurnableClock
from tests.integration.conftest import Person, Served, judge, serve
from tests.integration.files.test_uploads import TUS, Sender, metadata
from tests.integration.sockets import Raw, connection, signed_in
from tests.support.hub_process import answer

MESSAGE = {
    "data": None, "text": None, "reply_to": None, "mentions": [], "mention_names": [], "files": [],
    "references": [], "reminder": False, "reactions": [], "edited_at": None, "deleted": False,
    "deleted_by": None, "undo_until": None,
}  # fmt: skip


LINE = (
    "entry", "kind", "did", "title", "target", "shown", "occurrence", "answer", "starts",
)  # fmt: skip
"""What the history says of what happened to a task or a meeting."""
ABOUT = ("did", "shown", "occurrence", "answer")
"""What is said of an event, and not of the task or meeting."""


class Reading:
    """What a client that follows ``docs/protocol.md`` has on its screen: a thread, its history and
    the people of the hub, kept true by frames alone."""

    def __init__(self, person: Person, thread: str, raw: Raw) -> None:
        self.person = person
        self.thread = thread
        self.raw = raw
        self.hidden: dict[int, Any] = {}
        self.more = False
        """There is older history than what was read."""

    async def read(self) -> dict[str, Any]:
        """Everything, by HTTP."""
        http, path = self.person.http, f"/api/threads/{self.thread}"
        state = await answer(http.get(path))
        page = await answer(http.get(f"{path}/history", params={"limit": 200}))
        accounts = await answer(http.get("/api/accounts"))
        listed = (await answer(http.get(f"{path}/attachments")))["attachments"]
        ids = [one["attachment"] for one in listed]
        files = [await answer(http.get(f"/api/attachments/{one}")) for one in ids]
        for version in (one for file in files for one in file["versions"]):
            version.pop("preview", None)  # no event tells of it
        return {
            "subject": state["summary"]["subject"],
            "role": state["summary"]["role"],
            "call": state["summary"]["call"],
            "history": state["history"],
            "members": {one["uid"]: one for one in state["members"]},
            "former": {one["uid"]: one for one in state["former_members"]},
            "documents": {one["document"]: one for one in state["documents"]},
            "references": state["references"],
            "entries": {one["entry"]: one for one in state["entries"]},
            "items": {item["seq"]: item for item in page["items"]},
            "people": {one["uid"]: one for one in accounts},
            "files": {one["attachment"]: one for one in files},
        }

    async def begin(self) -> None:
        self.state = await self.read()
        reply = await self.raw.call(cmd="subscribe", thread=self.thread)
        assert reply["t"] == "ok"
        self.kinds: set[str] = set()

    async def catch_up(self) -> None:
        """Hear everything that was said before now."""
        id_ = await self.raw.send(cmd="ping")
        while (frame := await self.raw.next()).get("re") != id_:
            if frame["t"] == "event":
                self.kinds.add(frame["type"])
                self.event(frame)
            elif frame["t"] == "person":
                self.person_changed(frame)

    def person_changed(self, frame: dict[str, Any]) -> None:
        account = {key: value for key, value in frame.items() if key not in ("t", "revision")}
        self.kinds.add("person")
        self.state["people"][frame["uid"]] = account
        if (member := self.state["members"].get(frame["uid"])) is not None:
            member["display_name"] = frame["display_name"]
        if frame["uid"] in self.state["former"]:
            self.state["former"][frame["uid"]] = account | {"addresses": []}

    def event(self, event: dict[str, Any]) -> None:
        state, data, seq = self.state, event["data"], event["seq"]
        line = {"seq": seq, "sender": event["sender"], "at": event["at"], "version": seq}
        item = state["items"].get(data.get("target")) if data else None
        match event["type"]:
            case "message":
                item = state["items"][seq] = MESSAGE | line | {"type": "message"} | data
                item["references"] = _ruled([], event)
            case "message.edit":
                item |= {
                    "text": data["text"], "mentions": data.get("mentions", []),
                    "mention_names": data.get("mention_names", []),
                    "edited_at": event["at"], "version": seq,
                    "references": _ruled(item["references"], event),
                }  # fmt: skip
            case "message.delete":
                self.hidden[item["seq"]] = dict(item)
                item |= MESSAGE | {
                    "reply_to": item["reply_to"], "deleted": True, "deleted_by": event["sender"],
                    "undo_until": event["at"] + data["undo_s"] * 1000, "version": seq,
                }  # fmt: skip
            case "message.undelete":
                item |= self.hidden[item["seq"]] | {"version": seq}
            case "reaction":
                uids = {one["emoji"]: one["uids"] for one in item["reactions"]}
                there = [uid for uid in uids.pop(data["emoji"], []) if uid != event["sender"]]
                if there := there + [event["sender"]] * data["on"]:
                    uids[data["emoji"]] = there
                item["reactions"] = [{"emoji": key, "uids": uids[key]} for key in sorted(uids)]
                item["version"] = seq
            case "reference.set":
                self.reference(event, data, item)
                if item is not None:
                    item["version"] = seq
                elif data["on"] or data["was"]:
                    state["items"][seq] = MESSAGE | line | {"type": "reference.set", "data": data}
            case "entry.set":
                about = {key: data[key] for key in LINE if key in data}
                state["items"][seq] = MESSAGE | line | {"type": "entry.set", "data": about}
                self.entry(event, data)
            case "entry.remove":
                state["items"][seq] = MESSAGE | line | {"type": "entry.remove", "data": data}
                state["entries"].pop(data["entry"], None)
            case "checkpoint":
                pass
            case type_ if type_.startswith("call."):
                self.call(type_, event, line)
            case "attachment.add" | "version.add":
                self.file(event["type"], event, data)
                made = data.get("made", {})
                if "document" in data and event["type"] == "version.add":  # it was saved
                    state["documents"][data["document"]]["file"]["number"] = data["number"]
                elif "format" in made:
                    state["documents"][made["document"]]["file"] = {
                        "attachment": data["attachment"], "number": 1,
                        "format": made["format"], "encoding": made.get("encoding"),
                    }  # fmt: skip
                is_saved = event["type"] == "version.add" and "document" in data
                if (is_saved or made) and not data.get("same"):
                    state["items"][seq] = MESSAGE | line | {"type": event["type"], "data": data}
            case "version.ready" | "version.failed":
                self.file(event["type"], event, data)
            case type_ if type_.startswith(("attachment.", "version.")):
                state["items"][seq] = MESSAGE | line | {"type": type_, "data": data}
                self.file(type_, event, data)
            case type_:
                state["items"][seq] = MESSAGE | line | {"type": type_, "data": data}
                self.line(type_, event, data)

    def reference(self, event: dict[str, Any], data: dict[str, Any], item: Any) -> None:
        listed = self.state["references"] if item is None else item["references"]
        there = next((one for one in listed if one["id"] == data["id"]), None)
        about = {key: data[key] for key in ("id", "kind", "number", "matter")}
        about |= {"whose": data["whose"]} if data.get("whose") else {}
        if data["on"] and there is not None:
            there |= about
            there.pop("rule", None)
        elif data["on"]:
            listed.append(about | {"set_by": event["sender"], "set_at": event["at"]})
        elif there is not None:
            listed.remove(there)

    def call(self, type_: str, event: dict[str, Any], line: dict[str, Any]) -> None:
        items, about = self.state["items"], (event["sender"], event["at"], event["data"])
        if type_ == "call.start":
            call = calls.begun(event["seq"], *about)
            items[event["seq"]] = MESSAGE | line | {"type": type_}
        else:
            item = items[event["data"]["target"]]
            call = calls.after(
                msgspec.convert(item["data"], calls.Call), event["seq"], type_, *about
            )  # fmt: skip
            item["version"] = event["seq"]
        told = msgspec.to_builtins(call)
        items[call.seq]["data"] = told
        self.state["call"] = None if call.ended is not None else told

    def file(self, type_: str, event: dict[str, Any], data: dict[str, Any]) -> None:
        files, name = self.state["files"], data["attachment"]
        if type_ == "attachment.add":
            files[name] = {
                "attachment": name, "thread": self.thread, "name": data["name"],
                "seq": event["seq"], "added_by": event["sender"], "added_at": event["at"],
                "number": None, "count": 0, "versions": [],
            }  # fmt: skip
        file = files[name]
        version = next((one for one in file["versions"] if one["key"] == data.get("key")), None)
        match type_:
            case "attachment.add" | "version.add":
                about = {key: data[key] for key in ("key", "name", "type", "size")}
                about |= {"seq": event["seq"], "author": event["sender"], "at": event["at"]}
                if "blob" in data:  # sent on: it is here
                    number = data.get("number", 1)
                    about |= {"state": "ready", "number": number, "blob": data["blob"]}
                    if type_ == "version.add" or "made" in data:
                        by = data.get("made", data)
                        about |= {key: by[key] for key in ("document", "authors") if by.get(key)}
                    file |= {"number": number, "count": file["count"] + 1}
                else:
                    about |= {"state": "arriving", "received": 0}
                file["versions"] = [about, *file["versions"]]
            case "version.ready":
                state = "same" if data.get("same") else "ready"
                version |= {"state": state, "number": data["number"], "blob": data["blob"]}
                del version["received"]
                file |= {"number": data["number"], "count": file["count"] + (state == "ready")}
            case "version.failed":
                version |= {"state": "failed", "reason": data["reason"]}
                del version["received"]
            case "version.blocked":
                version |= {"verdict": "blocked", "finding": data["finding"]}
            case "version.unblocked":
                version["verdict"] = "clean"
                del version["finding"]
            case "attachment.rename":
                file["name"] = data["name"]
            case "attachment.remove":
                until = event["at"] + data["undo_s"] * 1000
                file |= {"removed_by": event["sender"], "undo_until": until}
            case "attachment.unremove":
                del file["removed_by"], file["undo_until"]
            case "attachment.restore":
                file["number"] = data["number"]
            case "attachment.property":
                key = data["key"].lower()
                there = {one["key"].lower(): one for one in file.pop("properties", [])}
                there.pop(key, None)
                if data["property"] is not None:
                    source = data.get("source", {"by": "person"})
                    there[key] = {
                        "key": data["key"], "property": data["property"], "source": source,
                        "set_by": event["sender"], "set_at": event["at"],
                    }  # fmt: skip
                if there:
                    file["properties"] = [there[one] for one in sorted(there)]

    def line(self, type_: str, event: dict[str, Any], data: dict[str, Any]) -> None:
        state = self.state
        match type_:
            case "thread.rename":
                state["subject"] = data["subject"]
            case "thread.history":
                state["history"] = data["history"]
                since = state["members"][self.person.uid]["since"]
                if data["history"] == "joined":
                    state["items"] = {k: v for k, v in state["items"].items() if k >= since}
                else:
                    self.more = True
            case "document.create":
                made = {"language": None, "line_ends": "lf", "file": None} | data
                made |= {"thread": self.thread, "created_by": event["sender"]}
                if (file := made["file"]) is not None:
                    made["file"] = {key: one for key, one in file.items() if key != "saved"}
                state["documents"][data["document"]] = made | {"created_at": event["at"]}
            case "document.merge":
                state["documents"][data["document"]]["file"]["number"] = data["number"]
            case "document.rename":
                state["documents"][data["document"]]["title"] = data["title"]
            case "member.set":
                uid, account = data["uid"], state["people"][data["uid"]]
                before = state["members"].pop(uid, None)
                state["former"].pop(uid, None)
                if data["role"] is None:
                    state["former"][uid] = account | {"addresses": []}
                else:
                    since = before["since"] if before else event["seq"]
                    name = account["display_name"]
                    member = {"uid": uid, "display_name": name, "role": data["role"]}
                    state["members"][uid] = member | {"since": since}
                if uid == self.person.uid and data["role"] is not None:
                    state["role"] = data["role"]

    def entry(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        """How a task or a meeting is now; those that are over are told of no more."""
        facts = {key: value for key, value in data.items() if key not in ABOUT}
        by = {"seq": event["seq"], "set_by": event["sender"], "set_at": event["at"]}
        first = {
            "target": event["seq"], "created_by": event["sender"], "created_at": event["at"],
            "thread": self.thread,
        }  # fmt: skip
        self.state["entries"].pop(data["entry"], None)
        if data["state"] not in ("done", "cancelled"):
            self.state["entries"][data["entry"]] = first | facts | by

    async def agrees(self, kind: str) -> None:
        await self.catch_up()
        if self.more:
            self.state["items"] = (await self.read())["items"] | self.state["items"]
        assert _tidy(self.state) == _tidy(await self.read()), kind


def _ruled(before: list[dict[str, Any]], event: dict[str, Any]) -> list[dict[str, Any]]:
    """References of a message after it was written or changed."""
    found = {one["id"]: one for one in event["data"].get("references", [])}
    kept = [one for one in before if not one.get("rule") or one["id"] in found]
    for one in kept:
        one |= found.pop(one["id"], {})
    by = {"set_by": event["sender"], "set_at": event["at"], "rule": True}
    return kept + [one | {"matter": one["id"]} | by for one in found.values()]


def _tidy(state: dict[str, Any]) -> Any:
    """Reactions stand in no promised order."""
    state = deepcopy(state)
    for item in state["items"].values():
        item["reactions"].sort(key=lambda one: one["emoji"])
    return json.loads(json.dumps(state, sort_keys=True))


def notes(thread: str) -> dict[str, str]:
    return {"upload-metadata": metadata(filename="notes.txt", thread=thread)}


async def _told(readings: list[Reading], uid: str, **account: Any) -> None:
    """Until everybody was told how an account reads: that is said after the answer."""
    for reading in readings:
        async with asyncio.timeout(10):
            while not account.items() <= reading.state["people"].get(uid, {}).items():
                frame = await reading.raw.frame("person")
                reading.person_changed(frame)


async def test_state_and_events_are_the_fresh_state(served: Served) -> None:
    ada = await served.person("ada")
    grace, linus = [await served.person(name, ada) for name in ("grace", "linus")]
    thread = await served.thread(ada, grace)
    async with AsyncExitStack() as stack:

        async def reading(person: Person) -> Reading:
            raw = await stack.enter_async_context(signed_in(served, person))
            one = Reading(person, thread, raw)
            await one.begin()
            return one

        readings = [await reading(ada), await reading(grace)]
        number = 0

        async def act(by: Person, **command: Any) -> dict[str, Any]:
            """Do it, and compare everything everywhere."""
            nonlocal number
            number += 1
            async with connection(served) as raw:
                await raw.socket.send(json.dumps({"cmd": "auth", "token": by.token}))
                await raw.frame("welcome")
                reply = await raw.call(thread=thread, send_id=f"s{number}", **command)
            assert reply["t"] == "ok", reply
            for one in readings:
                await one.agrees(command["cmd"])
            async with timeline.snapshot(served.hub.database) as database:
                fresh = await timeline.room_state(database, thread)
            room = served.hub.rooms.get(thread)
            assert room is not None
            assert room.state == fresh
            return dict(reply["result"])

        first = (await act(ada, cmd="post", text="One", mentions=[grace.uid]))["seq"]
        await act(grace, cmd="post", text="Two", reply_to=first)
        await act(ada, cmd="edit", target=first, text="One, better", mentions=[])
        await act(grace, cmd="react", target=first, emoji="👍", on=True)
        await act(ada, cmd="react", target=first, emoji="❤️", on=True)
        await act(grace, cmd="react", target=first, emoji="❤", on=True)  # the same, unqualified
        await act(grace, cmd="react", target=first, emoji="👍", on=False)
        await act(ada, cmd="delete", target=first)
        await act(ada, cmd="undelete", target=first)
        await act(ada, cmd="delete", target=first)
        await act(grace, cmd="rename", subject="Another subject")
        made = await act(ada, cmd="create_document", kind="text", title="Draft", language="de")
        await act(grace, cmd="rename_document", document=made["document"], title="Second draft")

        # Numbers of the thread and of a message: by hand, and by a rule of the owner.
        rule = {"kind": "case", "pattern": r"C-\d+", "apply": True}
        await answer(ada.http.post("/api/references/rules", json=rule))
        ours = {"kind": "order", "number": "SO-77"}
        await act(ada, cmd="set_reference", **ours)
        theirs = {"kind": "order", "number": "PO-2026-42", "whose": "North"}
        await act(grace, cmd="set_reference", **theirs, alias_of="order:so-77:")
        await act(grace, cmd="set_reference", kind="order", number="so 77")  # another spelling
        await act(grace, cmd="set_reference", kind="free", number="no", on=False)
        await act(ada, cmd="set_reference", **ours, on=False)
        await act(ada, cmd="set_reference", **ours)
        case = (await act(ada, cmd="post", text="of C-1 and C-2"))["seq"]
        await act(grace, cmd="set_reference", **theirs, target=case)
        await act(grace, cmd="set_reference", kind="case", number="C-2", target=case, on=False)
        await act(ada, cmd="edit", target=case, text="of c and C-2, C-3", mentions=[])
        await act(grace, cmd="set_reference", kind="case", number="C-3", target=case)
        await act(ada, cmd="edit", target=case, text="of none", mentions=[])
        await act(ada, cmd="delete", target=case)
        await act(ada, cmd="undelete", target=case)

        # Tasks and meetings: new, changed, moved, done, answered, taken away.
        task = {"title": "Send it", "ends": {"local": "2027-01-20"}, "people": [grace.uid]}
        made = await act(ada, cmd="add_entry", source={"seq": case}, **task)
        entry = {"entry": made["entry"]}
        await act(grace, cmd="finish_entry", **entry)
        await act(grace, cmd="finish_entry", **entry, done=False)
        await act(grace, cmd="change_entry", **entry, blocked="No price", notes="Ask Ivan")
        await act(ada, cmd="change_entry", **entry, blocked=None, people=[ada.uid], title="Send")
        await act(ada, cmd="remove_entry", **entry)
        await act(ada, cmd="unremove_entry", **entry)
        hours = [
            {"local": f"2027-01-20T{hour}:00:00", "zone": "Europe/Prague"}
            for hour in (10, 11, 14, 15)
        ]
        span = {"starts": hours[0], "ends": hours[1]}
        people = {"people": [ada.uid, grace.uid], "rule": "FREQ=WEEKLY"}
        made = await act(grace, cmd="add_entry", kind="event", title="Call", **span, **people)
        entry = {"entry": made["entry"]}
        later = {"starts": hours[2], "ends": hours[3]}
        await act(ada, cmd="answer_entry", answer="declined", proposal=later, **entry)
        await act(grace, cmd="change_entry", **entry, **later)
        await act(ada, cmd="answer_entry", answer="accepted", **entry)
        moment = {"occurrence": "2027-01-27T14:00:00"}
        await act(ada, cmd="change_entry", **entry, **moment, place="Room 2")
        await act(ada, cmd="remove_entry", **entry, occurrence="2027-02-03T14:00:00")
        await act(ada, cmd="change_entry", **entry, state="cancelled")
        await act(ada, cmd="set_history", history="joined")
        await act(ada, cmd="set_history", history="all")
        await act(ada, cmd="set_member", uid=linus.uid, role="reader")
        readings.append(await reading(linus))
        await act(ada, cmd="set_member", uid=linus.uid, role="editor")
        await act(ada, cmd="set_member", uid=grace.uid, role="owner")

        # Files: arriving, ready, in versions, the same again, failed, renamed, removed, sent on.
        async def settled(kind: str) -> None:
            await served.hub.jobs.drain()
            for one in readings:
                await one.agrees(kind)

        sender = Sender(served, ada, thread)
        urls = [await sender.begin(len(data)) for data in (b"one", b"two!", b"one", b"never")]
        keys = [url.rpartition("/")[2] for url in urls]
        said = await act(ada, cmd="post", text="A file", files=[{"upload": keys[0]}])
        (file,) = said["attachments"]
        await sender.patch(urls[0], 0, b"one")
        await settled("version.ready")
        for key, url, data in zip(keys[1:3], urls[1:3], (b"two!", b"one"), strict=True):
            again = {"upload": key, "attachment": file}
            await act(ada, cmd="post", text="", files=[again])
            await sender.patch(url, 0, data)
            await settled("version.ready")
        await act(ada, cmd="add_attachment", file={"upload": keys[3]})
        await sender.http.delete(urls[3], headers=TUS)
        await settled("version.failed")
        await act(grace, cmd="restore_version", attachment=file, number=2)
        for result, finding, kind in [
            ("blocked", "Eicar", "version.blocked"), ("clean", "", "version.unblocked"),
        ]:  # fmt: skip
            await judge(served, result, finding)
            await settled(kind)
        await act(grace, cmd="rename_attachment", attachment=file, name="Offer.txt")
        for key, value in [
            ("Due", {"type": "date", "value": "2026-11-30"}),
            ("Amount", {"type": "money", "amount": "1234.50", "currency": "EUR"}),
            ("DUE", {"type": "text", "value": "in a week"}),
            ("amount", None),
        ]:
            place = {"by": "document", "number": 1, "page": 3, "quote": "within a week"}
            more = {"source": place} if key == "DUE" else {}
            await act(linus, cmd="set_property", attachment=file, key=key, property=value, **more)
        await act(grace, cmd="remove_attachment", attachment=file)
        await act(grace, cmd="unremove_attachment", attachment=file)
        await act(grace, cmd="post", text="", files=[{"source": file, "number": 1}])
        message = said["seq"]
        await act(ada, cmd="delete", target=message)
        await act(ada, cmd="undelete", target=message)

        # A file that is edited: opened, changed, saved, changed elsewhere, saving itself.
        url = await sender.begin(len(b"one\ntwo\n"), **notes(thread))
        key = url.rpartition("/")[2]
        said = await act(ada, cmd="post", text="", files=[{"upload": key}])
        await sender.patch(url, 0, b"one\ntwo\n")
        await settled("version.ready")
        path = f"/api/attachments/{said['attachments'][0]}/open"
        document = (await answer(ada.http.post(path, json={})))["document"]
        await settled("document.create")
        async with served.live(grace) as client:
            opened = await client.open_document(document)
            opened.text.insert(0, "zero\n")
            await opened.saved()
        await answer(ada.http.post(f"/api/documents/{document}/save", json={}))
        await settled("version.add")
        url = await sender.begin(len(b"other\n"), **notes(thread))
        again = {"upload": url.rpartition("/")[2], "attachment": said["attachments"][0]}
        await act(ada, cmd="post", text="", files=[again])
        await sender.patch(url, 0, b"other\n")
        await settled("document.merge")
        path = f"/api/documents/{document}/file"
        await answer(ada.http.patch(path, json={"autosave": True}))
        await settled("document.autosave")

        # A document becomes a file, and another one, which gets another version.
        made = await act(ada, cmd="create_document", kind="rich", title="Offer")
        path = f"/api/documents/{made['document']}/attach"
        await answer(grace.http.post(path, json={"format": "md"}))
        await settled("attachment.add")
        copy = await answer(grace.http.post(path, json={"format": "html"}))
        await settled("attachment.add")
        await act(grace, cmd="rename_document", document=made["document"], title="Last offer")
        body = {"format": "html", "attachment": copy["attachment"]}
        await answer(ada.http.post(path, json=body))
        await settled("version.add")

        # A call with all that can happen in it.
        async def calling(by: Person, cmd: str, **fields: Any) -> Any:
            async with signed_in(served, by) as raw:
                reply = await raw.call(cmd=cmd, thread=thread, **fields)
            assert reply["t"] == "ok", reply
            for one in readings:
                await one.agrees(cmd)
            async with timeline.snapshot(served.hub.database) as database:
                fresh = await timeline.room_state(database, thread)
            room = served.hub.rooms.get(thread)
            assert room is not None
            assert room.state == fresh
            return reply["result"]["call"]

        call = await calling(ada, "call_start", device="desk")
        await calling(grace, "call_join", call=call, device="desk")
        await calling(grace, "call_join", call=call, device="phone")
        await calling(linus, "call_decline", call=call)
        await calling(ada, "call_lock", call=call, locked=True)
        await calling(grace, "call_ring", call=call, ring=[linus.uid])
        await calling(ada, "call_remove", call=call, uid=grace.uid)
        await calling(ada, "call_leave", call=call, device="desk")

        # People: renamed, new here, out and back again; members and former ones.
        await answer(linus.http.patch("/api/me", json={"display_name": "Linus T."}))
        await _told(readings, linus.uid, display_name="Linus T.")
        await act(ada, cmd="post", text="after a rename")
        hedy = await served.person("hedy", ada)
        await _told(readings, hedy.uid, display_name="Hedy")
        await act(ada, cmd="set_member", uid=hedy.uid, role="editor")
        await act(ada, cmd="set_member", uid=hedy.uid, role=None)
        for disabled in (True, False):
            path = f"/api/accounts/{hedy.uid}"
            await answer(ada.http.patch(path, json={"disabled": disabled}))
            await _told(readings, hedy.uid, disabled=disabled)
            for one in readings:
                await one.agrees("disabled")

        told = readings[0].kinds - {"person"}
        assert told == set(get_args(EventType)) - {"thread.create", "checkpoint"}


async def test_what_changes_nothing_tells_nothing(served: Served) -> None:
    ada = await served.person("ada")
    async with signed_in(served, ada) as raw:
        async with served.hub.database.acquire() as database:
            before = await database.fetchval("SELECT max(revision) FROM accounts")
        await answer(ada.http.patch("/api/me", json={"display_name": " Ada "}))
        await answer(ada.http.patch(f"/api/accounts/{ada.uid}", json={"disabled": False}))
        await answer(ada.http.patch("/api/me", json={"display_name": "Ada L."}))
        frame = await raw.frame("person")
        if frame["revision"] == before:  # that she came
            frame = await raw.frame("person")
        assert (frame["display_name"], frame["revision"]) == ("Ada L.", before + 1)
        assert served.hub.services.people.revision == before + 1


async def test_who_was_away_learns_that_people_changed(served: Served) -> None:
    ada = await served.person("ada")
    async with connection(served) as raw:
        await raw.socket.send(json.dumps({"cmd": "auth", "token": ada.token}))
        first = await raw.frame("welcome")
        await answer(ada.http.patch("/api/me", json={"display_name": "Ada L."}))
        assert (await raw.frame("person"))["revision"] > first["people"]
    async with connection(served) as raw:
        await raw.socket.send(json.dumps({"cmd": "auth", "token": ada.token}))
        assert (await raw.frame("welcome"))["people"] > first["people"]


async def test_only_who_may_read_is_told(served: Served) -> None:
    ada = await served.person("ada")
    created = await answer(
        ada.http.post("/api/tokens", json={"name": "poster", "scopes": ["write"]})
    )
    poster = Person(ada.uid, httpx.AsyncClient(), created["token"])
    async with signed_in(served, poster) as deaf, signed_in(served, ada) as raw:
        await answer(ada.http.patch("/api/me", json={"display_name": "Ada L."}))
        await raw.frame("person")
        id_ = await deaf.send(cmd="ping")
        assert (await deaf.next()).get("re") == id_


async def test_a_hub_that_starts_knows_what_was_told(
    database_url: str, clock: TurnableClock
) -> None:
    async with serve(database_url) as served:
        ada = await served.person("ada")
        await answer(ada.http.patch("/api/me", json={"display_name": "Ada L."}))
    async with serve(database_url) as served, signed_in(served, ada) as raw:
        id_ = await raw.send(cmd="ping")
        assert (await raw.next()).get("re") == id_
