"""Live documents that are put into their thread as files."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pypdfium2
import pytest
from pycrdt import XmlElement, XmlText

from hub.formats.docx import file as docx
from hub.formats.tree import Node
from hub.mail.erasure import Eraser
from tests.conftest import TurnableClock
from tests.integration.conftest import Served
from tests.integration.editing.conftest import Desk, edit, words
from tests.integration.editing.test_markdown_files import blocks, write
from tests.integration.editing.test_word_files import RED
from tests.integration.files.test_attachments import Room
from tests.integration.files.test_uploads import problem
from tests.support.docx import body_of, part_of, word_file
from tests.support.hub_process import answer
from tests.unit.formats.test_docx import COMMENTED, COMMENTS

REVIEWED = word_file(COMMENTED, COMMENTS)


def paragraph(text: str) -> Any:
    def change(opened: Any) -> None:
        opened.fragment.children.append(XmlElement("paragraph", {}, [XmlText(text)]))

    return change


async def joins(desk: Desk, name: str, role: str) -> Desk:
    person = await desk.served.person(name, desk.person)
    path = f"/api/threads/{desk.thread}/members"
    await answer(desk.http.post(path, json={"uid": person.uid, "role": role}))
    return desk.at(desk.of(person))


async def rich(desk: Desk, text: str = "The plan.") -> str:
    document = await desk.served.document(desk.person, desk.thread, "rich")
    await edit(desk, document, paragraph(text))
    return document


async def attach(desk: Desk, document: str, format_: str, **more: Any) -> dict[str, Any]:
    body = {"format": format_, **more}
    return await answer(desk.http.post(f"/api/documents/{document}/attach", json=body))  # type: ignore[no-any-return]


def text_of(nodes: list[Node]) -> str:
    return "".join(node.text or text_of(node.children) for node in nodes)


async def text_of_pdf(desk: Desk, attachment: str, number: int) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(await desk.bytes_of(attachment, number)))
    return "".join(one.get_textpage().get_text_bounded() for one in document)


async def test_a_document_becomes_a_word_file_and_is_its_live_copy(desk: Desk) -> None:
    document = await rich(desk)
    made = await attach(desk, document, "docx", name="Plan 2027")
    assert (made["name"], made["number"], made["live"]) == ("Plan 2027.docx", 1, True)
    assert made["authors"] == [desk.person.uid]
    file = made["attachment"]
    (info,) = await answer(desk.http.get(f"/api/threads/{desk.thread}/documents"))
    assert info["file"] == {
        "attachment": file, "number": 1, "format": "docx", "encoding": None,
    }  # fmt: skip
    state = await desk.file(document)
    assert (state["name"], state["unsaved"], state["waits"]) == ("Plan 2027.docx", False, False)
    shown = await desk.attachment(file)
    assert shown["versions"][0]["document"] == document
    assert shown["versions"][0]["authors"] == [desk.person.uid]
    assert "wordprocessingml" in shown["versions"][0]["type"]
    # From here on it is saved like any other.
    await edit(desk, document, write(0, "Our "))
    saved = await desk.save(document)
    assert (saved["attachment"], saved["number"]) == (file, 2)
    before, after = await desk.bytes_of(file, 1), await desk.bytes_of(file, 2)
    assert body_of(after) == body_of(before).replace("The plan.", "Our The plan.")
    # Who opens the file gets this document.
    assert (await desk.open(file))["document"] == document


@pytest.mark.parametrize(
    ("format_", "edited_as"), [("md", "markdown"), ("odt", "odt"), ("html", None), ("txt", None)]
)
async def test_other_formats(desk: Desk, format_: str, edited_as: str | None) -> None:
    document = await rich(desk)
    made = await attach(desk, document, format_)
    assert made["name"] == f"Draft.{format_}"
    assert made["live"] == (edited_as is not None)
    info = await answer(desk.http.get(f"/api/documents/{document}"))
    assert (info["file"] or {}).get("format") == edited_as
    if format_ != "odt":
        assert b"The plan." in await desk.bytes_of(made["attachment"], 1)
    if edited_as is not None:
        assert (await desk.save(document))["changed"] is False
        await edit(desk, document, write(0, "Our "))
        assert (await desk.save(document))["number"] == 2


async def test_a_text_becomes_a_file_with_its_line_ends(desk: Desk) -> None:
    path = f"/api/threads/{desk.thread}/documents"
    new = {"kind": "text", "title": "main.py", "language": "python", "line_ends": "crlf"}
    document = (await answer(desk.http.post(path, json=new)))["document"]
    await edit(desk, document, lambda opened: opened.text.insert(0, "a = 1\nb = 2\n"))
    refused = await desk.http.post(f"/api/documents/{document}/attach", json={"format": "docx"})
    assert problem(refused) == (400, "bad_format")
    made = await attach(desk, document, "txt")
    assert (made["name"], made["live"]) == ("main.py", True)
    assert await desk.bytes_of(made["attachment"], 1) == b"a = 1\r\nb = 2\r\n"
    await edit(desk, document, lambda opened: opened.text.insert(0, "# ü\n"))
    assert (await desk.save(document))["number"] == 2
    assert await desk.bytes_of(made["attachment"], 2) == "# ü\r\na = 1\r\nb = 2\r\n".encode()
    assert "a = 1" in await text_of_pdf(
        desk, (await attach(desk, document, "pdf"))["attachment"], 1
    )


async def test_a_pdf_is_made_again_as_its_next_version(desk: Desk) -> None:
    document = await rich(desk)
    first = await attach(desk, document, "pdf", name="Offer")
    file = first["attachment"]
    assert (first["name"], first["live"]) == ("Offer.pdf", False)
    assert "The plan." in await text_of_pdf(desk, file, 1)
    same = await attach(desk, document, "pdf", attachment=file)
    assert (same["number"], same["changed"]) == (1, False)
    grace = await joins(desk, "grace", "editor")
    await edit(grace, document, write(0, "Hers. "))
    second = await attach(desk, document, "pdf", attachment=file, name="ignored")
    assert (second["attachment"], second["number"], second["name"]) == (file, 2, "Offer.pdf")
    assert second["authors"] == [grace.person.uid]
    assert "Hers. The plan." in await text_of_pdf(desk, file, 2)
    shown = await desk.attachment(file)
    assert (shown["number"], shown["versions"][0]["document"]) == (2, document)


async def test_a_document_that_is_a_file_gets_copies_beside_it(desk: Desk) -> None:
    file = await desk.send(b"one\n", "notes.md")
    document = (await desk.open(file))["document"]
    copy = await attach(desk, document, "docx")
    assert (copy["name"], copy["live"]) == ("notes.md.docx", False)
    assert (await desk.file(document))["attachment"] == file
    nodes, _ = docx.read(await desk.bytes_of(copy["attachment"], 1), document)
    assert text_of(nodes) == "one"
    refused = await desk.http.post(
        f"/api/documents/{document}/attach", json={"format": "md", "attachment": file}
    )
    assert problem(refused) == (409, "its_own_file")
    assert await blocks(desk, document) == ["<paragraph>one</paragraph>"]


async def test_not_live_when_nobody_wants_that(desk: Desk) -> None:
    document = await rich(desk)
    made = await attach(desk, document, "docx", live=False)
    assert made["live"] is False
    info = await answer(desk.http.get(f"/api/documents/{document}"))
    assert info["file"] is None


async def test_the_same_request_again_changes_nothing(desk: Desk) -> None:
    document = await rich(desk)
    first = await attach(desk, document, "docx", send_id="one")
    assert await attach(desk, document, "docx", send_id="one") == first
    other = await rich(desk)
    path = f"/api/documents/{other}/attach"
    refused = await desk.http.post(path, json={"format": "docx", "send_id": "one"})
    assert problem(refused) == (409, "send_id_reused")


async def test_of_many_at_once_one_becomes_the_live_copy(desk: Desk) -> None:
    document = await rich(desk)
    path = f"/api/documents/{document}/attach"
    asked = [desk.http.post(path, json={"format": "docx"}) for _ in range(4)]
    answers = await asyncio.gather(*asked)
    made = [one.json() for one in answers if one.is_success]
    assert {problem(one) for one in answers if not one.is_success} <= {(409, "became_file")}
    (live,) = [one for one in made if one["live"]]
    assert (await desk.file(document))["attachment"] == live["attachment"]
    # Nothing is left of those that were refused.
    assert len((await desk.listed())["attachments"]) == len(made)


async def test_a_copy_of_a_word_file_has_all_that_the_file_has(desk: Desk) -> None:
    file = await desk.send(REVIEWED, "offer.docx")
    document = (await desk.open(file))["document"]
    await edit(desk, document, write(0, "Our "))
    copy = await attach(desk, document, "docx", name="Copy")
    assert (copy["name"], copy["live"]) == ("Copy.docx", False)
    made = await desk.bytes_of(copy["attachment"], 1)
    assert part_of(made, "word/comments.xml") == part_of(REVIEWED, "word/comments.xml")
    assert body_of(made) == await live_body(desk, file)
    exported = await desk.http.get(f"/api/documents/{document}/export?format=docx")
    assert exported.content == made


@pytest.mark.parametrize("format_", ["md", "docx"])
async def test_a_document_whose_file_is_gone_is_had_all_the_same(desk: Desk, format_: str) -> None:
    document = await rich(desk)
    made = await attach(desk, document, format_)
    await desk.http.delete(f"/api/attachments/{made['attachment']}")
    exported = await desk.http.get(f"/api/documents/{document}/export?format={format_}")
    assert exported.status_code == 200
    if format_ == "md":
        assert exported.text == "The plan.\n"
    copy = await attach(desk, document, format_)
    assert copy["attachment"] != made["attachment"]


async def live_body(desk: Desk, file: str) -> str:
    return body_of((await desk.http.get(f"/api/attachments/{file}/live")).content)


async def test_names_say_what_the_file_is(desk: Desk) -> None:
    document = await desk.served.document(desk.person, desk.thread, "text")
    names = []
    for given in ("notes", "Makefile", "a.odt", "b.py", ".env", None):
        made = await attach(desk, document, "txt", name=given, live=False)
        names.append(made["name"])
    assert names == ["notes.txt", "Makefile", "a.odt.txt", "b.py", ".env", "Draft.txt"]
    pdf = await attach(desk, document, "pdf", name="a.PDF")
    assert pdf["name"] == "a.PDF"
    path = f"/api/documents/{document}/attach"
    for format_ in ("html", "txt"):
        asked = {"format": format_, "attachment": pdf["attachment"]}
        assert problem(await desk.http.post(path, json=asked)) == (400, "bad_format")


async def test_a_file_that_is_erased_leaves_nothing(desk: Desk) -> None:
    document = await rich(desk)
    made = await attach(desk, document, "docx")
    await edit(desk, document, write(0, "Our "))
    await desk.save(document)
    copy = await attach(desk, document, "pdf")
    types = [one["type"] for one in (await desk.history())["items"]]
    assert [types.count(one) for one in ("attachment.add", "version.add")] == [2, 1]
    for one in (made, copy):
        await desk.http.delete(f"/api/attachments/{one['attachment']}")
    hub = desk.served.hub
    clock = TurnableClock(hub.clock.now_ms())
    clock.advance(hub.settings.undo_s + 60)
    assert await Eraser(hub.database, clock).erase() == 2
    left = [one["type"] for one in (await desk.history())["items"]]
    assert not {"attachment.add", "version.add"} & set(left)
    info = await answer(desk.http.get(f"/api/documents/{document}"))
    assert info["file"] is None
    assert (await attach(desk, document, "docx"))["live"] is True


async def test_the_words_of_another_event_are_no_answer(desk: Desk) -> None:
    """A ``send_id`` stands for one thing."""
    document = await rich(desk)
    path = f"/api/threads/{desk.thread}/attachments"
    body = {"file": {"upload": await desk.upload(b"x", "a.bin")}, "send_id": "one"}
    await answer(desk.http.post(path, json=body))
    await attach(desk, document, "docx", send_id="two")
    for send_id, what in (("one", "attach"), ("two", "save")):
        asked = {"format": "docx"} if what == "attach" else {}
        refused = await desk.http.post(
            f"/api/documents/{document}/{what}", json={**asked, "send_id": send_id}
        )
        assert problem(refused) == (409, "send_id_reused")


async def test_pictures_come_along(desk: Desk) -> None:
    document = await rich(desk)
    path = f"/api/threads/{desk.thread}/attachments"
    brought = {"upload": await desk.upload(RED, "red.png")}
    added = await answer(desk.http.post(path, json={"file": brought, "document": document}))
    (picture,) = added["attachments"]
    await desk.settle()

    def show(opened: Any) -> None:
        attributes = {"src": f"attachment:{picture}", "alt": "Red"}
        opened.fragment.children.append(XmlElement("image", attributes))

    await edit(desk, document, show)
    for format_ in ("docx", "odt", "pdf", "html"):
        made = await attach(desk, document, format_, live=False)
        data = await desk.bytes_of(made["attachment"], 1)
        if format_ == "docx":
            _, brought = docx.read(data, document)
            assert list(brought.pictures.values()) == [RED]
        elif format_ == "html":
            assert b'<img src="data:image/png;base64,' in data
    md = await attach(desk, document, "md")
    assert f"(attachment:{picture})".encode() in await desk.bytes_of(md["attachment"], 1)
    assert (await desk.save(document))["changed"] is False
    exported = await desk.http.get(f"/api/documents/{document}/export?format=md")
    assert f"/api/attachments/{picture}/versions/1)" in exported.text


async def test_characters_without_a_font_are_named_before_there_is_a_file(desk: Desk) -> None:
    document = await rich(desk, "Signs: \U00012031.")
    path = f"/api/documents/{document}/attach"
    refused = await desk.http.post(path, json={"format": "pdf"})
    assert problem(refused) == (409, "characters_missing")
    assert "\U00012031" in refused.json()["detail"]
    assert (await answer(desk.http.get(f"/api/threads/{desk.thread}/attachments")))[
        "attachments"
    ] == []
    made = await attach(desk, document, "pdf", anyway=True)
    assert "Signs:" in await text_of_pdf(desk, made["attachment"], 1)


async def test_who_may_not_write_saves_nothing(desk: Desk) -> None:
    document = await rich(desk)
    linus = await joins(desk, "linus", "reader")
    path = f"/api/documents/{document}/attach"
    refused = await linus.http.post(path, json={"format": "docx"})
    assert problem(refused) == (403, "read_only")
    stranger = Room(desk.served, await desk.served.person("eve", desk.person), desk.thread)
    refused = await stranger.http.post(path, json={"format": "docx"})
    assert refused.status_code == 404
    nothing = {"format": "pdf", "attachment": "a_" + "z" * 22}
    refused = await desk.http.post(path, json=nothing)
    assert problem(refused) == (404, "attachment_not_found")


async def test_another_file_that_is_open_takes_the_copy_in(desk: Desk) -> None:
    theirs = await desk.send(b"one\ntwo\n", "notes.txt")
    opened = (await desk.open(theirs))["document"]
    document = await rich(desk, "three")
    made = await attach(desk, document, "txt", attachment=theirs)
    assert (made["name"], made["number"]) == ("notes.txt", 2)
    await desk.settle()
    assert await words(desk, opened) == "three\n"


@pytest.mark.parametrize("format_", ["docx", "odt", "pdf"])
async def test_any_document_is_exported_in_any_format(served: Served, format_: str) -> None:
    ada = await served.person("ada")
    desk = Desk(served, ada, await served.thread(ada))
    document = await rich(desk)
    linus = await joins(desk, "linus", "reader")
    got = await linus.http.get(f"/api/documents/{document}/export?format={format_}")
    assert got.status_code == 200
    assert f"Draft.{format_}" in got.headers["content-disposition"]
    assert got.content[:2] in (b"PK", b"%P")
    refused = await ada.http.get(f"/api/documents/{document}/export?format=exe")
    assert problem(refused) == (400, "bad_format")
