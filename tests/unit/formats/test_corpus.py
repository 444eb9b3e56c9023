"""Files of others: opened and saved they are the same bytes, and an edit changes its own lines."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from hub.formats import marked, page, plain_files, ydoc
from hub.formats.output import Output
from hub.formats.tree import Node
from hub.formats.work import Format, Given

DATA = Path(__file__).parents[2] / "data"
MARKDOWN = sorted((DATA / "markdown").glob("[!S]*.md"))
TEXTS = sorted(one for one in (DATA / "texts").iterdir() if one.name != "SOURCES.md")
GIVEN = Given("d_1", 7)


def opened(format_: Format, data: bytes) -> tuple[bytes, str]:
    """The document's state, and the encoding of its file."""
    *_, document = format_.opened(data, GIVEN)
    return document.body, str(document.meta["encoding"])


def saved(format_: Format, data: bytes, state: bytes, encoding: str) -> bytes:
    (file,) = format_.saved(data, state, GIVEN._replace(encoding=encoding))
    return file.body


def test_the_corpus_is_there() -> None:
    office = [*(DATA / "docx").glob("*.docx"), *(DATA / "odt").glob("*.odt")]
    assert len(office) >= 40
    assert len(MARKDOWN) >= 15
    assert len(TEXTS) >= 25


@pytest.mark.parametrize("path", TEXTS, ids=lambda one: one.name)
def test_texts_stay_what_they_are(path: Path) -> None:
    data = path.read_bytes()
    state, encoding = opened(plain_files, data)
    assert saved(plain_files, data, state, encoding) == data
    text = ydoc.text_of(state) + "\nx"
    made = saved(plain_files, data, ydoc.of_text(text, 8), encoding)
    assert made.startswith(data.rstrip())
    assert plain_files.read(made, encoding).text == text


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda one: one.stem)
def test_markdown_stays_what_it_is(path: Path) -> None:
    data = path.read_bytes()
    state, encoding = opened(marked, data)
    assert saved(marked, data, state, encoding) == data
    nodes = ydoc.tree_of(state)
    blocks = [one for one in nodes if one.type in ("paragraph", "heading")]
    words = next(one for one in _texts(blocks) if one.text.strip())
    words.text = words.text.rstrip() + "x" + words.text[len(words.text.rstrip()) :]
    made = saved(marked, data, ydoc.of_tree(nodes, 8), encoding)
    lines = data.splitlines(keepends=True), made.splitlines(keepends=True)
    changed = [
        code for code in difflib.SequenceMatcher(None, *lines).get_opcodes() if code[0] != "equal"
    ]  # fmt: skip
    assert [(one[2] - one[1], one[4] - one[3]) for one in changed] == [(1, 1)]


def _texts(nodes: list[Node]) -> list[Node]:
    return [
        found
        for one in nodes
        for found in ([one] if one.type == "text" else _texts(one.children))
    ]  # fmt: skip


def test_a_picture_that_leads_somewhere_does_so_in_the_document() -> None:
    data = b'Build: [![passing](https://a.example/b.svg "T")](https://a.example/log "Log") of us.\n'
    state, encoding = opened(marked, data)
    (node,) = nodes = ydoc.tree_of(state)
    assert dict(node.children[1].attrs) == {
        "src": "https://a.example/b.svg", "title": "T", "alt": "passing",
        "href": "https://a.example/log", "hrefTitle": "Log",
    }  # fmt: skip
    node.children[0].text = "Builds: "
    made = saved(marked, data, ydoc.of_tree(nodes, 8), encoding)
    assert made == data.replace(b"Build:", b"Builds:")
    out = Output()
    page.write(nodes, out)
    assert b'<a href="https://a.example/log"><img' in out.value()


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("sample-russian.txt", "В гимназии он не был"), ("sample-hebrew-2.txt", "אין כמעט ניבים"),
        ("sample-turkish.txt", "İstanbul, Türkiye'nin"), ("sample-greek.txt", "Η ελληνική"),
        ("sample-arabic-1.txt", "بالموازاة مع ذلك"), ("sample-korean.txt", "역사적 예수"),
        ("sample-chinese.txt", "維基大典"), ("sample-french-1.txt", "JEAN-BAPTISTE POQUELIN MOLI"),
        ("ours-windows-1250.txt", "Príliš žltučký kôň"),
    ],
)  # fmt: skip
def test_encodings_are_told_apart(name: str, begins: str) -> None:
    text = plain_files.read((DATA / "texts" / name).read_bytes()).text
    assert text.lstrip().startswith(begins)
