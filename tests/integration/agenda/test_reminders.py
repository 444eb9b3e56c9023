"""Reminders: private, once, at their moment or before those of a meeting; and to a thread."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.clock import to_datetime
from hub.ids import new_id
from hub.mail.agenda.reminders import REMIND
from hub.mail.rebuild import rebuild_projections
from hub.storage import reminders as rows
from hub.storage.projection import Projector
from tests.conftest import TurnableClock
from tests.integration.agenda.moments import FRIDAY, PRAGUE, at
from tests.integration.conftest import Person, Served, serve
from tests.integration.sockets import Raw, signed_in
from tests.support.hub_process import answer


async def remind(person: Person, **fields: Any) -> Any:
    return await answer(person.http.post("/api/reminders", json={"zone": PRAGUE, **fields}))


async def notices(person: Person) -> list[Any]:
    return list((await answer(person.http.get("/api/notices")))["notices"])


async def pass_by(served: Served, clock: TurnableClock, seconds: float) -> None:
    clock.advance(seconds)
    await served.hub.jobs.drain([REMIND])


async def heard(raw: Raw) -> list[str]:
    """Types of the frames up to now."""
    id_ = await raw.send(cmd="ping")
    types = []
    while (frame := await raw.next()).get("re") != id_:
        types.append(frame["t"])
    return types


async def test_one_is_reminded_once_and_nobody_else_hears(
    served: Served, clock: TurnableClock
) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    said = f"/api/threads/{thread}/messages"
    seq = (await answer(ada.http.post(said, json={"text": "Pay it"})))["seq"]
    async with signed_in(served, ada) as raw, signed_in(served, grace) as other:
        await other.call(cmd="watch_inbox")
        made = await remind(ada, note="Pay", when=at("2026-11-28T09:00:00"), thread=thread, seq=seq)
        assert (made["at"], made["when"]["local"]) == (
            int((FRIDAY + timedelta(hours=23)).timestamp() * 1000), "2026-11-28T09:00:00",
        )  # fmt: skip
        assert (await answer(ada.http.get("/api/reminders")))["reminders"] == [made]
        assert (await answer(grace.http.get("/api/reminders")))["reminders"] == []
        await pass_by(served, clock, 22.9 * 3600)
        assert await notices(ada) == []
        await pass_by(served, clock, 0.1 * 3600)
        frame = await raw.frame("notice")
        assert frame["notice"] == {
            "notice": f"{made['reminder']}.{made['at']}", "at": made["at"], "note": "Pay",
            "thread": thread, "seq": seq,
        }  # fmt: skip
        await pass_by(served, clock, 3600)
        assert await notices(ada) == [frame["notice"]]
        assert await notices(grace) == []
        url = f"/api/notices/{frame['notice']['notice']}"
        assert (await grace.http.delete(url)).status_code == 204  # tells nothing
        assert await notices(ada) == [frame["notice"]]
        assert (await ada.http.delete(url)).status_code == 204
        assert await notices(ada) == []
        assert (await raw.frame("notice_seen"))["notice"] == frame["notice"]["notice"]
        assert "notice" not in await heard(other)
    assert (await answer(ada.http.get("/api/reminders")))["reminders"] == []


async def test_what_is_put_off_comes_again(served: Served, clock: TurnableClock) -> None:
    ada = await served.person("ada")
    await remind(ada, note="Pay", when=at("2026-11-27T11:00:00"))
    await pass_by(served, clock, 3600)
    (notice,) = await notices(ada)
    url = f"/api/notices/{notice['notice']}/snooze"
    later = {"when": at("2026-11-27T12:00:00")}
    made = await answer(ada.http.post(url, json=later))
    assert made["note"] == "Pay"
    assert await notices(ada) == []
    again = await ada.http.post(url, json=later)
    assert (again.status_code, again.json()["code"]) == (404, "notice_not_found")
    past = await ada.http.post(url, json={"when": at("2026-11-27T09:00:00")})
    assert past.json()["code"] == "reminder_past"
    await pass_by(served, clock, 3600)
    assert [one["note"] for one in await notices(ada)] == ["Pay"]


async def test_a_day_begins_on_ones_own_clocks(served: Served, clock: TurnableClock) -> None:
    ada = await served.person("ada")
    for zone, hours in (("Pacific/Kiritimati", 1), ("America/New_York", 20)):
        made = await remind(ada, note=zone, when=at("2026-11-28"), zone=zone)
        assert to_datetime(made["at"]) == FRIDAY + timedelta(hours=hours)


async def test_before_each_moment_of_a_meeting_wherever_it_moves(
    served: Served, clock: TurnableClock
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with signed_in(served, ada) as raw:

        async def act(**command: Any) -> Any:
            reply = await raw.call(thread=thread, send_id=new_id("n"), **command)
            assert reply["t"] == "ok", reply
            return reply["result"]

        entry = (
            await act(
                cmd="add_entry", kind="event", title="Stand-up", rule="FREQ=DAILY",
                starts=at("2026-11-28T09:00:00"), ends=at("2026-11-28T09:15:00"),
            )
        )["entry"]  # fmt: skip
        made = await remind(ada, entry=entry, before_s=600)
        eight_fifty = datetime(2026, 11, 28, 7, 50, tzinfo=UTC)
        assert to_datetime(made["at"]) == eight_fifty
        change = {"cmd": "change_entry", "entry": entry}
        await act(**change, starts=at("2026-11-28T10:00:00"))
        (moved,) = (await answer(ada.http.get("/api/reminders")))["reminders"]
        assert to_datetime(moved["at"]) == eight_fifty + timedelta(hours=1)
        await pass_by(served, clock, 24 * 3600)
        (first,) = await notices(ada)
        assert first["entry"] == entry
        # The next day's, and no other: that one is left out.
        await act(cmd="remove_entry", entry=entry, occurrence="2026-11-29T10:00:00")
        await pass_by(served, clock, 24 * 3600)
        assert len(await notices(ada)) == 1
        await pass_by(served, clock, 24 * 3600)
        assert len(await notices(ada)) == 2
        # Cancelled and removed ones remind nobody; those that are brought back do.
        await act(**change, state="cancelled")
        await pass_by(served, clock, 24 * 3600)
        await act(**change, state="confirmed")
        await act(cmd="remove_entry", entry=entry)
        (waiting,) = (await answer(ada.http.get("/api/reminders")))["reminders"]
        assert "at" not in waiting
        await act(cmd="unremove_entry", entry=entry)
        await pass_by(served, clock, 24 * 3600)
        assert len(await notices(ada)) == 3


async def test_a_thread_is_reminded_by_a_message(served: Served, clock: TurnableClock) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    made = await remind(
        ada, note="The offer ends today", when=at("2026-11-27T11:00:00"), thread=thread,
        for_thread=True,
    )  # fmt: skip
    assert (await answer(grace.http.get("/api/reminders")))["reminders"] == [made]
    clock.advance(3600)
    # It was written, and whoever wrote it died before it could say so.
    hub = served.hub
    async with hub.database.acquire() as connection:
        (due,) = await rows.due_for_threads(connection, to_datetime(clock.now_ms()), 9)
    await hub.writer.append(await hub.reminders._message(due))
    await hub.jobs.drain([REMIND])
    page = await answer(grace.http.get(f"/api/threads/{thread}/history"))
    (message,) = [one for one in page["items"] if one["type"] == "message"]
    assert (message["text"], message["sender"], message["reminder"], message["mentions"]) == (
        "The offer ends today", ada.uid, True, [grace.uid],
    )  # fmt: skip
    assert await notices(ada) == await notices(grace) == []
    assert (await answer(ada.http.get("/api/reminders")))["reminders"] == []
    report = await rebuild_projections(hub.database, Projector(served.url))
    assert report.changed == []


async def test_who_left_is_told_that_it_was_not_said(served: Served, clock: TurnableClock) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    await remind(
        grace, note="Pay", when=at("2026-11-27T11:00:00"), thread=thread, for_thread=True
    )  # fmt: skip
    await remind(grace, note="Mine", when=at("2026-11-27T11:00:00"), thread=thread)
    async with signed_in(served, ada) as raw:
        await raw.call(
            cmd="set_member", thread=thread, uid=grace.uid, role=None, send_id="s1"
        )  # fmt: skip
    await pass_by(served, clock, 3600)
    told = {one["note"]: one.get("failed") for one in await notices(grace)}
    assert told == {"Pay": "not_member", "Mine": None}
    page = await answer(ada.http.get(f"/api/threads/{thread}/history"))
    assert "Pay" not in str(page)


async def test_nobody_reminds_who_is_gone(served: Served, clock: TurnableClock) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    await remind(grace, note="Pay", when=at("2026-11-27T11:00:00"))
    await answer(ada.http.patch(f"/api/accounts/{grace.uid}", json={"disabled": True}))
    await pass_by(served, clock, 3600)
    async with served.hub.database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM notices") == 0
        assert await connection.fetchval("SELECT count(*) FROM reminders") == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"note": "x"}, "bad_reminder"),
        ({"note": "x", "before_s": 60}, "bad_reminder"),
        ({"note": "x", "when": at("2026-11-28"), "before_s": 60}, "bad_reminder"),
        ({"note": "x", "when": at("2026-11-28"), "for_thread": True}, "bad_reminder"),
        ({"note": "x", "when": at("2026-11-28"), "seq": 1}, "bad_reminder"),
        ({"note": "x", "when": at("2026-11-26")}, "reminder_past"),
        ({"note": "x", "when": at("2026-02-30")}, "bad_date"),
        ({"note": "x", "when": {"local": "2026-11-28T09:00:00"}}, "unknown_zone"),
        ({"note": "x", "when": at("2026-11-28"), "zone": "Mars/Olympus"}, "unknown_zone"),
        ({"note": "x", "when": at("2026-11-28"), "thread": "r_1"}, "thread_not_found"),
        ({"note": "x", "when": at("2026-11-28"), "entry": "e_1"}, "entry_not_found"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused(served: Served, fields: dict[str, Any], code: str) -> None:
    ada = await served.person("ada")
    reply = await ada.http.post("/api/reminders", json=fields)
    assert reply.json()["code"] == code
    assert (await answer(ada.http.get("/api/reminders")))["reminders"] == []


async def test_two_processes_remind_once(database_url: str, clock: TurnableClock) -> None:
    async with serve(database_url, clock=clock) as one, serve(database_url, clock=clock) as two:
        ada = await one.person("ada")
        made = [
            await remind(ada, note=f"N{number}", when=at("2026-11-27T11:00:00"))
            for number in range(40)
        ]
        clock.advance(3600)
        await asyncio.gather(one.hub.jobs.drain([REMIND]), two.hub.jobs.drain([REMIND]))
        told = await notices(ada)
        assert sorted(one["note"] for one in told) == sorted(one["note"] for one in made)


async def test_a_clock_that_is_moved_reminds_of_nothing_twice(
    served: Served, clock: TurnableClock
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    new = {
        "kind": "event", "title": "Stand-up", "rule": "FREQ=DAILY",
        "starts": at("2026-11-28T09:00:00"), "ends": at("2026-11-28T09:15:00"),
    }  # fmt: skip
    entry = (await answer(ada.http.post(f"/api/threads/{thread}/entries", json=new)))["entry"]
    await remind(ada, entry=entry, before_s=0)
    await remind(ada, note="Once", when=at("2026-11-28T09:00:00"))
    for hours in (30, -20, 20, -30, 1, 29):
        await pass_by(served, clock, hours * 3600)
    assert sorted(one["note"] for one in await notices(ada)) == ["", "Once"]
    await pass_by(served, clock, 24 * 3600)
    assert len(await notices(ada)) == 3
