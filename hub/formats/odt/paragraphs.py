"""Paragraphs that say something else now, or are new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from hub.formats import canon, tree
from hub.formats.odt.bench import Bench
from hub.formats.odt.names import NAMES, count, new, value
from hub.formats.odt.pieces import address_of
from hub.formats.odt.runs import Out, Wraps, write
from hub.formats.office.flat import Flat
from hub.formats.office.slots import Alignment
from hub.formats.office.source import Piece, Source
from hub.formats.office.xml import Element, etree

_AGAIN: Final = frozenset(
    NAMES(f"text:{name}") for name in ("style-name", "class-names", "outline-level")
)
"""What a new paragraph has of the one that it is like."""
_BREAKS: Final = ("fo:break-before", "fo:break-after", "style:page-number")
_WHOLE: Final = frozenset(("codeBlock", "image"))
"""Nodes that say more than what is in them."""


class Rebuilding:
    """Paragraphs of the file and what stands in their place."""

    def __init__(self, bench: Bench, old: Sequence[Flat], new: Sequence[Flat]) -> None:
        self._bench = bench
        self._alignment = Alignment(old, new)
        self._new_at = {id(one): at for at, one in enumerate(new)}
        self._old_at = {id(one): at for at, one in enumerate(old)}
        self._styles = [  # of the paragraphs that the characters of the file are in
            value(flat.source.properties, "text:style-name")
            for flat, line in zip(old, self._alignment.old_lines, strict=True)
            for _ in range(line.start, line.end + 1)
        ]

    def element(self, flat: Flat) -> tuple[Element, Flat | None]:
        """The element of one of the new paragraphs, and which of the file it was; to be asked for
        in their order."""
        at = self._new_at[id(flat)]
        base = self._alignment.bases[at]
        if base is not None and self._says_the_same(at, flat, base):
            element = self._shaped(base.source.elements[0], flat, base)
            flat.source = Source([element], base.source.pieces, properties=_bare(element))
            return element, base
        model = base if base is not None else self._bench.model(flat)
        element = self._bare(base, model)
        element = self._shaped(element, flat, model)
        checked = flat.item.checked if flat.item is not None and flat.item.kind == "task" else None
        outs = self._outs(at, model, checked, value(element, "text:style-name"))
        if checked is not None and not _has_box(base):
            like = outs[0].wraps if outs else ()
            outs = [*(Out(like, one) for one in ("☒ " if checked else "☐ ")), *outs]
        write(element, outs)
        pieces = [] if model is None else model.source.pieces
        flat.source = Source([element], pieces, properties=_bare(element))
        return element, base

    def _says_the_same(self, number: int, flat: Flat, base: Flat) -> bool:
        """Whether only its properties have changed; its words are left alone then."""
        if len(base.source.elements) > 1 or {"codeBlock", "image"} & {
            base.node.type,
            flat.node.type,
        }:
            return False
        was, now = base.item, flat.item
        boxes = [None if one is None else (one.kind == "task", one.checked) for one in (was, now)]
        if boxes[0] != boxes[1] or canon.runs(base.node.children) != canon.runs(flat.node.children):
            return False
        if _style_of(flat) != _style_of(base):  # it may bring marks
            return False
        return self._alignment.says_the_same(number, self._old_at[id(base)])

    # --- what it says -----------------------------------------------------------------------------

    def _outs(
        self, number: int, model: Flat | None, checked: bool | None, style: str
    ) -> list[Out]:  # fmt: skip
        alignment = self._alignment
        line = alignment.lines[number]
        runs = self._bench.runs
        outs: list[Out] = []
        like = _first_look(model)
        before: Wraps = ()
        for at in range(line.start, line.end):
            want, source = alignment.after[at], alignment.source[at]
            if source is None:
                following = alignment.following(at)
                outs += self._pass(following, checked, starts=True)
                links = _common(before, self._around(following))
                wraps = tuple(
                    one for one in like
                    if one.tag != NAMES("text:a") or one in links or address_of(one) == want.link
                )  # fmt: skip
                outs += runs.added(want, wraps, style)
                continue
            outs += self._pass(source, checked)
            slot = alignment.before[source]
            outs.append(runs.kept(slot, want, self._styles[source], style))
            before = self._around(source)
            if slot.node is None:
                like = outs[-1].wraps
        end = alignment.end_of(number)
        if end is not None:
            outs += self._pass(end, checked)
        return outs

    def _pass(self, until: int | None, checked: bool | None, *, starts: bool = False) -> list[Out]:
        """What shows nothing up to a slot.

        Args:
            starts: only what goes before what is new: what begins something, and the end of what
                somebody else has changed.
        """
        outs: list[Out] = []
        alignment = self._alignment
        while until is not None and alignment.shown < len(alignment.hidden):
            hidden = alignment.hidden[alignment.shown]
            if hidden.at > until or (starts and not _goes_before(hidden.piece)):
                break
            outs += self._bench.runs.hidden(hidden.piece, checked)
            alignment.shown += 1
        return outs

    def _around(self, source: int | None) -> Wraps:
        slot = None if source is None else self._alignment.before[source]
        return () if slot is None or slot.unit is None else slot.unit.wraps

    # --- what it is -------------------------------------------------------------------------------

    def _bare(self, base: Flat | None, model: Flat | None) -> Element:
        """The paragraph with its properties alone."""
        if base is not None:
            element = base.source.elements[0]
            for more in base.source.elements[1:]:
                more.getparent().remove(more)  # of code
            for child in [*element]:
                element.remove(child)
            element.text = None
            return element
        if model is None:
            return new("text:p")
        element = _bare(model.source.properties)
        for name in [*element.attrib]:
            if name not in _AGAIN:
                del element.attrib[name]
        style = self._bench.making.paragraph_style(value(element, "text:style-name"), _unbroken)
        if style:
            element.set(NAMES("text:style-name"), style)
        return element

    def _shaped(self, element: Element, flat: Flat, was: Flat | None) -> Element:
        """What it is now, where that is something else; it may be another element then."""
        heading = flat.node.type == "heading"
        style = _style_of(flat)
        if was is None or style != _style_of(was):
            tag = NAMES("text:h" if heading else "text:p")
            if element.tag != tag:
                element = _renamed(element, tag)
            if not heading:
                element.attrib.pop(NAMES("text:outline-level"), None)
            self._restyle(element, flat, style)
        if heading and element.tag == NAMES("text:h") and (
            min(6, count(value(element, "text:outline-level"), 1, 10)) != _level(flat)
        ):  # fmt: skip
            element.set(NAMES("text:outline-level"), str(_level(flat)))
        self._turn(element, flat)
        return element

    def _restyle(self, element: Element, flat: Flat, style: str | None) -> None:
        model = self._bench.model(flat)
        if style is not None:
            name = self._bench.making.style(style)
        elif model is not None:
            name = self._bench.making.paragraph_style(
                value(model.source.properties, "text:style-name"), _unbroken
            )
        else:
            name = next(
                (found for one in ("text body", "default paragraph style", "standard", "default")
                 if (found := self._bench.reader.styles.named("paragraph", one))), "",
            )  # fmt: skip
        if name:
            element.set(NAMES("text:style-name"), name)
        else:
            element.attrib.pop(NAMES("text:style-name"), None)

    def _turn(self, element: Element, flat: Flat) -> None:
        if flat.node.type not in ("paragraph", "heading"):
            return
        rtl = flat.node.attrs.get("dir") == "rtl"
        begins = "right" if rtl else "left"
        align = str(flat.node.attrs.get("textAlign") or begins)
        name = value(element, "text:style-name")
        told = self._bench.reader.turned(name)
        changes = {}
        if rtl != (told.get("dir") == "rtl"):
            changes["style:writing-mode"] = "rl-tb" if rtl else "lr-tb"
        before = told.get("textAlign") or ("right" if told.get("dir") == "rtl" else "left")
        if align != before or (changes and before == align):
            known = ("left", "right", "center", "justify")
            changes["fo:text-align"] = align if align in known else begins
        if changes:
            element.set(
                NAMES("text:style-name"), self._bench.making.paragraph_style(
                    name, lambda style: _give(style, changes)
                ),
            )  # fmt: skip


class Page(NamedTuple):
    """What the pages of a file are, as the style of its first paragraph says."""

    element: Element
    master: str


def page_of(bench: Bench, first: Flat) -> Page | None:
    element = first.source.elements[0]
    style = bench.reader.styles.get("paragraph", value(element, "text:style-name"))
    master = value(style, "style:master-page-name")
    return Page(element, master) if master else None


def begin_page(bench: Bench, body: Element, page: Page) -> None:
    """Have the paragraph say it that is the first now, and no longer the one that was."""
    first = next(body.iter(NAMES("text:p"), NAMES("text:h")), None)
    if first is None or first is page.element:
        return
    for element, change in (
        (first, lambda style: style.set(NAMES("style:master-page-name"), page.master)),
        (page.element, _unbroken),
    ):
        name = bench.making.paragraph_style(value(element, "text:style-name"), change)
        if name:
            element.set(NAMES("text:style-name"), name)


def rule(bench: Bench) -> Element:
    """A line across the page."""
    return new("text:p", {"text:style-name": bench.making.style("rule")})


def _bare(element: Element) -> Element:
    """Without what is in it."""
    return etree.Element(element.tag, dict(element.attrib), nsmap=element.nsmap)


def _give(style: Element, changes: dict[str, str]) -> None:
    properties = style.find(NAMES("style:paragraph-properties"))
    if properties is None:
        properties = new("style:paragraph-properties")
        style.insert(0, properties)
    for name, given in changes.items():
        properties.set(NAMES(name), given)


def _unbroken(style: Element) -> None:
    """A page that begins at a paragraph does not begin again at one that is like it."""
    style.attrib.pop(NAMES("style:master-page-name"), None)
    properties = style.find(NAMES("style:paragraph-properties"))
    for name in _BREAKS if properties is not None else ():
        properties.attrib.pop(NAMES(name), None)


def _renamed(element: Element, tag: str) -> Element:
    made = _bare(element)
    made.tag = tag
    made.text, made.tail = element.text, element.tail
    for child in [*element]:
        made.append(child)
    parent = element.getparent()
    if parent is not None:
        parent.replace(element, made)
    return made


def _level(flat: Flat) -> int:
    return tree.number(flat.node.attrs.get("level"), 1, 1, 6)


def _style_of(flat: Flat) -> str | None:
    match flat.node.type:
        case "heading":
            return f"heading {_level(flat)}"
        case "codeBlock" | "source":
            return "source code"
        case _:
            return "quote" if flat.quote else None


def _has_box(base: Flat | None) -> bool:
    return base is not None and any(one.box is not None for one in base.source.pieces)


def _goes_before(piece: Piece) -> bool:
    """Whether it stands before what is typed at its place."""
    if piece.box is not None:
        return True
    tag = piece.units[0].element.tag
    begins = tag.endswith("-start") and tag != NAMES("text:change-start")
    return bool(tag in (NAMES("office:annotation"), NAMES("text:change-end")) or begins)


def _common(before: Wraps, after: Wraps) -> Wraps:
    """What is around both neighbours of something new."""
    found = []
    for one, other in zip(before, after, strict=False):
        if one is not other:
            break
        found.append(one)
    return tuple(found)


def _first_look(model: Flat | None) -> Wraps:
    """What is around the first words of a paragraph."""
    for piece in () if model is None else model.source.pieces:
        if piece.node is not None and piece.node.type == "text" and piece.units:
            wraps: Wraps = piece.units[0].wraps
            return wraps
    return ()
