"""Word files that people edit together."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from pycrdt import XmlElement

from hub.formats import tree
from hub.formats.pictures import attachment_of
from hub.wire import commands as cmd
from tests.integration.editing.conftest import Desk, edit
from tests.integration.editing.test_markdown_files import blocks, write
from tests.integration.editing.test_merging import bring, merge
from tests.integration.files.test_uploads import problem
from tests.support.docx import body_of, part_of, word_file


def png(colour: str, side: int = 40) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(made, "PNG")
    return made.getvalue()


def p(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


RED = png("red")
DRAWING = (
    '<w:p><w:r><w:drawing><wp:inline><wp:extent cx="381000" cy="381000"/><wp:docPr id="1" '
    'name="p" descr="Red"/><a:graphic><a:graphicData><pic:pic><pic:blipFill>'
    '<a:blip r:embed="rIdP"/>'
    "</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
)
REPORT = word_file(p("Report.") + DRAWING + p("End."), {"word/media/image1.png": RED})


async def test_a_word_file_is_opened_edited_and_saved(desk: Desk) -> None:
    file = await desk.send(REPORT, "report.docx")
    info = await desk.open(file)
    assert (info["kind"], info["file"]["format"], info["title"]) == ("rich", "docx", "report.docx")
    document = info["document"]
    picture = attachment_of(document, RED)
    assert (await attributes(desk, document, 1)) == {
        "alt": "Red", "src": f"attachment:{picture}", "width": 40,
    }  # fmt: skip
    shown = await desk.attachment(picture)
    assert (shown["document"], shown["number"]) == (document, 1)
    assert await desk.bytes_of(picture, 1) == RED
    assert (await desk.save(document))["changed"] is False
    await edit(desk, document, write(0, "Our "))
    saved = await desk.save(document)
    assert (saved["number"], saved["authors"]) == (2, [desk.person.uid])
    made = await desk.bytes_of(file, 2)
    assert body_of(made) == (p("Our Report.") + DRAWING + p("End."))
    assert part_of(made, "word/media/image1.png") == RED


async def test_a_picture_that_came_to_the_document_goes_into_the_file(desk: Desk) -> None:
    file = await desk.send(REPORT, "report.docx")
    document = (await desk.open(file))["document"]
    blue = png("blue", 1200)
    upload = await desk.upload(blue, "blue.png")
    async with desk.live() as client:
        await client.send(
            cmd.AddAttachment(desk.thread, "one", cmd.NewFile(upload=upload), document)
        )
    await desk.settle()
    attachment = await other_picture(desk, document, attachment_of(document, RED))

    def show(opened: Any) -> None:
        src = {"src": f"attachment:{attachment}", "alt": "Blue"}
        opened.fragment.children.append(XmlElement("image", src, []))

    await edit(desk, document, show)
    assert (await desk.save(document))["number"] == 2
    made = await desk.bytes_of(file, 2)
    assert part_of(made, "word/media/hub1.png") == blue
    assert 'descr="Blue"' in body_of(made)
    # The same picture, as the next version has it, is no other.
    await edit(desk, document, write(0, "Our "))
    assert (await desk.save(document))["number"] == 3
    again = await desk.bytes_of(file, 3)
    assert body_of(again).count("<w:drawing") == 2


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.docx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "old_office_format"),
        ("a.doc", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "old_office_format"),
        ("a.docx", b"PK\x03\x04" + bytes(600), "file_damaged"),
        ("a.docx", word_file("<w:tbl><w:tr><w:tc>" * 9000), "file_too_complex"),
    ],
)
async def test_what_is_none_is_refused_in_words(
    desk: Desk, name: str, data: bytes, code: str
) -> None:
    file = await desk.send(data, name)
    refused = await desk.http.post(f"/api/attachments/{file}/open", json={})
    assert problem(refused) == (422, code)


async def test_people_hear_what_stays_as_it_is(desk: Desk) -> None:
    body = p("x") + '<w:p><w:fldSimple w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p>'
    file = await desk.send(word_file(body, {"word/vbaProject.bin": b"x"}), "a.docm")
    document = (await desk.open(file))["document"]
    assert (await desk.file(document))["notices"] == ["fields", "macros"]


async def test_a_version_from_elsewhere_brings_its_words_and_pictures(desk: Desk) -> None:
    file = await desk.send(REPORT, "report.docx")
    document = (await desk.open(file))["document"]
    await edit(desk, document, write(0, "Our "))
    green = png("green")
    theirs = word_file(
        p("Report.") + DRAWING + p("The end.") + p("More."), {"word/media/image1.png": green}
    )
    await bring(desk, file, theirs)
    state = await desk.file(document)
    assert (state["number"], state["waits"]) == (2, False)
    found = await blocks(desk, document)
    picture = attachment_of(document, green)
    assert (found[0], found[2:]) == (
        "<paragraph>Our Report.</paragraph>",
        ["<paragraph>The end.</paragraph>", "<paragraph>More.</paragraph>"],
    )
    assert (await attributes(desk, document, 1))["src"] == f"attachment:{picture}"
    assert await desk.bytes_of(picture, 1) == green
    assert (await desk.save(document))["number"] == 3
    made = await desk.bytes_of(file, 3)
    assert body_of(made) == p("Our Report.") + DRAWING + p("The end.") + p("More.")
    # Where both changed the same words it waits; what is chosen then stands.
    await edit(desk, document, write(0, "x"))
    await bring(desk, file, word_file(p("yOur Report.") + p("The end.")))
    assert (await desk.file(document))["waits"] is True
    await merge(desk, document, 4, "theirs")
    assert (await blocks(desk, document))[0] == "<paragraph>yOur Report.</paragraph>"


async def attributes(desk: Desk, document: str, block: int) -> dict[str, Any]:
    async with desk.live() as client:
        opened = await client.open_document(document)
        await opened.synced()
        return tree.attributes(opened.fragment.children[block])


async def other_picture(desk: Desk, document: str, but: str) -> str:
    async with desk.served.hub.database.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT attachment_id FROM attachments WHERE document_id = $1 AND attachment_id <> $2",
            document, but,
        )  # fmt: skip
    return str(row["attachment_id"])
