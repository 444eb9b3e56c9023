"""The plain Yjs endpoint: whose ids a stock client brings, and what its ticket is worth."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from hub.mail.rebuild import rebuild_projections
from hub.rooms import compaction, store
from hub.storage import documents as rows
from hub.storage.projection import Projector
from hub.wire import frames, yupdate
from tests.integration.conftest import Person, Served
from tests.integration.sockets import connection, signed_in, yjs
from tests.integration.test_live import exported, leased, update_of
from tests.support.hub_process import answer
from tests.support.yupdates import deleted, text, update


async def ticket_for(http: httpx.AsyncClient, document: str, token: str | None = None) -> str:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    made = await answer(http.post(f"/api/documents/{document}/ticket", headers=headers))
    return str(made["ticket"])


async def owners_of(served: Served, document: str) -> list[tuple[int, int, str]]:
    await served.hub.library.settle()
    async with served.hub.database.acquire() as connection_:
        return [(one.first, one.last, one.uid) for one in await rows.owners(connection_, document)]


async def started(served: Served) -> tuple[Person, str]:
    ada = await served.person("ada")
    return ada, await served.document(ada, await served.thread(ada))


@pytest.mark.parametrize("client", [77, 2**32 + 5, 2**52 + 12345], ids=["js", "python", "rust"])
async def test_an_id_that_nobody_owns_is_bound_at_first_use(served: Served, client: int) -> None:
    ada, document = await started(served)
    async with yjs(served, document, await ticket_for(ada.http, document)) as stock:
        await stock.sync(frames.UPDATE, update_of(client, "stock"))
        assert yupdate.parse(await stock.state()).structs[client][0].text == "stock"
    assert await exported(served, ada, document) == "stock"
    assert await owners_of(served, document) == [(client, client, ada.uid)]
    # On the live socket an id must be known; what the hub knows may be returned by anybody.
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        await raw.sync(number, frames.UPDATE, update_of(2**41, "stray"))
        assert (await raw.frame("refused"))["code"] == "foreign_client_id"
        more = update({client: (5, [text("!", origin=(client, 4))])})
        await raw.sync(number, frames.UPDATE, more)
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 2)
    assert await exported(served, ada, document) == "stock!"


async def test_an_id_that_yjs_chose_itself_is_bound_on_the_live_socket_too(
    served: Served,
) -> None:
    """Yjs takes a new random id when it meets its own: the words under it are somebody's."""
    ada, document = await started(served)
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        await raw.sync(number, frames.UPDATE, update_of(77, "mine"))
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 1)
    assert await exported(served, ada, document) == "mine"
    assert await owners_of(served, document) == [(77, 77, ada.uid)]


async def test_many_new_ids_come_in_whole_or_not_at_all(served: Served) -> None:
    ada, document = await started(served)
    ticket = await ticket_for(ada.http, document)
    flood = update({client: (0, [text("x")]) for client in range(1, 100_001)})
    async with yjs(served, document, ticket) as stock:
        await stock.next(frames.STEP1)
        await stock.sync(frames.UPDATE, flood)
        assert await stock.closed() == 4413
    assert served.hub.writer.queued_bytes == 0
    assert await exported(served, ada, document) == ""
    assert await owners_of(served, document) == []
    many = update({client: (0, [text("x")]) for client in range(1, 4097)})
    async with yjs(served, document, ticket) as stock:
        await stock.next(frames.STEP1)
        await stock.sync(frames.UPDATE, many)
        assert len(yupdate.parse(await stock.state()).structs) == 4096
    assert await exported(served, ada, document) == "x" * 4096
    assert len(await owners_of(served, document)) == 4096
    async with served.hub.database.acquire() as connection_:
        types = await connection_.fetch(
            "SELECT type FROM events WHERE stream_id = $1 ORDER BY seq", document
        )
    assert [row["type"] for row in types] == ["doc.claim", "doc.update"]


