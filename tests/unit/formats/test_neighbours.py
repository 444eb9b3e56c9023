"""Words of one block change: what stands elsewhere, and how the block looks, stays as it was."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.formats import ydoc
from hub.formats.docx import file as docx
from hub.formats.docx.names import NAMES as W
from hub.formats.odt import file as odt
from hub.formats.odt.names import NAMES as O
from hub.formats.office.xml import etree
from hub.formats.tree import Node
from hub.formats.work import Given
from tests.support.tree_edits import copy_of

DATA = Path(__file__).parents[2] / "data"
FILES = sorted(
    one for kind in ("docx", "odt") for one in (DATA / kind).glob(f"*.{kind}")
    if "nasty" not in one.stem
)  # fmt: skip
MOST = 25
_BLOCKS = ("p", "h", "tbl", "tr", "tc", "table", "table-row", "table-cell", "list", "list-item")


def runs(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.text.strip() and not {"deletion", "insertion"} & set(node.marks):
            yield node
        yield from runs(node.children)


def looks(data: bytes, kind: str) -> list[Any]:
    """Of each paragraph its properties, and where it stands."""
    part = "word/document.xml" if kind == "docx" else "content.xml"
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        root = etree.fromstring(package.read(part))
    found = []
    for paragraph in root.iter(*((W("w:p"),) if kind == "docx" else (O("text:p"), O("text:h")))):
        properties = paragraph.find(W("w:pPr"))
        said = [
            (one.tag, sorted(one.attrib.items()))
            for one in (() if properties is None else properties.iter())
            if one.tag != W("w:rPr")
        ]
        if kind == "odt":
            said = [(paragraph.tag, sorted(paragraph.attrib.items()))]
        found.append((said, [_place(one) for one in paragraph.iterancestors()]))
    return found


def _place(element: Any) -> Any:
    before = [
        one for one in element.itersiblings(preceding=True)
        if isinstance(one.tag, str) and one.tag.rpartition("}")[2] in _BLOCKS
    ]  # fmt: skip
    return element.tag, sorted(element.attrib.items()), len(before)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_not_edited_stays_as_it_was(path: Path) -> None:
    kind, format_ = path.suffix[1:], docx if path.suffix == ".docx" else odt
    data = path.read_bytes()
    nodes, _ = format_.read(data, "d_1")
    before = looks(data, kind)
    count = len(list(runs(nodes)))
    for at in range(0, count, max(1, count // MOST)):
        now = [copy_of(one) for one in nodes]
        run = list(runs(now))[at]
        run.text += " more"
        (made,) = format_.saved(data, ydoc.of_tree(now, 7), Given("d_1", pictures={}))
        assert looks(made.body, kind) == before, run.text
