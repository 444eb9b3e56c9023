"""Programs open files, edit them and save them: ``hub.client`` and ``hub get --live``."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from hub.client import FileClient
from hub.errors import Conflict, NotFound
from hub.wire.api import AttachDocument
from tests.integration.editing.conftest import Desk, edit


async def test_a_program_opens_edits_and_saves(desk: Desk, tmp_path: Path) -> None:
    files = FileClient(desk.served.url, desk.person.token, state=tmp_path / "state")
    file = await desk.send(b"one\r\ntwo\r\n", "a.txt")
    with pytest.raises(NotFound) as caught:
        await files.live(file, target=tmp_path)
    assert caught.value.code == "not_open"
    info = await files.open(file)
    assert (info.file and info.file.number, info.title) == (1, "a.txt")
    async with desk.live() as client:
        opened = await client.open_document(info.document)
        opened.text.insert(0, "zero\n")
        await opened.saved()
    path = await files.live(file, target=tmp_path)
    assert (path.name, path.read_bytes()) == ("a.txt", b"zero\r\none\r\ntwo\r\n")
    with pytest.raises(Conflict):
        await files.live(file, target=tmp_path)
    # Nothing was saved by that.
    assert (await files.attachment(file)).number == 1
    saved = await files.save(info.document)
    assert (saved.number, saved.changed, saved.authors) == (2, True, [desk.person.uid])
    assert (await files.download(file, target=tmp_path / "b.txt")).read_bytes() == path.read_bytes()


async def test_a_program_makes_a_document_a_file(desk: Desk) -> None:
    files = FileClient(desk.served.url, desk.person.token)
    document = await desk.served.document(desk.person, desk.thread)
    await edit(desk, document, lambda opened: opened.text.insert(0, "one\n"))
    made = await files.attach(document, AttachDocument(format="txt", name="a.txt"))
    assert (made.name, made.live, made.authors) == ("a.txt", True, [desk.person.uid])
    assert await desk.bytes_of(made.attachment, 1) == b"one\n"
    with pytest.raises(Conflict) as caught:
        await files.attach(document, AttachDocument(format="txt", attachment=made.attachment))
    assert caught.value.code == "its_own_file"


async def test_the_command_gets_what_people_write_now(desk: Desk, tmp_path: Path) -> None:
    file = await desk.send(b"# One\n", "a.md")
    document = (await desk.open(file))["document"]
    async with desk.live() as client:
        opened = await client.open_document(document)
        opened.fragment.children[0].children[0].insert(0, "Number ")
        await opened.saved()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
        "WEBMAIL_HUB_URL": desk.served.url, "WEBMAIL_HUB_TOKEN": desk.person.token,
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }  # fmt: skip

    async def get(*words: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "get", file, *words, cwd=tmp_path, env=environ,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode or 0, (out + err).decode()

    code, said = await get("--live")
    assert (code, (tmp_path / "a.md").read_text()) == (0, "# Number One\n"), said
    code, said = await get("--live")
    assert code == 1
    assert "file_exists" in said
    code, said = await get("--live", "--version", "1")
    assert code == 1
    assert "--live is no version" in said
    code, _ = await get("--force")
    assert (code, (tmp_path / "a.md").read_text()) == (0, "# One\n")