async def test_words_under_another_persons_id_are_not_proven(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    document = await served.document(ada, await served.thread(ada, grace))
    async with signed_in(served, ada) as hers, signed_in(served, grace) as theirs:
        number = await hers.open(document)
        await theirs.open(document)
        client = await leased(hers, document)
        for count, (raw, sent) in enumerate(
            [
                (hers, update_of(client, "Ada wrote this")),
                (theirs, update({client: (14, [text(", Grace says", origin=(client, 13))])})),
            ]
        ):
            await raw.sync(number, frames.UPDATE, sent)
            await raw.until(lambda f: f["t"] == "durable" and f["count"] == 1)
            async with served.hub.database.acquire() as connection_:
                found = (await rows.all_rows(connection_, document))[count]
            assert (found.sender, found.proven) == (((hers, theirs).index(raw) and grace.uid)
                                                    or ada.uid, raw is hers)  # fmt: skip
    authors = await answer(ada.http.get(f"/api/documents/{document}/authors"))
    assert {"first": client, "last": client, "uid": ada.uid} in authors["ids"]
    (words,) = authors["relayed"]
    at = words.pop("at")
    assert at > 0
    assert words == {"client": client, "clock": 14, "length": 12, "by": grace.uid}
    # From packed rows, too.
    hub = served.hub
    monkeypatch.setattr(compaction, "PACK_ROWS", 1)
    await compaction.compact(hub.database, hub.clock, document, "text")
    report = await rebuild_projections(hub.database, Projector(hub.settings.public_url))
    assert report.changed == []
    again = await answer(ada.http.get(f"/api/documents/{document}/authors"))
    assert again == {**authors, "relayed": [{**words, "at": at}]}


async def test_words_are_not_taken_by_who_fills_their_place(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    document = await served.document(ada, await served.thread(ada, grace))
    async with signed_in(served, ada) as hers, signed_in(served, grace) as theirs:
        number = await hers.open(document)
        await theirs.open(document)
        client = await leased(hers, document)
        filling = update({client: (0, [deleted(2000)])})
        await theirs.sync(number, frames.UPDATE, filling)
        await theirs.until(lambda f: f["t"] == "durable" and f["count"] == 1)
        await hers.sync(number, frames.UPDATE, update_of(client, "Ada wrote this"))
        assert (await hers.frame("refused"))["code"] == "client_id_reused"
    await served.hub.library.settle()
    # Also when it has been read anew.
    async with signed_in(served, ada) as hers:
        number = await hers.open(document)
        await hers.sync(number, frames.UPDATE, update_of(client, "Ada wrote this"))
        assert (await hers.frame("refused"))["code"] == "client_id_reused"


async def test_who_is_removed_loses_documents_that_nobody_follows(served: Served) -> None:
    """Only a socket of a stock client is there: nobody follows the thread."""
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    document = await served.document(ada, thread)
    members = f"/api/threads/{thread}/members"
    for role, code in (("reader", 4403), (None, 4404)):
        async with yjs(served, document, await ticket_for(grace.http, document)) as stock:
            await stock.state()
            await answer(ada.http.post(members, json={"uid": grace.uid, "role": role}))
            assert await stock.closed() == code


# --- tickets --------------------------------------------------------------------------------------


async def test_a_ticket_of_a_reading_token_reads(served: Served) -> None:
    ada, document = await started(served)
    made = await answer(ada.http.post("/api/tokens", json={"name": "reader", "scopes": ["read"]}))
    ticket = await ticket_for(served.browser(), document, made["token"])
    async with yjs(served, document, ticket) as stock:
        await stock.sync(frames.STEP2, yupdate.EMPTY)
        await stock.sync(frames.UPDATE, update_of(77, "forbidden"))
        assert await stock.closed() == 4403
    assert await exported(served, ada, document) == ""


async def password_changed(served: Served, ada: Person, **about: Any) -> None:
    other = served.browser()
    address = {"address": "ada@north.example", "password": "correct horse"}
    await answer(other.post("/api/session", json=address))
    change = {"old": "correct horse", "new": "battery staple"}
    await answer(other.post("/api/me/password", json=change))


async def session_ended(served: Served, ada: Person, **about: Any) -> None:
    await answer(ada.http.delete("/api/session"))


async def token_revoked(served: Served, ada: Person, *, token: str) -> None:
    await answer(ada.http.delete(f"/api/tokens/{token}"))


async def reset(served: Served, ada: Person, **about: Any) -> None:
    made = await answer(ada.http.post(f"/api/accounts/{ada.uid}/reset"))
    secret = made["link"].partition("#")[2]
    await answer(
        served.browser().post(
            "/api/links/accept", json={"secret": secret, "password": "battery staple"}
        )
    )


@pytest.mark.parametrize("ending", [password_changed, session_ended, token_revoked, reset])
async def test_what_a_ticket_came_from_ends_it(served: Served, ending: Any) -> None:
    ada, document = await started(served)
    token = None
    if ending is token_revoked:
        new = {"name": "editor", "scopes": ["read", "write"]}
        token = await answer(ada.http.post("/api/tokens", json=new))
    ticket = await ticket_for(ada.http, document, token and token["token"])
    async with yjs(served, document, ticket) as stock:
        await stock.sync(frames.UPDATE, update_of(77, "before"))
        assert yupdate.parse(await stock.state()).structs
        async with asyncio.timeout(5):
            await ending(served, ada, token=token and token["info"]["id"])
            assert await stock.closed() == 4401
    async with yjs(served, document, ticket) as again:
        assert await again.closed() == 4401


async def test_a_role_gives_no_more_than_scopes_and_schema(served: Served) -> None:
    """A promotion reaches neither a reading token nor a client that knows an older schema."""
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    document = await served.document(ada, thread)
    made = await answer(grace.http.post("/api/tokens", json={"name": "r", "scopes": ["read"]}))

    async def role(name: str) -> None:
        member = {"uid": grace.uid, "role": name}
        await answer(ada.http.post(f"/api/threads/{thread}/members", json=member))

    await role("reader")
    async with connection(served) as reading, signed_in(served, grace) as old:
        await reading.socket.send(f'{{"cmd": "auth", "token": "{made["token"]}"}}')
        await reading.frame("welcome")
        number = await reading.open(document)
        opened = await old.call(cmd="open_document", document=document, schema_version=0)
        assert opened["result"]["mode"] == "read"
        client = await leased(old, document)
        await role("editor")
        for raw in (reading, old):
            await raw.sync(number, frames.UPDATE, update_of(client, "forbidden"))
            assert (await raw.frame("refused"))["code"] == "read_only"
    assert await exported(served, ada, document) == ""
    async with signed_in(served, grace) as new:
        number = await new.open(document)
        await new.sync(number, frames.UPDATE, update_of(client, "allowed"))
        await new.until(lambda f: f["t"] == "durable" and f["count"] == 1)
    assert await exported(served, ada, document) == "allowed"


async def test_ids_leased_while_the_document_is_read_are_known(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, document = await started(served)
    reading, go_on = asyncio.Event(), asyncio.Event()
    read = store.read

    async def slowly(*arguments: Any) -> store.Read:
        reading.set()
        await go_on.wait()
        return await read(*arguments)

    monkeypatch.setattr(store, "read", slowly)
    async with signed_in(served, ada) as first, signed_in(served, ada) as second:
        await first.send(cmd="open_document", document=document, schema_version=1)
        await reading.wait()
        client = await leased(second, document)
        go_on.set()
        number = await second.open(document)
        await second.sync(number, frames.UPDATE, update_of(client, "known"))
        await second.until(lambda f: f["t"] == "durable" and f["count"] == 1)
    assert await exported(served, ada, document) == "known"
