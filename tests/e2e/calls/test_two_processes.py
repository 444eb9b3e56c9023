"""Two people at two processes of one hub: all is as at one."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from hub.client import LiveClient
from hub.wire.commands import SetMember
from tests.e2e.calls.booth import phones
from tests.e2e.calls.phone import Phone
from tests.e2e.people import PASSWORD
from tests.support.hub_process import HubProcess, answer, token
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer

TUS = {"tus-resumable": "1.0.0"}

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("services")]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[HubProcess, HubProcess]]:
    """Two processes on one database, one Redis and one folder of files."""
    with PostgresServer() as postgres, RedisServer() as redis:
        postgres.create()
        shared = {"HUB_DATABASE_URL": postgres.url, "HUB_REDIS_URL": redis.url}
        async with (
            HubProcess(tmp_path / "data", **shared) as one,
            HubProcess(tmp_path / "data", **shared) as two,
        ):
            yield one, two


@asynccontextmanager
async def signed_in(hub: HubProcess, person: Phone) -> AsyncIterator[httpx.AsyncClient]:
    """Another browser of theirs, at a process."""
    async with hub.browser() as http:
        given = {"address": person.address, "password": PASSWORD}
        await answer(http.post("/api/session", json=given))
        yield http


async def test_two_people_at_two_processes_work_as_at_one(
    pair: tuple[HubProcess, HubProcess], tmp_path: Path
) -> None:
    one, two = pair
    async with phones(one, tmp_path) as phone:
        ada = await phone("Ada Okafor")
        await ada.begin_thread("Offer")
        thread = ada.page.url.rpartition("/")[2]
        link = (await ada.invite()).replace(one.url, two.url)
        grace = await phone("Grace Lindqvist", link=link, at=two)
        await grace.open_thread("Offer")

        # They see each other, chat, and write in one document.
        for person, other in ((ada, "Grace Lindqvist"), (grace, "Ada Okafor")):
            await person.page.get_by_role("button", name="Show people").click()
            here = person.page.get_by_role("listitem").filter(has_text=other)
            await expect(here.first).to_contain_text(re.compile("here", re.IGNORECASE))
            await person.page.get_by_role("button", name="Hide people").click()
        await ada.say("Hello Grace")
        await grace.sees("Hello Grace")
        await ada.begin_document("Draft")
        await ada.write("Draft", "Ada writes. ")
        await expect(grace.editor("Draft")).to_contain_text("Ada writes.")
        await grace.write("Draft", "Grace writes. ")
        await expect(ada.editor("Draft")).to_contain_text("Grace writes.")
        await expect(ada.editor("Draft").get_by_text("Grace Lindqvist")).to_be_attached()
        await expect(grace.editor("Draft").get_by_text("Ada Okafor")).to_be_attached()
        await ada.saved()
        await grace.saved()

        # A call rings and runs between them.
        await ada.call()
        await grace.answer()
        await ada.is_with("Grace")
        await ada.hears(grace)
        await grace.hears(ada)
        await ada.press("Leave")
        await grace.press("Leave")
        await grace.lets_go()

        async with signed_in(one, ada) as here, signed_in(two, ada) as there:
            # An upload is begun at one and gone on with at the other.
            film = os.urandom(3 << 20)
            told = ",".join(
                f"{key} {base64.b64encode(value.encode()).decode()}"
                for key, value in {"filename": "film.mov", "thread": thread}.items()
            )
            begin = {**TUS, "upload-length": str(len(film)), "upload-metadata": told}
            made = await here.post("/files/", headers=begin)
            path = httpx.URL(made.headers["location"]).path
            send = {**TUS, "content-type": "application/offset+octet-stream"}
            first = await here.patch(
                path, headers={**send, "upload-offset": "0"}, content=film[: 1 << 20]
            )
            assert first.headers["upload-offset"] == str(1 << 20)
            known = await there.head(path, headers=TUS)
            assert known.headers["upload-offset"] == str(1 << 20)
            rest = await there.patch(
                path, headers={**send, "upload-offset": str(1 << 20)}, content=film[1 << 20 :]
            )
            assert rest.headers["upload-offset"] == str(len(film))
            body = {"text": "The film", "files": [{"upload": path.rpartition("/")[2]}]}
            await answer(there.post(f"/api/threads/{thread}/messages", json=body))
            await ada.sees("The film")
            await grace.sees("The film")

            # What the one decides cuts the other.
            mine = (await answer(here.get("/api/me")))["uid"]
            members = await answer(here.get(f"/api/threads/{thread}/members"))
            (uid,) = [row["uid"] for row in members if row["uid"] != mine]
            async with LiveClient(one.url, await token(here)) as client:
                await client.send(SetMember(thread=thread, send_id="d", uid=uid, role="reader"))
                await expect(grace.editor("Draft")).to_have_attribute("contenteditable", "false")
                await client.send(SetMember(thread=thread, send_id="r", uid=uid, role=None))
                await expect(grace.editor("Draft")).to_have_count(0)

            # So does the end of a sign-in.
            async with signed_in(one, grace) as elsewhere:
                sessions = await answer(elsewhere.get("/api/sessions"))
                for row in sessions:
                    if not row["current"]:
                        await answer(elsewhere.delete(f"/api/sessions/{row['id']}"))
                await expect(grace.page.get_by_label("Password")).to_be_visible()
        grace.forgive(r"401|WebSocket|Failed to load|403|404")
