from __future__ import annotations

import re
import tracemalloc
from time import process_time
from typing import Any

import pytest
from msgspec import structs
from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from hub.errors import TooLarge
from hub.formats import export, output, tree, ydoc
from hub.formats.tree import Node
from hub.wire.api import DocumentInfo

FORMATS = ("md", "html", "txt")


def info(kind: Any = "rich") -> DocumentInfo:
    return DocumentInfo(
        document="d_1", number=1, thread="t_1", kind=kind, title="Plan <1>", schema_version=1,
        lineage="l", language=None, created_by="u_1", created_at=0,
    )  # fmt: skip


def el(tag: str, *children: Any, **attrs: Any) -> XmlElement:
    return XmlElement(
        tag, attrs, [XmlText(one) if isinstance(one, str) else one for one in children]
    )


def p(*children: Any) -> XmlElement:
    return el("paragraph", *children)


def rich(*blocks: XmlElement) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    fragment = doc.get("default", type=XmlFragment)
    with doc.transaction():
        for block in blocks:
            fragment.children.append(block)
    return doc


def nested(tags: list[str], around: str = "deep") -> Doc[Any]:
    """Elements within one another, the outermost first, each with text beside the next."""
    doc: Doc[Any] = Doc()
    with doc.transaction():
        children = doc.get("default", type=XmlFragment).children
        for level, tag in enumerate(tags):
            element = children.append(XmlElement(tag, {}, []))
            if tag in ("blockquote", "listItem", "taskItem", "tableCell"):
                element.children.append(p(f"[{level}]"))
            children = element.children
        children.append(p(around))
    return doc


def said(doc: Doc[Any], format_: str) -> str:
    return export.export_state(doc.get_update(), info(), format_).decode()


def ordinary() -> Doc[Any]:
    return rich(
        el("heading", "Plan", level=2),
        p("a*b ", el("hardBreak"), "next"),
        el("blockquote", p("one"), el("blockquote", p("two"))),
        el(
            "bulletList", el("listItem", p("x"), el("orderedList", el("listItem", p("y")), start=9))
        ),
        el("bulletList", el("listItem", p("loose"), p("more"))),
        el("taskList", el("taskItem", p("done"), checked=True), el("taskItem", p("open"))),
        el("codeBlock", "a\n```\nb", language="sql"),
        el(
            "table",
            el("tableRow", el("tableHeader", p("h|1")), el("tableHeader", p("h2"))),
            el("tableRow", el("tableCell", p("c"), p("d")), el("tableCell", p("e"), colspan=2)),
        ),
        el("horizontalRule"),
    )


def test_an_ordinary_document_as_markdown() -> None:
    assert said(ordinary(), "md") == (
        "## Plan\n\na*b\\\nnext\n\n> one\n> \n> > two\n\n- x\n  \n  9. y\n\n* loose\n  \n  more\n\n"
        "- [x] done\n- [ ] open\n\n````sql\na\n```\nb\n````\n\n"
        "| h\\|1 | h2 |\n| --- | --- |\n| c<br>d | e |\n\n***\n"
    )


def test_an_ordinary_document_as_text() -> None:
    assert said(ordinary(), "txt") == (
        "Plan\n\na*b \nnext\n\none\n\ntwo\n\n• x\n  9. y\n\n• loose\n  more\n\n"
        "[x] done\n[ ] open\n\na\n```\nb\n\nh|1\th2\nc\n\nd\te\n\n——————————\n"
    )


def test_an_ordinary_document_as_html() -> None:
    page = said(ordinary(), "html")
    assert page.startswith("<!doctype html>")
    assert page[page.index("<body>") :] == (
        "<body><main><h1>Plan &lt;1&gt;</h1><h3>Plan</h3><p>a*b <br>next</p>"
        "<blockquote><p>one</p><blockquote><p>two</p></blockquote></blockquote>"
        '<ul><li><p>x</p><ol start="9"><li><p>y</p></li></ol></li></ul>'
        "<ul><li><p>loose</p><p>more</p></li></ul>"
        '<ul class="tasks"><li>☑ done</li><li>☐ open</li></ul>'
        "<pre><code>a\n```\nb</code></pre><table><tbody><tr><th><p>h|1</p></th><th><p>h2</p></th>"
        '</tr><tr><td><p>c</p><p>d</p></td><td colspan="2"><p>e</p></td></tr></tbody></table><hr>'
        "</main></body></html>\n"
    )


