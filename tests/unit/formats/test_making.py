"""Documents that never were a file, as Word, OpenDocument and PDF files."""

from __future__ import annotations

import io
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from hub.formats import canon, ydoc
from hub.formats.docx import file as docx
from hub.formats.odt import file as odt
from hub.formats.office.pictures import attachment_of
from hub.formats.pdf import file as pdf
from hub.formats.pdf.pages import Pages
from hub.formats.tree import Node
from hub.formats.work import About, Given

PICTURE = "a_" + "x" * 22
ABOUT = About("rich", "Plan <für> & alle", 1_700_000_000)


def png() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (300, 100), "red").save(made, "PNG")
    return made.getvalue()


RED = png()
GIVEN = Given("d_1", pictures={PICTURE: RED})


def t(text: str, **marks: Any) -> Node:
    return Node("text", {}, [], text, marks)


def p(*children: Node, **attrs: Any) -> Node:
    return Node("paragraph", attrs, list(children))


def item(*children: Node, kind: str = "listItem", **attrs: Any) -> Node:
    return Node(kind, attrs, list(children))


def cell(text: str, kind: str = "tableCell", **attrs: Any) -> Node:
    return Node(kind, attrs, [p(t(text))])


def row(*cells: Node) -> Node:
    return Node("tableRow", {}, list(cells))


def picture(src: str, kind: str = "image") -> Node:
    return Node(kind, {"src": f"attachment:{src}", "alt": "red"})


def everything(src: str) -> list[Node]:
    return [
        Node("heading", {"level": 1}, [t("Überschrift")]),
        p(t("Plain "), t("bold", bold={}), t(" "), t("both", bold={}, italic={}), t(" "),
          t("link", link={"href": "https://example.org/a?b=1&c"}), t(" "), t("code", code={}),
          Node("footnoteReference", {"id": "1"}), t(" x"), t("2", superscript={}), t(".")),
        p(t("mid"), textAlign="center"),
        p(t("שלום עולם"), dir="rtl"),
        Node("bulletList", {}, [
            item(p(t("a")), Node("bulletList", {}, [item(p(t("deeper")))])), item(p(t("b"))),
        ]),
        Node("orderedList", {"start": 3}, [item(p(t("three"))), item(p(t("four")))]),
        Node("taskList", {}, [
            item(p(t("done")), kind="taskItem", checked=True),
            item(p(t("open")), kind="taskItem", checked=False),
        ]),
        Node("codeBlock", {}, [t("def f():\n\treturn 1")]),
        Node("blockquote", {}, [p(t("Quoted")), p(t("twice"))]),
        Node("horizontalRule"),
        picture(src),
        p(t("in "), picture(src, "inlineImage"), t(" line")),
        Node("table", {}, [
            row(cell("H1", "tableHeader", colspan=2), cell("H2", "tableHeader")),
            row(cell("tall", rowspan=2), cell("x"), cell("y")),
            row(cell("p"), cell("q")),
        ]),
        Node("heading", {"level": 3}, [t("Third")]),
        p(t("end"), Node("hardBreak"), t("of it")),
        Node("footnote", {"id": "1"}, [p(t("The note"))]),
    ]  # fmt: skip


STATE = ydoc.of_tree(everything(PICTURE), 7)


@pytest.mark.parametrize("format_", [docx, odt])
def test_a_document_that_became_a_file_says_in_it_what_it_said(format_: Any) -> None:
    (asked,) = format_.made(STATE, ABOUT, Given("d_1"))
    assert (asked.name, asked.meta["attachments"]) == ("wanted", [PICTURE])
    (made,) = format_.made(STATE, ABOUT, GIVEN)
    nodes, brought = format_.read(made.body, "d_1")
    inside = attachment_of("d_1", RED)
    assert brought.pictures == {inside: RED}
    assert [canon.form(one) for one in nodes] == [canon.form(one) for one in everything(inside)]
    (again,) = format_.saved(made.body, STATE, GIVEN)
    assert again.body == made.body  # its pictures, too, are known for what they are
    (same,) = format_.made(STATE, ABOUT, GIVEN)
    assert same.body == made.body


@pytest.mark.parametrize("format_", [docx, odt])
def test_what_the_format_has_not_is_there_as_words_or_as_it_can(format_: Any) -> None:
    nodes = [
        p(t("Hi "), Node("mention", {"id": "u_1", "label": "Ada"})),
        Node("source", {"kind": "html"}, [t("<aside>")]),
        Node("table", {}, [row(cell("right", align="right"))]),
    ]
    (made,) = format_.made(ydoc.of_tree(nodes, 7), ABOUT, Given("d_1", pictures={}))
    read, _ = format_.read(made.body, "d_1")
    assert canon.form(read[0]) == canon.form(p(t("Hi @Ada")))
    assert "<aside>" in str(canon.form(read[1]))
    (paragraph,) = read[2].children[0].children[0].children
    assert paragraph.attrs["textAlign"] == "right"


