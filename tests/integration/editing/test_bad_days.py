"""Converters that hang or die, and disks that are full, while files are opened and saved: a clear
word, and the document and the file stay.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hub.editing import converter
from hub.sandbox.walls import Program
from tests.integration.editing.conftest import Desk, edit, words
from tests.integration.files.test_uploads import problem
from tests.integration.test_database_away import PERMIT, REFUSE, statement

WORKER = """
import ctypes, os, time
from hub.sandbox.cell import write
from hub.sandbox.frames import Part

def main(kind, options):
    {how}
    write(Part("end"))
"""
WAYS = {
    "hangs": "time.sleep(1000)",
    "dies": "os._exit(1)",
    "crashes": "ctypes.string_at(0)",
    "complains": 'return write(Part("failed", {"reason": "damaged", "detail": "oops"}))',
    "says nothing": "pass",
}

Break = Callable[[str], None]


@pytest.fixture
def break_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Break:
    def break_(how: str) -> None:
        folder = tmp_path / "worker"
        folder.mkdir(exist_ok=True)
        (folder / "broken.py").write_text(WORKER.format(how=WAYS[how]))
        monkeypatch.setattr(converter, "FORMATS", Program("broken", folder))
        if how == "hangs":
            monkeypatch.setattr(converter, "_LIMITS", replace(converter._LIMITS, wall_s=2))

    return break_


async def one_more(desk: Desk, document: str) -> None:
    await edit(desk, document, lambda opened: opened.text.insert(0, "zero\n"))


async def is_saved_after_all(desk: Desk, file: str, document: str) -> None:
    """Nothing was lost by what went wrong."""
    assert (await desk.attachment(file))["number"] == 1
    assert await desk.bytes_of(file, 1) == b"one\r\n"
    assert await words(desk, document) == "zero\none\n"
    assert (await desk.file(document))["unsaved"] is True
    assert (await desk.listed())["used"] == len(b"one\r\n")
    saved = await desk.save(document)
    assert saved["number"] == 2
    assert await desk.bytes_of(file, 2) == b"zero\r\none\r\n"


@pytest.mark.parametrize("how", WAYS)
async def test_a_converter_that_breaks_at_saving(
    desk: Desk, break_converter: Break, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    file = await desk.send(b"one\r\n", "a.txt")
    document = (await desk.open(file))["document"]
    await one_more(desk, document)
    break_converter(how)
    refused = await desk.http.post(f"/api/documents/{document}/save", json={}, timeout=30)
    status, code = problem(refused)
    assert code == ("file_too_complex" if how == "hangs" else "converter_failed")
    assert status == (503 if code == "converter_failed" else 422)
    monkeypatch.undo()
    await is_saved_after_all(desk, file, document)


@pytest.mark.parametrize("how", WAYS)
async def test_a_converter_that_breaks_at_opening(
    desk: Desk, break_converter: Break, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    file = await desk.send(b"one\r\n", "a.txt")
    break_converter(how)
    refused = await desk.http.post(f"/api/attachments/{file}/open", json={}, timeout=30)
    code = "file_too_complex" if how == "hangs" else "file_damaged"
    assert problem(refused) == (422, code)
    monkeypatch.undo()
    document = (await desk.open(file))["document"]
    await one_more(desk, document)
    await is_saved_after_all(desk, file, document)


async def test_a_store_without_room_at_saving(desk: Desk) -> None:
    file = await desk.send(b"one\r\n", "a.txt")
    document = (await desk.open(file))["document"]
    await one_more(desk, document)
    bounds = desk.served.hub.uploads.bounds
    desk.served.hub.uploads.bounds = replace(bounds, free=1 << 62)
    for path in (f"/api/documents/{document}/save", f"/api/documents/{document}/attach"):
        asked = {"format": "pdf"} if path.endswith("attach") else {}
        assert problem(await desk.http.post(path, json=asked)) == (507, "no_space")
    desk.served.hub.uploads.bounds = bounds
    await is_saved_after_all(desk, file, document)


async def test_a_disk_that_becomes_full_at_saving(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await desk.send(b"one\r\n", "a.txt")
    document = (await desk.open(file))["document"]
    await one_more(desk, document)

    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as broken:
        broken.setattr(os, "pwritev", full)
        refused = await desk.http.post(f"/api/documents/{document}/save", json={})
    assert problem(refused) == (507, "no_space")
    await is_saved_after_all(desk, file, document)


@pytest.mark.parametrize(
    ("state", "code"), [("53100", "disk_full"), ("25006", "database_read_only")]
)
async def test_a_database_that_takes_nothing_at_saving(
    desk: Desk, database_url: str, state: str, code: str
) -> None:
    file = await desk.send(b"one\r\n", "a.txt")
    document = (await desk.open(file))["document"]
    await one_more(desk, document)
    await statement(database_url, REFUSE.format(state=state))
    refused = await desk.http.post(f"/api/documents/{document}/save", json={})
    assert problem(refused) == (503, code)
    await statement(database_url, PERMIT)
    await is_saved_after_all(desk, file, document)
