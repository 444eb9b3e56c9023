"""A Word file with what its document says now: only what says something else is written anew, in
its place, with the properties it had.

    the file's blocks ─┐                      ┌─ the same: left alone
                       ├─ by what they say ───┼─ changed: aligned by their characters, rebuilt
    the document's ────┘                      ├─ elsewhere now: moved;  twice now: copied
                                              └─ new: like their neighbours;  gone: taken out
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hub.formats.docx import paragraphs, tables
from hub.formats.docx.bench import TEXTS, Bench
from hub.formats.docx.names import NAMES, value
from hub.formats.docx.parts import Parts
from hub.formats.docx.pieces import SHOWS_NOTHING
from hub.formats.docx.reader import Reader
from hub.formats.office import matching
from hub.formats.office.flat import Flat, flatten, key
from hub.formats.office.pairing import Pairing
from hub.formats.office.xml import Element, etree
from hub.formats.tree import Node

_EMPTY: Final = key(Flat(Node("paragraph")))
"""What a document without a block has."""
_ONE_LINE: Final = tuple(
    NAMES(f"w:{name}") for name in ("text", "date", "dropDownList", "comboBox", "picture")
)
_PAIRS: Final = {
    NAMES(f"w:{name}End"): NAMES(f"w:{name}Start")
    for name in ("bookmark", "commentRange", "perm", "moveFromRange", "moveToRange")
}


class Writer:
    """Args:
    reader: of the file.
    pictures: bytes of those that the file has not, by attachment.
    """

    def __init__(self, parts: Parts, reader: Reader, pictures: Mapping[str, bytes]) -> None:
        self.changed = False
        self._parts = parts
        self._reader = reader
        self._bench = Bench(parts, reader, pictures)
        self._blocks = reader.blocks(reader.body)
        self._known: dict[bytes, list[Element]] = {}
        self._pairing = Pairing(_PAIRS, lambda mark: value(mark, "w:id") or "", _put_mark)

    def save(self, nodes: Sequence[Node]) -> bytes | None:
        """The file anew; null when it says what it said."""
        for node in nodes:
            if node.type == "footnote":
                name = str(node.attrs.get("id"))
                self._bench.said_notes[name] = node
                self._bench.said_notes.setdefault(self._bench.making.note(name), node)
        body, before = self._reader.body, self._blocks
        unpaired = self._pairing.unpaired(body)
        after = flatten(nodes)
        if before or any(key(one) != _EMPTY for one in after):
            self.patch(before, after, body)
        if self.changed:
            self._pairing.mend(body, unpaired)
            self._parts.touch(self._parts.root(self._parts.main))
        for name, (element, flats) in list(self._bench.notes.items()):
            said = self._bench.said_notes.get(name)
            if said is not None:
                self._save_note(
                    element, flats, said, "endnotes" if name[:1] == "e" else "footnotes"
                )
        return self._parts.written() if self.changed else None

    def _save_note(self, element: Element, before: list[Flat], node: Node, kind: str) -> None:
        changed, self.changed = self.changed, False
        unpaired = self._pairing.unpaired(element)
        self._bench.part = self._parts.name_of(kind) or self._parts.main
        self.patch(before, flatten(node.children), element)
        self._bench.part = self._parts.main
        if self.changed:
            if not before:
                _sign(element)
            self._pairing.mend(element, unpaired)
            self._parts.touch(element.getparent())
        self.changed = self.changed or changed

    # --- blocks -----------------------------------------------------------------------------------

    def patch(self, before: Sequence[Flat], after: Sequence[Flat], container: Element) -> None:
        """Make what a container holds say what ``after`` says."""
        with self._bench.lists.apart():
            self._patch(before, after, container)

    def _patch(
        self, before: Sequence[Flat], after: Sequence[Flat], container: Element
    ) -> None:  # fmt: skip
        had, have = [key(one) for one in before], [key(one) for one in after]
        for flat in before:
            if (kind := self._bench.class_of(flat)) is not None:
                self._bench.models.setdefault(kind, flat)
        same = matching.same(had, have)
        matching.remember(self._known, before, had, set(same.values()))
        if len(same) == len(before) == len(after):
            return  # levels, too, are what they were
        self.changed = True
        moved = matching.moved(had, have, same)
        for at, other in same.items():
            self._bench.lists.learn(after[at], before[other])
        cursor, taken = Cursor(container, before), set(moved.values())
        for gap in matching.gaps(len(before), len(after), same):
            old = [before[at] for at in gap[0] if at not in taken]
            self._gap(old, [(at, after[at]) for at in gap[1]], moved, before, have, cursor)
            if gap[2] is not None:
                source = before[gap[2]]
                self._keep_place(source, after[gap[1].stop])
                cursor.pass_by(source)
                self._bench.look_at(source)
        _ended(container)

    def _gap(
        self, old: list[Flat], new: list[tuple[int, Flat]], moved: Mapping[int, int],
        before: Sequence[Flat], have: Sequence[bytes], cursor: Cursor,
    ) -> None:  # fmt: skip
        """Blocks between two that are the same."""
        texts = [flat for at, flat in new if at not in moved and self._is_text(flat, have[at])]
        rebuilt = paragraphs.Rebuilding(
            self._bench, [one for one in old if one.node.type in TEXTS], texts
        )
        is_text = {id(one) for one in texts}
        grids = [one for one in old if one.node.type == "table"]
        used: set[int] = set()
        for at, flat in new:
            if at in moved:
                source = before[moved[at]]
                self._bench.lists.learn(flat, source)
                self._keep_place(source, flat)
                cursor.put(source.source.elements)
                self._bench.look_at(source)
                continue
            base = None
            if id(flat) in is_text:
                elements, base = rebuilt.elements(flat)
                self._bench.look_at(flat)
            elif flat.node.type == "table" and grids:
                base = matching.likest(grids, flat)
                grids.remove(base)
                models = dict(self._bench.models)
                tables.Tables(self._bench.making, self.patch).patch(base, flat.node)
                self._bench.models = models
                elements = base.source.elements
            else:
                elements = self._made(flat, have[at])
            if base is not None:
                used.add(id(base))
            if id(flat) not in is_text:
                self._bench.lists.place(Flat(flat.node), None)
            cursor.put(elements, stays=base is not None)
        for one in old:
            if id(one) not in used:
                for element in one.source.elements:
                    self._pairing.lose(element, cursor.at)
                    _take_out(element, whole=rebuilt.has_section_of(one))

    def _keep_place(self, source: Flat, flat: Flat) -> None:
        """Of an item that says what it said, if its level would say something else here."""
        place = self._bench.lists.place(flat, source.item)
        was = None if source.item is None else (source.item.number, source.item.level)
        if place is not None and was is not None and place != was:
            paragraphs.renumber(source.source.elements[0], place)

    def _is_text(self, flat: Flat, name: bytes) -> bool:
        if flat.node.type == "image" and name in self._known:
            return False  # a copy
        return flat.node.type in TEXTS

    def _made(self, flat: Flat, name: bytes) -> list[Element]:
        """The elements of a block that is no text, or is there twice."""
        node = flat.node
        if (known := self._known.get(name)) is not None:
            return [self._bench.copied(one) for one in known]
        if node.type == "opaqueBlock":
            kept = self._reader.opaque.get(str(node.attrs.get("id")))
            if kept is not None and kept.part == self._bench.part:
                return [self._bench.copied(one.element) for one in kept.units]
            text = str(node.attrs.get("text") or "")
            node = Node("paragraph", {}, [Node("text", text=text)] if text else [])
        if node.type == "table":
            return [tables.Tables(self._bench.making, self.patch).made(node)]
        if node.type == "horizontalRule":
            return [paragraphs.rule()]
        if node.type == "image":
            node = Node("paragraph", {}, [Node("inlineImage", node.attrs)])
        made = Flat(node, flat.item, flat.quote)
        return paragraphs.Rebuilding(self._bench, [], [made]).elements(made)[0]


class Cursor:
    """Where the next block of a container goes."""

    def __init__(self, container: Element, before: Sequence[Flat]) -> None:
        self._container = container
        self._first = before[0].source.elements[0] if before else None
        self.at: Element | None = None

    def pass_by(self, source: Flat) -> None:
        """A block that stays where it is."""
        self.at = source.source.elements[-1]

    def put(self, elements: Sequence[Element], *, stays: bool = False) -> None:
        """Args:
        stays: it is the block that it was; it moves only if it would stand before another.
        """
        for element in elements:
            if not stays or self._is_before(element):
                self._put(element)
            self.at = element

    def _is_before(self, element: Element) -> bool:
        parent = element.getparent()
        if self.at is None or parent is None or self.at.getparent() is not parent:
            return False
        return bool(parent.index(element) < parent.index(self.at))

    def _put(self, element: Element) -> None:
        if self.at is not None:
            around = self.at.getparent()
            while around is not None and _is_full(around):
                self.at = around.getparent()
                around = self.at.getparent()
            if self.at.getnext() is not element:
                _after(self.at, element)
        elif self._first is not None and self._first.getparent() is not None:
            if self._first is not element:
                self._first.addprevious(element)
        else:
            head = [one for one in self._container if one.tag == NAMES("w:tcPr")]
            self._container.insert(len(head), element)


def _is_full(content: Element) -> bool:
    """Whether it is that of a control that holds one paragraph."""
    if content.tag != NAMES("w:sdtContent"):
        return False
    properties = content.getparent().find(NAMES("w:sdtPr"))
    return properties is not None and any(properties.find(one) is not None for one in _ONE_LINE)


def _sign(note: Element) -> None:
    """A new footnote begins with its sign."""
    first = note.find(NAMES("w:p"))
    run = etree.Element(NAMES("w:r"))
    look = etree.SubElement(run, NAMES("w:rPr"))
    etree.SubElement(look, NAMES("w:vertAlign"), {NAMES("w:val"): "superscript"})
    etree.SubElement(run, NAMES("w:footnoteRef"))
    properties = first.find(NAMES("w:pPr"))
    first.insert(0 if properties is None else 1, run)


def _after(at: Element, element: Element) -> None:
    at.addnext(element)
    # What the parser keeps between elements stays where it was.
    if at.tail and not element.tail:
        element.tail, at.tail = at.tail, None


def _take_out(element: Element, *, whole: bool) -> None:
    """But for the end of a section, unless ``whole``: the pages behind it stay as they are."""
    parent = element.getparent()
    if parent is None:
        return
    end = element.find(f"{NAMES('w:pPr')}/{NAMES('w:sectPr')}")
    if end is not None and not whole:
        properties = end.getparent()
        for one in [*element]:
            if one is not properties:
                element.remove(one)
        for one in [*properties]:
            if one is not end:
                properties.remove(one)
        return
    before = element.getprevious()
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    parent.remove(element)
    while parent.tag == NAMES("w:sdtContent") and len(parent) == 0:
        control = parent.getparent()  # around nothing
        parent = control.getparent()
        parent.remove(control)


def _ended(container: Element) -> None:
    """Cells and notes end with a paragraph."""
    if container.tag not in (NAMES("w:tc"), NAMES("w:footnote"), NAMES("w:endnote")):
        return
    last = container
    while True:
        blocks = [
            one for one in last if one.tag not in SHOWS_NOTHING and one.tag != NAMES("w:tcPr")
        ]
        if not blocks or blocks[-1].tag == NAMES("w:tbl"):
            etree.SubElement(container, NAMES("w:p"))
            return
        inner = blocks[-1].find(NAMES("w:sdtContent"))
        if blocks[-1].tag == NAMES("w:p") or inner is None:
            return
        last = inner


def _put_mark(mark: Element, at: Element | None, parent: Element) -> None:
    if at is not None and at.getparent() is not None:
        at.addnext(mark)
    elif parent is not None:
        parent.insert(len(parent.findall(NAMES("w:tcPr"))), mark)
