"""Paragraphs that say something else now, or are new."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from hub.formats import canon, tree
from hub.formats.docx.bench import Bench, styled
from hub.formats.docx.names import NAMES, PARAGRAPH_ORDER
from hub.formats.docx.pieces import CHANGES, address_of
from hub.formats.docx.runs import Out, own_words
from hub.formats.docx.styles import said
from hub.formats.office.flat import Flat
from hub.formats.office.slots import MARKS, Alignment, Slot
from hub.formats.office.source import Piece, Source
from hub.formats.office.xml import Element, drop, etree, put

_NOT_AGAIN: Final = ("w:sectPr", "w:pPrChange", "w:framePr", "w:pageBreakBefore")
"""What a new paragraph does not take from the one it is like."""
_SIGNS: Final = frozenset((
    NAMES("w:footnoteRef"), NAMES("w:endnoteRef"), NAMES("w:annotationRef"),
))  # fmt: skip
_WHOLE: Final = frozenset(("codeBlock", "image"))
"""Nodes that say more than what is in them."""


class Rebuilding:
    """Paragraphs of the file and what stands in their place, aligned by their characters, so that
    who parts or joins paragraphs keeps how they look."""

    def __init__(self, bench: Bench, old: Sequence[Flat], new: Sequence[Flat]) -> None:
        self._bench = bench
        self._new = list(new)
        self._old = list(old)
        self._alignment = Alignment(old, new)
        self._new_at = {id(one): at for at, one in enumerate(self._new)}
        self._old_at = {id(one): at for at, one in enumerate(self._old)}
        self._sections = self._ends_of_sections()

    def elements(self, flat: Flat) -> tuple[list[Element], Flat | None]:
        """The elements of one of the new paragraphs, and which of the file it was; to be asked for
        in their order."""
        at = self._new_at[id(flat)]
        base = self._alignment.bases[at]
        if base is not None and self._says_the_same(at, flat, base):
            element = base.source.elements[0]
            self._replace_properties(element, base.source.properties)
            self._shape(element, flat, base)
            flat.source = Source(
                [element], base.source.pieces, properties=element.find(NAMES("w:pPr"))
            )  # fmt: skip
            return [element], base
        model = base if base is not None else self._bench.model(flat)
        element = self._bare(base, model)
        checked = flat.item.checked if flat.item is not None and flat.item.kind == "task" else None
        outs = self._outs(at, model, checked)
        if checked is not None and not self._has_box(base, model):
            start = outs[0] if outs else Out((), None, None)
            box = "☒ " if checked else "☐ "
            outs = [*(Out((), None, start.properties, one) for one in box), *outs]
        for one in self._bench.runs.elements(outs, checked):
            element.append(one)
        self._shape(element, flat, model)
        self._end_section(element, at)
        if base is not None:
            for control in element.iterancestors(NAMES("w:sdt")):
                own_words(control)
        pieces = [] if model is None else model.source.pieces
        flat.source = Source([element], pieces, properties=element.find(NAMES("w:pPr")))
        return [element], base

    def _says_the_same(self, number: int, flat: Flat, base: Flat) -> bool:
        """Whether only its properties have changed; its runs are left alone then."""
        if len(base.source.elements) > 1 or {"codeBlock", "image"} & {
            base.node.type,
            flat.node.type,
        }:
            return False
        was, now = base.item, flat.item
        boxes = [None if one is None else (one.kind == "task", one.checked) for one in (was, now)]
        if boxes[0] != boxes[1] or canon.runs(base.node.children) != canon.runs(flat.node.children):
            return False
        return self._alignment.says_the_same(number, self._old_at[id(base)])

    def _replace_properties(self, element: Element, properties: Element | None) -> None:
        """Those that were read stay as they are."""
        if properties is not None:
            element.replace(properties, copy.deepcopy(properties))

    # --- which of the file each is ----------------------------------------------------------------

    def _ends_of_sections(self) -> dict[int, list[Element]]:
        """The ends of sections, by the last of the new paragraphs that words before them are in."""
        alignment = self._alignment
        owners: dict[int, int] = {}
        for number, line in enumerate(alignment.lines):
            for at in range(line.start, line.end + 1):
                source = alignment.source[at]
                if source is not None:
                    owners[source] = number
        found: dict[int, list[Element]] = {}
        for old, line in zip(self._old, alignment.old_lines, strict=True):
            properties = old.source.properties
            end = None if properties is None else properties.find(NAMES("w:sectPr"))
            places = [owners[at] for at in range(line.start, line.end + 1) if at in owners]
            if end is not None and places:
                found.setdefault(max(places), []).append(end)
        return found

    def has_section_of(self, flat: Flat) -> bool:
        """Whether one of the new paragraphs ends the section that one of the old ones ended."""
        properties = flat.source.properties
        end = None if properties is None else properties.find(NAMES("w:sectPr"))
        return end is not None and any(end in ends for ends in self._sections.values())

    def _end_section(self, element: Element, number: int) -> None:
        """A paragraph ends the section that ended behind its last words, and no other."""
        properties = element.find(NAMES("w:pPr"))
        if properties is not None:
            drop(properties, NAMES("w:sectPr"))
        ends = self._sections.get(number)
        if ends:
            if properties is None:
                properties = etree.Element(NAMES("w:pPr"))
                element.insert(0, properties)
            put(properties, copy.deepcopy(ends[-1]), PARAGRAPH_ORDER)

    # --- what it says -----------------------------------------------------------------------------

    def _outs(self, number: int, model: Flat | None, checked: bool | None) -> list[Out]:
        alignment = self._alignment
        line = alignment.lines[number]
        runs = self._bench.runs
        outs: list[Out] = []
        like = _first_look(model)
        before: tuple[tuple[Any, ...], str | None] = ((), None)
        for at in range(line.start, line.end):
            want, source = alignment.after[at], alignment.source[at]
            if source is None:
                following = alignment.following(at)
                outs += self._pass(following, checked, starts=True)
                wraps, link = _common(before, self._around(following))
                made = list(runs.added(want, like, wraps, link))
                outs += made
                if want.node is None and made:
                    like = made[-1].properties, want.marks
                continue
            slot = alignment.before[source]
            outs += self._pass(source, checked)
            outs += runs.kept(slot, want)
            before = self._around(source)
            if slot.node is None and slot.unit is not None:
                like = outs[-1].properties, want.marks
        end = alignment.end_of(number)
        if end is not None:
            outs += self._pass(end, checked)
        return outs

    def _pass(self, until: int | None, checked: bool | None, *, starts: bool = False) -> list[Out]:
        """What shows nothing up to a slot.

        Args:
            starts: only what begins something: it goes before what is new.
        """
        outs: list[Out] = []
        alignment = self._alignment
        while until is not None and alignment.shown < len(alignment.hidden):
            hidden = alignment.hidden[alignment.shown]
            if hidden.at > until or (starts and not _begins(hidden.piece)):
                break
            outs += self._bench.runs.hidden(hidden.piece, checked)
            alignment.shown += 1
        return outs

    def _around(self, source: int | None) -> tuple[tuple[Any, ...], str | None]:
        slot = self._alignment.before[source] if source is not None else Slot(None)
        if slot.piece is None or not slot.piece.units:
            return (), None
        wraps = slot.piece.units[0].wraps
        link = next((one for one in wraps if one.tag == NAMES("w:hyperlink")), None)
        return wraps, None if link is None else address_of(link, self._bench.reader)

    def _has_box(self, base: Flat | None, model: Flat | None) -> bool:
        item = None if model is None else model.item
        if item is not None and self._bench.lists.is_boxed(item):
            return True
        return base is not None and any(one.box is not None for one in base.source.pieces)

    # --- what it is -------------------------------------------------------------------------------

    def _bare(self, base: Flat | None, model: Flat | None) -> Element:
        """The paragraph with its properties alone."""
        if base is not None:
            element = base.source.elements[0]
            for more in base.source.elements[1:]:
                more.getparent().remove(more)  # of code, which ends no section within
            for child in [*element]:
                element.remove(child)
            element.text = None
            if base.source.properties is not None:  # those that were read stay as they are
                element.append(copy.deepcopy(base.source.properties))
            return element
        element = etree.Element(NAMES("w:p"))
        if model is not None:
            properties = model.source.properties
            if properties is not None:
                properties = copy.deepcopy(properties)
                for name in _NOT_AGAIN:
                    drop(properties, NAMES(name))
                mark = properties.find(NAMES("w:rPr"))
                for name in ("w:ins", "w:del") if mark is not None else ():
                    drop(mark, NAMES(name))
                if mark is not None and len(mark) == 0:
                    properties.remove(mark)
                element.append(properties)
        return element

    def _shape(self, element: Element, flat: Flat, was: Flat | None) -> None:
        """Properties of what it is now, where that is something else."""
        properties = element.find(NAMES("w:pPr"))
        if properties is None:
            properties = etree.Element(NAMES("w:pPr"))
            element.insert(0, properties)
        style = _style_of(flat)
        if style != (_style_of(was) if was is not None else None):
            drop(properties, NAMES("w:outlineLvl"))
            drop(properties, NAMES("w:pStyle"))
            if style is not None:
                name = self._bench.making.style(style)
                put(properties, _valued("w:pStyle", name), PARAGRAPH_ORDER)
        if flat.node.type == "paragraph" and not flat.node.children:
            drop(properties, NAMES("w:pBdr"))  # without words it would be a line across the page
        self._number(properties, flat, was)
        self._turn(properties, flat)
        if len(properties) == 0:
            element.remove(properties)

    def _number(self, properties: Element, flat: Flat, was: Flat | None) -> None:
        old = None if was is None else was.item
        place = self._bench.lists.place(flat, old)
        if place is None:
            counted = was is not None and was.node.type == "heading" != flat.node.type
            if old is not None or counted:
                drop(properties, NAMES("w:numPr"))
                drop(properties, NAMES("w:ind"))
                if self._bench.reader.styles.paragraph(styled(properties)).numbering:
                    put(properties, _numbered("0", 0), PARAGRAPH_ORDER)
        elif old is None or place != (old.number, old.level):
            drop(properties, NAMES("w:ind"))
            put(properties, _numbered(*place), PARAGRAPH_ORDER)

    def _turn(self, properties: Element, flat: Flat) -> None:
        if flat.node.type not in ("paragraph", "heading"):
            return
        rtl = flat.node.attrs.get("dir") == "rtl"
        begins, ends = ("right", "left") if rtl else ("left", "right")
        if rtl != (self._bench.reader.turned(properties).get("dir") == "rtl"):
            put(properties, _valued("w:bidi", None if rtl else "0"), PARAGRAPH_ORDER)
        align = str(flat.node.attrs.get("textAlign") or begins)
        if align != self._bench.reader.turned(properties).get("textAlign", begins):
            # Word's left is where lines begin.
            name = {begins: "left", ends: "right", "center": "center", "justify": "both"}
            put(properties, _valued("w:jc", name.get(align, "left")), PARAGRAPH_ORDER)


def renumber(element: Element, place: tuple[str, int]) -> None:
    """Give an item of the file another place."""
    properties = element.find(NAMES("w:pPr"))
    if properties is None:
        properties = etree.Element(NAMES("w:pPr"))
        element.insert(0, properties)
    put(properties, _numbered(*place), PARAGRAPH_ORDER)


def rule() -> Element:
    """A line across the page."""
    element = etree.Element(NAMES("w:p"))
    properties = etree.SubElement(element, NAMES("w:pPr"))
    border = etree.SubElement(properties, NAMES("w:pBdr"))
    etree.SubElement(border, NAMES("w:bottom"), {
        NAMES("w:val"): "single", NAMES("w:sz"): "6", NAMES("w:space"): "1",
        NAMES("w:color"): "auto",
    })  # fmt: skip
    return element


def _style_of(flat: Flat) -> str | None:
    match flat.node.type:
        case "heading":
            return f"heading {tree.number(flat.node.attrs.get('level'), 1, 1, 6)}"
        case "codeBlock" | "source":
            return "source code"
        case _:
            return "quote" if flat.quote else None


def _begins(piece: Piece) -> bool:
    """Whether it stands before what it is about."""
    tag = piece.units[0].element.tag
    return piece.box is not None or tag in _SIGNS or tag.endswith("Start")


def _common(
    before: tuple[tuple[Any, ...], str | None], after: tuple[tuple[Any, ...], str | None]
) -> tuple[tuple[Any, ...], str | None]:
    """What is around both neighbours of something new, but for changes that others made."""
    found: list[Any] = []
    for one, other in zip(before[0], after[0], strict=False):
        if one is not other or one.tag in CHANGES:
            break
        found.append(one)
    linked = any(one.tag == NAMES("w:hyperlink") for one in found)
    return tuple(found), before[1] if linked else None


def _first_look(model: Flat | None) -> tuple[Element | None, frozenset[str]] | None:
    """The properties of the first run with words of a paragraph, and the marks these mean."""
    for piece in () if model is None else model.source.pieces:
        if piece.node is not None and piece.node.type == "text" and piece.units:
            run = piece.units[0].run
            found = None if run is None else run.find(NAMES("w:rPr"))
            return found, frozenset(MARKS & piece.node.marks.keys())
    if model is None:
        return None
    properties = model.source.properties
    mark = None if properties is None else properties.find(NAMES("w:rPr"))
    return mark, frozenset(name for name, on in said(mark).items() if on)


def _valued(name: str, given: str | None) -> Element:
    return etree.Element(NAMES(name), {} if given is None else {NAMES("w:val"): given})


def _numbered(number: str, level: int) -> Element:
    made = etree.Element(NAMES("w:numPr"))
    made.append(_valued("w:ilvl", str(level)))
    made.append(_valued("w:numId", number))
    return made
