"""State at t0 + events since t0 == fresh state; the log and its projections; deletion; search."""

from __future__ import annotations

from typing import Any

from hub.clock import to_datetime
from hub.mail.erasure import Eraser
from hub.mail.rebuild import rebuild_projections
from hub.storage import streams
from hub.storage.projection import Projector
from tests.conftest import TurnableClock
from tests.integration.conftest import Person, Served
from tests.integration.sockets import Raw, signed_in
from tests.support.hub_process import answer


async def everything(raw: Raw, thread: str, ada: Person, grace: Person) -> None:
    """One of every kind of event, and then some."""

    async def run(**command: Any) -> int:
        reply = await raw.call(thread=thread, send_id=f"s{raw._id}", **command)
        assert reply["t"] == "ok", reply
        return int(reply["result"]["seq"])

    first = await run(cmd="post", text="Hello **world**")
    second = await run(cmd="post", text="A reply", reply_to=first, mentions=[grace.uid])
    await run(cmd="edit", target=first, text="Hello again", mentions=[])
    await run(cmd="react", target=second, emoji="👍")
    await run(cmd="react", target=second, emoji="🎉")
    await run(cmd="react", target=second, emoji="👍", on=False)
    third = await run(cmd="post", text="Soon gone")
    await run(cmd="edit", target=third, text="Soon gone, edited")
    await run(cmd="react", target=third, emoji="👀")
    await run(cmd="delete", target=third)
    await run(cmd="undelete", target=third)
    await run(cmd="delete", target=third)
    await run(cmd="rename", subject="Renamed")
    await run(cmd="set_history", history="joined")
    await run(cmd="create_document", kind="rich", title="Draft")
    made = await answer(ada.http.get(f"/api/threads/{thread}/documents"))
    await run(cmd="rename_document", document=made[0]["document"], title="Final")
    await run(cmd="set_member", uid=grace.uid, role="reader")
    await run(cmd="set_member", uid=grace.uid, role=None)
    await run(cmd="set_member", uid=grace.uid, role="editor")
    about = {"thread": thread, "device": "desk"}
    begun = await raw.call(cmd="call_start", **about)
    left = await raw.call(cmd="call_leave", call=begun["result"]["call"], **about)
    assert left["result"]["people"][grace.uid]["state"] == "missed"
    await run(cmd="post", text="The end")