def pages(state: bytes, about: About = ABOUT) -> tuple[list[str], str]:
    """The text of each page, and what could not be shown."""
    (made,) = pdf.made(state, about, GIVEN)
    document = pypdfium2.PdfDocument(made.body)
    found = [one.get_textpage().get_text_bounded().replace("\r\n", "\n") for one in document]
    return found, str(made.meta["missing"])


def test_a_document_as_pdf_has_all_its_words() -> None:
    (asked,) = pdf.made(STATE, ABOUT, Given("d_1"))
    assert (asked.name, asked.meta["attachments"]) == ("wanted", [PICTURE])
    (text,), missing = pages(STATE)
    for words in (
        "Plan <für> & alle", "Überschrift", "Plain bold both link code", "a\n", "deeper",
        "3. three", "4. four", "☑ done", "☐ open", "def f():", "return 1", "Quoted", "twice",
        "in line", "H1", "tall", "q\n", "Third", "of it", "The note", "1 / 1",
    ):  # fmt: skip
        assert words in text, words
    assert missing == ""


def test_a_pdf_is_for_archives_and_for_readers_of_screens() -> None:
    (made,) = pdf.made(STATE, ABOUT, GIVEN)
    for mark in (b"/MarkInfo", b"/StructTreeRoot", b"pdfaid:part>2<", b"pdfuaid:part>1<"):
        assert mark in made.body, mark
    (same,) = pdf.made(STATE, ABOUT, GIVEN)
    assert same.body == made.body


def test_characters_that_no_font_has_are_named() -> None:
    (text,), missing = pages(ydoc.of_tree([p(t("Ja \U00012031\U00012040 nein"))], 7))
    assert missing == "\U00012031\U00012040"
    assert "nein" in text


def test_no_word_of_a_document_is_a_word_of_the_setter() -> None:
    wild = '#panic("x") $a$ *b* _c_ `d` <e> @f \\ // /* "#read("/etc/passwd")'
    nodes = [
        Node("heading", {"level": 2}, [t(wild)]), p(t(wild), t(wild, code={})),
        Node("codeBlock", {"language": '"] #panic()'}, [t(wild)]),
        Node("image", {"src": "data:image/png;base64,AAAA", "alt": wild}),
        Node("footnote", {"id": wild}, [p(t(wild))]),
    ]  # fmt: skip
    (text,), _ = pages(ydoc.of_tree(nodes, 7), ABOUT._replace(title=wild))
    assert text.replace("\n", " ").count('#panic("x") $a$ *b* _c_ `d` <e> @f \\ //') == 7


def nested(kind: str, depth: int) -> Node:
    inner = p(t(f"{kind} {depth}."))
    for level in range(depth):
        said = p(t(f"{kind} {level}."))
        match kind:
            case "table":
                inner = Node("table", {}, [row(Node("tableCell", {}, [said, inner]))])
            case "blockquote":
                inner = Node("blockquote", {}, [said, inner])
            case _:
                child = "taskItem" if kind == "taskList" else "listItem"
                inner = Node(kind, {}, [item(said, inner, kind=child)])
    return inner


@pytest.mark.parametrize("kind", ["bulletList", "taskList", "blockquote", "table"])
def test_however_deep_it_is_nested_no_word_is_lost(kind: str) -> None:
    found, _ = pages(ydoc.of_tree([nested(kind, 30)], 7))
    text = " ".join(found)
    assert all(f"{kind} {level}." in text for level in range(31))


def test_tables_that_do_not_fit_into_a_grid_are_shown() -> None:
    table = Node("table", {}, [
        row(cell("a", rowspan=9), cell("b", colspan=3)), row(), row(cell("c", colspan=2)),
    ])  # fmt: skip
    (text,), _ = pages(ydoc.of_tree([table, Node("table"), Node("bulletList")], 7))
    assert all(one in text for one in "abc")


def test_text_is_set_as_it_stands_and_breaks_where_it_must() -> None:
    state = ydoc.of_text("x = 1\n\n    indented\n" + "y" * 500 + "\n" + "z = 2\n" * 200, 7)
    found, _ = pages(state, About("text", "code.py", 0))
    assert found[0].startswith("code.py\nx = 1")
    assert "".join(found).replace("\u200b", "").replace("\n", "").count("y" * 500) == 1
    assert "".join(found).count("z = 2") == 200
    assert len(found) > 3


def test_a_copy_says_what_the_document_says_and_not_what_somebody_deleted() -> None:
    nodes = [p(t("kept "), t("gone", deletion={"author": "A"}), t("new", insertion={}))]
    state = ydoc.of_tree(nodes, 7)
    for format_ in (docx, odt):
        (made,) = format_.made(state, ABOUT, GIVEN)
        read, _ = format_.read(made.body, "d_1")
        assert [canon.form(one) for one in read] == [canon.form(p(t("kept new")))]


def test_notes_of_one_name_are_all_there() -> None:
    refer = Node("footnoteReference", {"id": "1"})
    notes = [Node("footnote", attrs, [p(t(said))]) for attrs, said in (
        ({"id": "1"}, "first."), ({"id": "1"}, "second."), ({}, "third."), ({}, "fourth."),
    )]  # fmt: skip
    (text,), _ = pages(ydoc.of_tree([p(t("x"), refer), *notes], 7))
    assert all(one in text for one in ("first.", "second.", "third.", "fourth."))


