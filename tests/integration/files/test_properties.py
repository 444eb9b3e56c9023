"""Properties of files: set, changed and taken away, found, and gone with the file."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from hub.errors import HubError
from hub.mail.erasure import Eraser
from hub.mail.rebuild import rebuild_projections
from hub.storage.projection import Projector
from hub.wire import commands as cmd
from hub.wire.properties import DateProperty, DocumentSource, StatusProperty
from tests.conftest import TurnableClock
from tests.integration.conftest import Served
from tests.integration.files.test_attachments import Room, ben_joins, room  # noqa: F401
from tests.integration.files.test_search import found
from tests.integration.files.test_uploads import problem, some
from tests.support.hub_process import answer

DUE = {"type": "date", "value": "2026-11-30"}
AMOUNT = {"type": "money", "amount": "1234.50", "currency": "EUR"}
ORDER = {"type": "reference", "value": "VS 20260117"}
PAID = {"type": "status", "value": "paid"}


async def patched(room: Room, file: str, **body: Any) -> httpx.Response:  # noqa: F811
    return await room.http.patch(f"/api/attachments/{file}", json=body)


async def set_properties(room: Room, file: str, properties: Any, **more: Any) -> dict[str, Any]:  # noqa: F811
    """What the file says then."""
    body = await answer(patched(room, file, properties=properties, **more))
    return said(body)


def said(attachment: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: one["property"] for one in attachment.get("properties", [])}


async def events(room: Room) -> list[dict[str, Any]]:  # noqa: F811
    page = await answer(room.http.get(f"/api/threads/{room.thread}/events", params={"limit": 500}))
    return [one for one in page["events"] if one["type"] == "attachment.property"]


async def attachments_found(room: Room, words: str) -> list[str | None]:  # noqa: F811
    return [one.get("attachment") for one in await found(room, words)]


async def test_properties_are_set_changed_and_taken_away(room: Room) -> None:  # noqa: F811
    file = await room.send(some(10), "invoice.pdf")
    assert "properties" not in await room.attachment(file)
    there = await set_properties(
        room, file, {"Total": AMOUNT, "due": DUE, "Order": ORDER, "Status": PAID}
    )
    assert list(there) == ["due", "Order", "Status", "Total"]
    assert there == {"Total": AMOUNT, "due": DUE, "Order": ORDER, "Status": PAID}
    # Shown as it was written last, under one key.
    note = {"type": "text", "value": "one\n two "}
    there = await set_properties(room, file, {"DUE": note, "total": None, "none": None})
    assert there == {"DUE": note | {"value": "one\ntwo"}, "Order": ORDER, "Status": PAID}
    one = await room.attachment(file)
    (listed,) = (await room.listed())["attachments"]
    assert listed["properties"] == one["properties"]
    about = one["properties"][0]
    assert about["set_by"] == room.person.uid
    assert about["source"] == {"by": "person"}
    (*_, changed, _) = lines = await events(room)
    assert (changed["data"]["key"], changed["data"]["property"]) == ("total", None)
    history = await room.history()
    shown = [item for item in history["items"] if item["type"] == "attachment.property"]
    assert [item["data"] for item in shown] == [event["data"] for event in lines]
    assert [one["attachment"] for one in history["attachments"]] == [file]
    assert about["set_at"] == lines[-1]["at"]
    assert lines[-1]["data"]["target"] == one["seq"]


async def test_the_same_again_is_no_event(room: Room) -> None:  # noqa: F811
    file = await room.send(some(10))
    asked: Any = {"thread": room.thread, "attachment": file}
    due = DateProperty("2026-11-30")
    read = DocumentSource(number=1, page=3, quote="due by 30 November")
    async with room.served.live(room.person) as live:

        async def write(send_id: str, key: str, value: Any, source: Any = None) -> tuple[bool, ...]:
            done = await live.send(
                cmd.SetProperty(send_id=send_id, key=key, property=value, source=source, **asked)
            )
            return done.changed, done.duplicate

        assert await write("1", "Due", due) == (True, False)
        assert await write("2", " Due ", due) == (False, False)
        assert await write("1", "Due", due) == (True, True)
        assert await write("3", "due", due) == (True, False)  # it is shown another way
        assert await write("4", "due", due, read) == (True, False)
        assert await write("5", "due", due, read) == (False, False)
        assert await write("6", "none", None) == (False, False)
        assert await write("7", "DUE", None, read) == (True, False)
        assert await write("7", "DUE", None, read) == (True, True)
        assert await write("8", "Due", due) == (True, False)
        for other in (DateProperty("2026-12-01"), StatusProperty("2026-11-30"), None):
            with pytest.raises(HubError) as caught:
                await write("8", "Due", other)
            assert caught.value.code == "send_id_reused"
        with pytest.raises(HubError) as caught:
            await write("8", "Due", due, read)
        assert caught.value.code == "send_id_reused"
    assert len(await events(room)) == 5
    # And by HTTP, under a send_id of the request.
    for _ in range(2):
        await set_properties(room, file, {"a": PAID, "b": PAID, "Due": None}, send_id="once")
    assert len(await events(room)) == 8
    conflict = await patched(room, file, properties={"A": DUE}, send_id="once")
    assert problem(conflict) == (409, "send_id_reused")


async def test_where_it_was_read(room: Room) -> None:  # noqa: F811
    file = await room.send(some(10))
    place = {"by": "document", "number": 1, "page": 3, "quote": "Total: 1 234,50 €"}
    await set_properties(room, file, {"Total": AMOUNT}, source=place)
    (one,) = (await room.attachment(file))["properties"]
    assert one["source"] == place
    await set_properties(room, file, {"Total": AMOUNT}, source={"by": "document"})
    (one,) = (await room.attachment(file))["properties"]
    assert one["source"] == {"by": "document"}
    await set_properties(room, file, {"Total": AMOUNT}, source={"by": "person"})
    (one,) = (await room.attachment(file))["properties"]
    assert one["source"] == {"by": "person"}
    body = {"properties": {"Total": PAID}}
    nowhere = await patched(room, file, source=place | {"number": 2}, **body)
    assert problem(nowhere) == (404, "version_not_found")
    long = await patched(room, file, source=place | {"quote": "x" * 5000}, **body)
    assert problem(long) == (400, "bad_property")
    strange = await patched(room, file, source={"by": "oracle"}, **body)
    assert problem(strange) == (400, "bad_body")


async def test_what_is_bad_writes_nothing(room: Room) -> None:  # noqa: F811
    file = await room.send(some(10))

    async def refused(properties: Any) -> tuple[int, str]:
        return problem(await patched(room, file, name="other", properties=properties))

    bad_date = {"type": "date", "value": "2026-02-31"}
    assert await refused({"a": PAID, "b": bad_date}) == (400, "bad_property")
    assert await refused({"a": PAID, "x" * 41: PAID}) == (400, "bad_property")
    assert await refused({"a": PAID, "\u202eb": PAID}) == (400, "bad_property")
    assert await refused({"a": PAID, "A": DUE}) == (400, "bad_property")
    assert await refused({"a": PAID | {"value": "\ud7ff\u0001"}}) == (400, "bad_property")
    assert await refused({"a": {"type": "number", "value": 1}}) == (400, "bad_body")
    assert await refused({f"{one}": None for one in range(101)}) == (400, "bad_body")
    surrogate = await room.http.patch(
        f"/api/attachments/{file}", content=b'{"properties": {"a\\ud800": null}}'
    )
    assert problem(surrogate)[0] == 400
    assert problem(await patched(room, file, properties={})) == (400, "nothing_to_do")
    assert await events(room) == []
    assert (await room.attachment(file))["name"] == "a.bin"


async def test_a_file_has_forty(room: Room) -> None:  # noqa: F811
    file, other = await room.send(some(10, 1)), await room.send(some(10, 2))
    await set_properties(room, file, {f"key {one}": PAID for one in range(40)})
    full = await patched(room, file, properties={"more": PAID})
    assert problem(full) == (409, "too_many_properties")
    await set_properties(room, other, {"more": PAID})
    await set_properties(room, file, {"KEY 7": DUE})
    there = await set_properties(room, file, {"more": PAID, "key 7": None})
    assert len(there) == 40
    # Nor when they come at once.
    await set_properties(room, file, {"more": None})
    answers = await asyncio.gather(
        *(patched(room, file, properties={f"new {one}": PAID}) for one in range(4))
    )
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    assert len((await room.attachment(file))["properties"]) == 40


async def test_who_may_set_them(room: Room, served: Served) -> None:  # noqa: F811
    file = await room.send(some(10))
    ben = await ben_joins(room)
    assert await set_properties(ben, file, {"Status": PAID}) == {"Status": PAID}
    (one,) = (await room.attachment(file))["properties"]
    assert one["set_by"] == ben.person.uid
    path = f"/api/threads/{room.thread}/members"
    await answer(room.http.post(path, json={"uid": ben.person.uid, "role": "reader"}))
    refused = await patched(ben, file, properties={"Status": None})
    assert problem(refused) == (403, "read_only")
    assert said(await ben.attachment(file)) == {"Status": PAID}
    eve = room.of(await served.person("eve", room.person))
    refused = await patched(eve, file, properties={"Status": None})
    assert problem(refused) == (404, "attachment_not_found")
    assert len(await events(room)) == 1


async def test_whoever_sees_the_file_sees_them(room: Room) -> None:  # noqa: F811
    await answer(room.http.patch(f"/api/threads/{room.thread}", json={"history": "joined"}))
    old, gone = await room.send(some(10, 1), "old"), await room.send(some(10, 2), "hidden")
    await set_properties(room, old, {"Status": PAID})
    ben = await ben_joins(room)
    await set_properties(room, gone, {"Status": {"type": "status", "value": "secret"}})
    refused = await patched(ben, gone, properties={"Status": None})
    assert problem(refused) == (404, "attachment_not_found")
    (veiled,) = await events(ben)
    assert veiled.get("data") is None
    assert await attachments_found(ben, "secret") == []
    await room.send(some(10, 3), "old", attachment=old)
    # What was said before is of a version that is not there for them.
    assert said(await ben.attachment(old)) == {}
    assert await attachments_found(ben, "paid") == []
    assert said(await room.attachment(old)) == {"Status": PAID}
    # Not from a version that is not there for them.
    place = {"by": "document", "number": 1}
    refused = await patched(ben, old, properties={"Status": DUE}, source=place)
    assert problem(refused) == (404, "version_not_found")
    await set_properties(ben, old, {"Status": DUE}, source=place | {"number": 2})
    for one in (ben, room):
        assert said(await one.attachment(old)) == {"Status": DUE}
    assert (await events(ben))[-1]["data"]["property"] == DUE


async def test_files_are_found_by_them(room: Room) -> None:  # noqa: F811
    file = await room.send(some(10), "scan.pdf")
    await room.send(some(10, 2), "other.pdf")
    await set_properties(
        room, file, {"Splatnost": DUE, "Částka": AMOUNT, "Dodavatel": ORDER | {"value": "Żółw"}}
    )
    for words in (
        "2026-11-30", "splatnost", "castka", "1234.50 EUR", "1234.50", "zołw", "ŻÓŁ",
        "scan splatnost eur",
    ):  # fmt: skip
        assert await attachments_found(room, words) == [file], words
    await answer(patched(room, file, name="invoice.pdf"))
    assert await attachments_found(room, "invoice 2026-11-30") == [file]
    assert await attachments_found(room, "scan") == []
    await set_properties(room, file, {"SPLATNOST": DUE | {"value": "2027-01-31"}})
    assert await attachments_found(room, "2026-11-30") == []
    assert await attachments_found(room, "2027-01-31") == [file]
    path = f"/api/attachments/{file}"
    await answer(room.http.delete(path))
    assert await attachments_found(room, "splatnost") == []
    await answer(room.http.post(f"{path}/unremove"))
    assert await attachments_found(room, "splatnost invoice") == [file]
    await set_properties(room, file, {"splatnost": None})
    assert await attachments_found(room, "splatnost") == await attachments_found(room, "2027") == []
    assert await attachments_found(room, "castka") == [file]


async def test_they_go_with_the_file(room: Room) -> None:  # noqa: F811
    file, kept = await room.send(some(10, 1)), await room.send(some(10, 2))
    secret = {"type": "text", "value": "secret-value"}
    place = {"by": "document", "quote": "secret-quote"}
    await set_properties(room, file, {"secret-key": secret}, source=place)
    await set_properties(room, kept, {"Status": PAID})
    path = f"/api/attachments/{file}"
    await answer(room.http.delete(path))
    refused = await patched(room, file, properties={"secret-key": None})
    assert problem(refused) == (404, "attachment_not_found")
    await answer(room.http.post(f"{path}/unremove"))
    assert said(await room.attachment(file)) == {"secret-key": secret}
    await answer(room.http.delete(path))

    hub = room.served.hub
    clock = TurnableClock(hub.clock.now_ms())
    clock.advance(hub.settings.undo_s + 60)
    assert await Eraser(hub.database, clock).erase() == 1
    async with hub.database.acquire() as connection:
        bodies = await connection.fetch("SELECT body FROM events WHERE body IS NOT NULL")
        items = await connection.fetch("SELECT data FROM items WHERE data IS NOT NULL")
        rows = await connection.fetch("SELECT key FROM attachment_properties")
    assert not any(b"secret-" in row[0] for row in [*bodies, *items])
    assert [row["key"] for row in rows] == ["Status"]
    assert said(await room.attachment(kept)) == {"Status": PAID}


async def test_they_are_what_the_log_says(room: Room) -> None:  # noqa: F811
    file = await room.send(some(10))
    await set_properties(room, file, {"Due": DUE, "Status": PAID})
    before = await room.attachment(file)
    hub = room.served.hub
    async with hub.database.acquire() as connection:
        await connection.execute("UPDATE attachments SET search = hub_words('forged')")
        await connection.execute("DELETE FROM attachment_properties WHERE folded = 'due'")
        await connection.execute("UPDATE attachment_properties SET set_by = 'forged'")
    report = await rebuild_projections(hub.database, Projector(room.served.url))
    assert sorted(report.changed) == ["attachment_properties", "attachments"]
    assert await room.attachment(file) == before
    assert await attachments_found(room, "paid 2026-11-30") == [file]


async def test_a_file_that_goes_meanwhile_takes_no_more(room: Room) -> None:  # noqa: F811
    files = [await room.send(some(10, one)) for one in range(4)]
    answers = await asyncio.gather(
        *(
            one
            for file in files
            for one in (
                room.http.delete(f"/api/attachments/{file}"),
                patched(room, file, properties={"Status": PAID}),
            )
        )
    )
    assert all(one.status_code == 204 for one in answers[::2])
    assert {one.status_code for one in answers[1::2]} <= {200, 404}
    assert await attachments_found(room, "paid") == []


async def test_the_last_of_those_at_once_stands(room: Room) -> None:  # noqa: F811
    file = await room.send(some(10))
    ben = await ben_joins(room)
    async with room.served.live(room.person) as ours, room.served.live(ben.person) as theirs:
        done = await asyncio.gather(
            *(
                live.send(
                    cmd.SetProperty(
                        thread=room.thread, send_id=f"s{name}{one}", attachment=file,
                        key="Status" if name == "ada" else "STATUS",
                        property=StatusProperty(f"{name} {one}"),
                    )
                )
                for one in range(4)
                for name, live in (("ada", ours), ("ben", theirs))
            )
        )  # fmt: skip
    assert all(one.changed for one in done)
    told = await events(room)
    assert len({one.seq for one in done}) == len(told) == 8
    (there,) = (await room.attachment(file))["properties"]
    last = told[-1]
    assert (there["property"], there["set_by"]) == (last["data"]["property"], last["sender"])