def ragged(width: int) -> Doc[Any]:
    """A table of one wide row and many narrow ones."""
    wide = el("tableRow", *(el("tableCell") for _ in range(width)))
    return rich(el("table", *(el("tableRow", el("tableCell", p("x"))) for _ in range(width)), wide))


def test_only_the_first_row_of_a_table_is_filled_up() -> None:
    assert said(ragged(3), "md") == "| x |  |  |\n| --- | --- | --- |\n| x |\n| x |\n|  |  |  |\n"


def quotes(lines: int) -> Doc[Any]:
    """Quotes as deep as the text is long."""
    doc = nested(["blockquote"] * (lines // 4))
    doc.get("default", type=XmlFragment).children.append(el("blockquote", p("x\n" * lines)))
    return doc


@pytest.mark.parametrize("make", [ragged, quotes])
@pytest.mark.parametrize("format_", FORMATS)
def test_exports_grow_with_their_document(make: Any, format_: str) -> None:
    sizes, peaks, times = [], [], []
    for count in (500, 2_000):
        state = make(count).get_update()
        times.append(min(_seconds(state, format_) for _ in range(5)))
        tracemalloc.start()
        sizes.append(len(export.export_state(state, info(), format_)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert sizes[1] < 5 * sizes[0]
    assert peaks[1] < 6 * peaks[0]
    assert times[1] < 10 * times[0]  # 16 were the square


def _seconds(state: bytes, format_: str) -> float:
    start = process_time()
    export.export_state(state, info(), format_)
    return process_time() - start


@pytest.mark.parametrize(
    "unit",
    [
        ["blockquote"],
        ["bulletList", "listItem"],
        ["taskList", "taskItem"],
        ["table", "tableRow", "tableCell"],
        ["bulletList"],
        ["listItem"],
        ["paragraph"],
        ["codeBlock"],
        ["unknown"],
        ["table", "unknown"],
        ["orderedList", "listItem", "blockquote", "table", "tableRow", "tableCell", "heading"],
    ],
    ids="-".join,
)
@pytest.mark.parametrize("format_", FORMATS)
def test_of_deep_trees_no_text_is_lost(unit: list[str], format_: str) -> None:
    tags = (unit * 1000)[:1000]
    text = said(nested(tags, "the end"), format_)
    levels = [
        level
        for level, tag in enumerate(tags)
        if tag in ("blockquote", "listItem", "taskItem", "tableCell")
    ]
    found = [int(number) for number in re.findall(r"\[(\d+)\\*\]", text)]
    assert found == levels
    assert "the end" in text
    assert text.count("<blockquote>") == text.count("</blockquote>") <= tree.MAX_DEPTH
    assert max(len(line) for line in text.split("\n")) < 1_000_000


def test_what_is_lifted_stays_in_the_deepest_quote() -> None:
    text = said(nested(["blockquote"] * 40), "md")
    deepest = "> " * tree.MAX_DEPTH
    lines = text.splitlines()
    assert lines[-1] == deepest + "deep"
    assert deepest + "[31]" in lines
    assert deepest + "[39]" in lines


def test_loose_text_is_kept() -> None:
    doc = rich(el("blockquote", "in a quote"), el("bulletList", p("in a list")), p("last"))
    assert said(doc, "md") == "> in a quote\n\n- in a list\n\nlast\n"
    assert said(doc, "txt") == "in a quote\n\n• in a list\n\nlast\n"


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_is_bounded(monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
    doc = rich(el("blockquote", p("x\n" * 1000)))
    monkeypatch.setattr(output.Output.__init__, "__defaults__", (1000,))
    with pytest.raises(TooLarge) as refused:
        said(doc, format_)
    assert refused.value.code == "export_too_large"


def test_the_parts_of_an_export_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    doc = rich(*(p("x") for _ in range(50)))
    assert said(doc, "txt").count("x") == 50
    monkeypatch.setattr(tree, "MAX_NODES", 99)
    with pytest.raises(TooLarge) as refused:
        said(doc, "txt")
    assert refused.value.code == "export_too_large"


def test_prefixes_are_counted_before_they_are_written() -> None:
    out = output.Output(10_000)
    tracemalloc.start()
    with out.within("> ", "> " * 32), pytest.raises(TooLarge):
        out.write("\n" * 1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_plain_documents_are_exported_as_they_are() -> None:
    doc: Doc[Any] = Doc()
    doc.get("content", type=Text).insert(0, "a < b\n")
    assert export.export(doc, info("text"), "txt") == b"a < b\n"
    assert b"<pre><code>a &lt; b\n</code></pre>" in export.export(doc, info("text"), "html")


@pytest.mark.parametrize(
    ("title", "language", "name"),
    [
        ("Notes", None, "Notes.txt"),
        ("Notes", "python", "Notes.py"),
        ("main.py", None, "main.py"),
        ("Makefile", None, "Makefile"),
        ("Plan v1.5", None, "Plan v1.5.txt"),
        ("run.bat", None, "run.bat.txt"),
        ("Minutes.hta", None, "Minutes.hta.txt"),
        ("Invoice \u202efdp.exe", None, "Invoice fdp.exe.txt"),
        ("a/b\\c.csv", None, "a b c.csv"),
        (" .. ", None, "document.txt"),
    ],
)
def test_a_download_has_a_name_that_nothing_runs(
    title: str, language: str | None, name: str
) -> None:
    about = structs.replace(info("text"), title=title, language=language)
    assert export.file_name(about, "txt") == name


def test_line_ends_are_those_of_the_file() -> None:
    doc: Doc[Any] = Doc()
    doc.get("content", type=Text).insert(0, "a\nb\r\nc")
    about = info("text")
    assert export.export(doc, about, "txt") == b"a\nb\r\nc"
    windows = structs.replace(about, line_ends="crlf")
    assert export.export(doc, windows, "txt") == b"a\r\nb\r\nc"


def test_what_word_processors_say_is_exported() -> None:
    deleted = {"deletion": {"author": "Bo", "at": ""}}
    state = ydoc.of_tree(
        [
            Node("paragraph", {"textAlign": "center", "dir": "rtl"}, [
                Node("text", text="See "),
                Node("opaque", {"id": "1", "kind": "field", "text": "1.2"}),
                Node("text", text=" not", marks=deleted),
                Node("footnoteReference", {"id": "7"}),
                Node("text", text="H", marks={"comment": {"author": "A", "text": "<x>"}}),
                Node("text", text="2", marks={"subscript": {}}),
                Node("inlineImage", {"src": "https://a.example/i.png", "alt": "Pic"}),
            ]),
            Node("opaqueBlock", {"id": "2", "kind": "field", "text": "Contents"}),
            Node("footnote", {"id": "7"}, [Node("paragraph", {}, [Node("text", text="Why.")])]),
        ],
        7,
    )  # fmt: skip
    made = {one: export.export_state(state, info(), one).decode() for one in FORMATS}
    assert made["txt"] == "See 1.2[7]H2Pic\n\nContents\n\n[7] Why.\n"
    assert made["md"] == (
        "See 1.2[^7]H<sub>2</sub>![Pic](https://a.example/i.png)\n\nContents\n\n[^7]: Why.\n"
    )
    for piece in (
        '<p dir="rtl" style="text-align:center">See 1.2<del> not</del><sup>[7]</sup>',
        '<span title="A: &lt;x&gt;">H</span><sub>2</sub><img ', "<p>Contents</p>",
        "<div><sup>[7]</sup><p>Why.</p></div>",
    ):  # fmt: skip
        assert piece in made["html"]
