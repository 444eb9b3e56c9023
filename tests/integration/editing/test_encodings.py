"""Text files that were taken for another encoding than they are in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.editing.conftest import Desk, edit, words
from tests.integration.editing.test_markdown_files import blocks
from tests.integration.files.test_uploads import problem
from tests.support.docx import word_file
from tests.support.hub_process import answer

TEXT = "První řádek\r\nžluťoučký kůň\r\nposlední\r\n"


async def read_as(desk: Desk, document: str, encoding: str, **more: Any) -> dict[str, Any]:
    path = f"/api/documents/{document}/encoding"
    body = {"encoding": encoding, **more}
    return await answer(desk.http.post(path, json=body))  # type: ignore[no-any-return]


async def opened_wrong(desk: Desk, name: str = "a.txt") -> tuple[str, str]:
    """A file in cp1250, and its document, which was read in another encoding."""
    file = await desk.send(TEXT.encode("cp1250"), name)
    document = (await desk.open(file))["document"]
    await read_as(desk, document, "cp1251")
    return file, document


async def test_a_file_is_read_in_another_encoding(desk: Desk) -> None:
    file, document = await opened_wrong(desk)
    assert (await words(desk, document)).splitlines()[1] == TEXT.encode("cp1250").decode(
        "cp1251"
    ).splitlines()[1]
    info = await answer(desk.http.get(f"/api/documents/{document}"))
    assert info["file"]["encoding"] == "cp1251"
    # Nobody has changed anything, and nothing of the file is another.
    assert (await desk.file(document))["unsaved"] is False
    assert (await desk.save(document))["changed"] is False
    assert (await read_as(desk, document, "cp1250"))["changes"] == 3
    assert await words(desk, document) == TEXT.replace("\r\n", "\n")
    await edit(desk, document, lambda opened: opened.text.insert(0, "Žádný\n"))
    saved = await desk.save(document)
    assert await desk.bytes_of(file, saved["number"]) == ("Žádný\r\n" + TEXT).encode("cp1250")


async def test_what_was_written_meanwhile_stays(desk: Desk) -> None:
    file, document = await opened_wrong(desk)
    await edit(desk, document, lambda opened: opened.text.insert(0, "Up.\n"))
    await edit(desk, document, lambda opened: opened.text.insert(len(opened.text), "Konec\n"))
    await read_as(desk, document, "cp1250")
    now = "Up.\r\n" + TEXT + "Konec\r\n"
    assert await words(desk, document) == now.replace("\r\n", "\n")
    assert (await desk.file(document))["unsaved"] is True
    saved = await desk.save(document)
    assert await desk.bytes_of(file, saved["number"]) == now.encode("cp1250")


async def test_a_word_that_somebody_changed_is_not_lost(desk: Desk) -> None:
    _, document = await opened_wrong(desk)
    await edit(desk, document, lambda opened: opened.text.insert(0, "Mine"))
    await read_as(desk, document, "cp1250")
    assert await words(desk, document) == "Mine" + TEXT.replace("\r\n", "\n")


async def test_markdown_is_read_anew_too(desk: Desk) -> None:
    _, document = await opened_wrong(desk, "a.md")
    await read_as(desk, document, "cp1250")
    assert "žluťoučký kůň" in "".join(await blocks(desk, document))


async def test_the_same_encoding_and_the_same_request_change_nothing(desk: Desk) -> None:
    _, document = await opened_wrong(desk)
    assert await read_as(desk, document, "cp1251") == {"changes": 0, "conflicts": 0}
    first = await read_as(desk, document, "cp1250", send_id="one")
    assert await read_as(desk, document, "cp1250", send_id="one") == first
    events = [one for one in (await desk.history())["items"] if one["type"] == "document.merge"]
    assert [one["data"]["encoding"] for one in events] == ["cp1251", "cp1250"]


@pytest.mark.parametrize(
    ("name", "data", "encoding", "refused"),
    [
        ("a.txt", "\ufeffä".encode("utf-16-le"), "cp1250", None),
        ("a.txt", b"abc\n", "rot13", (400, "bad_body")),
        ("a.docx", word_file("<w:p/>"), "cp1250", (409, "no_encoding")),
    ],
)
async def test_what_cannot_be_is_told(
    desk: Desk, name: str, data: bytes, encoding: str, refused: tuple[int, str] | None
) -> None:
    file = await desk.send(data, name)
    document = (await desk.open(file))["document"]
    path = f"/api/documents/{document}/encoding"
    told = await desk.http.post(path, json={"encoding": encoding})
    assert (None if told.is_success else problem(told)) == refused
    assert (await desk.save(document))["changed"] is False


async def test_a_reader_reads_it_as_it_is(desk: Desk) -> None:
    _, document = await opened_wrong(desk)
    linus = await desk.served.person("linus", desk.person)
    path = f"/api/threads/{desk.thread}/members"
    await answer(desk.http.post(path, json={"uid": linus.uid, "role": "reader"}))
    refused = await linus.http.post(
        f"/api/documents/{document}/encoding", json={"encoding": "cp1250"}
    )
    assert problem(refused) == (403, "read_only")
