"""Tasks and meetings of a thread: made, changed, done, answered, removed; and who sees them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hub.agenda.lines import unfolded
from hub.clock import to_datetime
from hub.ids import new_id
from hub.mail.agenda.horizon import HORIZON
from hub.mail.erasure import Eraser
from hub.mail.rebuild import rebuild_projections
from hub.storage import entries
from hub.storage.projection import Projector
from tests.conftest import TurnableClock
from tests.integration.agenda.moments import FRIDAY, PRAGUE, at
from tests.integration.conftest import Person, Served
from tests.integration.sockets import Raw, signed_in
from tests.support.hub_process import answer


async def act(raw: Raw, **command: Any) -> Any:
    """What a command came to, or the error."""
    reply = await raw.call(**{"send_id": new_id("n"), **command})
    return reply["result"] if reply["t"] == "ok" else reply


async def entry_of(person: Person, entry: str) -> dict[str, Any]:
    return dict(await answer(person.http.get(f"/api/entries/{entry}")))


async def tasks(person: Person) -> list[tuple[str, str]]:
    found = await answer(person.http.get("/api/tasks"))
    return [(one["title"], one["state"]) for one in found["entries"]]


async def agenda(
    person: Person, first: datetime, days: int, zone: str = PRAGUE
) -> list[tuple[str, str]]:
    """``(title, local beginning)`` of what is for somebody."""
    params = {
        "first": int(first.timestamp() * 1000), "zone": zone,
        "last": int((first + timedelta(days=days)).timestamp() * 1000),
    }  # fmt: skip
    found = await answer(person.http.get("/api/agenda", params=params))
    titles = {one["entry"]: one["title"] for one in found["entries"]}
    return [
        (one.get("title") or titles[one["entry"]], (one.get("starts") or one["ends"])["local"])
        for one in found["occurrences"]
    ]


async def test_a_message_becomes_a_task_of_two(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as raw, signed_in(served, grace) as other:
        await other.call(cmd="subscribe", thread=thread)
        seq = (await act(raw, cmd="post", thread=thread, text="Send the offer"))["seq"]
        made = await act(
            raw, cmd="add_entry", thread=thread, title="  Send the\noffer ",
            ends=at("2026-11-30"), people=[grace.uid], source={"seq": seq},
        )  # fmt: skip
        event = await other.frame("event")
        while event["type"] != "entry.set":
            event = await other.frame("event")
    assert event["data"]["title"] == "Send the offer"
    assert "ical" not in str(event)
    entry = await entry_of(grace, made["entry"])
    assert (entry["state"], entry["ends"], entry["source"]) == (
        "open", {"local": "2026-11-30"}, {"seq": seq},
    )  # fmt: skip
    assert [one["uid"] for one in entry["people"]] == [grace.uid]
    assert await tasks(grace) == [("Send the offer", "open")]
    assert await tasks(ada) == []
    async with signed_in(served, grace) as raw:
        await act(raw, cmd="finish_entry", thread=thread, entry=made["entry"])
        again = await act(raw, cmd="finish_entry", thread=thread, entry=made["entry"])
        assert again["changed"] is False
    entry = await entry_of(ada, made["entry"])
    assert (entry["state"], entry["done_by"]) == ("done", grace.uid)
    assert await tasks(grace) == [("Send the offer", "done")]
    async with signed_in(served, ada) as raw:
        await act(raw, cmd="finish_entry", thread=thread, entry=made["entry"], done=False)
    assert await tasks(grace) == [("Send the offer", "open")]
    history = await answer(ada.http.get(f"/api/threads/{thread}/history"))
    lines = [one["data"]["did"] for one in history["items"] if one["type"] == "entry.set"]
    assert lines == ["added", "finished", "reopened"]
    assert [one["entry"] for one in history["entries"]] == [made["entry"]]
    state = await answer(ada.http.get(f"/api/threads/{thread}"))
    assert [one["entry"] for one in state["entries"]] == [made["entry"]]


async def test_a_task_that_comes_back_is_done_one_time_after_the_other(
    served: Served, clock: TurnableClock
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with signed_in(served, ada) as raw:
        made = await act(
            raw, cmd="add_entry", thread=thread, title="Water", ends=at("2026-11-20"),
            rule="FREQ=DAILY;COUNT=9",
        )  # fmt: skip
        entry = made["entry"]

        async def current() -> Any:
            return (await entry_of(ada, entry)).get("current", {}).get("id")

        assert await current() == "2026-11-20"
        await act(raw, cmd="finish_entry", thread=thread, entry=entry)  # today's, at once
        assert await current() == "2026-11-28"
        await act(raw, cmd="finish_entry", thread=thread, entry=entry, done=False)
        assert await current() == "2026-11-20"
        done = {"cmd": "finish_entry", "thread": thread, "entry": entry}
        # Ticked off in a tunnel: what was due then, not what is due now.
        late = await act(raw, **done, ago_ms=2 * 86_400_000)
        assert late["occurrence"] == "2026-11-25"
        assert await current() == "2026-11-26"
        await act(raw, **done, done=False)
        early = await act(raw, **done, ago_ms=30 * 86_400_000)  # nothing was due then
        assert early["occurrence"] == "2026-11-20"
        await act(raw, **done, done=False)
        await act(raw, **done, occurrence="2026-11-27")
        await act(raw, **done)
        assert await current() is None
        assert (await entry_of(ada, entry))["state"] == "done"
        wrong = await act(raw, **done, occurrence="2026-13-01")
        assert wrong["code"] == "occurrence_not_found"
        # Before the first of them is due.
        ahead = await act(
            raw, cmd="add_entry", thread=thread, title="Heat", ends=at("2026-12-20"),
            rule="FREQ=WEEKLY",
        )  # fmt: skip
        soon = await act(raw, cmd="finish_entry", thread=thread, entry=ahead["entry"])
        assert soon["occurrence"] == "2026-12-20"
    text = (await ada.http.get(f"/api/entries/{entry}.ics")).text
    assert text.count("STATUS:COMPLETED") == 2


async def test_a_meeting_is_answered_countered_and_moved(served: Served) -> None:
    ada = await served.person("ada")
    grace, linus = [await served.person(name, ada) for name in ("grace", "linus")]
    thread = await served.thread(ada, grace, linus)
    async with (
        signed_in(served, ada) as raw, signed_in(served, grace) as hers,
        signed_in(served, linus) as his,
    ):  # fmt: skip
        made = await act(
            raw, cmd="add_entry", thread=thread, kind="event", title="Kick-off",
            starts=at("2026-12-01T09:00:00"), ends=at("2026-12-01T10:00:00"),
            people=[ada.uid, grace.uid],
        )  # fmt: skip
        entry = {"thread": thread, "entry": made["entry"]}
        proposal = {"starts": at("2026-12-01T14:00:00"), "ends": at("2026-12-01T15:00:00")}
        await act(hers, cmd="answer_entry", answer="declined", proposal=proposal, **entry)
        await act(his, cmd="answer_entry", answer="accepted", **entry)  # who was not asked comes
        one = await entry_of(ada, made["entry"])
        answers = {who["uid"]: who.get("answer", "none") for who in one["people"]}
        assert answers == {ada.uid: "none", grace.uid: "declined", linus.uid: "accepted"}
        assert [who["by"] for who in one["proposals"]] == [grace.uid]
        assert await agenda(linus, FRIDAY, 7) == [("Kick-off", "2026-12-01T09:00:00")]
        await act(raw, cmd="change_entry", **entry, **{
            key: proposal[key] for key in ("starts", "ends")
        })  # fmt: skip
        one = await entry_of(ada, made["entry"])
        answers = {who["uid"]: who.get("answer", "none") for who in one["people"]}
        assert answers == {ada.uid: "accepted", grace.uid: "accepted", linus.uid: "none"}
        assert "proposals" not in one
        assert await agenda(grace, FRIDAY, 7) == [("Kick-off", "2026-12-01T14:00:00")]
        text = unfolded((await ada.http.get(f"/api/entries/{made['entry']}.ics")).content)
        assert "SEQUENCE:1" in text
        bad = {"starts": proposal["ends"], "ends": proposal["starts"]}
        refused = await act(hers, cmd="answer_entry", answer="declined", proposal=bad, **entry)
        assert refused["code"] == "bad_date"


async def test_a_series_has_exceptions_that_move_with_it(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with signed_in(served, ada) as raw:
        made = await act(
            raw, cmd="add_entry", thread=thread, kind="event", title="Weekly",
            starts=at("2026-11-30T09:00:00"), ends=at("2026-11-30T09:30:00"), rule="FREQ=WEEKLY",
        )  # fmt: skip
        entry = {"thread": thread, "entry": made["entry"]}
        second, third = "2026-12-07T09:00:00", "2026-12-14T09:00:00"
        await act(
            raw, cmd="change_entry", **entry, occurrence=second, title="Weekly, with Ivan",
            starts=at("2026-12-08T11:00:00"),
        )  # fmt: skip
        await act(raw, cmd="remove_entry", **entry, occurrence=third)
        shown = [
            ("Weekly", "2026-11-30T09:00:00"), ("Weekly, with Ivan", "2026-12-08T11:00:00"),
            ("Weekly", "2026-12-21T09:00:00"),
        ]  # fmt: skip
        assert await agenda(ada, FRIDAY, 26) == shown
        await act(raw, cmd="change_entry", **entry, starts=at("2026-11-30T10:00:00"))
        assert await agenda(ada, FRIDAY, 26) == [
            ("Weekly", "2026-11-30T10:00:00"), ("Weekly, with Ivan", "2026-12-08T11:00:00"),
            ("Weekly", "2026-12-21T10:00:00"),
        ]  # fmt: skip
        refused = await act(raw, cmd="change_entry", **entry, occurrence=second, rule=None)
        assert refused["code"] == "not_of_a_moment"
        await act(raw, cmd="change_entry", **entry, state="cancelled")
        one = await entry_of(ada, made["entry"])
        assert one["state"] == "cancelled"


async def test_two_change_one_entry(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    made = await answer(
        ada.http.post(f"/api/threads/{thread}/entries", json={"title": "Offer"})
    )  # fmt: skip
    url = f"/api/entries/{made['entry']}"
    both = await asyncio.gather(*(
        answer(person.http.patch(url, json={field: "x"}))
        for person, field in [(ada, "notes"), (grace, "place"), (ada, "title"), (grace, "blocked")]
    ))  # fmt: skip
    assert len({one["seq"] for one in both}) == 4
    entry = await entry_of(ada, made["entry"])
    assert [entry[name] for name in ("title", "notes", "place", "blocked")] == ["x"] * 4
    late = await ada.http.patch(url, json={"title": "y", "base": made["seq"]})
    assert (late.status_code, late.json()["code"]) == (409, "entry_changed")
    now = await answer(ada.http.patch(url, json={"title": "y", "base": entry["seq"]}))
    assert now.get("changed") is None
    same = await answer(ada.http.patch(url, json={"title": "y"}))
    assert same["changed"] is False


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": " "}, "empty_title"),
        ({"ends": at("2026-02-30")}, "bad_date"),
        ({"ends": at("2026-11-30T09:00:00", "Mars/Olympus")}, "unknown_zone"),
        ({"ends": {"local": "2026-11-30T09:00:00"}}, "unknown_zone"),
        ({"ends": at("9999-12-31")}, "bad_date"),
        ({"kind": "event"}, "bad_date"),
        ({"ends": at("2026-11-30"), "rule": "FREQ=SECONDLY"}, "bad_rule"),
        ({"ends": at("2026-11-30"), "rule": "FREQ=HOURLY;COUNT=1000000"}, "bad_rule"),
        ({"ends": at("2026-11-30"), "rule": "daily"}, "bad_rule"),
        ({"rule": "FREQ=DAILY"}, "bad_rule"),
        ({"people": ["u_nobody"]}, "not_in_thread"),
        ({"source": {"seq": 1, "document": "d_1"}}, "bad_source"),
        ({"source": {"document": "d_1"}}, "document_not_found"),
        ({"source": {"attachment": "a_1"}}, "attachment_not_found"),
        ({"source": {"reference": "case:c-1:"}}, "reference_not_found"),
        ({"source": {"seq": 999}}, "message_not_found"),
        ({"ical": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}, "bad_calendar"),
        ({"ical": "hello"}, "bad_calendar"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_in_words(
    served: Served, fields: dict[str, Any], code: str
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    if fields.get("source", {}).get("seq") == 1:
        said = f"/api/threads/{thread}/messages"
        seq = (await answer(ada.http.post(said, json={"text": "x"})))["seq"]
        fields = {"source": {**fields["source"], "seq": seq}}
    body = {"title": "Offer", **fields}
    reply = await ada.http.post(f"/api/threads/{thread}/entries", json=body)
    assert reply.json()["code"] == code
    assert reply.status_code in (400, 404)
    assert (await answer(ada.http.get(f"/api/threads/{thread}/entries")))["entries"] == []


async def test_what_was_removed_comes_back_or_is_erased(
    served: Served, clock: TurnableClock
) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    new = {"title": "Secret plan", "ends": at("2026-11-30")}
    made = await answer(ada.http.post(f"/api/threads/{thread}/entries", json=new))
    entry = {"thread": thread, "entry": made["entry"]}
    async with signed_in(served, ada) as raw, signed_in(served, grace) as hers:
        await act(raw, cmd="remove_entry", **entry)
        assert (await ada.http.get(f"/api/entries/{made['entry']}")).status_code == 404
        assert await agenda(ada, FRIDAY, 7) == []
        assert (await act(hers, cmd="unremove_entry", **entry))["code"] == "not_author"
        assert (await act(raw, cmd="finish_entry", **entry))["code"] == "entry_removed"
        await act(raw, cmd="unremove_entry", **entry)
        assert await agenda(ada, FRIDAY, 7) == [("Secret plan", "2026-11-30")]
        await act(raw, cmd="remove_entry", **entry)
        clock.advance(3600)
        assert (await act(raw, cmd="unremove_entry", **entry))["code"] == "erased"
        await Eraser(served.hub.database, clock).erase()
        assert (await act(raw, cmd="unremove_entry", **entry))["code"] == "entry_not_found"
    async with served.hub.database.acquire() as connection:
        for table in ("entries", "entry_people", "occurrences", "expansions"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
        left = await connection.fetchval(
            "SELECT count(*) FROM events WHERE type LIKE 'entry.%' AND body IS NOT NULL"
        )
        assert left == 0
    history = await answer(ada.http.get(f"/api/threads/{thread}/history"))
    assert "Secret" not in str(history)
    assert await rebuild(served) == []


async def rebuild(served: Served) -> list[str]:
    """Tables that said something else than the log."""
    return (await rebuild_projections(served.hub.database, Projector(served.url))).changed


async def test_a_rebuild_finds_nothing_else(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as raw:
        for number in range(3):
            made = await act(
                raw, cmd="add_entry", thread=thread, title=f"T{number}", ends=at("2026-11-30"),
                people=[grace.uid],
            )  # fmt: skip
            entry = {"thread": thread, "entry": made["entry"]}
            await act(raw, cmd="change_entry", people=[ada.uid], **entry)
            await act(raw, cmd="finish_entry", **entry)
            if number:
                await act(raw, cmd="remove_entry", **entry)
            if number > 1:
                await act(raw, cmd="unremove_entry", **entry)
    assert await rebuild(served) == []


async def test_who_came_later_sees_what_is_for_them(served: Served) -> None:
    ada = await served.person("ada")
    grace, linus = [await served.person(name, ada) for name in ("grace", "linus")]
    new = {"subject": "S", "history": "joined", "members": [linus.uid]}
    state = await answer(ada.http.post("/api/threads", json=new))
    thread = state["summary"]["thread"]
    url = f"/api/threads/{thread}/entries"
    for title in ("Hers", "Hidden"):
        await answer(ada.http.post(url, json={"title": title, "ends": at("2026-11-30")}))
    listed = await answer(ada.http.get(url))
    hers, hidden = sorted(listed["entries"], key=lambda one: str(one["title"]))
    async with signed_in(served, ada) as raw, signed_in(served, grace) as other:
        await act(raw, cmd="set_member", thread=thread, uid=grace.uid, role="editor")
        await other.call(cmd="subscribe", thread=thread)

        async def seen() -> set[str]:
            state = await answer(grace.http.get(f"/api/threads/{thread}"))
            found = await answer(grace.http.get(url))
            history = await answer(grace.http.get(f"/api/threads/{thread}/history"))
            events = await answer(grace.http.get(f"/api/threads/{thread}/events"))
            said = str(history["items"]) + str(events)
            by_text = {one for one in ("Hers", "Hidden") if one in said}
            titles = {one["title"] for one in state["entries"]}
            assert titles == {one["title"] for one in found["entries"]} == by_text
            return titles

        assert await seen() == set()
        one = {"thread": thread, "entry": hidden["entry"]}
        await act(raw, cmd="change_entry", **one, notes="Hidden")
        assert await seen() == set()
        assert (await grace.http.get(f"/api/entries/{hidden['entry']}")).status_code == 404
        assert (await act(other, cmd="finish_entry", **one))["code"] == "entry_not_found"
        mine = {"thread": thread, "entry": hers["entry"]}
        await act(raw, cmd="change_entry", **mine, people=[grace.uid])
        assert await seen() == {"Hers"}
        await act(raw, cmd="change_entry", **mine, people=[linus.uid])
        assert await seen() == {"Hers"}  # it was for her
        assert await tasks(grace) == []
        id_ = await other.send(cmd="ping")
        told = []
        while (frame := await other.next()).get("re") != id_:
            if frame["t"] == "event" and frame["type"] == "entry.set":
                told.append(frame["data"] and frame["data"]["title"])
        assert told == ["Hers", "Hers"]


async def test_a_reader_does_what_is_theirs_and_nothing_else(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    url = f"/api/threads/{thread}/entries"
    made = [
        await answer(ada.http.post(url, json={"title": "T", "people": people}))
        for people in ([grace.uid], [ada.uid])
    ]
    async with signed_in(served, ada) as raw, signed_in(served, grace) as hers:
        await act(raw, cmd="set_member", thread=thread, uid=grace.uid, role="reader")
        own, other = [{"thread": thread, "entry": one["entry"]} for one in made]
        assert (await act(hers, cmd="finish_entry", **other))["code"] == "read_only"
        assert (await act(hers, cmd="change_entry", **own, title="U"))["code"] == "read_only"
        assert "seq" in await act(hers, cmd="finish_entry", **own)


async def test_the_same_again_is_one(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with signed_in(served, ada) as raw:
        command = {"cmd": "add_entry", "thread": thread, "send_id": "s1", "title": "T"}
        one, two = await act(raw, **command), await act(raw, **command)
    assert two["duplicate"] is True
    assert one["entry"] == two["entry"]
    assert len((await answer(ada.http.get("/api/tasks")))["entries"]) == 1


async def test_series_are_followed_on_as_the_years_pass(
    served: Served, clock: TurnableClock
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    new = {
        "kind": "event", "title": "Yearly", "starts": at("2026-12-24"), "ends": at("2026-12-25"),
        "rule": "FREQ=YEARLY",
    }  # fmt: skip
    await answer(ada.http.post(f"/api/threads/{thread}/entries", json=new))
    christmas = datetime(2031, 12, 20, tzinfo=UTC), datetime(2031, 12, 30, tzinfo=UTC)

    async def shown() -> list[str | None]:
        async with served.hub.database.acquire() as connection:
            found, _ = await entries.between(
                connection, ada.uid, *christmas, local=christmas, limit=9
            )
        return [msgspec.json.decode(one).get("occurrence") for one in found]

    assert await shown() == []
    clock.advance(timedelta(days=3.5 * 365).total_seconds())
    async with served.hub.database.transaction() as connection:
        await served.hub.jobs.put(connection, HORIZON, "")
    await served.hub.jobs.drain([HORIZON])
    assert await shown() == ["2031-12-24"]


async def test_what_is_followed_on_keeps_answers_and_reminds(
    served: Served, clock: TurnableClock
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    new = {
        "kind": "event", "title": "Leap", "starts": at("2024-02-29"), "ends": at("2024-03-01"),
        "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "people": [ada.uid],
    }  # fmt: skip
    entry = (await answer(ada.http.post(f"/api/threads/{thread}/entries", json=new)))["entry"]
    async with signed_in(served, ada) as raw:
        moment = {"entry": entry, "thread": thread, "occurrence": "2028-02-29"}
        await act(raw, cmd="answer_entry", **moment, answer="declined")
    for before_s in (0, 3600):
        body = {"entry": entry, "before_s": before_s, "zone": "UTC"}
        await answer(ada.http.post("/api/reminders", json=body))
    clock.advance((datetime(2028, 3, 10, tzinfo=UTC) - FRIDAY).total_seconds())
    await served.hub.jobs.drain()
    async with served.hub.database.transaction() as connection:
        due = "SELECT array_agg(due_at) FROM reminders"
        # Of 2032 nothing is known yet.
        assert await connection.fetchval(due) == [None, None]
        assert await connection.fetchval("SELECT count(*) FROM notices") == 2
    clock.advance(timedelta(days=2 * 365).total_seconds())
    async with served.hub.database.transaction() as connection:
        await connection.execute("UPDATE expansions SET digest = 'old'")
        await served.hub.jobs.put(connection, HORIZON, "")
    await served.hub.jobs.drain()
    async with served.hub.database.acquire() as connection:
        assert None not in await connection.fetchval(due)
    window = datetime(2032, 2, 1, tzinfo=UTC), datetime(2032, 4, 1, tzinfo=UTC)
    async with served.hub.database.acquire() as connection:
        found, _ = await entries.between(connection, ada.uid, *window, local=window, limit=9)
    assert [msgspec.json.decode(one)["occurrence"] for one in found] == ["2032-02-29"]


async def test_an_answer_to_one_moment_stays_when_a_series_is_followed_on(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    new = {
        "kind": "event", "title": "Weekly", "rule": "FREQ=WEEKLY", "people": [ada.uid],
        "starts": at("2026-11-30T09:00:00"), "ends": at("2026-11-30T10:00:00"),
    }  # fmt: skip
    entry = (await answer(ada.http.post(f"/api/threads/{thread}/entries", json=new)))["entry"]
    async with signed_in(served, ada) as raw:
        moment = {"entry": entry, "thread": thread, "occurrence": "2026-12-07T09:00:00"}
        await act(raw, cmd="answer_entry", **moment, answer="declined")
    async with served.hub.database.transaction() as connection:
        await connection.execute("UPDATE expansions SET digest = 'old', rows_digest = 'old'")
        await connection.execute("UPDATE occurrences SET says = says - 'answers'")
        await served.hub.jobs.put(connection, HORIZON, "")
    await served.hub.jobs.drain([HORIZON])
    window = FRIDAY, FRIDAY + timedelta(days=20)
    async with served.hub.database.acquire() as connection:
        found, _ = await entries.between(connection, ada.uid, *window, local=window, limit=9)
    told = [msgspec.json.decode(one).get("answers") for one in found]
    assert told == [None, {ada.uid: "declined"}, None]


async def test_a_day_is_a_day_on_the_clocks_of_who_looks(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    url = f"/api/threads/{thread}/entries"
    await answer(ada.http.post(url, json={"title": "Day", "ends": at("2026-11-30")}))
    for zone, hours in (("Pacific/Kiritimati", -14), ("Pacific/Pago_Pago", 11)):
        midnight = datetime(2026, 11, 30, tzinfo=UTC) + timedelta(hours=hours)
        assert await agenda(ada, midnight, 1, zone) == [("Day", "2026-11-30")]
        assert await agenda(ada, midnight + timedelta(days=1), 1, zone) == []
        assert await agenda(ada, midnight - timedelta(days=1), 1, zone) == []


async def test_what_is_ones_own_has_one_place(served: Served) -> None:
    ada = await served.person("ada")
    both = await asyncio.gather(*(answer(ada.http.post("/api/me/thread")) for _ in range(2)))
    assert both[0] == both[1]
    threads = await answer(ada.http.get("/api/threads"))
    assert [one["subject"] for one in threads] == ["Just me"]
    assert to_datetime(threads[0]["updated_at"]).year == FRIDAY.year


async def test_two_who_tick_off_the_same_do_it_once(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    new = {"title": "Water", "ends": at("2026-11-27"), "rule": "FREQ=DAILY"}
    made = await answer(ada.http.post(f"/api/threads/{thread}/entries", json=new))
    entry = {"thread": thread, "entry": made["entry"]}
    async with signed_in(served, ada) as raw, signed_in(served, grace) as other:
        seen = (await entry_of(ada, made["entry"]))["current"]["id"]
        first = await act(raw, cmd="finish_entry", **entry, seen=seen)
        second = await act(other, cmd="finish_entry", **entry, seen=seen)
        assert (first["occurrence"], second["changed"]) == ("2026-11-27", False)
        third = await act(other, cmd="finish_entry", **entry, seen="2026-11-28")
        # Who undoes it undoes what they did, whatever was done since.
        await act(raw, cmd="finish_entry", **entry, occurrence=first["occurrence"], done=False)
        assert third["occurrence"] == "2026-11-28"
    text = (await ada.http.get(f"/api/entries/{made['entry']}.ics")).text
    assert text.count("STATUS:COMPLETED") == 1


async def test_one_answers_one_moment_of_a_series(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    new = {
        "kind": "event", "title": "Weekly", "rule": "FREQ=WEEKLY", "people": [ada.uid, grace.uid],
        "starts": at("2026-11-30T09:00:00"), "ends": at("2026-11-30T10:00:00"),
    }  # fmt: skip
    made = await answer(ada.http.post(f"/api/threads/{thread}/entries", json=new))
    entry = {"thread": thread, "entry": made["entry"]}
    async with signed_in(served, grace) as raw:
        await act(raw, cmd="answer_entry", **entry, answer="accepted")
        declined = {"answer": "declined", "occurrence": "2026-12-07T09:00:00"}
        await act(raw, cmd="answer_entry", **entry, **declined)
        odd = {"answer": "declined", "occurrence": "2026-12-08T03:33:00"}
        assert (await act(raw, cmd="answer_entry", **entry, **odd))[
            "code"
        ] == "occurrence_not_found"
    first = int(FRIDAY.timestamp() * 1000)
    params = {"first": first, "last": first + 20 * 86_400_000}
    found = await answer(grace.http.get("/api/agenda", params=params))
    answers = [one.get("answers", {}).get(grace.uid) for one in found["occurrences"]]
    assert answers == [None, "declined", None]
    (one,) = [one for one in found["entries"][0]["people"] if one["uid"] == grace.uid]
    assert one["answer"] == "accepted"


async def test_no_text_breaks_out_of_its_line(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    url = f"/api/threads/{thread}/entries"
    notes = "hi\rATTENDEE:mailto:o@x.org\rEND:VTODO\r\nRRULE:FREQ=DAILY\x0b"
    made = await answer(ada.http.post(url, json={"title": "T", "notes": notes, "place": "a\rb"}))
    entry = await entry_of(ada, made["entry"])
    assert entry["notes"] == "hi\nATTENDEE:mailto:o@x.org\nEND:VTODO\nRRULE:FREQ=DAILY"
    assert "people" not in entry
    done = await answer(ada.http.patch(f"/api/entries/{made['entry']}", json={"done": True}))
    assert done["seq"] > made["seq"]
    for rule in (" ", "FREQ=DAILY\n;COUNT=3"):
        new = {"title": "T", "ends": at("2026-11-30"), "rule": rule}
        assert (await ada.http.post(url, json=new)).json()["code"] == "bad_rule"


async def test_an_imported_meeting_again_is_one(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    ical = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:a@b\r\nSUMMARY:Fair\r\n"
        "DTSTART:20261201T090000Z\r\nX-MINE;A=b:c\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    async with signed_in(served, ada) as raw:
        command = {"cmd": "add_entry", "thread": thread, "send_id": "s1", "ical": ical}
        one, two = await act(raw, **command), await act(raw, **command)
    assert (two["duplicate"], two["entry"]) == (True, one["entry"])
    text = (await ada.http.get(f"/api/entries/{one['entry']}.ics")).text
    assert text == ical.replace("METHOD:REQUEST\r\n", "")


async def test_a_thread_is_told_with_what_is_still_to_come(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    url = f"/api/threads/{thread}/entries"
    for year in (2001, 2031):
        span = {"starts": at(f"{year}-05-04T09:00:00"), "ends": at(f"{year}-05-04T10:00:00")}
        await answer(ada.http.post(url, json={"kind": "event", "title": str(year), **span}))
    series = {"starts": at("2001-05-04"), "ends": at("2001-05-05"), "rule": "FREQ=YEARLY"}
    await answer(ada.http.post(url, json={"kind": "event", "title": "Every", **series}))
    await answer(ada.http.post(url, json={"title": "Task", "notes": "n" * 900}))
    state = await answer(ada.http.get(f"/api/threads/{thread}"))
    assert sorted(one["title"] for one in state["entries"]) == ["2031", "Every", "Task"]
    (task,) = [one for one in state["entries"] if one["title"] == "Task"]
    assert (len(task["notes"]), task["more_notes"]) == (500, True)
    assert len((await entry_of(ada, task["entry"]))["notes"]) == 900


async def test_ones_own_thread_is_another_once_it_is_shared(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    first = (await answer(ada.http.post("/api/me/thread")))["thread"]
    new = {"uid": grace.uid, "role": "editor"}
    await answer(ada.http.post(f"/api/threads/{first}/members", json=new))
    second = (await answer(ada.http.post("/api/me/thread")))["thread"]
    assert second != first
    assert (await answer(ada.http.post("/api/me/thread")))["thread"] == second
