"""The live socket: rooms, order, revocation, and what it does with bad input."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from hub.client import LiveClient
from hub.client.connection import CommandFailed
from hub.errors import HubError, Unavailable
from hub.rooms.session import Session as LiveSession
from hub.wire import commands as cmd
from hub.wire import frames, yupdate
from tests.integration.conftest import Served
from tests.integration.sockets import Raw, connection, signed_in
from tests.support.hub_process import answer


def update_of(client: int, text: str) -> bytes:
    doc: Doc[Any] = Doc(client_id=client)
    doc.get("content", type=Text).insert(0, text)
    return doc.get_update()


async def leased(raw: Raw, document: str) -> int:
    reply = await raw.call(cmd="lease_client_ids", document=document, count=1)
    return int(reply["result"]["ids"][0])


async def exported(served: Served, person: Any, document: str) -> str:
    return (await person.http.get(f"/api/documents/{document}/export?format=txt")).text


async def test_events_come_in_order_without_gap_or_duplicate(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with served.live(ada) as writer, served.live(grace) as reader:
        feed = await reader.subscribe(thread, after=0)
        posts = [
            writer.send(cmd.Post(thread=thread, send_id=f"s{i}", text=f"text {i}"))
            for i in range(50)
        ]
        late = asyncio.create_task(reader.subscribe(thread, after=3))
        await asyncio.gather(*posts)
        feed = await late
        seqs = [(await feed.next()).seq for _ in range(50)]
        assert seqs == list(range(4, 54))


async def test_the_same_message_twice_is_one_event(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with served.live(ada) as client:
        post = cmd.Post(thread=thread, send_id="same", text="once")
        first, second = await asyncio.gather(
            client.send(post), client.send(cmd.Post(thread=thread, send_id="same", text="once"))
        )
        assert first.seq == second.seq
        assert sorted((first.duplicate, second.duplicate)) == [False, True]
        deleted = await client.send(cmd.Delete(thread=thread, send_id="d", target=first.seq))
        again = await client.send(cmd.Delete(thread=thread, send_id="d", target=first.seq))
        assert (again.seq, again.duplicate) == (deleted.seq, True)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ('{"cmd":"auth","token":"wrong"}', (4401, "bad_token")),
        ('{"cmd":"ping"}', (4401, "auth_required")),
        ("nonsense", (4401, "auth_required")),
        (b"\x01binary", (4401, "auth_required")),
        ('{"cmd":"auth","token":"' + "x" * 70_000 + '"}', (4413, "frame_too_large")),
        ("x" * 3_000_000, (4413, "frame_too_large")),
        ('{"cmd":"auth","token":' + "[" * 1100 + "]" * 1100 + "}", (4401, "auth_required")),
    ],
)
async def test_nobody_gets_past_a_bad_first_frame(
    served: Served, first: str | bytes, expected: tuple[int, str]
) -> None:
    async with connection(served) as raw:
        await raw.socket.send(first)
        code, reason = await raw.closed()
        assert code == expected[0]
        assert reason.startswith(expected[1])


async def test_a_program_says_who_it_is_in_either_way(served: Served) -> None:
    ada = await served.person("ada")
    async with connection(served) as raw:
        await raw.socket.send(json.dumps({"cmd": "auth", "id": 7, "token": ada.token}))
        assert (await raw.next())["t"] == "welcome"
        assert await raw.next() == {"t": "ok", "re": 7, "result": None}
    bearer = {"Authorization": f"Bearer {ada.token}"}
    async with connection(served, additional_headers=bearer) as raw:
        assert (await raw.frame("welcome"))["uid"] == ada.uid
        assert (await raw.call(cmd="ping"))["t"] == "ok"
    wrong = {"Authorization": "Bearer nonsense"}
    async with connection(served, additional_headers=wrong) as raw:
        assert await raw.closed() == (4401, "bad_token")
    # Another scheme is for a proxy; a token comes before a cookie, and needs no Origin.
    basic = {"Authorization": "Basic YTpi"}
    async with connection(served, additional_headers=basic) as raw:
        await raw.socket.send(json.dumps({"cmd": "auth", "id": 7, "token": ada.token}))
        assert (await raw.next())["t"] == "welcome"
    both = {**bearer, "cookie": "hub_session=stale"}
    async with connection(served, additional_headers=both) as raw:
        assert (await raw.frame("welcome"))["uid"] == ada.uid


async def test_other_sites_and_other_protocols_are_refused(served: Served) -> None:
    ada = await served.person("ada")
    cookie = "; ".join(f"{name}={value}" for name, value in ada.http.cookies.items())
    async with connection(served, origin="https://evil.example") as raw:
        assert await raw.closed() == (4403, "cross_site")
    async with connection(served, additional_headers={"cookie": cookie}) as raw:
        assert await raw.closed() == (4403, "cross_site")
    async with connection(served, origin=served.url, additional_headers={"cookie": cookie}) as raw:
        assert (await raw.frame("welcome"))["uid"] == ada.uid
    async with connection(served, subprotocols=[Subprotocol("hub.live.v0")]) as raw:
        assert await raw.closed() == (4400, "bad_subprotocol")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("nonsense", (4400, "bad_json")),
        ("[]", (4400, "bad_command")),
        ('{"cmd":"ping","id":"one"}', (4400, "bad_command")),
        ('{"cmd":"mark_read","id":1,"thread":"t","seq":NaN}', (4400, "bad_json")),
        ('{"cmd":"ping","id":1,"x":' + "[" * 1100 + "]" * 1100 + "}", (4400, "bad_json")),
        (b"\x01" + bytes(9_000_000), (4413, "frame_too_large")),
        (b"\x01", (4400, "truncated")),
        (b"\x09" + bytes(8) + b"\x00\x00", (4400, "unknown_frame")),
    ],
)
async def test_unreadable_frames_end_the_connection_and_nothing_else(
    served: Served, frame: str | bytes, expected: tuple[int, str]
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with signed_in(served, ada) as other, signed_in(served, ada) as raw:
        await other.call(cmd="subscribe", thread=thread)
        with contextlib.suppress(ConnectionClosed):  # the hub does not wait for the end of it
            await raw.socket.send(frame)
        assert await raw.closed() == expected
        assert (await other.call(cmd="post", thread=thread, send_id="x", text="on"))["t"] == "ok"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"cmd": "dance"}, "unknown_command"),
        ({"cmd": "post", "thread": "T", "send_id": "x", "text": ""}, "empty_message"),
        ({"cmd": "post", "thread": "T", "send_id": "x", "text": "  \n "}, "empty_message"),
        ({"cmd": "post", "thread": "T", "send_id": "x", "text": "a\u0000b"}, "bad_text"),
        ({"cmd": "post", "thread": "T", "send_id": "x", "text": "x" * 40_001}, "bad_field"),
        ({"cmd": "post", "thread": "r_none", "send_id": "x", "text": "x"}, "thread_not_found"),
        (
            {"cmd": "post", "thread": "T", "send_id": "x", "text": "x", "reply_to": 99},
            "message_not_found",
        ),
        ({"cmd": "edit", "thread": "T", "send_id": "x", "target": 1, "text": "x"},
         "message_not_found"),
        ({"cmd": "react", "thread": "T", "send_id": "x", "target": 3, "emoji": "word"},
         "bad_emoji"),
        ({"cmd": "rename", "thread": "T", "send_id": "x", "subject": " \t"}, "empty_subject"),
        ({"cmd": "set_member", "thread": "T", "send_id": "x", "uid": "u_none", "role": "editor"},
         "unknown_user"),
        ({"cmd": "set_member", "thread": "T", "send_id": "x", "uid": "ME", "role": "reader"},
         "last_owner"),
        ({"cmd": "set_member", "thread": "T", "send_id": "x", "uid": "ME", "role": None},
         "last_owner"),
        ({"cmd": "open_document", "document": "d_none", "schema_version": 1},
         "document_not_found"),
        ({"cmd": "typing", "thread": "T", "on": True}, "not_subscribed"),
        ({"cmd": "mark_read", "thread": "T", "seq": -1}, "bad_field"),
        ({"cmd": "ping", "more": 1}, "bad_field"),
        ({"cmd": 5}, "bad_field"),
        ({"cmd": []}, "bad_field"),
        ({"cmd": {}}, "bad_field"),
        ({}, "bad_field"),
        ({"cmd": "subscribe", "thread": "T", "after": 99}, "after_unknown"),
        ({"cmd": "subscribe", "thread": "r\u0000"}, "bad_text"),
        ({"cmd": "open_document", "document": "d\u0000", "schema_version": 1}, "bad_text"),
        ({"cmd": "lease_client_ids", "document": "d\u0000"}, "bad_text"),
        ({"cmd": "post", "thread": "T", "send_id": "\u0000", "text": "x"}, "bad_text"),
        ({"cmd": "post", "thread": "T", "send_id": "x", "text": "x", "mentions": ["u\u0000"]},
         "bad_text"),
        ({"cmd": "post", "thread": "T", "send_id": "x", "text": "half \ud83d"}, "bad_text"),
        ({"cmd": "set_member", "thread": "T", "send_id": "x", "uid": "\u0000", "role": None},
         "bad_text"),
        ({"cmd": "create_document", "thread": "T", "send_id": "x", "kind": "text", "title": "x",
          "language": "\u0000"}, "bad_text"),
    ],
)  # fmt: skip
async def test_bad_commands_get_a_stable_code(
    served: Served, command: dict[str, Any], code: str
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    filled = {
        key: {"T": thread, "ME": ada.uid}.get(value, value) if isinstance(value, str) else value
        for key, value in command.items()
    }
    async with signed_in(served, ada) as raw:
        await raw.call(cmd="post", thread=thread, send_id="first", text="first")
        reply = await raw.call(**filled)
        assert (reply["t"], reply.get("code")) == ("error", code), reply
        assert (await raw.call(cmd="ping"))["t"] == "ok"


async def test_a_refused_subscription_leaves_the_one_that_is_there(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with signed_in(served, ada) as raw:
        await raw.call(cmd="subscribe", thread=thread)
        refused = await raw.call(cmd="subscribe", thread=thread, after=99)
        assert refused["code"] == "after_unknown"
        assert "retry_after_s" not in refused  # it never will be
        assert (await raw.call(cmd="typing", thread=thread, on=True))["t"] == "ok"
        await raw.send(cmd="post", thread=thread, send_id="x", text="still here")
        assert (await raw.frame("event"))["data"]["text"] == "still here"


async def test_a_client_never_calls_saved_what_was_refused(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    async with served.live(ada) as client:
        opened = await client.open_document(document)
        opened.doc.apply_update(update_of(2**40, "forged"))
        with pytest.raises(HubError) as refused:
            await opened.saved()
        assert refused.value.code == "foreign_client_id"
        with pytest.raises(HubError):
            await opened.saved()


async def test_a_client_opens_its_documents_anew_each_by_itself(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    lost = await served.thread(ada, grace)
    kept = await served.thread(ada, grace)
    gone = await served.document(ada, lost)
    there = await served.document(ada, kept)
    async with served.live(grace) as client:
        first = await client.open_document(gone)
        second = await client.open_document(there)
        with second.doc.transaction():
            second.text.insert(0, "before ")
        await second.saved()
        member = {"uid": grace.uid, "role": None}
        assert client._socket is not None
        client._socket.transport.abort()
        await answer(ada.http.post(f"/api/threads/{lost}/members", json=member))
        with second.doc.transaction():
            second.text.insert(7, "after")
        await second.saved()
        with pytest.raises(HubError):
            await first.saved()
    assert await exported(served, ada, there) == "before after"


async def test_a_feed_ends_when_it_cannot_go_on(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    other = await served.thread(ada, grace)
    async with served.live(grace) as client:
        feed = await client.subscribe(thread)
        second = await client.subscribe(other)
        member = {"uid": grace.uid, "role": None}
        await answer(ada.http.post(f"/api/threads/{thread}/members", json=member))
        with pytest.raises(HubError) as ended:  # noqa: PT012 read until then
            while True:
                await feed.next()
        assert ended.value.code == "removed"
        tokens = await answer(grace.http.get("/api/tokens"))
        await answer(grace.http.delete(f"/api/tokens/{tokens[0]['id']}"))
        with pytest.raises(HubError) as ended:
            await second.next()
        assert ended.value.code == "session_ended"


async def test_a_feed_asks_again_when_the_hub_is_busy(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with served.live(ada) as client:
        feed = await client.subscribe(thread)
        follow, refused = LiveSession._follow, 0

        async def busy(self: LiveSession, command: cmd.Subscribe) -> None:
            nonlocal refused
            refused += 1
            if refused == 1:
                raise Unavailable("Come again.", code="database_busy", retry_after_s=0.01)
            await follow(self, command)

        monkeypatch.setattr(LiveSession, "_follow", busy)
        assert client._socket is not None
        client._socket.transport.abort()
        await client.send(cmd.Post(thread=thread, send_id="x", text="after it"))
        assert (await feed.next()).data == {"text": "after it"}
        assert refused >= 2


async def test_a_revoked_token_and_an_ended_session_cut_at_once(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    tokens = await answer(grace.http.get("/api/tokens"))
    async with signed_in(served, grace) as raw:
        await answer(grace.http.delete(f"/api/tokens/{tokens[0]['id']}"))
        assert await raw.closed() == (4401, "session_ended")
    cookie = "; ".join(f"{name}={value}" for name, value in grace.http.cookies.items())
    async with connection(served, origin=served.url, additional_headers={"cookie": cookie}) as raw:
        await raw.frame("welcome")
        await answer(ada.http.patch(f"/api/accounts/{grace.uid}", json={"disabled": True}))
        assert await raw.closed() == (4401, "session_ended")
    assert (await grace.http.get("/api/me")).status_code == 401


async def test_a_removed_member_is_out_at_once(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    document = await served.document(ada, thread)
    async with signed_in(served, grace) as raw:
        await raw.call(cmd="watch_inbox")
        await raw.call(cmd="subscribe", thread=thread)
        number = await raw.open(document)
        removed = {"uid": grace.uid, "role": None}
        await answer(ada.http.post(f"/api/threads/{thread}/members", json=removed))
        event = await raw.frame("event")
        assert event["data"] == {**removed, "was": "editor"}
        reset = await raw.until(lambda frame: frame["t"] in ("document_reset", "removed"))
        assert reset == {
            "t": "document_reset", "document": document, "number": number, "action": "open",
        }  # fmt: skip
        assert (await raw.frame("removed"))["thread"] == thread
        reply = await raw.call(cmd="post", thread=thread, send_id="x", text="still here?")
        assert reply["code"] == "thread_not_found"
        # Whoever is out hears nothing of what follows.
        await answer(ada.http.post(f"/api/threads/{thread}/messages", json={"text": "alone"}))
        assert (await raw.call(cmd="ping"))["t"] == "ok"


async def test_updates_refused_are_told_and_the_room_lives_on(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    document = await served.document(ada, thread)
    async with signed_in(served, ada) as raw, served.live(grace) as client:
        other = await client.open_document(document)
        number = await raw.open(document)
        mine = await leased(raw, document)
        refusals = [
            (b"\xff\xff\xff", "malformed_update"),
            (update_of(mine, "x") + b"trailing", "malformed_update"),
            (update_of(2**40, "forged"), "foreign_client_id"),
        ]
        for count, (payload, code) in enumerate(refusals, 1):
            await raw.sync(number, frames.UPDATE, payload)
            refused = await raw.frame("refused")
            assert (refused["count"], refused["code"]) == (count, code)
        await raw.sync(number, frames.UPDATE, update_of(mine, "good"))
        durable = await raw.until(lambda f: f["t"] == "durable" and f["count"] == 4)
        assert durable["number"] == number
        await other.until(lambda: str(other.text) == "good")
        # The same id for another text: refused; the very same update: harmless.
        await raw.sync(number, frames.UPDATE, update_of(mine, "evil"))
        assert (await raw.frame("refused"))["code"] == "client_id_reused"
        await raw.sync(number, frames.UPDATE, update_of(mine, "good"))
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 6)
    assert await exported(served, ada, document) == "good"


async def test_a_reader_reads_and_does_not_write(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    document = await served.document(ada, thread)
    async with served.live(ada) as writer, signed_in(served, grace) as raw:
        written = await writer.open_document(document)
        with written.doc.transaction():
            written.text.insert(0, "hello world")
        with written.doc.transaction():
            del written.text[0:6]
        await written.saved()
        number = await raw.open(document)
        mine = await leased(raw, document)
        await raw.call(cmd="subscribe", thread=thread)
        role = {"uid": grace.uid, "role": "reader"}
        await answer(ada.http.post(f"/api/threads/{thread}/members", json=role))
        await raw.frame("demoted")
        # A step 2 that repeats what everybody has is no write, deletions or not.
        await raw.sync(number, frames.STEP2, written.doc.get_update())
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 1)
        for payload in (update_of(mine, "x"), _deletion(written.doc)):
            await raw.sync(number, frames.UPDATE, payload)
            assert (await raw.frame("refused"))["code"] == "read_only"
        post = await raw.call(cmd="post", thread=thread, send_id="x", text="x")
        assert post["code"] == "read_only"
    assert await exported(served, ada, document) == "world"


def _deletion(doc: Doc[Any]) -> bytes:
    copy: Doc[Any] = Doc()
    copy.apply_update(doc.get_update())
    before = copy.get_state()
    del copy.get("content", type=Text)[0:1]
    return copy.get_update(before)


async def test_updates_out_of_order_wait_for_what_is_missing(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        doc: Doc[Any] = Doc(client_id=await leased(raw, document))
        updates: list[bytes] = []
        subscription = doc.observe(lambda event: updates.append(event.update))
        for piece in ("one ", "two ", "three"):
            text = doc.get("content", type=Text)
            text.insert(len(str(text)), piece)
        doc.unobserve(subscription)
        await raw.sync(number, frames.STEP2, yupdate.EMPTY)
        for payload in (updates[2], updates[1], updates[0]):
            await raw.sync(number, frames.UPDATE, payload)
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 4)
        steps = [m for m in raw.binary if m[9] == frames.STEP1]
        assert len(steps) == 2  # at opening, and once for what lacked something
    assert await exported(served, ada, document) == "one two three"


async def test_presence_is_bound_and_goes_with_the_connection(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with signed_in(served, ada) as first:
        joined = (await first.call(cmd="subscribe", thread=thread))["result"]
        assert [entry["uid"] for entry in joined["presence"]] == [ada.uid]
        async with signed_in(served, grace) as second:
            result = (await second.call(cmd="subscribe", thread=thread))["result"]
            assert {entry["uid"] for entry in result["presence"]} == {ada.uid, grace.uid}
            here = await first.frame("presence")
            assert (here["entry"]["uid"], here["gone"]) == (grace.uid, False)
            await second.call(cmd="typing", thread=thread, on=True)
            assert (await first.frame("typing"))["uid"] == grace.uid
            reply = await second.call(
                cmd="signal", thread=thread, kind="hello", payload={"a": [1]},
                to_session=joined["presence"][0]["session"],
            )  # fmt: skip
            assert reply["t"] == "ok"
            signal = await first.frame("signal")
            assert (signal["from_uid"], signal["payload"]) == (grace.uid, {"a": [1]})
            nobody = await second.call(
                cmd="signal", thread=thread, kind="x", payload=1, to_session="c_none"
            )
            assert nobody["code"] == "session_not_found"
        gone = await first.until(lambda f: f["t"] == "presence" and f["gone"])
        assert gone["entry"]["uid"] == grace.uid


async def test_nothing_stays_behind_when_everybody_has_left(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread)
    for _ in range(3):
        async with served.live(ada) as client:
            await client.watch_inbox()
            await client.subscribe(thread)
            opened = await client.open_document(document)
            with opened.doc.transaction():
                opened.text.insert(0, "x")
            await opened.saved()
    hub = served.hub
    async with asyncio.timeout(10):
        while len(hub.rooms) or hub.library.open or len(hub.connections):
            await asyncio.sleep(0.02)
    assert served.hub.bus.topics == 3  # type: ignore[attr-defined]  # events, people, revocations
    assert served.hub.writer.queued_bytes == 0


async def test_a_token_without_the_scope_cannot_write(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    made = await answer(ada.http.post("/api/tokens", json={"name": "reader", "scopes": ["read"]}))
    async with LiveClient(served.url, made["token"]) as client:
        await client.subscribe(thread)
        with pytest.raises(CommandFailed) as refused:
            await client.send(cmd.Post(thread=thread, send_id="x", text="x"))
        assert refused.value.code == "missing_scope"


async def test_a_fresh_token_is_taken_in_band(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    async with signed_in(served, ada) as raw:
        fresh = await answer(
            ada.http.post("/api/tokens", json={"name": "fresh", "scopes": ["read"]})
        )
        assert (await raw.call(cmd="auth", token=fresh["token"]))["t"] == "ok"
        await raw.socket.send(json.dumps({"id": 1, "cmd": "auth", "token": grace.token}))
        assert await raw.closed() == (4401, "bad_token")


async def test_a_subscription_says_where_the_thread_begins_for_the_person(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada)
    async with signed_in(served, ada) as owner, signed_in(served, grace) as raw:
        await owner.call(cmd="set_history", thread=thread, send_id="h", history="joined")
        added = await owner.call(
            cmd="set_member", thread=thread, send_id="m", uid=grace.uid, role="editor"
        )
        joined = added["result"]["seq"]
        result = (await owner.call(cmd="subscribe", thread=thread, after=0))["result"]
        assert (result["first"], result["head"]) == (2, joined)  # her own coming
        result = (await raw.call(cmd="subscribe", thread=thread, after=0))["result"]
        assert (result["first"], result["head"]) == (joined, joined)
        assert (await raw.frame("event"))["seq"] == joined


async def test_what_no_store_can_keep_is_refused_over_http_too(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    for path, body in (
        ("/api/threads", {"subject": "x", "members": ["u\x00"]}),
        (f"/api/threads/{thread}/members", {"uid": "u\x00", "role": "editor"}),
        (f"/api/threads/{thread}/messages", {"text": "x", "send_id": "\x00"}),
        ("/api/invitations", {"thread": "r\x00"}),
        ("/api/links/inspect", {"secret": "\x00" * 30}),
    ):
        refused = await ada.http.post(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_text"), refused.text
    nested = await ada.http.post("/api/threads", content=b"[" * 1100 + b"]" * 1100)
    assert (nested.status_code, nested.json()["code"]) in (
        (400, "bad_json"),
        (400, "bad_body"),
        (415, "bad_body"),
    )


async def test_a_reaction_of_an_earlier_hub_is_taken_back_as_it_stands(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with signed_in(served, ada) as raw:
        posted = await raw.call(cmd="post", thread=thread, send_id="p", text="x")
        seq = posted["result"]["seq"]
        async with served.hub.database.acquire() as database:
            for emoji in ("❤", "word"):
                await database.execute(
                    "INSERT INTO reactions VALUES ($1, $2, $3, $4, $2)",
                    thread, seq, emoji, ada.uid,
                )  # fmt: skip
        for emoji in ("❤", "word"):
            back = {"thread": thread, "send_id": emoji, "target": seq, "emoji": emoji, "on": False}
            assert (await raw.call(cmd="react", **back))["t"] == "ok"
            again = await raw.call(cmd="react", **back)  # its answer was lost
            assert again["result"]["duplicate"], again
        page = await answer(ada.http.get(f"/api/threads/{thread}/history"))
        assert page["items"][-1]["reactions"] == []
