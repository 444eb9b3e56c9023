"""Text of text files and of office documents."""

from __future__ import annotations

import io
import shutil
import zipfile
from typing import Any

import pytest

from hub.sandbox.walls import OFFICE, Failed, Limits, Made, Sandbox
from tests.integration.files.previews import pictures

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(body: str, prolog: str = "") -> bytes:
    document = f"{prolog}<w:document {W}><w:body>{body}</w:body></w:document>"
    return pictures.zipped({
        "[Content_Types].xml":
            b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            b'<Default Extension="rels" ContentType='
            b'"application/vnd.openxmlformats-package.relationships+xml"/>'
            b'<Override PartName="/word/document.xml" ContentType="application/vnd.openxml'
            b'formats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels":
            b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            b'<Relationship Id="r1" Target="word/document.xml" Type="http://schemas.openxmlformats'
            b'.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
        "word/document.xml": document.encode(),
    })  # fmt: skip


async def text_of(
    sandbox: Sandbox, kind: str, data: bytes, **options: Any
) -> tuple[str, dict[str, Any]]:
    outcome = await sandbox.run(kind, data, options)
    assert isinstance(outcome, Made), outcome
    (part,) = outcome.parts
    return part.body.decode(), part.meta


async def why(
    sandbox: Sandbox, kind: str, data: bytes, limits: Limits | None = None, **options: Any
) -> tuple[str, str]:
    outcome = await sandbox.run(kind, data, options, limits=limits or Limits())
    assert isinstance(outcome, Failed), outcome
    return outcome.reason, outcome.detail


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        ("Grüße\r\nа\rб\n".encode(), "Grüße\nа\nб\n", "utf-8"),
        (b"\xef\xbb\xbfGr\xc3\xbc", "Grü", "utf-8"),
        ("Grüße\n".encode("utf-16"), "Grüße\n", "utf-16-le"),
        (b"\xfe\xff" + "Grüße".encode("utf-16-be"), "Grüße", "utf-16-be"),
        (b"Gr\xfc\xdfe \x80", "Grüße €", "windows-1252"),
        (b"Gr\xfc\x81", "Grü�", "windows-1252"),
        (b"Gr\xc3", "GrÃ", "windows-1252"),
    ],
)
async def test_text_in_any_writing(sandbox: Sandbox, data: bytes, text: str, encoding: str) -> None:
    assert await text_of(sandbox, "text", data) == (
        text, {"encoding": encoding, "truncated": False},
    )  # fmt: skip


