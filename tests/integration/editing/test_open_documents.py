"""OpenDocument texts that people edit together, by way of the hub."""

from __future__ import annotations

import pytest

from hub.formats.pictures import attachment_of
from tests.integration.editing.conftest import Desk, edit
from tests.integration.editing.test_markdown_files import blocks, write
from tests.integration.editing.test_merging import bring
from tests.integration.editing.test_word_files import RED, attributes
from tests.integration.files.test_uploads import problem
from tests.support.odt import body_of, odt_file

FRAME = (
    '<text:p><draw:frame text:anchor-type="as-char" svg:width="40px"><draw:image'
    ' xlink:href="Pictures/a.png"/><svg:desc>Red</svg:desc></draw:frame></text:p>'
)


def p(text: str) -> str:
    return f"<text:p>{text}</text:p>"


REPORT = odt_file(p("Report.") + FRAME + p("End."), parts={"Pictures/a.png": RED})


async def test_an_open_document_is_opened_edited_and_saved(desk: Desk) -> None:
    file = await desk.send(REPORT, "report.odt")
    info = await desk.open(file)
    assert (info["kind"], info["file"]["format"], info["title"]) == ("rich", "odt", "report.odt")
    document = info["document"]
    picture = attachment_of(document, RED)
    assert await attributes(desk, document, 1) == {
        "alt": "Red", "src": f"attachment:{picture}", "width": 40,
    }  # fmt: skip
    assert await desk.bytes_of(picture, 1) == RED
    assert (await desk.save(document))["changed"] is False
    await edit(desk, document, write(0, "Our "))
    saved = await desk.save(document)
    assert (saved["number"], saved["authors"]) == (2, [desk.person.uid])
    assert body_of(await desk.bytes_of(file, 2)) == p("Our Report.") + FRAME + p("End.")


async def test_a_version_from_elsewhere_comes_in(desk: Desk) -> None:
    file = await desk.send(REPORT, "report.odt")
    document = (await desk.open(file))["document"]
    await edit(desk, document, write(0, "Our "))
    theirs = p("Report.") + FRAME + p("The end.") + p("More.")
    await bring(desk, file, odt_file(theirs, parts={"Pictures/a.png": RED}))
    found = await blocks(desk, document)
    assert (found[0], found[2:]) == (
        "<paragraph>Our Report.</paragraph>",
        ["<paragraph>The end.</paragraph>", "<paragraph>More.</paragraph>"],
    )
    assert (await desk.save(document))["number"] == 3
    made = body_of(await desk.bytes_of(file, 3))
    assert made == theirs.replace("Report", "Our Report")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04" + bytes(600), "file_damaged"),
        (odt_file("<text:section>" * 9000 + "</text:section>" * 9000), "file_too_complex"),
    ],
)
async def test_what_is_none_is_refused_in_words(desk: Desk, data: bytes, code: str) -> None:
    file = await desk.send(data, "a.odt")
    refused = await desk.http.post(f"/api/attachments/{file}/open", json={})
    assert problem(refused) == (422, code)
