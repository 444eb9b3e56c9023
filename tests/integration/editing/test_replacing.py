"""Words that are replaced by several at once, and while others type."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import pytest

from hub.wire import commands as cmd
from hub.wire import events as ev
from tests.integration.editing.conftest import Desk, words
from tests.integration.editing.test_markdown_files import blocks
from tests.integration.files.test_attachments import ben_joins
from tests.integration.files.test_uploads import problem
from tests.integration.test_live import exported
from tests.integration.test_two_processes import pair
from tests.support.hub_process import answer
from tests.support.lossy_bus import Chaos, Exchange
from tests.unit.formats.test_replacing import all_of

TEXT = "foo, a foo and a foo.\n" * 20


def asked(texts: list[str], old: str, new: str) -> list[dict[str, Any]]:
    return [
        {name: getattr(one, name) for name in ("old", "new", "before", "after", "nth", "of")}
        for one in all_of(texts, old, new)
    ]


async def replace(desk: Desk, document: str, wanted: list[dict[str, Any]], **more: Any) -> int:
    path = f"/api/documents/{document}/replace"
    found = await answer(desk.http.post(path, json={"replacements": wanted, **more}))
    return int(found["count"])


async def test_two_who_replace_the_same_at_once_do_it_once(desk: Desk) -> None:
    file = await desk.send(TEXT.encode(), "notes.txt")
    document = (await desk.open(file))["document"]
    ben = desk.at(await ben_joins(desk))
    wanted = asked([TEXT], "foo", "foobar")
    counts = await asyncio.gather(
        replace(desk, document, wanted), replace(ben, document, wanted),
        replace(desk, document, wanted), replace(ben, document, wanted),
    )  # fmt: skip
    assert sorted(counts) == [0, 0, 0, 60]
    assert await words(desk, document) == TEXT.replace("foo", "foobar")


async def test_nothing_that_others_type_is_lost(desk: Desk) -> None:
    file = await desk.send(TEXT.encode(), "notes.txt")
    document = (await desk.open(file))["document"]
    ben = desk.at(await ben_joins(desk))
    async with ben.live() as client:
        opened = await client.open_document(document)
        await opened.synced()
        replacing = asyncio.create_task(replace(desk, document, asked([TEXT], "foo", "bar")))
        typed_ = 0
        while not replacing.done():
            opened.text.insert(len(str(opened.text).encode()), "x")
            typed_ += 1
            await opened.saved()
    count = await replacing
    said = await words(desk, document)
    assert (said.count("bar"), said.count("foo"), said.count("x")) == (count, 60 - count, typed_)


async def test_in_rich_text_and_under_a_client_id(desk: Desk) -> None:
    file = await desk.send(b"# One foo\n\n- a **foo**\n- foo\n", "notes.md")
    document = (await desk.open(file))["document"]
    async with desk.live() as client:
        (own,) = (await client.call(cmd.LeaseClientIds(document, 1), ev.Leased)).ids
        opened = await client.open_document(document)
        await opened.synced()
        wanted = asked(["One foo", "a foo", "foo"], "foo", "bar")
        assert await replace(desk, document, wanted, client=own) == 3
        await opened.synced()
    found = "".join(await blocks(desk, document))
    assert (found.count("bar"), found.count("foo")) == (3, 0)
    authors = await answer(desk.http.get(f"/api/documents/{document}/authors"))
    assert any(one["first"] <= own <= one["last"] for one in authors["ids"])


@pytest.mark.parametrize("role", ["reader", None])
async def test_who_may_not_write_replaces_nothing(desk: Desk, role: str | None) -> None:
    file = await desk.send(TEXT.encode(), "notes.txt")
    document = (await desk.open(file))["document"]
    if role is None:
        ben = desk.at(desk.of(await desk.served.person("ben", desk.person)))
    else:
        ben = desk.at(await ben_joins(desk, role))
    body = {"replacements": asked([TEXT], "foo", "bar")}
    refused = await ben.http.post(f"/api/documents/{document}/replace", json=body)
    assert problem(refused) == ((403, "read_only") if role else (404, "thread_not_found"))
    assert await words(desk, document) == TEXT


async def test_the_id_of_somebody_else_is_refused(desk: Desk) -> None:
    file = await desk.send(TEXT.encode(), "notes.txt")
    document = (await desk.open(file))["document"]
    ben = desk.at(await ben_joins(desk))
    async with ben.live() as client:
        (theirs,) = (await client.call(cmd.LeaseClientIds(document, 1), ev.Leased)).ids
    body = {"replacements": asked([TEXT], "foo", "bar"), "client": theirs}
    refused = await desk.http.post(f"/api/documents/{document}/replace", json=body)
    assert problem(refused) == (403, "foreign_client_id")
    for bad in ([], [{"old": "", "new": "x", "before": "", "after": ""}]):
        refused = await desk.http.post(
            f"/api/documents/{document}/replace", json={"replacements": bad}
        )
        assert problem(refused) == (400, "bad_body")


@pytest.mark.parametrize("lost", [0.0, 1.0])
async def test_two_processes_do_it_once(database_url: str, lost: float) -> None:
    """Also where they hear nothing of each other: what stands in the log is read first."""
    exchange = Exchange(Random(1), Chaos(lost=lost))
    async with AsyncExitStack() as stack:
        one, two = await pair(stack, database_url, exchange)
        ada = await one.person("ada")
        desk = Desk(one, ada, await one.thread(ada))
        document = (await desk.open(await desk.send(TEXT.encode(), "notes.txt")))["document"]
        # Both have it open, so that neither reads it anew.
        here = await stack.enter_async_context(one.live(ada))
        there = await stack.enter_async_context(two.live(ada))
        for client in (here, there):
            await (await client.open_document(document)).synced()
        path = f"/api/documents/{document}/replace"
        body = {"replacements": asked([TEXT], "foo", "foobar")}
        other = two.browser()
        other.headers["authorization"] = f"Bearer {ada.token}"
        answers = await asyncio.gather(*(
            answer(http.post(path, json=body)) for http in (ada.http, other, ada.http, other)
        ))  # fmt: skip
        assert sorted(one["count"] for one in answers) == [0, 0, 0, 60]
        assert await exported(one, ada, document) == TEXT.replace("foo", "foobar")