async def test_rebuild_ends_in_the_same_tables(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as raw:
        await everything(raw, thread, ada, grace)
        document = (await answer(ada.http.get(f"/api/threads/{thread}/documents")))[0]["document"]
        await raw.call(cmd="lease_client_ids", document=document, count=4)
    before = await answer(ada.http.get(f"/api/threads/{thread}/history?limit=200"))
    projector = Projector(served.hub.settings.public_url)
    report = await rebuild_projections(served.hub.database, projector)
    assert report.changed == []
    assert report.events > 20
    assert await answer(ada.http.get(f"/api/threads/{thread}/history?limit=200")) == before

    later = TurnableClock(served.hub.clock.now_ms() + 3_600_000)
    assert await Eraser(served.hub.database, later).erase() == 1
    report = await rebuild_projections(served.hub.database, projector)
    assert report.changed == []
    async with served.hub.database.acquire() as connection:
        await connection.execute("UPDATE items SET text = 'forged' WHERE text = 'The end'")
    report = await rebuild_projections(served.hub.database, projector)
    assert report.changed == ["items"]


async def test_the_log_is_chained_and_erasing_leaves_no_words(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as raw:
        await everything(raw, thread, ada, grace)
    later = TurnableClock(served.hub.clock.now_ms() + 3_600_000)
    await Eraser(served.hub.database, later).erase()
    async with served.hub.database.acquire() as connection:
        verdict = await streams.verify(connection, thread)
        assert (verdict.faults, verdict.erased) == ([], 3)
        left = await connection.fetchval(
            "SELECT count(*) FROM events "
            "WHERE position(convert_to('Soon gone', 'UTF8') in body) > 0"
        )
        assert left == 0
        await connection.execute(
            "UPDATE events SET body = convert_to('{}', 'UTF8') WHERE stream_id = $1 AND seq = 4",
            thread,
        )
        verdict = await streams.verify(connection, thread)
        assert verdict.faults == ["seq 4: the body was changed"]
    page = await answer(ada.http.get(f"/api/threads/{thread}/events?limit=500"))
    assert "Soon gone" not in str(page)
    # The thread shows newcomers only what came after them; its owner joined with seq 2.
    assert [event["seq"] for event in page["events"]] == list(range(2, page["head"] + 1))


async def test_state_and_events_since_give_the_fresh_state(served: Served) -> None:
    """The summary's counts and members, followed by hand, end where a fresh read ends."""
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    start = await answer(grace.http.get(f"/api/threads/{thread}"))
    async with signed_in(served, ada) as raw, signed_in(served, grace) as follower:
        await follower.call(cmd="watch_inbox")
        await follower.call(cmd="subscribe", thread=thread, after=start["summary"]["head"])
        ids = []
        for text in ("one", "two", "three"):
            reply = await raw.call(cmd="post", thread=thread, send_id=text, text=text)
            ids.append(reply["result"]["seq"])
        await raw.call(cmd="delete", thread=thread, send_id="d", target=ids[1])
        await raw.call(cmd="rename", thread=thread, send_id="r", subject="Other")
        seen = [await follower.frame("event") for _ in range(5)]
    assert [event["seq"] for event in seen] == list(range(seen[0]["seq"], seen[0]["seq"] + 5))
    fresh = await answer(grace.http.get(f"/api/threads/{thread}"))
    unread = start["summary"]["unread"]
    unread += sum(event["type"] == "message" for event in seen)
    unread -= sum(event["type"] == "message.delete" for event in seen)
    assert fresh["summary"]["unread"] == unread == 2
    assert fresh["summary"]["head"] == seen[-1]["seq"]
    assert fresh["summary"]["subject"] == "Other"
    assert fresh["summary"]["last_message"]["excerpt"] == "three"


async def test_read_marks_are_private_and_follow_the_person(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as raw, signed_in(served, ada) as other_tab:
        sent = await answer(
            grace.http.post(
                f"/api/threads/{thread}/messages", json={"text": "@Ada", "mentions": [ada.uid]}
            )
        )
        summary = (await answer(ada.http.get("/api/threads")))[0]
        assert (summary["unread"], summary["mentions"]) == (1, 1)
        reply = await raw.call(cmd="mark_read", thread=thread, seq=sent["seq"])
        assert (reply["result"]["unread"], reply["result"]["mentions"]) == (0, 0)
        assert (await other_tab.frame("read"))["seq"] == sent["seq"]
        reply = await raw.call(cmd="mark_read", thread=thread, seq=sent["seq"] - 1)
        assert reply["result"]["unread"] == 1
        reply = await raw.call(cmd="mark_read", thread=thread, seq=2**52)
        assert reply["result"]["seq"] == sent["seq"]


async def test_a_newcomer_reads_what_the_setting_says(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada)
    await answer(ada.http.post(f"/api/threads/{thread}/messages", json={"text": "before"}))
    await answer(ada.http.patch(f"/api/threads/{thread}", json={"history": "joined"}))
    await answer(ada.http.post(f"/api/threads/{thread}/members", json={"uid": grace.uid}))
    await answer(ada.http.post(f"/api/threads/{thread}/messages", json={"text": "after"}))
    page = await answer(grace.http.get(f"/api/threads/{thread}/history"))
    assert [item["text"] for item in page["items"] if item["type"] == "message"] == ["after"]
    events = await answer(grace.http.get(f"/api/threads/{thread}/events"))
    assert "before" not in str(events)
    assert (await answer(grace.http.get("/api/search?q=before")))["hits"] == []
    assert len((await answer(grace.http.get("/api/search?q=aft")))["hits"]) == 1
    assert (await answer(grace.http.get("/api/threads")))[0]["unread"] == 1


async def test_search_folds_accents_and_marks_the_words(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada)
    text = "🙂 Prosím, pošlite **faktúru** za október; ďakujem."
    await answer(ada.http.post(f"/api/threads/{thread}/messages", json={"text": text}))
    for question in ("fakturu", "FAKTÚRU", "fakt", "okt dak", "faktúru, október!"):
        found = await answer(ada.http.get("/api/search", params={"q": question}))
        assert len(found["hits"]) == 1, question
        hit = found["hits"][0]
        units = hit["snippet"].encode("utf-16-le")
        words = [units[2 * a : 2 * b].decode("utf-16-le") for a, b in hit["marks"]]
        assert words
        assert all(word and word[0].isalpha() for word in words)
    text = "Call ada@north.example about 2026/123, version 1.0 of foo_bar (https://a.example/x-y)."
    await answer(ada.http.post(f"/api/threads/{thread}/messages", json={"text": text}))
    for question in ("example", "north.example", "2026/123", "1.0", "foo_bar", "bar", "x-y"):
        found = await answer(ada.http.get("/api/search", params={"q": question}))
        assert len(found["hits"]) == 1, question
    assert (await answer(ada.http.get("/api/search?q=' | & ! :*")))["hits"] == []
    assert (await answer(grace.http.get("/api/search?q=fakturu")))["hits"] == []
    assert (await answer(ada.http.get("/api/search?q=missing")))["hits"] == []


async def test_history_pages_join_without_gap(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with served.live(ada) as client:
        from hub.wire.commands import Post

        for number in range(25):
            await client.send(Post(thread=thread, send_id=str(number), text=str(number)))
    whole: list[int] = []
    before = ""
    while True:
        page = await answer(ada.http.get(f"/api/threads/{thread}/history?limit=7{before}"))
        whole = [item["seq"] for item in page["items"]] + whole
        if not page["more"]:
            break
        before = f"&before={whole[0]}"
    assert whole == list(range(1, page["head"] + 1))
    middle = await answer(ada.http.get(f"/api/threads/{thread}/history?around=10&limit=6"))
    assert [item["seq"] for item in middle["items"]] == [7, 8, 9, 10, 11, 12]


def test_datetime_of_a_moment() -> None:
    assert to_datetime(1500).microsecond == 500_000
