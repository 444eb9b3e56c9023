"""What calendar programs may do to tasks and meetings of people, over plain HTTP."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from hub.client import LiveClient
from hub.errors import Conflict, HubError
from hub.ids import new_id
from hub.storage import calendars
from tests.integration.conftest import Person, Served
from tests.integration.sockets import Raw, signed_in
from tests.support.hub_process import answer

HEAD = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Phone//EN"]

ASKS_GRACE = ("ORGANIZER:mailto:ada@north.example", "ATTENDEE:mailto:grace@north.example")
DECEMBER = {"first": 1796083200000, "last": 1798675200000, "zone": "Europe/Prague"}


def text(kind: str, uid: str, *more: str) -> str:
    inside = [f"BEGIN:{kind}", f"UID:{uid}", "DTSTAMP:20261127T090000Z", *more, f"END:{kind}"]
    return "\r\n".join([*HEAD, *inside, "END:VCALENDAR", ""])


def todo(uid: str, *more: str) -> str:
    return text("VTODO", uid, *more)


def meeting(uid: str, *more: str) -> str:
    return text("VEVENT", uid, "DTSTART:20261201T090000Z", "DTEND:20261201T100000Z", *more)


class Device:
    """A program of somebody's; paths are within their collections."""

    def __init__(self, http: httpx.AsyncClient, person: Person, token: str) -> None:
        self._http = http
        self.home = f"/dav/calendars/{person.uid}/"
        self.token = token
        self._auth = httpx.BasicAuth("whoever", token)

    async def __call__(
        self, method: str, path: str, body: str = "", **headers: str
    ) -> httpx.Response:  # fmt: skip
        path = path if path.startswith("/") else self.home + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._http.request(
            method, path, content=body.encode(), headers=named, auth=self._auth
        )

    async def put(self, path: str, body: str, status: int = 0, **headers: str) -> httpx.Response:
        found = await self("PUT", path, body, **headers)
        assert found.status_code == status or (not status and found.is_success), found.text
        return found

    async def get(self, path: str) -> str:
        found = await self("GET", path)
        assert found.status_code == 200, found.text
        return found.text

    async def names(self, folder: str) -> list[str]:
        found = await self("PROPFIND", folder, "", depth="1")
        assert found.status_code == 207
        return re.findall(f"<D:href>{self.home}{folder}([^<]+)</D:href>", found.text)

    async def sync(self, folder: str, token: str = "", limit: int = 0) -> httpx.Response:
        bound = f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>" if limit else ""
        return await self(
            "REPORT", folder,
            f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token>{bound}'
            "<D:prop><D:getetag/></D:prop></D:sync-collection>",
        )  # fmt: skip


async def device(served: Served, person: Person) -> Device:
    made = await answer(
        person.http.post("/api/tokens", json={"name": "Phone", "scopes": ["calendar"]})
    )
    return Device(served.browser(), person, made["token"])


async def add(raw: Raw, thread: str, **entry: Any) -> str:
    made = await raw.call(cmd="add_entry", send_id=new_id("n"), thread=thread, **entry)
    return str(made["result"]["entry"])


async def entry_of(person: Person, entry: str) -> dict[str, Any]:
    return dict(await answer(person.http.get(f"/api/entries/{entry}")))


async def remind(person: Person, **fields: Any) -> None:
    body = {"zone": "Europe/Prague", **fields}
    await answer(person.http.post("/api/reminders", json=body))


def answers(entry: dict[str, Any]) -> dict[str, str]:
    return {one["address"]: one.get("answer", "none") for one in entry["people"]}


# --- who may --------------------------------------------------------------------------------------


