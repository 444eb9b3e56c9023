"""The runs of a paragraph that was edited: what was there keeps its properties and what is around
it; what is new is like its neighbours.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from hub.formats.docx.names import NAMES, RUN_ORDER
from hub.formats.docx.pieces import is_checkbox
from hub.formats.docx.styles import Styles, said
from hub.formats.office.slots import Slot
from hub.formats.office.source import Piece, Unit
from hub.formats.office.xml import Element, clean, drop, etree, put
from hub.formats.tree import Node

_VALUES: Final = {
    "bold": ("w:b", None, "0"), "italic": ("w:i", None, "0"), "strike": ("w:strike", None, "0"),
    "underline": ("w:u", "single", "none"), "highlight": ("w:highlight", "yellow", "none"),
    "superscript": ("w:vertAlign", "superscript", "baseline"),
    "subscript": ("w:vertAlign", "subscript", "baseline"),
}  # fmt: skip
_DROPPED: Final = frozenset((NAMES("w:proofErr"), NAMES("w:lastRenderedPageBreak")))
_CHARACTERS: Final = {
    "\n": "w:br",
    "\t": "w:tab",
    "\u2011": "w:noBreakHyphen",
    "\u00ad": "w:softHyphen",
}


class Drawn(NamedTuple):
    """An element in the place of a character, and the properties of its run; ``bare``: it is in
    none."""

    element: Element
    properties: Element | None
    bare: bool


class Out(NamedTuple):
    """A piece of what is written: a character, or an element. ``wraps``: elements that are copied
    around it, or addresses of new links; ``run``: that it came from; ``bare``: it is in none."""

    wraps: tuple[Any, ...]
    run: Element | None
    properties: Element | None
    text: str = ""
    element: Element | None = None
    bare: bool = False


class Runs:
    """Args:
    style_of: the id of a style that runs get: of ``link`` or ``code``.
    relate: the id of a relationship to an address.
    draw: what something new is that is no character, nothing where there is no way to say it.
    """

    def __init__(
        self, styles: Styles, style_of: Callable[[str], str | None],
        relate: Callable[[str], str], draw: Callable[[Node], list[Drawn]],
    ) -> None:  # fmt: skip
        self._styles = styles
        self._style_of = style_of
        self._relate = relate
        self._draw = draw
        self._last: tuple[Element | None, Element | None] = None, None
        # With what they were made from: an id is one only as long as its object is there.
        self._looks: dict[Any, tuple[Element | None, Element | None]] = {}

    # --- what each slot is ------------------------------------------------------------------------

    def kept(self, slot: Slot, want: Slot) -> Iterator[Out]:
        """What was there, with the marks and the link it has now."""
        assert slot.piece is not None
        if slot.node is not None or slot.unit is None or (
            slot.key == "\n" and slot.piece.node is not None and slot.piece.node.type != "text"
        ):  # fmt: skip
            for unit in slot.piece.units:
                out = _verbatim(unit)
                if want.node is not None and want.node.type == "inlineImage":
                    describe(out.element, clean(str(want.node.attrs.get("alt") or "")))
                yield out
            if not slot.piece.units:
                yield from self.added(want, None, (), None)
            return
        wraps = _linked(slot.unit.wraps, slot.link, want.link)
        properties = self._look_of(slot.unit.run)
        if slot.marks != want.marks or slot.link != want.link:
            properties = self.restyled(properties, slot.marks, want.marks, want.link is not None)
        yield Out(wraps, slot.unit.run, properties, want.key)

    def _look_of(self, run: Element | None) -> Element | None:
        if run is not self._last[0]:
            self._last = run, None if run is None else run.find(NAMES("w:rPr"))
        return self._last[1]

    def added(
        self, want: Slot, like: tuple[Element | None, frozenset[str]] | None,
        wraps: tuple[Any, ...], link: str | None,
    ) -> Iterator[Out]:  # fmt: skip
        """Something new.

        Args:
            like: the properties of a neighbour, and the marks these mean.
            wraps: what is around both neighbours, and ``link`` where that leads.
        """
        properties, marks = like or (None, frozenset())
        wraps = _linked(wraps, link, want.link)
        if want.node is None:
            made = self.restyled(properties, marks, want.marks, want.link is not None)
            yield Out(wraps, None, made, want.key)
        elif drawn := self._draw(want.node):
            for one in drawn:
                yield Out(wraps, None, one.properties, "", one.element, one.bare)
        else:
            text = str(want.node.attrs.get("text") or want.node.attrs.get("alt") or "")
            for character in " ".join(clean(text).split()):
                yield Out(wraps, None, properties, character)

    def hidden(self, piece: Piece, checked: bool | None) -> Iterator[Out]:
        """Args:
        checked: of the item, null if it is none that can be.
        """
        if piece.box is not None:
            if checked is None:
                return
            unit = piece.units[0]
            was = piece.box[0] != "☐"
            box = piece.box if was == checked else ("☒" if checked else "☐") + piece.box[1:]
            properties = None if unit.run is None else unit.run.find(NAMES("w:rPr"))
            for one in box:
                yield Out(unit.wraps, unit.run, properties, one)
            return
        for unit in piece.units:
            if unit.element.tag not in _DROPPED:
                yield _verbatim(unit)

    def restyled(
        self, properties: Element | None, have: frozenset[str], want: frozenset[str], linked: bool
    ) -> Element | None:
        """Properties that say other marks."""
        asked = id(properties), have, want, linked
        if asked not in self._looks:
            self._looks[asked] = properties, self._restyled(properties, have, want, linked)
        return self._looks[asked][1]

    def _restyled(
        self, properties: Element | None, have: frozenset[str], want: frozenset[str], linked: bool
    ) -> Element | None:
        made = etree.Element(NAMES("w:rPr")) if properties is None else copy.deepcopy(properties)
        for name in ("w:ins", "w:del", "w:rPrChange"):
            drop(made, NAMES(name))
        link = self._styles.named("character", "hyperlink")
        style = made.find(NAMES("w:rStyle"))
        styled = None if style is None else style.get(NAMES("w:val"))
        if styled is not None and styled == link and not linked:
            made.remove(style)
            styled = None
        if linked and styled is None and (link := self._style_of("link")) is not None:
            put(made, _with_value("w:rStyle", link), RUN_ORDER)
        if "code" in want - have and (code := self._style_of("code")) is not None:
            put(made, _with_value("w:rStyle", code), RUN_ORDER)
        if "code" in have - want and "code" in self._styles.marks(styled):
            drop(made, NAMES("w:rStyle"))
        style = made.find(NAMES("w:rStyle"))
        brought = self._styles.marks(None if style is None else style.get(NAMES("w:val")))
        if linked:
            brought -= {"underline"}  # as it is read
        direct = said(made)
        # What goes first: two marks may be values of one property.
        for mark, (name, on, off) in sorted(_VALUES.items(), key=lambda one: one[0] in want):
            is_on = direct.get(mark, mark in brought)
            if (mark in want) == is_on:
                continue
            if mark not in want:
                drop(made, NAMES(name))
                if mark == "strike":
                    drop(made, NAMES("w:dstrike"))
            if (mark in want) != (mark in brought):
                put(made, _with_value(name, on if mark in want else off), RUN_ORDER)
        return made if len(made) else None

    # --- elements ---------------------------------------------------------------------------------

    def elements(self, outs: Sequence[Out], checked: bool | None) -> list[Element]:
        """Children of a paragraph, those that may share a run in one."""
        made: list[Element] = []
        stack: list[tuple[Any, Element]] = []  # what is open: what it is a copy of, where it goes
        run: Element | None = None
        looks, source = b"", None  # of the run: its properties, and which of the file it is
        last: Element | None = None
        kept = False  # what was written last is no text
        line = _Line()
        for out in outs:
            shared = 0
            while shared < min(len(stack), len(out.wraps)) and (
                stack[shared][0] == out.wraps[shared]
            ):
                shared += 1
            if shared < len(stack) or shared < len(out.wraps):
                run = None
            del stack[shared:]
            for wrap in out.wraps[shared:]:
                shell, inner = self._shell(wrap, checked)
                (stack[-1][1].append if stack else made.append)(shell)
                stack.append((wrap, inner))
            place = stack[-1][1].append if stack else made.append
            if out.bare:
                line.end()
                place(out.element)
                run = None
                continue
            look = looks if run is not None and out.properties is last else _said(out.properties)
            last = out.properties
            apart = None not in (out.run, source) and out.run is not source
            apart = apart or (kept and out.run is None)
            if run is None or look != looks or apart:
                line.end()
                run = etree.Element(NAMES("w:r"), nsmap=_own_spaces(out.run))
                if out.properties is not None:
                    run.append(copy.deepcopy(out.properties))
                place(run)
                looks, source = look, out.run
            elif source is None:
                source = out.run
            kept = out.element is not None
            if kept:
                line.end()
                run.append(out.element)
            else:
                deleted = bool(out.wraps) and any(
                    not isinstance(one, str) and one.tag in _DELETED for one in out.wraps
                )
                line.say(run, out.text, deleted)
        line.end()
        return made

    def _shell(self, wrap: Any, checked: bool | None) -> tuple[Element, Element]:
        """A copy of what is around something, empty; and where things go in it."""
        if isinstance(wrap, str):
            link = etree.Element(NAMES("w:hyperlink"), nsmap={"r": NAMES.spaces["r"]})
            if wrap.startswith("#"):
                link.set(NAMES("w:anchor"), wrap[1:])
            else:
                link.set(NAMES("r:id"), self._relate(wrap))
            return link, link
        shell = etree.Element(wrap.tag, dict(wrap.attrib), nsmap=wrap.nsmap)
        inner = shell
        for one in wrap:
            if one.tag == NAMES("w:sdtContent"):
                inner = etree.SubElement(shell, one.tag)
            elif one.tag in _OF_SHELLS:
                shell.append(copy.deepcopy(one))
        if wrap.tag == NAMES("w:sdt"):
            own_words(shell)
        if checked is not None and is_checkbox(wrap):
            box = shell.find(f"{NAMES('w:sdtPr')}/{NAMES('w14:checkbox')}/{NAMES('w14:checked')}")
            if box is not None:
                box.set(NAMES("w14:val"), "1" if checked else "0")
        return shell, inner


_KNOWN_SPACES: Final = frozenset(NAMES.spaces.values())
_DELETED: Final = frozenset((NAMES("w:del"), NAMES("w:moveFrom")))
_OF_SHELLS: Final = frozenset(
    NAMES(f"w:{name}") for name in ("sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr")
)


def describe(drawing: Element, alt: str) -> None:
    """What a picture shows, in words."""
    for one in drawing.iter(NAMES("wp:docPr")):
        if (one.get("descr") or one.get("title") or "") != alt:
            one.set("descr", alt)


def _verbatim(unit: Unit) -> Out:
    element = copy.deepcopy(unit.element)
    if unit.run is None:
        return Out(unit.wraps, None, None, "", element, bare=True)
    return Out(unit.wraps, unit.run, unit.run.find(NAMES("w:rPr")), "", element)


def _linked(
    wraps: tuple[Any, ...], have: str | None, want: str | None
) -> tuple[Any, ...]:  # fmt: skip
    """What is around a run, with the link it has now instead of the one it had."""
    if have == want:
        return wraps
    bare = tuple(
        one for one in wraps if not isinstance(one, str) and one.tag != NAMES("w:hyperlink")
    )
    return bare if want is None else (*bare, want)


def _own_spaces(run: Element | None) -> dict[str, str]:
    """Spaces that are declared for a run of the file, of which only a value may speak."""
    if run is None:
        return {}
    return {name: one for name, one in run.nsmap.items() if name and one not in _KNOWN_SPACES}


def own_words(control: Element) -> None:
    """Somebody has written in a content control: it shows no placeholder any more, and is not
    filled with other words when it is opened."""
    properties = control.find(NAMES("w:sdtPr"))
    for name in ("w:showingPlcHdr", "w:dataBinding", "w15:dataBinding"):
        if properties is not None:
            drop(properties, NAMES(name))


class _Line:
    """Characters on their way into the elements of a run."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._element: Element | None = None

    def say(self, run: Element, character: str, deleted: bool) -> None:
        if (name := _CHARACTERS.get(character)) is not None:
            self.end()
            etree.SubElement(run, NAMES(name))
            return
        tag = NAMES("w:delText") if deleted else NAMES("w:t")
        if self._element is None or self._element.tag != tag:
            self.end()
            self._element = etree.SubElement(run, tag)
        self._text.append(character)

    def end(self) -> None:
        if self._element is not None:
            text = "".join(self._text)
            self._element.text = text
            if text != text.strip() or "  " in text:
                self._element.set(NAMES("xml:space"), "preserve")
        self._text, self._element = [], None


def _said(properties: Element | None) -> bytes:
    return b"" if properties is None else etree.tostring(properties, with_tail=False)


def _with_value(name: str, given: str | None) -> Element:
    made = etree.Element(NAMES(name))
    if given is not None:
        made.set(NAMES("w:val"), given)
    return made
