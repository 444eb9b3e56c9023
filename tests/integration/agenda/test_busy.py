"""When several are free: of those who agree to it, as one bar, and of nobody what they do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hub.ids import new_id
from tests.integration.agenda.moments import FRIDAY, PRAGUE, at
from tests.integration.calendars.test_devices import device, meeting, text
from tests.integration.conftest import Person, Served
from tests.integration.sockets import Raw, signed_in
from tests.support.hub_process import answer

MONDAY = FRIDAY + timedelta(days=3)


async def slots(
    person: Person, *people: Person, week: int = 0, **more: Any
) -> tuple[list[str], list[str]]:
    """Free times of a Monday in Prague, and of whom nothing is known."""
    midnight = MONDAY.replace(hour=0) - timedelta(hours=1) + timedelta(weeks=week)
    body = {
        "people": [one.uid for one in people], "first": int(midnight.timestamp() * 1000),
        "last": int((midnight + timedelta(days=1)).timestamp() * 1000), "zone": PRAGUE,
        **more,
    }  # fmt: skip
    found = await answer(person.http.post("/api/busy/slots", json=body))
    said = [
        "-".join(f"{MONDAY.fromtimestamp(one / 1000, ZoneInfo(PRAGUE)):%H:%M}" for one in two)
        for two in found["free"]
    ]
    return said, found["unknown"]


async def meets(raw: Raw, thread: str, first: str, last: str, **more: Any) -> str:
    made = await raw.call(
        cmd="add_entry", send_id=new_id("n"), thread=thread, kind="event", title="Secret",
        starts=at(f"2026-11-30T{first}:00"), ends=at(f"2026-11-30T{last}:00"), **more,
    )  # fmt: skip
    return str(made["result"]["entry"])


async def test_only_who_agreed_is_known(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    await served.thread(ada, grace)
    own, others = await served.thread(ada), await served.thread(grace)
    async with signed_in(served, ada) as raw, signed_in(served, grace) as there:
        await meets(raw, own, "09:00", "10:00")
        await meets(there, others, "11:00", "12:30")
        assert await slots(ada, grace) == (["10:00-17:00"], [grace.uid])
        await answer(ada.http.put(f"/api/busy/asks/{grace.uid}"))
        # She is told, once; he does not learn of a refusal.
        notice = (await there.frame("notice"))["notice"]
        assert notice["asks"] == ada.uid
        await answer(ada.http.put(f"/api/busy/asks/{grace.uid}"))
        assert len((await answer(grace.http.get("/api/notices")))["notices"]) == 1
        refused = await grace.http.post(
            f"/api/notices/{notice['notice']}/snooze", json={"when": at("2026-12-01T09:00")}
        )
        assert refused.json()["code"] == "not_a_reminder"
    asked = {"asked": [ada.uid], "agreed": [], "known": [], "waiting": []}
    waiting = {"asked": [], "agreed": [], "known": [], "waiting": [grace.uid]}
    assert await answer(grace.http.get("/api/busy/consents")) == asked
    await answer(grace.http.delete(f"/api/busy/consents/{ada.uid}"))
    assert (await answer(grace.http.get("/api/notices")))["notices"] == []
    assert await answer(ada.http.get("/api/busy/consents")) == waiting
    assert (await answer(grace.http.get("/api/busy/consents")))["asked"] == []
    assert await slots(ada, grace) == (["10:00-17:00"], [grace.uid])
    # It is agreed to, one way; and taken back.
    await answer(grace.http.put(f"/api/busy/consents/{ada.uid}"))
    assert await slots(ada, grace) == (["10:00-11:00", "12:30-17:00"], [])
    assert await slots(grace, ada) == (["09:00-11:00", "12:30-17:00"], [ada.uid])
    await answer(grace.http.delete(f"/api/busy/consents/{ada.uid}"))
    assert (await slots(ada, grace))[1] == [grace.uid]


async def test_what_counts_as_busy(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    phone = await device(served, ada)
    async with signed_in(served, ada) as raw:
        await meets(raw, thread, "08:00", "09:30")
        gone = await meets(raw, thread, "10:00", "11:00")
        off = await meets(raw, thread, "11:00", "12:00")
        no = await meets(raw, thread, "12:00", "13:00")
        await raw.call(cmd="remove_entry", send_id=new_id("n"), thread=thread, entry=gone)
        await raw.call(
            cmd="change_entry", send_id=new_id("n"), thread=thread, entry=off, state="cancelled"
        )
        await raw.call(
            cmd="answer_entry", send_id=new_id("n"), thread=thread, entry=no, answer="declined"
        )
        # A task, what weighs nothing, a day; a series but for the moment that is left out.
        await raw.call(
            cmd="add_entry", send_id=new_id("n"), thread=thread, title="Task",
            starts=at("2026-11-30T13:00"), ends=at("2026-11-30T14:00"),
        )  # fmt: skip
        light = meeting("light", "TRANSP:TRANSPARENT").replace("20261201T", "20261130T")
        await phone.put("meetings/light.ics", light)
        weekly = meeting("weekly", "RRULE:FREQ=WEEKLY").replace("20261201T09", "20261123T14")
        await phone.put("meetings/weekly.ics", weekly.replace("20261201T10", "20261123T15"))
    assert await slots(ada) == (["09:30-15:00", "16:00-17:00"], [])
    assert await slots(ada, minutes=90) == (["09:30-15:00"], [])
    assert await slots(ada, opens="15:30", closes="24:00") == (["16:00-00:00"], [])
    day = meeting("day").replace("DTSTART:20261201T090000Z", "DTSTART;VALUE=DATE:20261130")
    day = day.replace("DTEND:20261201T100000Z", "DTEND;VALUE=DATE:20261201")
    await phone.put("meetings/day.ics", day)
    assert await slots(ada) == ([], [])
    await phone("DELETE", "meetings/day.ics")
    # One moment of a series that leaves people free leaves the others as they are.
    moment = text(
        "VEVENT", "weekly", "RECURRENCE-ID:20261130T140000Z", "DTSTART:20261130T140000Z",
        "DTEND:20261130T150000Z", "TRANSP:TRANSPARENT",
    )  # fmt: skip
    free = await phone.put("meetings/weekly.ics", moment)
    assert free.status_code == 204
    assert await slots(ada) == (["09:30-17:00"], [])
    assert await slots(ada, week=1) == (["09:00-15:00", "16:00-17:00"], [])
    await phone.put("meetings/weekly.ics", moment.replace("TRANSPARENT", "OPAQUE"))
    # The same as programs ask for it: times, and nothing of what is at them.
    told = await phone(
        "REPORT", "meetings/",
        '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
        '<C:time-range start="20261130T000000Z" end="20261201T000000Z"/></C:free-busy-query>',
    )  # fmt: skip
    assert "FREEBUSY;FBTYPE=BUSY:20261130T070000Z/20261130T083000Z" in told.text
    assert "FREEBUSY;FBTYPE=BUSY:20261130T140000Z/20261130T150000Z" in told.text
    assert told.text.count("FREEBUSY;FBTYPE") == 2
    assert "Secret" not in told.text


async def test_what_cannot_be_asked(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    stranger = await ada.http.put(f"/api/busy/asks/{grace.uid}")
    assert (stranger.status_code, stranger.json()["code"]) == (403, "no_shared_thread")
    for uid in ("u_nobody", ada.uid):
        missing = await ada.http.put(f"/api/busy/asks/{uid}")
        assert missing.json()["code"] == "account_not_found"
        missing = await ada.http.put(f"/api/busy/consents/{uid}")
        assert missing.json()["code"] == "account_not_found"
    body = {"people": [], "first": 0, "last": 86_400_000, "zone": "UTC"}
    for wrong, code in (
        ({"zone": "Europe/Atlantis"}, "unknown_zone"),
        ({"last": 0}, "bad_parameter"),
        ({"last": 400 * 86_400_000}, "bad_parameter"),
        ({"opens": "25:00"}, "bad_body"),
        ({"opens": "17:00", "closes": "09:00"}, "bad_parameter"),
        ({"minutes": 0}, "bad_body"),
        ({"people": ["x"] * 501}, "bad_body"),
    ):
        refused = await ada.http.post("/api/busy/slots", content=json.dumps({**body, **wrong}))
        assert refused.json()["code"] == code, wrong


async def test_whoever_looks_too_often_waits(served: Served) -> None:
    ada = await served.person("ada")
    body = {
        "people": [], "first": int(MONDAY.timestamp() * 1000),
        "last": int(MONDAY.timestamp() * 1000) + 3_600_000, "zone": PRAGUE,
    }  # fmt: skip
    for _ in range(200):
        found = await ada.http.post("/api/busy/slots", json=body)
        if found.status_code == 429:
            break
    assert found.json()["code"] == "too_many_attempts"
    assert "retry-after" in found.headers