async def test_a_token_is_good_for_calendars_alone(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    phone = await device(served, ada)
    nobody = await served.browser().request("PROPFIND", "/dav/", headers={"depth": "0"})
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Basic ")
    # A cookie opens nothing here, nor does a token for programs; and this one nothing elsewhere.
    assert (await ada.http.request("PROPFIND", "/dav/", headers={"depth": "0"})).status_code == 401
    program = await served.browser().request(
        "PROPFIND", "/dav/", headers={"depth": "0"}, auth=("ada", ada.token)
    )
    assert (program.status_code, "missing_scope" in program.text) == (401, True)
    assert (await phone("PROPFIND", "/dav/", depth="0")).status_code == 207
    bearer = {"authorization": f"Bearer {phone.token}"}
    for path in ("/api/me", "/api/threads", "/api/tasks", "/api/agenda?first=0&last=1"):
        refused = await served.browser().get(path, headers=bearer)
        assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    with pytest.raises(HubError) as ended:
        async with LiveClient(served.url, phone.token, reconnect=False):
            pass
    assert ended.value.code == "missing_scope"
    # Somebody else's is not there.
    for method, path in (
        ("PROPFIND", f"/dav/calendars/{grace.uid}/"),
        ("PROPFIND", f"/dav/principals/{grace.uid}/"),
        ("GET", f"/dav/calendars/{grace.uid}/tasks/x.ics"),
        ("PUT", f"/dav/calendars/{grace.uid}/tasks/x.ics"),
    ):
        assert (await phone(method, path, todo("x"), depth="0")).status_code == 404


async def test_a_reader_answers_and_ticks_off_and_no_more(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as raw:
        task = await add(raw, thread, title="Sign", people=[grace.uid])
        date = {"local": "2026-12-01T09:00:00", "zone": "Europe/Prague"}
        visit = await add(
            raw, thread, kind="event", title="Visit", people=[grace.uid], starts=date, ends=date
        )
        await raw.call(
            cmd="set_member", send_id=new_id("n"), thread=thread, uid=grace.uid, role="reader"
        )
    phone = await device(served, grace)
    said = await phone.get(f"tasks/{task}.ics")
    refused = await phone.put(
        f"tasks/{task}.ics", said.replace("SUMMARY:Sign", "SUMMARY:Sign nothing"), 403
    )
    assert ("read_only" in refused.text, "need-privileges" in refused.text) == (True, True)
    await phone.put(f"tasks/{task}.ics", said.replace("END:VTODO", "STATUS:COMPLETED\r\nEND:VTODO"))
    assert (await entry_of(grace, task))["state"] == "done"
    said = await phone.get(f"meetings/{visit}.ics")
    await phone.put(f"meetings/{visit}.ics", said.replace("NEEDS-ACTION", "ACCEPTED"))
    assert answers(await entry_of(ada, visit)) == {"grace@north.example": "accepted"}


# --- what stays -----------------------------------------------------------------------------------


async def test_alarms_stay_with_who_set_them(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as raw:
        task = await add(raw, thread, title="Sign", people=[ada.uid, grace.uid])
        before = (await entry_of(ada, task))["seq"]
    mine, other = await device(served, ada), await device(served, grace)
    path = f"tasks/{task}.ics"
    first = await mine("GET", path)
    token = re.findall("<D:sync-token>(.+?)<", (await mine.sync("tasks/")).text)[0]
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n"
    ringing = first.text.replace("END:VTODO", f"{alarm}END:VTODO")
    put = await mine.put(path, ringing, if_match=first.headers["etag"])
    assert put.headers["etag"] not in (first.headers["etag"], "")
    # What the thread keeps has not changed; this device and others of theirs have the alarm.
    assert (await entry_of(ada, task))["seq"] == before
    assert await mine.get(path) == ringing
    assert put.headers["etag"] in (await mine.sync("tasks/", token)).text
    assert "VALARM" not in await other.get(path)
    # Somebody else changes it, and the alarm is there still.
    await other.put(path, (await other.get(path)).replace("SUMMARY:Sign", "SUMMARY:Sign all"))
    assert "VALARM" in await mine.get(path)
    assert "SUMMARY:Sign all" in await mine.get(path)
    await mine.put(path, (await mine.get(path)).replace(alarm, ""))
    assert "VALARM" not in await mine.get(path)


async def test_what_a_program_forgets_stays(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as raw:
        task = await add(raw, thread, title="Sign", people=[ada.uid, grace.uid])
        await raw.call(
            cmd="change_entry", send_id=new_id("n"), thread=thread, entry=task, blocked="No pen"
        )
    phone = await device(served, ada)
    (uid,) = re.findall("UID:(.+)\r", await phone.get(f"tasks/{task}.ics"))
    put = await phone.put(f"tasks/{task}.ics", todo(uid, "SUMMARY:Sign today"))
    assert "etag" not in put.headers  # it is not what was sent
    entry = await entry_of(ada, task)
    assert (entry["title"], entry["blocked"]) == ("Sign today", "No pen")
    assert {one["uid"] for one in entry["people"]} == {ada.uid, grace.uid}


async def test_nobody_answers_for_anybody_else(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    phone, other = await device(served, ada), await device(served, grace)
    people = (
        "ORGANIZER:mailto:ada@north.example",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@north.example",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:Grace@North.example",
        "ATTENDEE;PARTSTAT=TENTATIVE:mailto:ivan@south.example",
    )
    put = await phone.put("meetings/kick.ics", meeting("kick", "SUMMARY:Kick-off", *people), 201)
    assert "etag" not in put.headers
    # Who is of the hub is asked in a thread with them.
    (name,) = await other.names("meetings/")
    entry = await entry_of(grace, name.removesuffix(".ics"))
    assert answers(entry) == {
        "ada@north.example": "accepted", "grace@north.example": "none",
        "ivan@south.example": "tentative",
    }  # fmt: skip
    thread = await answer(grace.http.get(f"/api/threads/{entry['thread']}"))
    assert thread["summary"]["subject"] == "Kick-off"
    # She accepts, and cannot decline for ada.
    said = await other.get(f"meetings/{name}")
    said = said.replace("PARTSTAT=ACCEPTED", "PARTSTAT=DECLINED")
    await other.put(f"meetings/{name}", said.replace("NEEDS-ACTION", "ACCEPTED"))
    assert answers(await entry_of(ada, entry["entry"])) == {
        "ada@north.example": "accepted", "grace@north.example": "accepted",
        "ivan@south.example": "tentative",
    }  # fmt: skip
    # Moved: she is asked again, and its SEQUENCE tells programs so.
    said = await phone.get("meetings/kick.ics")
    await phone.put("meetings/kick.ics", said.replace("20261201T", "20261202T"))
    entry = await entry_of(grace, entry["entry"])
    assert answers(entry)["grace@north.example"] == "none"
    assert "SEQUENCE:1" in await phone.get("meetings/kick.ics")


async def test_deleted_by_who_is_asked(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    date = {"local": "2026-12-01T09:00:00", "zone": "Europe/Prague"}
    people = [ada.uid, grace.uid]
    phone = await device(served, grace)
    async with signed_in(served, ada) as raw, signed_in(served, grace) as there:
        task = await add(raw, thread, title="Sign", people=people)
        visit = await add(
            raw, thread, kind="event", title="Visit", people=people, starts=date, ends=date
        )
        assert (await phone("DELETE", f"meetings/{visit}.ics")).status_code == 204
        assert (await phone("DELETE", f"tasks/{task}.ics")).status_code == 204
        assert await phone.names("meetings/") == await phone.names("tasks/") == []
        assert answers(await entry_of(ada, visit))["grace@north.example"] == "declined"
        assert (await entry_of(grace, task))["state"] == "open"
        # She comes after all.
        await there.call(
            cmd="answer_entry", send_id=new_id("n"), thread=thread, entry=visit, answer="accepted"
        )
        assert await phone.names("meetings/") == [f"{visit}.ics"]
    mine = await device(served, ada)
    assert (await mine("DELETE", f"meetings/{visit}.ics")).status_code == 204
    assert await phone.names("meetings/") == []
    assert (await ada.http.get(f"/api/entries/{visit}")).status_code == 404


async def test_one_uid_is_there_once(served: Served) -> None:
    """An invitation that was dropped into two threads."""
    ada = await served.person("ada")
    threads = [await served.thread(ada), await served.thread(ada)]
    phone = await device(served, ada)
    async with signed_in(served, ada) as raw:
        first, second = [
            await add(raw, thread, ical=meeting("same", "SUMMARY:Visit")) for thread in threads
        ]
        assert await phone.names("meetings/") == [f"{min(first, second)}.ics"]
        await raw.call(
            cmd="remove_entry", send_id=new_id("n"), thread=threads[first > second],
            entry=min(first, second),
        )  # fmt: skip
        assert await phone.names("meetings/") == [f"{max(first, second)}.ics"]


async def test_what_was_taken_out_is_put_back(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    date = {"local": "2026-12-01T09:00:00", "zone": "Europe/Prague"}
    phone = await device(served, grace)
    async with signed_in(served, ada) as raw:
        visit = await add(
            raw, thread, kind="event", title="Visit", people=[grace.uid], starts=date, ends=date
        )
    said = await phone.get(f"meetings/{visit}.ics")
    # Nobody is told, and it is gone from her devices all the same.
    assert (await phone("DELETE", f"meetings/{visit}.ics", schedule_reply="F")).status_code == 204
    assert await phone.names("meetings/") == []
    assert answers(await entry_of(ada, visit)) == {"grace@north.example": "none"}
    await phone.put(f"meetings/{visit}.ics", said.replace("SUMMARY:Visit", "SUMMARY:Our visit"))
    assert await phone.names("meetings/") == [f"{visit}.ics"]
    assert (await entry_of(ada, visit))["title"] == "Our visit"
    # Under another name, too.
    await phone("DELETE", f"meetings/{visit}.ics", schedule_reply="F")
    await phone.put("meetings/other.ics", said)
    assert await phone.names("meetings/") == ["other.ics"]
    assert (await entry_of(ada, visit))["title"] == "Visit"


async def test_who_makes_a_meeting_by_a_name_of_elsewhere_has_it(served: Served) -> None:
    ada = await served.person("ada")
    await served.person("grace", ada)
    phone = await device(served, ada)
    people = ("ORGANIZER:mailto:ada@home.example", "ATTENDEE:mailto:grace@north.example")
    await phone.put("meetings/a.ics", meeting("a", *people), 201)
    assert await phone.names("meetings/") == ["a.ics"]
    await phone.put("tasks/b.ics", todo("b", "ATTENDEE:mailto:grace@north.example"), 201)
    assert await phone.names("tasks/") == ["b.ics"]


async def test_others_are_asked_to_what_was_ones_own(served: Served) -> None:
    """As phones do it: first the meeting, then its people."""
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    phone, tablet, other = [await device(served, one) for one in (ada, ada, grace)]
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "END:VALARM")
    await phone.put("tasks/first.ics", todo("first"), 201)
    await phone.put("meetings/a.ics", meeting("a", "SUMMARY:Review", *alarm), 201)
    (own,) = (await answer(ada.http.get("/api/agenda", params=DECEMBER)))["entries"]
    await remind(ada, send_id="n_1", entry=own["entry"], before_s=600)
    aloud = {"local": "2026-12-01T08:00:00", "zone": "Europe/Prague"}
    await remind(
        ada, send_id="n_2", entry=own["entry"], thread=own["thread"], for_thread=True, when=aloud,
        note="Not for her",
    )  # fmt: skip
    (token,) = re.findall("<D:sync-token>(.+?)<", (await tablet.sync("meetings/")).text)
    tag = (await phone("GET", "meetings/a.ics")).headers["etag"]
    asks = meeting("a", "SUMMARY:Review", *alarm, *ASKS_GRACE)
    await phone.put("meetings/a.ics", asks, 412, if_match='"0-0"')
    assert await other.names("meetings/") == []
    await phone.put("meetings/a.ics", asks, 204, if_match=tag)
    (name,) = await other.names("meetings/")
    entry = await entry_of(grace, name.removesuffix(".ics"))
    assert entry["title"] == "Review"
    assert entry["thread"] != own["thread"]
    # On one's devices it is what it was, with its alarm, and another than they know.
    assert await phone.names("meetings/") == ["a.ics"]
    found = await tablet.sync("meetings/", token)
    assert re.findall(r"/meetings/([^<]+)</D:href><D:propstat>", found.text) == ["a.ics"]
    assert "TRIGGER:-PT5M" in await tablet.get("meetings/a.ics")
    assert (await phone("GET", "meetings/a.ics")).headers["etag"] != tag
    await tablet.put("meetings/a.ics", meeting("a", "SUMMARY:Old"), 412, if_match=tag)
    # One is reminded of it; what would be said in one's own thread is said there.
    reminder, said = sorted(
        (await answer(ada.http.get("/api/reminders")))["reminders"],
        key=lambda one: bool(one.get("for_thread")),
    )
    assert (reminder["entry"], reminder["at"]) == (entry["entry"], 1796115600000 - 600_000)
    assert (said["entry"], said["thread"]) == (own["entry"], own["thread"])
    assert len((await answer(ada.http.get("/api/agenda", params=DECEMBER)))["entries"]) == 1


async def test_a_moment_that_others_are_asked_to_leaves_the_series(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    phone, other = await device(served, ada), await device(served, grace)
    series = meeting("w", "RRULE:FREQ=WEEKLY;COUNT=4", "SUMMARY:Weekly")
    await phone.put("meetings/w.ics", series, 201)
    moment = meeting("w", "RECURRENCE-ID:20261201T090000Z", "SUMMARY:With Grace", *ASKS_GRACE)
    await phone.put("meetings/w.ics", moment, 204)
    kept = await phone.get("meetings/w.ics")
    assert ("RRULE:FREQ=WEEKLY;COUNT=4" in kept, "SUMMARY:With Grace" in kept) == (True, True)
    assert await other.names("meetings/") == []
    # All of it: the moment stays.
    (whole,) = re.findall(r"BEGIN:VEVENT\r\n(?:(?!END:VEVENT).)*RRULE.*?END:VEVENT", kept, re.S)
    asked = whole.replace("SUMMARY:Weekly", "\r\n".join(["SUMMARY:Weekly", *ASKS_GRACE]))
    await phone.put("meetings/w.ics", kept.replace(whole, asked), 204)
    assert await phone.names("meetings/") == ["w.ics"]
    (name,) = await other.names("meetings/")
    assert "SUMMARY:With Grace" in await other.get(f"meetings/{name}")


async def test_what_stays_where_it_is(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    phone, other = await device(served, ada), await device(served, grace)
    # What somebody else asks to, whoever of the hub is asked besides.
    theirs = ("ORGANIZER:mailto:ivan@south.example", "ATTENDEE:mailto:ada@north.example")
    await phone.put("meetings/b.ics", meeting("b", *theirs), 201)
    await phone.put(
        "meetings/b.ics", meeting("b", *theirs, "ATTENDEE:mailto:grace@north.example"), 204
    )
    # A task; and another UID is refused as ever.
    await phone.put("tasks/t.ics", todo("t"), 201)
    await phone.put("tasks/t.ics", todo("t", *ASKS_GRACE), 204)
    await phone.put("meetings/c.ics", meeting("c"), 201)
    refused = await phone("PUT", "meetings/c.ics", meeting("b", *ASKS_GRACE))
    assert (refused.status_code, "no-uid-conflict" in refused.text) == (403, True)
    assert await other.names("meetings/") == await other.names("tasks/") == []
    assert sorted(await phone.names("meetings/")) == ["b.ics", "c.ics"]


@pytest.mark.parametrize("breaks", ["add_entry", "remove_entry", "hand_over"])
async def test_what_could_not_be_moved_is_as_it_was(
    served: Served, monkeypatch: pytest.MonkeyPatch, breaks: str
) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    phone, tablet, other = [await device(served, one) for one in (ada, ada, grace)]
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "END:VALARM")
    await phone.put("meetings/a.ics", meeting("a", *alarm), 201)
    (own,) = (await answer(ada.http.get("/api/agenda", params=DECEMBER)))["entries"]
    await remind(ada, send_id="n_1", entry=own["entry"], before_s=600)
    (token,) = re.findall("<D:sync-token>(.+?)<", (await tablet.sync("meetings/")).text)
    door = served.hub.calendar_writing._door
    write = door.write
    once = iter([True])

    async def fails(who: Any, command: Any, **more: Any) -> Any:
        if command.__struct_config__.tag == breaks and next(once, False):
            raise Conflict("It broke.", code="entry_changed")
        return await write(who, command, **more)

    hand_over = calendars.hand_over

    async def breaks_off(*args: Any) -> None:
        if breaks == "hand_over" and next(once, False):
            raise Conflict("It broke.", code="entry_changed")
        await hand_over(*args)

    monkeypatch.setattr(door, "write", fails)
    monkeypatch.setattr(calendars, "hand_over", breaks_off)
    asks = meeting("a", *alarm, *ASKS_GRACE)
    await phone.put("meetings/a.ics", asks, 409 if breaks == "hand_over" else 412)
    assert await other.names("meetings/") == []
    assert await phone.names("meetings/") == await tablet.names("meetings/") == ["a.ics"]
    found = await tablet.sync("meetings/", token)
    assert set(re.findall(r"/meetings/([^<]+)<", found.text)) <= {"a.ics"}
    assert "TRIGGER:-PT5M" in await tablet.get("meetings/a.ics")
    (reminder,) = (await answer(ada.http.get("/api/reminders")))["reminders"]
    assert (reminder["entry"], reminder["at"]) == (own["entry"], 1796115600000 - 600_000)
    # A second try does it, in the same thread.
    await phone.put("meetings/a.ics", asks, 204)
    assert len(await other.names("meetings/")) == 1
    assert await phone.names("meetings/") == ["a.ics"]
    threads = await answer(grace.http.get("/api/threads"))
    assert len([one for one in threads if one["subject"] == "Meeting"]) == 1


async def test_what_xml_cannot_say_is_left_out(served: Served) -> None:
    phone = await device(served, await served.person("ada"))
    await phone.put("tasks/a.ics", todo("a", "SUMMARY:x\uffff\ufffey"))
    found = await phone(
        "REPORT", "tasks/",
        '<C:calendar-multiget xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop>'
        f"<C:calendar-data/></D:prop><D:href>{phone.home}tasks/a.ics</D:href>"
        "</C:calendar-multiget>",
    )  # fmt: skip
    assert "SUMMARY:xy" in found.text


async def test_a_device_has_its_scope_alone(served: Served) -> None:
    ada = await served.person("ada")
    for scopes in (["calendar", "read"], ["feed", "admin"], ["feed", "calendar"]):
        made = await ada.http.post("/api/tokens", json={"name": "x", "scopes": scopes})
        assert (made.status_code, made.json()["code"]) == (400, "bad_scope")


# --- bounds and bad input -------------------------------------------------------------------------


async def test_a_program_that_loops_is_told_to_wait(served: Served) -> None:
    ada = await served.person("ada")
    phone = await device(served, ada)
    for number in range(30):
        await phone.put("tasks/loop.ics", todo("loop", f"SUMMARY:Turn {number % 2}"))
    told = await phone("PUT", "tasks/loop.ics", todo("loop", "SUMMARY:Turn"))
    assert (told.status_code, int(told.headers["retry-after"]) > 0) == (503, True)
    assert "SUMMARY:Turn 1" in await phone.get("tasks/loop.ics")
    await phone.put("tasks/other.ics", todo("other", "SUMMARY:Not this one"))


async def test_a_text_that_says_nothing_new_is_no_change(served: Served) -> None:
    ada = await served.person("ada")
    phone = await device(served, ada)
    put = await phone.put("tasks/a.ics", todo("a", "SUMMARY:Milk", "PRIORITY:1"), 201)
    again = todo("a", "PRIORITY:1", "SUMMARY:Milk").replace("20261127T09", "20261128T09")
    await phone.put("tasks/a.ics", again, 204)
    assert (await phone("GET", "tasks/a.ics")).headers["etag"] == put.headers["etag"]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("tasks/a.ics", "Hello", 403, ("bad_calendar", "valid-calendar-data")),
        ("tasks/a.ics", meeting("a"), 403, ("wrong_component", "supported-calendar-component")),
        ("meetings/a.ics", meeting("a", "RRULE:FREQ=SECONDLY"), 403, ("valid-calendar-data",)),
        ("meetings/a.ics", meeting("a").replace("2026", "0000"), 403, ("bad_date",)),
        ("tasks/a.ics", todo("a", "DUE;TZID=Europe/Atlantis:20261201T090000"), 403,
         ("unknown_zone",)),
        ("tasks/a.ics", todo("a", f"X-LONG:{'x' * 300_000}"), 413,
         ("calendar_too_large", "max-resource-size")),
        ("tasks/", todo("a"), 405, ("method_not_allowed",)),
        ("notes/a.ics", todo("a"), 404, ("not_found",)),
        ("tasks/" + "a" * 501, todo("a"), 404, ("not_found",)),
    ],
)  # fmt: skip
async def test_what_cannot_be_kept(
    served: Served, path: str, body: str, status: int, said: tuple[str, ...]
) -> None:
    phone = await device(served, await served.person("ada"))
    refused = await phone("PUT", path, body)
    assert refused.status_code == status
    assert all(one in refused.text for one in said), refused.text
    assert await phone.names("tasks/") == await phone.names("meetings/") == []


@pytest.mark.parametrize(
    ("method", "body", "said"),
    [
        ("PROPFIND", "<a", "bad_xml"),
        ("PROPFIND", '<!DOCTYPE a [<!ENTITY b "c">]><a xmlns="DAV:">&b;</a>', "bad_xml"),
        ("PROPFIND", "<a>" * 40 + "</a>" * 40, "bad_xml"),
        ("REPORT", "<a/>", "unknown_report"),
        ("REPORT", '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav"/>', "bad_filter"),
        ("REPORT", '<D:sync-collection xmlns:D="DAV:"><D:sync-token>data:,7</D:sync-token>'
         "</D:sync-collection>", "bad_sync_token"),
        ("REPORT", '<D:sync-collection xmlns:D="DAV:"><D:sync-token>http://x</D:sync-token>'
         "</D:sync-collection>", "valid-sync-token"),
        ("MKCALENDAR", "", "method_not_allowed"),
        ("LOCK", "", "method_not_allowed"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked(served: Served, method: str, body: str, said: str) -> None:
    phone = await device(served, await served.person("ada"))
    refused = await phone(method, "tasks/", body, depth="1")
    assert 400 <= refused.status_code < 500
    assert said in refused.text
    assert (await phone("PROPFIND", "tasks/", depth="infinity")).status_code == 403


@pytest.mark.parametrize("form", ['W/"{}"', '"{}-gzip"', '"{}-zstd"', '"0-9", "{}"', "*"])
async def test_tags_that_a_proxy_has_changed(served: Served, form: str) -> None:
    phone = await device(served, await served.person("ada"))
    tag = (await phone.put("tasks/a.ics", todo("a"), 201)).headers["etag"].strip('"')
    again = await phone("GET", "tasks/a.ics", if_none_match=form.format(tag))
    assert again.status_code == 304
    await phone.put("tasks/a.ics", todo("a", "SUMMARY:1"), if_match=form.format(tag))
    if form != "*":
        await phone.put("tasks/a.ics", todo("a", "SUMMARY:2"), 412, if_match=form.format(tag))
    assert "SUMMARY:1" in await phone.get("tasks/a.ics")


async def test_many_changes_are_told_in_pieces(served: Served) -> None:
    ada = await served.person("ada")
    phone = await device(served, ada)
    for number in range(5):
        await phone.put(f"tasks/{number}.ics", todo(str(number)))
    seen: list[str] = []
    token = ""
    for _ in range(3):
        found = await phone.sync("tasks/", token, limit=2)
        seen += re.findall(r"/tasks/(\d)\.ics", found.text)
        more = "number-of-matches-within-limits" in found.text
        (token,) = re.findall("<D:sync-token>(.+?)<", found.text)
        assert more == (len(seen) < 5)
    assert sorted(seen) == list("01234")
    await phone("DELETE", "tasks/3.ics")
    found = await phone.sync("tasks/", token)
    assert re.findall(r"/tasks/(\d)\.ics</D:href><D:status>HTTP/1.1 404", found.text) == ["3"]
    # A name of what is gone is free.
    await phone.put("tasks/3.ics", todo("another"), 201)
    assert len(await phone.names("tasks/")) == 5


async def test_much_is_read_some_at_a_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("hub.calendars.service._READ_AT_ONCE", 3)
    ada = await served.person("ada")
    phone = await device(served, ada)
    for number in range(7):
        await phone.put(f"meetings/{number}.ics", meeting(f"m-{number}"), 201)
    # One of which more is wanted than is told hides none of the others.
    dense = meeting("dense", f"RRULE:FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))}")
    await phone.put("meetings/dense.ics", dense.replace("2026120", "2050120"), 201)
    data = '<C:calendar-data xmlns:C="urn:ietf:params:xml:ns:caldav">{}</C:calendar-data>'
    hrefs = "".join(f"<D:href>{phone.home}meetings/{one}</D:href>" for one in ("3.ics", "no.ics"))
    begin, end = "20260101T000000Z", "20290101T000000Z"
    head = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    every = '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter>'

    async def told(kind: str, inside: str, expand: str = "") -> tuple[list[str], str]:
        prop = f"<D:prop>{data.format(expand)}<D:getetag/></D:prop>"
        found = await phone("REPORT", "meetings/", f"<{kind} {head}>{prop}{inside}</{kind}>")
        assert found.status_code == 207, found.text
        return sorted(re.findall(r"UID:([a-z0-9-]+)", found.text)), found.text

    names = sorted(["dense", *(f"m-{number}" for number in range(7))])
    assert (await told("C:calendar-query", every))[0] == names
    assert (await told("D:sync-collection", "<D:sync-token/>"))[0] == names
    some, text = await told("C:calendar-multiget", hrefs)
    assert some == ["m-3"]
    assert re.findall(r"/([^/]+)</D:href><D:status>HTTP/1.1 404", text) == ["no.ics"]
    lengths = await phone("PROPFIND", "meetings/", f"<D:propfind {head}><D:prop>"
                          "<D:getcontentlength/></D:prop></D:propfind>", depth="1")  # fmt: skip
    assert len(re.findall(r"<D:getcontentlength>\d+", lengths.text)) == 8

    expand = f'<C:expand start="{begin}" end="{end}"/>'
    assert (await told("C:calendar-query", every, expand))[0] == names[1:]
    later = expand.replace("2026", "2050").replace("2029", "2053")
    some, text = await told("C:calendar-query", every, later)
    assert "dense" not in some
    assert "/dense.ics" in text  # with its ETag, and without a text


async def test_names_are_whatever_a_program_chooses(served: Served) -> None:
    phone = await device(served, await served.person("ada"))
    for number, name in enumerate(("a%20b.ics", "a%2Fb", "%C5%BE@x%26.ics", "a+b;c=d.ics")):
        await phone.put(f"tasks/{name}", todo(f"name-{number}"), 201)
        assert f"name-{number}" in await phone.get(f"tasks/{name}")
    assert len(await phone.names("tasks/")) == 4
    for href in await phone.names("tasks/"):
        assert "UID:name-" in await phone.get(f"tasks/{href}")
