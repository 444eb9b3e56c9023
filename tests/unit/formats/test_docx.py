"""Word files: what they say, and how they say it after somebody has edited them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import pytest
from pycrdt import Doc

from hub.formats import canon, ydoc
from hub.formats.docx import file
from hub.formats.docx.names import NAMES, PARAGRAPH_ORDER, RUN_ORDER
from hub.formats.office.flat import flatten, key
from hub.formats.office.xml import etree, parse
from hub.formats.refused import Refused
from hub.formats.tree import Node
from hub.formats.work import Given
from tests.support.docx import body_of, part_of, word_file
from tests.support.tree_edits import copy_of, edit, paragraph

CORPUS = sorted((Path(__file__).parents[2] / "data" / "docx").glob("*.docx"))
GIVEN = Given("d_1")
_EMPTY = [key(flatten([Node("paragraph")])[0])]


def read(data: bytes) -> list[Node]:
    """As an editor has it: by way of a live document."""
    nodes, _ = file.read(data, "d_1")
    return ydoc.tree_of(ydoc.of_tree(nodes, 7))


def save(data: bytes, nodes: list[Node]) -> bytes:
    (part,) = file.written(data, nodes, GIVEN)
    assert part.name == "file"
    return part.body


def said(nodes: list[Node]) -> Any:
    blocks = [key(one) for one in flatten(nodes)]
    notes = {
        str(one.attrs["id"]): [key(flat) for flat in flatten(one.children)]
        for one in nodes
        if one.type == "footnote"
    }
    return [] if all([one] == _EMPTY for one in blocks) else blocks, notes


def words(nodes: list[Node]) -> str:
    return "".join(one.text or words(one.children) for one in nodes)


def text(node: Node) -> Node:
    """The first run of words."""
    while node.type != "text":
        node = node.children[0]
    return node


def p(text: str, properties: str = "", run: str = "") -> str:
    around = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    marks = f"<w:rPr>{run}</w:rPr>" if run else ""
    return f'<w:p>{around}<w:r>{marks}<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


# --- all of the corpus ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", CORPUS, ids=lambda one: one.stem)
def test_what_was_only_opened_is_the_same_byte_for_byte(path: Path) -> None:
    data = path.read_bytes()
    assert save(data, read(data)) == data


@pytest.mark.parametrize("path", CORPUS, ids=lambda one: one.stem)
def test_what_is_edited_is_in_the_file(path: Path) -> None:
    for seed in range(14):
        chance = Random(seed)
        data = path.read_bytes()
        nodes = [copy_of(one) for one in read(data)]
        for _ in range(chance.randrange(1, 4)):
            for _ in range(chance.randrange(1, 4)):
                edit(nodes, chance)
            data = save(data, nodes)
            assert said(read(data)) == said(nodes), seed
            assert save(data, nodes) == data or said(nodes) != said(read(data))


def test_parts_that_nobody_touched_stay_as_they_were() -> None:
    path = next(one for one in CORPUS if one.stem == "hdr-header-footer")
    data = path.read_bytes()
    nodes = [*read(data), paragraph("One more.")]
    made = save(data, nodes)
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(io.BytesIO(made)) as new:
        assert new.namelist() == old.namelist()
        changed = [name for name in old.namelist() if new.read(name) != old.read(name)]
    assert changed == ["word/document.xml"]


# --- what stays around the words ------------------------------------------------------------------


def test_a_word_takes_the_look_of_its_neighbours() -> None:
    run = '<w:rFonts w:ascii="Lora"/><w:color w:val="FF0000"/>'
    data = word_file(p("Red words here.", '<w:keepNext/><w:jc w:val="center"/>', run))
    (node,) = nodes = read(data)
    assert node.attrs == {"textAlign": "center"}
    text(node).text = "Red new words here."
    made = body_of(save(data, nodes))
    same = p("Red new words here.", '<w:keepNext/><w:jc w:val="center"/>', run)
    assert made == same.replace(' xml:space="preserve"', "")
    # Parted, both halves keep it.
    halves = "Red", " words here."
    both = [Node("paragraph", node.attrs, [Node("text", text=one)]) for one in halves]
    made = body_of(save(data, both))
    assert made.count('<w:color w:val="FF0000"/>') == made.count('<w:jc w:val="center"/>') == 2


def test_only_the_part_of_a_run_that_got_a_mark_is_another_run() -> None:
    data = word_file(p("one two three", run='<w:sz w:val="30"/>'))
    marked = [
        Node("text", text="one "),
        Node("text", text="two", marks={"bold": {}}),
        Node("text", text=" three"),
    ]
    made = body_of(save(data, [Node("paragraph", {}, marked)]))
    assert made == (
        '<w:p><w:r><w:rPr><w:sz w:val="30"/></w:rPr><w:t xml:space="preserve">one </w:t></w:r>'
        '<w:r><w:rPr><w:b/><w:sz w:val="30"/></w:rPr><w:t>two</w:t></w:r>'
        '<w:r><w:rPr><w:sz w:val="30"/></w:rPr><w:t xml:space="preserve"> three</w:t></w:r></w:p>'
    )


def test_bookmarks_fields_and_breaks_stay_where_they_are() -> None:
    inner = (
        '<w:bookmarkStart w:id="5" w:name="here"/><w:r><w:t>marked</w:t></w:r>'
        '<w:bookmarkEnd w:id="5"/><w:r><w:t xml:space="preserve"> see </w:t></w:r><w:r><w:fldChar '
        'w:fldCharType="begin"/></w:r><w:r><w:instrText>REF here</w:instrText></w:r><w:r>'
        '<w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1.2</w:t></w:r><w:r><w:fldChar '
        'w:fldCharType="end"/></w:r><w:r><w:br w:type="page"/></w:r><w:r><w:t>end</w:t></w:r>'
    )
    data = word_file(f"<w:p>{inner}</w:p>")
    (node,) = nodes = read(data)
    assert [(one.type, one.attrs.get("kind"), one.attrs.get("text")) for one in node.children] == [
        ("text", None, None), ("opaque", "field", "1.2"), ("opaque", "break", ""),
        ("text", None, None),
    ]  # fmt: skip
    node.children[-1].text = "the end"
    made = body_of(save(data, nodes))
    assert made == f"<w:p>{inner}</w:p>".replace("<w:t>end", "<w:t>the end")
    # Without the words between them, the marks of a place go both or stay both.
    made = body_of(save(data, [paragraph("nothing of it")]))
    assert made.count("bookmarkStart") == made.count("bookmarkEnd") == 1


COMMENTS = {
    "comments": '<w:comment w:id="3" w:author="Ada"><w:p><w:r><w:t>Really?</w:t></w:r></w:p>'
    "</w:comment>"
}
COMMENTED = (
    '<w:p><w:r><w:t xml:space="preserve">It is </w:t></w:r><w:commentRangeStart w:id="3"/><w:r>'
    '<w:t>true</w:t></w:r><w:commentRangeEnd w:id="3"/><w:r><w:commentReference w:id="3"/></w:r>'
    "<w:r>"
    "<w:t>.</w:t></w:r></w:p>"
)


def test_comments_are_shown_and_come_back() -> None:
    data = word_file(COMMENTED + p("Other."), COMMENTS)
    nodes = read(data)
    assert nodes[0].children[1].marks == {
        "comment": {"id": "3", "author": "Ada", "text": "Really?"}
    }
    nodes[0].children[1].text = "quite true"
    made = body_of(save(data, nodes))
    assert made == COMMENTED.replace("<w:t>true", "<w:t>quite true") + p("Other.")
    # Deleted with all of its words, it stands for a place.
    del nodes[0].children[1]
    made = body_of(save(data, nodes))
    assert "commentReference" in made
    # A copy of the words is not commented again.
    made = body_of(save(data, [*read(data), copy_of(read(data)[0])]))
    assert made.count("commentReference") == 1


def test_tracked_changes_are_shown_and_come_back() -> None:
    body = (
        '<w:p><w:r><w:t xml:space="preserve">We </w:t></w:r><w:ins w:id="1" w:author="Bo" '
        'w:date="2026-01-02T03:04:05Z"><w:r><w:t xml:space="preserve">really </w:t></w:r></w:ins>'
        '<w:del w:id="2" w:author="Bo"><w:r><w:delText xml:space="preserve">never </w:delText>'
        "</w:r></w:del><w:r><w:t>meet.</w:t></w:r></w:p>"
    )
    data = word_file(body)
    (node,) = nodes = read(data)
    marks = [(one.text, one.marks) for one in node.children]
    assert marks == [
        ("We ", {}),
        ("really ", {"insertion": {"author": "Bo", "at": "2026-01-02T03:04:05Z"}}),
        ("never ", {"deletion": {"author": "Bo", "at": ""}}),
        ("meet.", {}),
    ]
    node.children[3].text = "meet again."
    node.children[2].text = "ne!ver "
    made = body_of(save(data, nodes))
    assert made.count("<w:ins ") == 1
    assert "<w:delText>ne</w:delText></w:r></w:del><w:r><w:t>!</w:t></w:r><w:del" in made
    assert "meet again." in made


def test_the_end_of_a_section_stays_when_its_words_go() -> None:
    landscape = '<w:sectPr><w:pgSz w:orient="landscape"/></w:sectPr>'
    data = word_file(p("one") + p("two", landscape) + p("three"))
    nodes = read(data)
    del nodes[1]
    made = body_of(save(data, nodes))
    assert landscape in made
    assert words(read(save(data, nodes))) == "onethree"


def test_a_moved_block_is_as_it_was() -> None:
    table = (
        '<w:tbl><w:tblPr><w:tblStyle w:val="Fancy"/></w:tblPr><w:tblGrid><w:gridCol w:w="1"/>'
        "</w:tblGrid><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
    )
    data = word_file(p("a") + table + p("b") + p("c"))
    nodes = read(data)
    nodes.append(nodes.pop(1))
    assert body_of(save(data, nodes)) == p("a") + p("b") + p("c") + table


def test_new_headings_and_lists_are_those_of_the_file() -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText '
        'w:val="–"/></w:lvl></w:abstractNum><w:num w:numId="4"><w:abstractNumId w:val="0"/></w:num>'
    )
    item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="4"/></w:numPr>'
    data = word_file(p("a", item) + p("b"), {"numbering": numbering})
    nodes = read(data)
    nodes[0].children.append(Node("listItem", {}, [paragraph("new")]))
    nodes.append(Node("heading", {"level": 1}, [Node("text", text="Head")]))
    made = save(data, nodes)
    assert body_of(made) == (
        p("a", item) + p("new", item).replace(' xml:space="preserve"', "") + p("b")
        + p("Head", '<w:pStyle w:val="Kop1"/>').replace(' xml:space="preserve"', "")
    )  # fmt: skip
    # A list of another kind is a new one, which restarts where the document says.
    ordered = Node("orderedList", {"start": 3}, [Node("listItem", {}, [paragraph("x")])])
    again = read(save(made, [*read(made), ordered]))
    assert (again[-1].type, again[-1].attrs) == ("orderedList", {"start": 3.0})


def test_footnotes_are_edited_in_their_own_part() -> None:
    notes = (
        '<w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote><w:footnote w:id="2"><w:p>'
        '<w:r><w:footnoteRef/></w:r><w:r><w:t xml:space="preserve"> A note.</w:t></w:r></w:p>'
        "</w:footnote>"
    )
    body = '<w:p><w:r><w:t>Said</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    data = word_file(body, {"footnotes": notes})
    nodes = read(data)
    assert nodes[0].children[1].attrs == nodes[1].attrs == {"id": "2"}
    text(nodes[1]).text = " A better note."
    made = save(data, nodes)
    assert body_of(made) == body
    assert b'<w:footnoteRef/></w:r><w:r><w:t xml:space="preserve"> A better note.' in part_of(
        made, "word/footnotes.xml"
    )


# --- what a file must not do ----------------------------------------------------------------------


def _zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in parts.items():
            out.writestr(name, data)
    return made.getvalue()


def _with(data: bytes, old: bytes, new: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as one:
        parts = {name: one.read(name) for name in one.namelist()}
    parts["word/document.xml"] = parts["word/document.xml"].replace(old, new)
    return _zipped(parts)


PLAIN = word_file(p("x"))
ENTITY = b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document'
UTF_7 = b'<?xml version="1.0" encoding="UTF-7"?><w:document'
NESTED = "<w:tbl><w:tr><w:tc>" * 10_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 10_000
OLE = bytes.fromhex("d0cf11e0a1b11ae1")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "damaged"),
        (b"PK\x03\x04 nothing", "damaged"),
        (PLAIN[: len(PLAIN) // 2], "damaged"),
        (OLE + bytes(600), "old_office_format"),
        (OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (_zipped({"word/document.xml": b"<nothing/>"}), "damaged"),
        (_zipped({"a.txt": b"x"}), "damaged"),
        (_with(PLAIN, b"<w:document", ENTITY), "damaged"),
        (_with(PLAIN, b"<w:document", UTF_7), "damaged"),
        (_with(PLAIN, b"</w:p>", b""), "damaged"),
        (_with(PLAIN, b"<w:t ", bytes(97 << 20) + b"<w:t "), "too_complex"),
        (word_file(NESTED), "too_complex"),
    ],
    ids=[
        "empty", "no zip", "cut off", "doc", "encrypted", "no document", "other zip", "entity",
        "utf-7", "not closed", "bomb", "nested",
    ],
)  # fmt: skip
def test_what_is_no_word_file_says_so(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        file.read(data, "d_1")
    assert refused.value.code == code


def test_tables_within_tables_are_kept_where_they_are_too_deep() -> None:
    table = "<w:tbl><w:tblGrid/><w:tr><w:tc>"
    body = table * 40 + p("deep") + "</w:tc></w:tr></w:tbl><w:p/>".replace("<w:p/>", "") * 40
    data = word_file(body)
    nodes = read(data)
    assert save(data, nodes) == data
    assert "opaqueBlock" in str(nodes)


def test_nothing_leads_to_what_a_file_does_not_hold() -> None:
    """Links that run something are no links; pictures from elsewhere are not fetched."""
    body = (
        '<w:p><w:hyperlink r:id="rIdX"><w:r><w:t>click</w:t></w:r></w:hyperlink></w:p><w:p><w:r>'
        '<w:drawing><a:blip r:link="rIdX"/></w:drawing></w:r></w:p>'
    )
    data = word_file(body)
    with zipfile.ZipFile(io.BytesIO(data)) as one:
        parts = {name: one.read(name) for name in one.namelist()}
    name = "word/_rels/document.xml.rels"
    parts[name] = parts[name].replace(
        b"</Relationships>",
        b'<Relationship Id="rIdX" Type="x/hyperlink" Target="javascript:alert(1)" '
        b'TargetMode="External"/></Relationships>',
    )
    nodes = read(_zipped(parts))
    assert text(nodes[0]).marks == {}
    assert nodes[1].children[0].attrs["kind"] == "drawing"


# --- versions from elsewhere ----------------------------------------------------------------------


def test_versions_are_merged_by_blocks_and_words() -> None:
    base = word_file(p("One two three.") + p("Same.") + p("Last."))
    theirs = word_file(p("One two 3.") + p("Same.") + p("Last.") + p("More."))
    nodes = read(base)
    text(nodes[0]).text = "1 two three."
    state = ydoc.of_tree(nodes, 7)
    (part,) = file.merged(base, theirs, state, Given("d_1", 8))
    assert part.meta == {"changes": 2, "conflicts": 0}
    doc: Any = Doc()
    doc.apply_update(state)
    doc.apply_update(part.body)
    merged = ydoc.tree_of(doc.get_update())
    assert [words([one]) for one in merged] == ["1 two 3.", "Same.", "Last.", "More."]
    assert canon.key(merged[1]) == canon.key(paragraph("Same."))
    made = save(theirs, merged)
    assert body_of(made) == "".join(map(p, ("1 two 3.", "Same.", "Last.", "More."))).replace(
        '<w:t xml:space="preserve">1 two', "<w:t>1 two"
    )


# --- what a reading found -------------------------------------------------------------------------


def sound(data: bytes) -> list[str]:
    """What Word would call unreadable, of what the reader does not look at itself."""
    found: list[str] = []
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = package.namelist()
        for name in names:
            if not name.startswith("word/") or not name.endswith(".xml"):
                continue
            root = etree.fromstring(package.read(name))
            folder, _, last = name.rpartition("/")
            relations = f"{folder}/_rels/{last}.rels"
            known = set()
            if relations in names:
                known = {one.get("Id") for one in etree.fromstring(package.read(relations))}
            space = "{" + NAMES.spaces["r"] + "}"
            used = {
                given for one in root.iter() for key_, given in one.attrib.items()
                if key_.startswith(space)
            }  # fmt: skip
            found += [f"{name}: no {one}" for one in sorted(used - known)]
            for cell in root.iter(NAMES("w:tc")):
                if len(cell) == 0 or cell[-1].tag in (NAMES("w:tbl"), NAMES("w:tcPr")):
                    found.append(f"{name}: a cell without an end")
            for tag, order in (("w:pPr", PARAGRAPH_ORDER), ("w:rPr", RUN_ORDER)):
                for one in root.iter(NAMES(tag)):
                    ranks = [order.index(child.tag) for child in one if child.tag in order]
                    if ranks != sorted(ranks) or len(set(ranks)) < len(ranks):
                        found.append(f"{name}: {tag} out of order")
            drawings = [one.get("id") for one in root.iter(NAMES("wp:docPr"))]
            if len(set(drawings)) < len(drawings):
                found.append(f"{name}: drawings of one id")
            for kind in ("bookmark", "commentRange"):
                ends = [
                    sorted(one.get(NAMES("w:id")) for one in root.iter(NAMES(f"w:{kind}{end}")))
                    for end in ("Start", "End")
                ]
                if ends[0] != ends[1]:
                    found.append(f"{name}: {kind} {ends}")
    return found


def note(name: str, text: str) -> list[Node]:
    reference = Node("footnoteReference", {"id": name})
    return [
        Node("paragraph", {}, [Node("text", text="Said"), reference]),
        Node("footnote", {"id": name}, [paragraph(text)]),
    ]


@pytest.mark.parametrize("name", ["2", "a label"])
def test_a_footnote_that_the_file_has_not_is_made(name: str) -> None:
    made = save(word_file(p("x")), note(name, "Why."))
    (reference,) = [one for one in read(made)[0].children if one.type == "footnoteReference"]
    assert words(read(made)[1:]) == "Why."
    assert sound(made) == []
    # Saved again it is one.
    again = save(made, note(name, "Why not."))
    assert words(read(again)[1:]) == "Why not."
    assert part_of(again, "word/footnotes.xml").count(b"<w:footnote ") == 3
    assert str(reference.attrs["id"]).isdigit()


def test_links_of_footnotes_are_of_their_part() -> None:
    data = save(word_file(p("x")), note("2", "Why."))
    nodes = note("2", "Why.")
    text(nodes[1]).marks = {"link": {"href": "https://a.example/?a=1&b=2"}}
    made = save(data, nodes)
    assert sound(made) == []
    assert b"a.example" in part_of(made, "word/_rels/footnotes.xml.rels")
    assert text(read(made)[1]).marks == {"link": {"href": "https://a.example/?a=1&b=2"}}


def test_what_xml_cannot_say_is_left_out() -> None:
    odd = "a\x00\x0b\ufffe\ud7ff"
    nodes = [
        paragraph(odd), Node("paragraph", {}, [Node("inlineSource", {"source": odd + "\n"})]),
        Node("paragraph", {}, [Node("opaque", {"id": "?", "kind": "field", "text": odd})]),
        Node("paragraph", {}, [Node("text", text="x", marks={"link": {"href": "https://a/\x01"}})]),
    ]  # fmt: skip
    made = save(word_file(p("x")), nodes)
    assert words(read(made)) == "a\ud7ff" * 3 + "x"


def test_a_paragraph_of_words_beside_a_line_is_none() -> None:
    line = '<w:r><w:pict><v:rect o:hr="t"/></w:pict></w:r>'
    assert read(word_file(f"<w:p>{line}</w:p>"))[0].type == "horizontalRule"
    body = f"<w:p><w:r><w:t>important</w:t></w:r>{line}</w:p>"
    assert words(read(word_file(body))) == "important"


def test_a_field_is_moved_with_all_of_it() -> None:
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF x</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>1.2</w:t>'
        '</w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    data = word_file(f"<w:p><w:r><w:t>alpha</w:t></w:r>{field}</w:p>" + p("gamma"))
    nodes = read(data)
    nodes[1].children.append(nodes[0].children.pop())
    made = save(data, nodes)
    assert said(read(made)) == said(nodes)
    assert body_of(made).count("REF x") == 1
    # One without an end is no reason to keep all that follows it.
    begun = '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r></w:p>'
    assert words(read(word_file(begun + p("a") + p("b")))) == "ab"


LANDSCAPE = '<w:sectPr><w:pgSz w:orient="landscape"/></w:sectPr>'


def test_a_section_ends_behind_its_last_words() -> None:
    data = word_file(p("one long first half, two", LANDSCAPE) + p("three"))
    parted = [paragraph("one long first half,"), paragraph(" two"), paragraph("three")]
    made = save(data, parted)
    with_end = [LANDSCAPE in one for one in body_of(made).split("</w:p>")]
    assert with_end[:3] == [False, True, False]
    joined = word_file(p("one ") + p("two", LANDSCAPE) + p("three"))
    made = body_of(save(joined, [paragraph("one two"), paragraph("three")]))
    assert [LANDSCAPE in one for one in made.split("</w:p>")][:2] == [True, False]
    assert made.count("<w:p>") == 2


def test_cells_that_end_with_marks_get_no_paragraph() -> None:
    for inner in (
        '<w:bookmarkStart w:id="1" w:name="b"/><w:p><w:r><w:t>x</w:t></w:r></w:p>'
        '<w:bookmarkEnd w:id="1"/>',
        "<w:sdt><w:sdtPr/><w:sdtContent><w:p><w:r><w:t>x</w:t></w:r></w:p></w:sdtContent></w:sdt>",
    ):
        data = word_file(
            f"<w:tbl><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc>{inner}</w:tc></w:tr></w:tbl>"
        )
        nodes = read(data)
        text(nodes[0]).text = "xy"
        made = save(data, nodes)
        assert body_of(made) == body_of(data).replace("<w:t>x", "<w:t>xy")


def test_the_likest_table_is_the_one_that_was() -> None:
    def table(style: str, *cells: str) -> str:
        row = "".join(f"<w:tc>{p(one)}</w:tc>" for one in cells)
        return (
            f'<w:tbl><w:tblPr><w:tblStyle w:val="{style}"/></w:tblPr><w:tblGrid><w:gridCol/>'
            f"<w:gridCol/></w:tblGrid><w:tr>{row}</w:tr></w:tbl>"
        )

    data = word_file(table("Red", "a", "b") + p("x") + table("Blue", "c", "d"))
    nodes = read(data)[2:]
    text(nodes[0]).text = "cc"
    made = body_of(save(data, nodes))
    assert made == table("Blue", "cc", "d").replace('<w:t xml:space="preserve">cc', "<w:t>cc")


def test_a_control_that_was_written_in_keeps_the_words() -> None:
    control = (
        '<w:sdt><w:sdtPr><w:showingPlcHdr/><w:dataBinding w:xpath="/a"/><w:text/></w:sdtPr>'
        "<w:sdtContent><w:p><w:r><w:t>Click here</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    data = word_file(control + p("y"))
    made = body_of(save(data, [paragraph("Click here now"), paragraph("new"), paragraph("y")]))
    assert "showingPlcHdr" not in made
    assert "dataBinding" not in made
    inside = made.partition("<w:sdtContent>")[2].partition("</w:sdtContent>")[0]
    assert inside.count("<w:p>") == 1


def test_what_a_paragraph_becomes_takes_the_rest_of_it_along() -> None:
    border = '<w:pBdr><w:bottom w:val="single"/></w:pBdr>'
    data = word_file(p("Title", border))
    made = save(data, [*read(data), Node("paragraph")])
    assert [one.type for one in read(made)] == ["paragraph", "paragraph"]
    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1."/></w:lvl></w:abstractNum>'
        '<w:num w:numId="4"><w:abstractNumId w:val="0"/></w:num>'
    )
    properties = (
        '<w:pStyle w:val="Kop1"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="4"/></w:numPr>'
    )
    data = word_file(p("Head", properties), {"numbering": numbering})
    assert [one.type for one in read(data)] == ["heading"]
    assert [one.type for one in read(save(data, [paragraph("Head")]))] == ["paragraph"]


def test_of_a_place_whose_beginning_went_the_rest_is_marked() -> None:
    data = word_file(
        p("a") + '<w:p><w:bookmarkStart w:id="5" w:name="b"/><w:r><w:t>one</w:t></w:r></w:p>'
        '<w:p><w:r><w:t>two</w:t></w:r><w:bookmarkEnd w:id="5"/></w:p>'
    )
    nodes = read(data)
    del nodes[1]
    made = save(data, nodes)
    assert sound(made) == []
    assert body_of(made).count("bookmark") == 2


def test_utf_16_is_no_way_to_a_document_type() -> None:
    bad = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e "x">]><d a="&e;"/>'.encode("utf-16-le")
    with pytest.raises(Refused):
        parse(bad)


def long_paragraph(size: int) -> tuple[bytes, list[Node]]:
    words_ = "word " * size * 40
    return word_file(p(words_)), [paragraph(f"{words_}!")]


def many_marks(size: int) -> tuple[bytes, list[Node]]:
    marked = '<w:p><w:bookmarkStart w:id="{0}" w:name="b{0}"/><w:bookmarkEnd w:id="{0}"/>'
    body = [marked.format(at) + "<w:r><w:t>x</w:t></w:r></w:p>" for at in range(size * 8)]
    centred = Node("paragraph", {"textAlign": "center"}, [Node("text", text="x")])
    return word_file("".join(body)), [copy_of(centred) for _ in range(size * 8)]


@pytest.mark.parametrize("make", [long_paragraph, many_marks])
def test_a_save_takes_as_long_as_the_file_is(make: Any) -> None:
    took = []
    for size in (100, 800):
        data, nodes = make(size)
        began = process_time()
        save(data, nodes)
        took.append(process_time() - began)
    assert took[1] < took[0] * 24, took  # eight times as much; the square would be 64 times


@pytest.mark.parametrize("path", CORPUS, ids=lambda one: one.stem)
def test_nothing_that_is_written_is_unsound(path: Path) -> None:
    data = path.read_bytes()
    before = sound(data)
    for seed in range(100, 106):
        chance, nodes = Random(seed), [copy_of(one) for one in read(data)]
        for _ in range(4):
            edit(nodes, chance)
        assert set(sound(save(data, nodes))) <= set(before), seed


def test_a_copy_of_a_drawing_is_the_same_drawing() -> None:
    drawing = (
        '<w:r><w:drawing><wp:inline><wp:docPr id="7" name="c"/><a:graphic><a:graphicData>'
        "<c:chart/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
    data = word_file(f"<w:p><w:r><w:t>x</w:t></w:r>{drawing}</w:p>")
    nodes = read(data)
    nodes = [*nodes, Node("paragraph", {}, [copy_of(nodes[0].children[1])])]
    made = save(data, nodes)
    assert said(read(made)) == said(nodes)
    assert sound(made) == []
