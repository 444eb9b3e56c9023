"""Calendar files: brought in, looked at in a thread, taken out, and followed at an address."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.agenda import files, lines
from hub.ids import new_id
from tests.integration.calendars.test_devices import add, answers, device, entry_of, meeting, todo
from tests.integration.conftest import Person, Served
from tests.integration.files.test_uploads import Sender
from tests.integration.sockets import signed_in
from tests.support.hub_process import answer

ICS = {"content-type": "text/calendar"}


def together(*texts: str, method: str = "") -> str:
    """One file of several."""
    inside = [text.partition("EN\r\n")[2].removesuffix("END:VCALENDAR\r\n") for text in texts]
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//North//EN\r\n"
    asks = f"METHOD:{method}\r\n" if method else ""
    return f"{head}{asks}{''.join(inside)}END:VCALENDAR\r\n"


async def bring(person: Person, thread: str, text: str) -> dict[str, Any]:
    sent = person.http.post(f"/api/threads/{thread}/calendar", content=text.encode(), headers=ICS)
    return dict(await answer(sent))


async def send_file(served: Served, person: Person, thread: str, text: str) -> tuple[str, int]:
    """A file on a message; its id, and the seq of the message."""
    sender = Sender(served, person, thread)
    url = await sender.begin(len(text.encode()))
    await sender.patch(url, 0, text.encode())
    async with signed_in(served, person) as raw:
        said = await raw.call(
            cmd="post", send_id=new_id("n"), thread=thread, text="Come",
            files=[{"upload": url.rpartition("/")[2]}],
        )  # fmt: skip
    await served.hub.jobs.drain()
    return str(said["result"]["attachments"][0]), int(said["result"]["seq"])


async def test_a_file_is_brought_in_and_again(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    text = together(todo("a", "SUMMARY:Milk"), meeting("b", "SUMMARY:Visit"),
                    meeting("c", "SUMMARY:Never", "RRULE:FREQ=SECONDLY"))  # fmt: skip
    brought = await bring(ada, thread, text)
    assert (len(brought["added"]), brought["renewed"], brought["same"]) == (2, [], 0)
    assert [(one["title"], one["code"]) for one in brought["refused"]] == [("Never", "bad_rule")]
    brought = await bring(ada, thread, text)
    assert (brought["added"], brought["same"]) == ([], 2)
    newer = together(todo("a", "SUMMARY:Oat milk", "SEQUENCE:1"))
    brought = await bring(ada, thread, newer)
    assert len(brought["renewed"]) == 1
    assert (await entry_of(ada, brought["renewed"][0]))["title"] == "Oat milk"
    # And out again: what was brought in is in it, once.
    for path in ("/api/calendar.ics", f"/api/threads/{thread}/calendar.ics"):
        out = await ada.http.get(path)
        assert out.headers["content-type"].startswith("text/calendar")
        titles = [str(one.first("SUMMARY")) for one in lines.read(out.content)[0].blocks()]
        assert sorted(titles) == ["SUMMARY:Oat milk", "SUMMARY:Visit"]


async def test_an_invitation_on_a_message_is_answered(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    invite = together(
        meeting("visit", "SUMMARY:Visit", "SEQUENCE:0", "ORGANIZER:mailto:ivan@south.example",
                "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:grace@north.example",
                "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:eve@south.example"),
        method="REQUEST",
    )  # fmt: skip
    file, seq = await send_file(served, ada, thread, invite)
    path = f"/api/attachments/{file}/versions/1/calendar"
    looked = await answer(grace.http.get(path))
    assert (looked["method"], looked["count"]) == ("REQUEST", 1)
    assert looked["entries"][0]["says"]["title"] == "Visit"
    assert "entry" not in looked["entries"][0]
    brought = await answer(grace.http.post(path, json={"seq": seq}))
    (entry,) = brought["added"]
    assert (await entry_of(grace, entry))["source"] == {"seq": seq}
    async with signed_in(served, grace) as raw:
        await raw.call(
            cmd="answer_entry", send_id=new_id("n"), thread=thread, entry=entry, answer="accepted"
        )
    looked = await answer(ada.http.get(path))
    assert (looked["entries"][0]["entry"], "is_newer" in looked["entries"][0]) == (entry, False)
    # Somebody elsewhere answers, and who invited calls it off.
    reply = together(
        meeting("visit", "SUMMARY:Visit", "ATTENDEE;PARTSTAT=DECLINED:mailto:eve@south.example"),
        method="REPLY",
    )
    await bring(ada, thread, reply)
    assert answers(await entry_of(ada, entry)) == {
        "grace@north.example": "accepted", "eve@south.example": "declined",
    }  # fmt: skip
    # A reply says nothing of who is of the hub.
    await bring(ada, thread, reply.replace("eve@south", "grace@north"))
    assert answers(await entry_of(ada, entry))["grace@north.example"] == "accepted"
    await bring(ada, thread, together(meeting("visit", "SEQUENCE:1"), method="CANCEL"))
    assert (await entry_of(ada, entry))["state"] == "cancelled"
    refused = (await bring(ada, thread, together(meeting("visit"), method="COUNTER")))["refused"]
    assert refused[0]["code"] == "unsupported_method"


async def test_what_comes_of_one_moment_is_of_that_alone(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    people = "ATTENDEE:mailto:eve@south.example"
    weekly = meeting("team", "SUMMARY:Team", "RRULE:FREQ=WEEKLY", people)
    (entry,) = (await bring(ada, thread, weekly))["added"]
    moment = "RECURRENCE-ID:20261208T090000Z"
    other = meeting("team", "SUMMARY:Team, later", moment, "SEQUENCE:1", people)
    other = other.replace("20261201T", "20261209T")
    assert (await bring(ada, thread, together(other, method="REQUEST")))["renewed"] == [entry]
    reply = meeting(
        "team", "RECURRENCE-ID:20261215T090000Z", people.replace(":", ";PARTSTAT=DECLINED:", 1)
    )
    await bring(ada, thread, together(reply, method="REPLY"))
    off = meeting("team", "RECURRENCE-ID:20261222T090000Z", "SEQUENCE:2")
    await bring(ada, thread, together(off, method="CANCEL"))
    text = (await ada.http.get(f"/api/entries/{entry}.ics")).text
    (found,) = lines.read(text.encode())
    said = {
        str(one.first("RECURRENCE-ID") or ""): (
            str(one.first("STATUS") or ""), "DECLINED" in str(one.first("ATTENDEE")),
        )
        for one in found.blocks("VEVENT")
    }  # fmt: skip
    assert said == {
        "": ("", False), moment: ("", False), "RECURRENCE-ID:20261215T090000Z": ("", True),
        "RECURRENCE-ID:20261222T090000Z": ("STATUS:CANCELLED", False),
    }  # fmt: skip
    assert (await entry_of(ada, entry))["state"] == "confirmed"
    # What was called off before it was sent anew is not.
    old = together(meeting("team", "SEQUENCE:0").replace("20261127T", "20251127T"), method="CANCEL")
    assert (await bring(ada, thread, old))["same"] == 1


async def test_alarms_of_a_file_ring_for_who_brought_it(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    alarm = "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM"
    people = (f"ATTENDEE:mailto:{name}@north.example" for name in ("ada", "grace"))
    (entry,) = (await bring(ada, thread, todo("a", *people, alarm)))["added"]
    mine, other = await device(served, ada), await device(served, grace)
    assert "VALARM" in await mine.get(f"tasks/{entry}.ics")
    assert "VALARM" not in await other.get(f"tasks/{entry}.ics")
    assert "VALARM" in (await ada.http.get("/api/calendar.ics")).text
    made = await answer(ada.http.post("/api/tokens", json={"name": "Wall", "scopes": ["feed"]}))
    assert "VALARM" not in (await served.browser().get(f"/feeds/{made['token']}.ics")).text


async def test_who_may_not(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada)
    file, _ = await send_file(served, ada, thread, todo("a"))
    path = f"/api/attachments/{file}/versions/1/calendar"
    assert (await grace.http.get(path)).status_code == 404
    assert (await grace.http.post(path, json={})).status_code == 404
    for method, place in (("POST", "calendar"), ("GET", "calendar.ics")):
        found = await grace.http.request(method, f"/api/threads/{thread}/{place}", headers=ICS)
        assert found.status_code == 404
    async with signed_in(served, ada) as raw:
        await raw.call(
            cmd="set_member", send_id=new_id("n"), thread=thread, uid=grace.uid, role="reader"
        )
    refused = await grace.http.post(
        f"/api/threads/{thread}/calendar", content=todo("a").encode(), headers=ICS
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "read_only")


async def test_a_calendar_is_followed_until_its_address_ends(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    made = await answer(ada.http.post("/api/tokens", json={"name": "Wall", "scopes": ["feed"]}))
    nobody = served.browser()
    path = f"/feeds/{made['token']}.ics"
    first = await nobody.get(path)
    assert (first.status_code, first.headers["content-type"]) == (
        200, "text/calendar; charset=utf-8",
    )  # fmt: skip
    again = {"if-none-match": first.headers["etag"]}
    assert (await nobody.get(path, headers=again)).status_code == 304
    async with signed_in(served, grace) as raw:
        await add(raw, thread, title="For Ada", people=[ada.uid])
        await add(raw, thread, title="For Grace", people=[grace.uid])
    changed = await nobody.get(path, headers=again)
    assert ("For Ada" in changed.text, "For Grace" in changed.text) == (True, False)
    # It opens nothing else, and no other token opens it.
    bearer = {"authorization": f"Bearer {made['token']}"}
    assert (await nobody.get("/api/tasks", headers=bearer)).status_code == 403
    assert (await nobody.get(f"/feeds/{ada.token}.ics")).status_code == 404
    await ada.http.delete(f"/api/tokens/{made['info']['id']}")
    assert (await nobody.get(path)).status_code == 404


def whole(*parts: bytes) -> bytes:
    return b"BEGIN:VCALENDAR\n" + b"".join(parts) + b"END:VCALENDAR"


TASKS = [b"BEGIN:VTODO\nUID:%d\nEND:VTODO\n" % number for number in range(files.MAX_PIECES + 1)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (whole(b"X:", b"x" * (50 << 20), b"\n"), 413, "calendar_too_large"),
        (whole(*TASKS), 413, "calendar_too_large"),
        (whole(*[b"BEGIN:VTODO\nEND:VTODO\n"] * 2_500), 200, ""),  # one, again and again
        (b"not a calendar", 400, "bad_calendar"),
        (b"", 400, "bad_calendar"),
        (whole(b"BEGIN:VTODO\n"), 400, "bad_calendar"),
    ],
)
async def test_what_is_no_file_of_a_calendar(
    served: Served, body: bytes, status: int, code: str
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    found = await ada.http.post(f"/api/threads/{thread}/calendar", content=body, headers=ICS)
    assert found.status_code == status, found.text
    if code:
        assert json.loads(found.content)["code"] == code


def test_zones_of_one_name_stay_apart() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0{0}00\nTZOFFSETTO:+0{0}00\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    event = (
        "BEGIN:VCALENDAR\n{}BEGIN:VEVENT\nUID:{}\nDTSTART;TZID=Custom:20261201T090000\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    whole = [
        lines.read(event.format(zone.format(hours), uid).encode())[0]
        for hours, uid in ((3, "a"), (5, "b"), (3, "c"))
    ]
    joined = files.join(whole, "Mine")
    assert joined.count(b"BEGIN:VTIMEZONE") == 2
    back = {one.uid: one.calendar for one in files.split(joined)}
    assert sorted(back) == ["a", "b", "c"]
    offsets = {
        uid: str(calendar.blocks("VTIMEZONE")[0].blocks()[0].first("TZOFFSETTO"))
        for uid, calendar in back.items()
    }
    assert offsets == {"a": "TZOFFSETTO:+0300", "b": "TZOFFSETTO:+0500", "c": "TZOFFSETTO:+0300"}