async def test_text_is_cut_between_characters(sandbox: Sandbox) -> None:
    read, meta = await text_of(sandbox, "text", b"a" + "é".encode() * 200_000)
    assert meta == {"encoding": "utf-8", "truncated": True}
    assert read == "a" + "é" * ((256 * 1024 - 1) // 2)
    read, meta = await text_of(sandbox, "text", "aé".encode(), max_bytes=3)
    assert (read, meta["truncated"]) == ("aé", False)


@pytest.mark.parametrize("data", [b"a\0b", bytes(range(1, 9)) * 10, b"\x89PNG\r\n\x1a\n\0\0"])
async def test_bytes_are_no_text(sandbox: Sandbox, data: bytes) -> None:
    assert (await why(sandbox, "text", data))[0] == "unsupported"


async def test_words_of_a_document(walled: Sandbox) -> None:
    body = (
        "<w:p><w:r><w:t>Hello</w:t><w:tab/><w:t>w&#246;rld</w:t></w:r></w:p>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:r><w:instrText>PAGE</w:instrText><w:t>a</w:t><w:br/><w:t>b</w:t></w:r></w:p>"
    )
    text, meta = await text_of(walled, "office_text", docx(body))
    assert (text, meta) == ("Hello\twörld\na\nb\n", {"truncated": False})
    text, meta = await text_of(walled, "office_text", docx(body), text_bytes=8)
    assert (text, meta) == ("Hello\tw", {"truncated": True})


async def test_words_of_a_sheet_of_slides_and_of_open_documents(sandbox: Sandbox) -> None:
    s = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    sheet = pictures.zipped({
        "xl/worksheets/sheet10.xml":
            f'<worksheet {s}><sheetData><row><c t="inlineStr"><is><t>last</t></is></c></row>'
            "</sheetData></worksheet>".encode(),
        "xl/worksheets/sheet2.xml":
            f'<worksheet {s}><sheetData><row><c t="s"><v>0</v></c><c><v>42.5</v></c>'
            '<c t="str"><f>A1</f><v>sum</v></c></row></sheetData></worksheet>'.encode(),
        "xl/sharedStrings.xml":
            f"<sst {s}><si><r><t>sha</t></r><r><t>red</t></r></si></sst>".encode(),
        "xl/workbook.xml":
            f'<workbook {s}><sheets><sheet name="Budget"/></sheets></workbook>'.encode(),
    })  # fmt: skip
    text, _ = await text_of(sandbox, "office_text", sheet)
    assert text.split() == ["Budget", "shared", "42.5", "sum", "last"]
    a = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    slides = pictures.zipped({
        f"ppt/slides/slide{number}.xml": f"<x {a}><a:p><a:t>{number}</a:t></a:p></x>".encode()
        for number in (10, 2, 1)
    })  # fmt: skip
    text, _ = await text_of(sandbox, "office_text", slides)
    assert text == "1\n2\n10\n"
    t = (
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    )
    odt = pictures.zipped({
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "content.xml":
            f'<x {t}><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>'
            '<table:table table:name="Table"/><text:h>Head</text:h>'
            '<text:p>a<text:s text:c="3"/><text:span>b</text:span></text:p></x>'.encode(),
    })  # fmt: skip
    text, _ = await text_of(sandbox, "office_text", odt)
    assert text == "Table\nHead\na   b\n"


async def test_a_zip_bomb_is_not_inflated(sandbox: Sandbox) -> None:
    bomb = docx("<w:p/>" + " " * (300 << 20))
    assert len(bomb) < 1 << 20
    limits = Limits(wall_s=10, memory_bytes=300 << 20)
    assert (await why(sandbox, "office_text", bomb, limits))[0] == "too_large"
    # One long text is cut and read no further.
    long = docx("<w:p><w:r><w:t>" + "x" * (100 << 20) + "</w:t></w:r></w:p>")
    outcome = await sandbox.run("office_text", long, limits=limits)
    assert isinstance(outcome, Made), outcome
    assert outcome.parts[0].meta == {"truncated": True}
    assert outcome.parts[0].body == b"x" * (2 << 20)


async def test_no_entity_is_expanded(sandbox: Sandbox) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    for entities in (laughs, '<!ENTITY l9 SYSTEM "file:///etc/passwd">', '<!ENTITY l9 "x">'):
        bomb = docx("<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>", f"<!DOCTYPE x [{entities}]>")
        reason, detail = await why(sandbox, "office_text", bomb)
        assert (reason, detail) == ("damaged", "XML with an entity of its own")


async def test_what_is_no_office_document(sandbox: Sandbox) -> None:
    good = docx("<w:p/>")
    for data, reason in (
        (b"hello", "damaged"),
        (good[: len(good) // 2], "damaged"),
        (docx("<w:p>"), "damaged"),
        (pictures.zipped({"a.txt": b"a"}), "unsupported"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unsupported"),
    ):
        assert (await why(sandbox, "office_text", data))[0] == reason
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("content.xml", bytes(1000))
    assert (await why(sandbox, "office_text", out.getvalue()))[0] == "unsupported"


async def test_an_office_document_becomes_a_pdf(sandbox: Sandbox) -> None:
    if shutil.which("soffice") is None or sandbox.kind != "bubblewrap":
        data = docx("<w:p/>")
        reason, _ = await why(sandbox, "office_pdf", data, OFFICE, suffix="docx")
        assert reason == "unsupported"
        return
    data = docx("<w:p><w:r><w:t>Hello from an office</w:t></w:r></w:p>")
    outcome = await sandbox.run("office_pdf", data, {"suffix": "docx"}, limits=OFFICE)
    assert isinstance(outcome, Made), outcome
    outcome = await sandbox.run("pdf", outcome.parts[0].body, {"text_bytes": 100})
    assert isinstance(outcome, Made), outcome
    assert outcome.parts[0].meta == {"pages": 1}
    assert outcome.parts[1].body.decode().strip() == "Hello from an office"