def test_notes_in_a_header_that_repeats_are_there_once() -> None:
    refer = Node("footnoteReference", {"id": "1"})
    head = row(Node("tableHeader", {}, [p(t("h"), refer)]))
    table = Node("table", {}, [head, *(row(cell(f"c{at}")) for at in range(120))])
    state = ydoc.of_tree(
        [table, p(t("again"), refer), Node("footnote", {"id": "1"}, [p(t("N."))])], 7
    )
    found, _ = pages(state)
    assert "".join(found).count("N.") == 1


def test_cells_that_run_into_one_another_are_shown() -> None:
    table = Node("table", {}, [
        row(cell("a"), cell("b", rowspan=3)), row(cell("c", colspan=2), cell("d")), row(cell("e")),
    ])  # fmt: skip
    (text,), _ = pages(ydoc.of_tree([table], 7))
    assert all(one in text for one in "abcde")


def test_words_that_are_too_long_are_broken_and_copied_whole() -> None:
    long = "0123456789abcdef" * 12
    nodes = [p(t(long)), Node("table", {}, [row(*(cell(long) for _ in range(5)))])]
    (text,), _ = pages(ydoc.of_tree(nodes, 7))
    assert "\u200b" not in text
    # Six times, though in columns a reader of the page takes lines in another order.
    assert text.count("9") == 6 * 12
    document = pypdfium2.PdfDocument(next(pdf.made(ydoc.of_tree(nodes, 7), ABOUT, GIVEN)).body)
    width = document[0].get_width()
    boxes = document[0].get_textpage()
    assert all(boxes.get_charbox(at)[2] < width - 60 for at in range(boxes.count_chars()))


def test_many_columns_do_not_run_into_one_another() -> None:
    words = [f"columns{at:02}" for at in range(15)]
    table = Node("table", {}, [row(*(cell(one) for one in words))])
    (made,) = pdf.made(ydoc.of_tree([table], 7), ABOUT, GIVEN)
    (page,) = pypdfium2.PdfDocument(made.body)
    text = page.get_textpage()
    said = text.get_text_range()
    places = [text.get_charbox(said.index(one)) for one in ("columns0", "columns1")]
    assert places[0][2] <= places[1][0]


def test_much_code_takes_its_time_but_once() -> None:
    code = Node("codeBlock", {"language": "perl"}, [t("s/" * 49_000)])
    (made,) = Pages({}).of("T", [code])["nodes"]
    assert made["lang"] is None
    short = Node("codeBlock", {"language": "python"}, [t("x = 1\n" * 3000)])
    first, second = Pages({}).of("T", [short, short])["nodes"]
    assert (first["lang"], second["lang"]) == ("python", None)
    assert (len(first["texts"]), sum(one.count("x") for one in first["texts"])) == (31, 3000)


def jpeg(orientation: int) -> bytes:
    made = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (300, 100), "red").save(made, "JPEG", exif=exif)
    return made.getvalue()


def test_pictures_stand_as_the_camera_says() -> None:
    made = Pages({"a_1": jpeg(6), "a_2": jpeg(1)})
    drawn = made.of("T", [picture("a_1"), picture("a_2")])["pictures"]
    sides = [one.split('viewBox="')[1].split('"')[0] for one in drawn.values()]
    assert sides == ["0 0 100 300", "0 0 300 100"]


def test_signs_that_nobody_sees_are_not_missing() -> None:
    _, missing = pages(ydoc.of_tree([p(t("a\u200d\u2066b\ufe0f\ufeff \U00012031\u200d"))], 7))
    assert missing == "\U00012031"


def test_an_address_that_no_file_takes_is_left_out() -> None:
    state = ydoc.of_tree([p(t("words", link={"href": "https://example.org/" + "a" * 9000}))], 7)
    (text,), _ = pages(state)
    assert "words" in text


def test_pictures_that_cannot_be_had_are_their_words() -> None:
    pages_of = Pages({"a_1": b"no picture", "a_2": RED[:60]})
    nodes = [picture("a_1"), picture("a_2"), p(picture("a_3", "inlineImage"))]
    made = pages_of.of("T", nodes)
    assert made["pictures"] == {}
    assert [one["body"][0]["text"] for one in made["nodes"]] == ["red"] * 3


def test_levels_of_headings_follow_one_another_and_look_as_they_are() -> None:
    nodes = [Node("heading", {"level": level}, [t("h")]) for level in (2, 4, 4, 3, 6, 1)]
    made = Pages({}).of("T", nodes)["nodes"]
    assert [one["size"] for one in made] == [2, 4, 4, 3, 6, 1]
    assert [one["level"] for one in made] == [1, 2, 2, 2, 3, 1]


def test_a_title_that_the_document_says_is_not_said_twice() -> None:
    nodes = [Node("heading", {"level": 1}, [t("Plan")]), p(t("x"))]
    assert Pages({}).of("Plan", nodes)["shown"] == ""
    assert Pages({}).of("Offer", nodes)["shown"] == "Offer"
