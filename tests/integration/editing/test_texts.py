"""Text files that people edit together: opened, changed, saved as versions."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.integration.editing.conftest import Desk, edit, words
from tests.integration.files.test_attachments import ben_joins
from tests.integration.files.test_uploads import problem

NOTES = b"# Plan\r\n\r\none\r\ntwo\nthree"


async def test_a_file_is_opened_edited_and_saved(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    info = await desk.open(file)
    assert info["title"] == "notes.txt"
    assert info["kind"] == "text"
    assert info["file"] == {
        "attachment": file, "number": 1, "format": "text", "encoding": "utf-8"
    }  # fmt: skip
    document = info["document"]
    assert await words(desk, document) == "# Plan\n\none\ntwo\nthree"
    assert (await desk.file(document))["unsaved"] is False

    ben = desk.at(await ben_joins(desk))

    def change(opened: Any) -> None:
        opened.text.insert(8, "zero and ")

    await edit(ben, document, change)
    state = await desk.file(document)
    assert (state["unsaved"], state["authors"], state["number"], state["shown"]) == (
        True, [ben.person.uid], 1, 1,
    )  # fmt: skip
    saved = await desk.save(document)
    assert (saved["attachment"], saved["number"], saved["changed"]) == (file, 2, True)
    assert saved["authors"] == [ben.person.uid]
    # What nobody touched is as it was: each line with its own end.
    assert await desk.bytes_of(file, 2) == b"# Plan\r\n\r\nzero and one\r\ntwo\nthree"
    assert await desk.bytes_of(file, 1) == NOTES
    found = await desk.attachment(file)
    assert (found["number"], found["count"]) == (2, 2)
    version = found["versions"][0]
    assert (version["author"], version["authors"]) == (desk.person.uid, [ben.person.uid])
    assert version["document"] == document
    state = await desk.file(document)
    assert (state["unsaved"], state["number"], state["shown"]) == (False, 2, 2)


async def test_nothing_changed_is_nothing_to_save(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    saved = await desk.save(document)
    assert (saved["changed"], saved["number"], saved.get("at")) == (False, 1, None)
    assert (await desk.attachment(file))["count"] == 1

    def there(opened: Any) -> None:
        opened.text.insert(0, "x")

    def and_back(opened: Any) -> None:
        del opened.text[0:1]

    await edit(desk, document, there)
    await edit(desk, document, and_back)
    assert (await desk.file(document))["unsaved"] is True
    assert (await desk.save(document))["changed"] is False
    assert (await desk.attachment(file))["count"] == 1
    assert (await desk.file(document))["unsaved"] is False


async def test_two_who_open_at_once_get_one_document(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    ben = desk.at(await ben_joins(desk))
    found = await asyncio.gather(*(one.open(file) for one in (desk, ben, desk, ben)))
    assert len({one["document"] for one in found}) == 1
    assert await words(ben, found[0]["document"]) == "# Plan\n\none\ntwo\nthree"


async def test_only_the_shown_version_is_opened(desk: Desk) -> None:
    file = await desk.send(b"one\n", "a.txt")
    await desk.says("", {"upload": await desk.upload(b"two\n", "a.txt"), "attachment": file})
    await desk.settle()
    refused = await desk.http.post(f"/api/attachments/{file}/open", json={"number": 1})
    assert problem(refused) == (409, "not_shown")
    assert (await desk.open(file, number=2))["file"]["number"] == 2


async def test_a_reader_opens_what_is_open_and_saves_nothing(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    ben = desk.at(await ben_joins(desk, "reader"))
    path = f"/api/attachments/{file}/open"
    assert problem(await ben.http.post(path, json={}))[1] == "read_only"
    document = (await desk.open(file))["document"]
    assert (await ben.open(file))["document"] == document
    answer = await ben.http.post(f"/api/documents/{document}/save", json={})
    assert problem(answer) == (403, "read_only")


async def test_the_same_save_again_is_one_version(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await edit(desk, document, lambda opened: opened.text.insert(0, "x"))
    first = await desk.save(document, send_id="s1")
    await edit(desk, document, lambda opened: opened.text.insert(0, "y"))
    assert await desk.save(document, send_id="s1") == first
    assert (await desk.attachment(file))["count"] == 2


async def test_saves_at_once_lose_nothing(desk: Desk) -> None:
    file = await desk.send(b"", "empty.txt")
    document = (await desk.open(file))["document"]
    ben = desk.at(await ben_joins(desk))
    for round_ in range(3):
        await edit(ben, document, lambda opened, n=round_: opened.text.insert(0, f"ben {n}\n"))
        await edit(desk, document, lambda opened, n=round_: opened.text.insert(0, f"ada {n}\n"))
        await asyncio.gather(*(one.save(document) for one in (desk, ben, desk)))
    found = await desk.attachment(file)
    assert (await desk.bytes_of(file, found["number"])).decode() == await words(desk, document)
    assert found["count"] == 4


async def test_encodings_come_back(desk: Desk) -> None:
    text = "Dobrý deň,\r\nposielam žltú ponuku.\r\n"
    file = await desk.send(text.encode("cp1250"), "list.txt")
    info = await desk.open(file)
    assert info["file"]["encoding"] == "cp1250"
    document = info["document"]
    await edit(desk, document, lambda opened: opened.text.insert(0, "Š"))
    await desk.save(document)
    assert await desk.bytes_of(file, 2) == ("Š" + text).encode("cp1250")
    await edit(desk, document, lambda opened: opened.text.insert(0, "😀"))
    answer = await desk.http.post(f"/api/documents/{document}/save", json={})
    assert problem(answer) == (409, "unwritable_characters")
    assert "😀" in answer.json()["detail"]
    assert await words(desk, document) == "😀Š" + text.replace("\r", "")
    saved = await desk.save(document, encoding="utf-8")
    assert saved["number"] == 3
    assert await desk.bytes_of(file, 3) == ("😀Š" + text).encode()
    assert (await desk.file(document))["encoding"] == "utf-8"


async def test_what_is_no_text_is_not_opened(desk: Desk) -> None:
    file = await desk.send(b"a" * 5000 + b"\0\1\2", "notes.txt")
    answer = await desk.http.post(f"/api/attachments/{file}/open", json={})
    assert problem(answer) == (422, "not_text")
    file = await desk.send(b"\x89PNG\r\n\x1a\n" + bytes(100), "notes.txt")
    answer = await desk.http.post(f"/api/attachments/{file}/open", json={})
    assert problem(answer) == (422, "format_not_editable")


async def test_the_file_of_a_document_may_be_removed(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await edit(desk, document, lambda opened: opened.text.insert(0, "x"))
    assert (await desk.http.delete(f"/api/attachments/{file}")).is_success
    state = await desk.file(document)
    assert state["shown"] is None
    answer = await desk.http.post(f"/api/documents/{document}/save", json={})
    assert problem(answer) == (404, "attachment_not_found")
    assert (await words(desk, document)).startswith("x# Plan")
    assert problem(await desk.http.post(f"/api/attachments/{file}/open", json={}))[0] == 404


async def test_a_document_that_is_no_file_has_none(desk: Desk) -> None:
    document = await desk.served.document(desk.person, desk.thread)
    for answer in (
        await desk.http.get(f"/api/documents/{document}/file"),
        await desk.http.post(f"/api/documents/{document}/save", json={}),
    ):
        assert problem(answer) == (409, "not_a_file")
