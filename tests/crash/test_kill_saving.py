"""kill -9 of the hub while a file that people edit is saved: the new version is whole or it is not
there, and the live document has everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pycrdt import XmlElement, XmlText

from hub.client import FileClient, LiveClient
from hub.formats.docx import file as docx
from hub.formats.tree import Node
from tests.support.docx import word_file
from tests.support.hub_process import HubProcess, answer, token

MOMENTS = ("asked", "a worker is there", "the worker has gone", "answered")


def children_of(pid: int) -> set[str]:
    """Processes that the hub's own processes started, all the way down."""
    found: set[str] = set()
    waiting = [str(pid)]
    while waiting:
        parent = waiting.pop()
        with contextlib.suppress(OSError):  # it has gone
            for tasks in Path("/proc", parent, "task").glob("*/children"):
                names = tasks.read_text().split()
                waiting += names
                found |= set(names)
    return found


async def at(moment: str, hub: HubProcess, before: set[str], saving: asyncio.Task[Any]) -> None:
    """Wait for it, or for the end of the save."""
    assert hub.process is not None

    def begun() -> set[str]:
        return children_of(hub.process.pid) - before if hub.process else set()

    if moment == "asked":
        return
    while not begun() and not saving.done():
        await asyncio.sleep(0)
    while moment == "the worker has gone" and begun() and not saving.done():
        await asyncio.sleep(0)
    if moment == "answered":
        await asyncio.wait([saving])


def words(nodes: Iterable[Node]) -> str:
    return "".join(one.text or words(one.children) for one in nodes)


async def kill_while_saving(folder: Path, *, kills: int) -> None:
    async with HubProcess(folder / "data") as hub:
        owner = await hub.first_owner()
        made = await answer(owner.post("/api/threads", json={"subject": "Offer"}))
        secret = await token(owner)
        files = FileClient(hub.url, secret, state=folder / "state")
        data = word_file("<w:p><w:r><w:t>Begun.</w:t></w:r></w:p>" * 300)
        sent = await files.upload(io.BytesIO(data), made["summary"]["thread"], name="a.docx")
        (file,) = await files.post(made["summary"]["thread"], [sent])
        document = (await files.open(file.attachment)).document
        written: list[str] = []
        for kill in range(kills):
            written.append(f"Word {kill}.")
            await write(hub, secret, document, written[-1])
            assert hub.process is not None
            before = children_of(hub.process.pid)
            was = (await files.attachment(file.attachment)).number or 0
            saving = asyncio.create_task(save(hub, secret, document, f"save-{kill}"))
            await at(MOMENTS[kill % len(MOMENTS)], hub, before, saving)
            await hub.kill()
            await asyncio.wait([saving])
            await hub.start()
            # Whole, or not there; the document has everything.
            number = (await files.attachment(file.attachment)).number or 0
            assert number in (was, was + 1)
            assert await read(hub, secret, document) == "Begun." * 300 + "".join(written)
            if number > was:
                assert await said(files, folder, file.attachment, number) == written
            # Asked again, it is one version and no more.
            again = await answer(
                owner.post(f"/api/documents/{document}/save", json={"send_id": f"save-{kill}"})
            )
            assert again["number"] == was + 1
            assert await said(files, folder, file.attachment, was + 1) == written


async def write(hub: HubProcess, secret: str, document: str, text: str) -> None:
    async with LiveClient(hub.url, secret) as client:
        opened = await client.open_document(document)
        await opened.synced()
        opened.fragment.children.append(XmlElement("paragraph", {}, [XmlText(text)]))
        await opened.saved()


async def read(hub: HubProcess, secret: str, document: str) -> str:
    async with LiveClient(hub.url, secret) as client:
        opened = await client.open_document(document)
        await opened.synced()
        return "".join(str(one.children[0]) for one in opened.fragment.children)


async def save(hub: HubProcess, secret: str, document: str, send_id: str) -> None:
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=hub.url, headers=headers, trust_env=False) as http:
        with contextlib.suppress(httpx.HTTPError):  # nobody is there to answer
            await http.post(f"/api/documents/{document}/save", json={"send_id": send_id})


async def said(files: FileClient, folder: Path, attachment: str, number: int) -> list[str]:
    """What a version says behind what it began with."""
    target = folder / f"{number}.docx"
    target.unlink(missing_ok=True)
    data = (await files.download(attachment, number, target=target)).read_bytes()
    nodes, _ = docx.read(data, document="d_1")
    return [words([one]) for one in nodes[300:]]


@pytest.mark.timeout(180)
async def test_a_save_is_whole_or_not_there(tmp_path: Path) -> None:
    await kill_while_saving(tmp_path, kills=4)


@pytest.mark.heavy
@pytest.mark.timeout(900)
async def test_a_save_is_whole_or_not_there_over_twenty_kills(tmp_path: Path) -> None:
    await kill_while_saving(tmp_path, kills=20)
