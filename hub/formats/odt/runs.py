"""The words of a paragraph that was edited: what was there keeps what is around it; what is new is
like its neighbours.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from hub.formats.odt.making import Making, describe, is_mark_style
from hub.formats.odt.names import NAMES, new, value
from hub.formats.odt.pieces import address_of
from hub.formats.odt.styles import Styles
from hub.formats.office.slots import MARKS, Slot
from hub.formats.office.source import Piece
from hub.formats.office.xml import Element, clean, etree
from hub.formats.tree import Node

Wraps = tuple[Element, ...]
_ONCE: Final = (NAMES("xml:id"), NAMES("office:name"))


class Out(NamedTuple):
    """A piece of what is written: a character, or an element."""

    wraps: Wraps
    text: str = ""
    element: Element | None = None


class Look(NamedTuple):
    """What is around some words, without links, and the marks that it means."""

    wraps: Wraps
    marks: frozenset[str]


class Runs:
    """Args:
    draw: what something new is that is no character; nothing where there is no way to say it.
    """

    def __init__(
        self, styles: Styles, making: Making, draw: Callable[[Node], Element | None]
    ) -> None:
        self._styles = styles
        self._making = making
        self._draw = draw
        self._links: dict[str, Element] = {}
        self._spans: dict[str, Element] = {}
        self._looks: dict[Any, tuple[Wraps, Wraps]] = {}

    # --- what each slot is ------------------------------------------------------------------------

    def kept(self, slot: Slot, want: Slot, was: str, style: str) -> Out:
        """What was there, with the marks and the link it has now.

        Args:
            was, style: of the paragraph.
        """
        unit = slot.unit
        if unit is None:  # between two lines of code
            return Out((), want.key)
        if unit.element is not None:
            if unit.element.tag == NAMES("text:line-break"):
                return Out(unit.wraps, "\n")
            made = copied_whole(unit.element)
            if want.node is not None and want.node.type == "inlineImage":
                describe(made, clean(str(want.node.attrs.get("alt") or "")))
            return Out(unit.wraps, "", made)
        same = slot.marks == want.marks and slot.link == want.link
        if same and (was == style or self._marks((), was) == self._marks((), style)):
            return Out(unit.wraps, want.key)
        return Out(self.restyled(unit.wraps, want.marks, want.link, style), want.key)

    def added(self, want: Slot, like: Wraps, style: str) -> Iterator[Out]:
        """Something new.

        Args:
            like: what is around its neighbour.
        """
        if want.node is None:
            marks = want.marks if want.key != "\n" else self._marks(like, style)
            link = want.link if want.key != "\n" else _link_of(like)
            yield Out(self.restyled(like, marks, link, style), want.key)
        elif (drawn := self._draw(want.node)) is not None:
            yield Out(_unlinked(like), "", drawn)
        else:
            text = str(want.node.attrs.get("text") or want.node.attrs.get("alt") or "")
            for character in " ".join(clean(text).split()):
                yield Out(like, character)

    def hidden(self, piece: Piece, checked: bool | None) -> Iterator[Out]:
        """Args:
        checked: of the item, null if it is none that can be.
        """
        unit = piece.units[0]
        if piece.box is not None:
            if checked is not None:
                was = piece.box[0] != "☐"
                box = piece.box if was == checked else ("☒" if checked else "☐") + piece.box[1:]
                for one in box:
                    yield Out(unit.wraps, one)
        elif unit.element.tag not in _DROPPED:
            yield Out(unit.wraps, "", copied_whole(unit.element))

    def restyled(self, wraps: Wraps, want: frozenset[str], link: str | None, style: str) -> Wraps:
        """What says other marks, and leads elsewhere."""
        asked = tuple(map(id, wraps)), want, link, style
        if asked not in self._looks:
            self._looks[asked] = wraps, self._restyled(wraps, want, link, style)
        return self._looks[asked][1]

    def _restyled(self, wraps: Wraps, want: frozenset[str], link: str | None, style: str) -> Wraps:
        made = wraps if _link_of(wraps) == link else _unlinked(wraps)
        if link is not None and _link_of(made) is None:
            made = (*made, self._link(link))
        if self._marks(made, style) == want:
            return made
        while made and made[-1].tag == NAMES("text:span") and is_mark_style(
            self._styles.get("text", value(made[-1], "text:style-name"))
        ):  # fmt: skip
            made = made[:-1]
        have = self._marks(made, style)
        if "code" in have - want:
            made = tuple(one for one in made if not self._is_code(one))
            have = self._marks(made, style)
        changes = {mark: mark in want for mark in have ^ want}
        return (*made, self._span(changes)) if changes else made

    def _marks(self, wraps: Wraps, style: str) -> frozenset[str]:
        return frozenset(mark for mark, on in self._styles.marks(style, wraps).items() if on) & (
            MARKS
        )

    def _is_code(self, wrap: Element) -> bool:
        return wrap.tag == NAMES("text:span") and bool(self._styles.marks("", [wrap]).get("code"))

    def _link(self, address: str) -> Element:
        if address not in self._links:
            given = {"xlink:type": "simple", "xlink:href": clean(address)}
            self._links[address] = new("text:a", given)
        return self._links[address]

    def _span(self, changes: dict[str, bool]) -> Element:
        name = self._making.text_style(dict(sorted(changes.items())))
        if name not in self._spans:
            self._spans[name] = new("text:span", {"text:style-name": name})
        return self._spans[name]


_DROPPED: Final = frozenset((NAMES("text:soft-page-break"), NAMES("text:number")))


def write(paragraph: Element, outs: Sequence[Out]) -> None:
    """Fill a paragraph that is empty."""
    stack: list[tuple[Element, Element]] = []  # what is open: what it is a copy of, and the copy
    used: set[Element] = set()
    between = _between(outs)
    words: list[str] = []
    place = paragraph
    for at, out in enumerate(outs):
        shared = 0
        while shared < min(len(stack), len(out.wraps)) and stack[shared][0] is out.wraps[shared]:
            shared += 1
        if shared < len(stack) or shared < len(out.wraps) or not _is_word(out):
            _say(place, words)
        del stack[shared:]
        for wrap in out.wraps[shared:]:
            shell = etree.SubElement(
                stack[-1][1] if stack else paragraph, wrap.tag, dict(wrap.attrib), nsmap=wrap.nsmap
            )
            for name in _ONCE if wrap in used else ():
                shell.attrib.pop(name, None)
            used.add(wrap)
            stack.append((wrap, shell))
        place = stack[-1][1] if stack else paragraph
        if out.element is not None:
            place.append(out.element)
        elif out.text == " ":
            if at in between:
                words.append(" ")
            else:
                _blank(place)
        elif out.text == "\t":
            etree.SubElement(place, NAMES("text:tab"))
        elif out.text == "\n":
            etree.SubElement(place, NAMES("text:line-break"))
        else:
            words.append(out.text)
    _say(place, words)


def _between(outs: Sequence[Out]) -> set[int]:
    """Blanks that stand between two words, whatever else does: others must be said as elements."""
    found: set[int] = set()
    before, blank = "", -1
    for at, out in enumerate(outs):
        if out.element is not None:
            continue
        if blank >= 0 and _is_word(out):
            found.add(blank)
        blank = at if out.text == " " and before not in ("", " ", "\t", "\n") else -1
        before = out.text
    return found


def _is_word(out: Out) -> bool:
    return out.text not in ("", " ", "\t", "\n")


def _say(place: Element, words: list[str]) -> None:
    text = "".join(words)
    words.clear()
    if not text:
        return
    last = next(place.iterchildren(reversed=True), None)
    if last is not None:
        last.tail = (last.tail or "") + text
    else:
        place.text = (place.text or "") + text


def _blank(place: Element) -> None:
    last = next(place.iterchildren(reversed=True), None)
    if last is not None and last.tag == NAMES("text:s") and not last.tail:
        last.set(NAMES("text:c"), str(int(value(last, "text:c") or "1") + 1))
    else:
        etree.SubElement(place, NAMES("text:s"))


def copied_whole(element: Element) -> Element:
    """With all that is in it, but without what follows."""
    made = copy.deepcopy(element)
    made.tail = None
    return made


def _unlinked(wraps: Wraps) -> Wraps:
    return tuple(one for one in wraps if one.tag != NAMES("text:a"))


def _link_of(wraps: Wraps) -> str | None:
    link = next((one for one in reversed(wraps) if one.tag == NAMES("text:a")), None)
    return None if link is None else address_of(link)
