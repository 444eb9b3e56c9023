"""Markdown files that people edit together as rich text."""

from __future__ import annotations

from typing import Any

from pycrdt import XmlElement, XmlText

from tests.integration.editing.conftest import Desk, edit
from tests.integration.editing.test_merging import bring, merge
from tests.integration.files.test_uploads import problem

PLAN = b"""---\r
title: Plan\r
---\r
\r
The plan\r
========\r
\r
* one thing\r
* another *thing*\r
\r
| a | b |\r
|---|--:|\r
| 1 | 2 |\r
\r
Last words, wrapped\r
over two lines &copy; us.\r
"""


def write(block: int, text: str) -> Any:
    """Put words before those of a block."""

    def change(opened: Any) -> None:
        element = opened.fragment.children[block]
        while not isinstance(element, XmlText):
            element = element.children[0]
        element.insert(0, text)

    return change


async def blocks(desk: Desk, document: str) -> list[str]:
    async with desk.live() as client:
        opened = await client.open_document(document)
        await opened.synced()
        return [str(one) for one in opened.fragment.children]


async def test_only_the_lines_that_changed_change(desk: Desk) -> None:
    file = await desk.send(PLAN, "plan.md")
    info = await desk.open(file)
    assert (info["kind"], info["schema_version"], info["file"]["format"]) == ("rich", 2, "markdown")
    document = info["document"]
    assert (await blocks(desk, document))[1:3] == [
        '<heading level="1">The plan</heading>',
        "<bulletList><listItem><paragraph>one thing</paragraph></listItem><listItem><paragraph>"
        "another <italic>thing</italic></paragraph></listItem></bulletList>",
    ]
    assert (await desk.save(document))["changed"] is False
    await edit(desk, document, write(2, "no "))
    await edit(desk, document, write(4, "The "))

    def append(opened: Any) -> None:
        opened.fragment.children.append(XmlElement("paragraph", {}, [XmlText("New & last")]))

    await edit(desk, document, append)
    assert (await desk.save(document))["number"] == 2
    changed = PLAN.replace(b"* one", b"* no one").replace(b"Last words", b"The Last words")
    assert await desk.bytes_of(file, 2) == changed + b"\r\nNew & last\r\n"


async def test_versions_merge_by_blocks_and_words(desk: Desk) -> None:
    file = await desk.send(PLAN, "plan.md")
    document = (await desk.open(file))["document"]
    await edit(desk, document, write(1, "Our: "))
    await edit(desk, document, write(4, "Our: "))
    theirs = PLAN.replace(b"over two", b"over 2").replace(b"another", b"a third")
    await bring(desk, file, theirs)
    state = await desk.file(document)
    assert (state["number"], state["merged"], state["waits"]) == (2, 2, False)
    assert (await desk.save(document))["number"] == 3
    saved = theirs.replace(b"The plan", b"Our: The plan").replace(b"Last w", b"Our: Last w")
    assert await desk.bytes_of(file, 3) == saved
    # What came in goes out again; what both changed waits.
    await edit(desk, document, write(1, "x"))
    await bring(desk, file, saved.replace(b"Our: The plan", b"yOur: The plan"))
    assert (await desk.file(document))["waits"] is True
    refused = await desk.http.post(f"/api/documents/{document}/save", json={})
    assert problem(refused) == (409, "other_version")
    await merge(desk, document, 4, "theirs")
    assert "yOur: The plan" in (await blocks(desk, document))[1]


async def test_what_came_in_goes_out_again(desk: Desk) -> None:
    file = await desk.send(PLAN, "plan.md")
    document = (await desk.open(file))["document"]
    before = await blocks(desk, document)
    await bring(desk, file, PLAN.replace(b"one thing", b"1 thing"))
    assert await blocks(desk, document) != before
    assert (await merge(desk, document, 2, "none"))["changes"] == 1
    assert await blocks(desk, document) == before


async def test_an_empty_file_and_a_long_one(desk: Desk) -> None:
    file = await desk.send(b"", "empty.md")
    info = await desk.open(file)
    document = info["document"]
    assert (info["kind"], await blocks(desk, document)) == ("rich", ["<paragraph></paragraph>"])
    assert (await desk.save(document))["changed"] is False

    def fill(opened: Any) -> None:
        opened.fragment.children[0].children.append(XmlText("words"))

    await edit(desk, document, fill)
    await desk.save(document)
    assert await desk.bytes_of(file, 2) == b"words\n"
    # No editor of rich text takes that much: its source is edited.
    file = await desk.send(b"# Title\n\nwords\n\n" * 80_000, "long.md")
    info = await desk.open(file)
    assert (info["kind"], info["file"]["format"]) == ("text", "text")
