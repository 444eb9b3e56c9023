"""What a paragraph of an OpenDocument text is made of: words, things that are kept as they are, and
what shows nothing; each with what is around it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from hub.formats.odt.names import NAMES, count, local, value
from hub.formats.odt.styles import Styles
from hub.formats.office.source import Piece, Unit
from hub.formats.office.xml import Element, fingerprint
from hub.formats.tree import Node, safe_url

MAX_WRAPS: Final = 16
MAX_COMMENTS: Final = 20
"""On the same words."""
BOXES: Final = {"☐": False, "☒": True, "☑": True}
WRAPS: Final = frozenset(NAMES(one) for one in ("text:span", "text:a", "text:meta"))
SHOWS_NOTHING: Final = frozenset(
    NAMES(one)
    for one in (
        "text:bookmark", "text:bookmark-start", "text:bookmark-end", "text:reference-mark",
        "text:reference-mark-start", "text:reference-mark-end", "text:toc-mark",
        "text:toc-mark-start", "text:toc-mark-end", "text:user-index-mark",
        "text:user-index-mark-start", "text:user-index-mark-end", "text:alphabetical-index-mark",
        "text:alphabetical-index-mark-start", "text:alphabetical-index-mark-end",
        "text:soft-page-break", "text:change-start", "text:change-end", "office:annotation-end",
        "text:number",
    )
)  # fmt: skip
_BOX: Final = re.compile(r"([☐☒☑])[ \t\u00a0]")
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_ONCE: Final = ("xml:id", "text:id", "draw:id", "office:name")
"""Names that may be in a file only once."""


class Surroundings(Protocol):
    """What a paragraph refers to."""

    styles: Styles
    open_comments: dict[str, Mapping[str, str]]
    open_changes: dict[str, Mapping[str, str]]

    def picture(self, address: str) -> str | None:
        """The address of a picture that browsers show."""

    def kind(self, address: str) -> str:
        """``formula``, ``chart`` or ``object``."""

    def has_end(self, comment: str) -> bool:
        """Whether a comment is about words, and not about a place."""

    def change(self, name: str) -> tuple[Mapping[str, str], str]:
        """Author and time of a change, and the words that it deletes."""

    def notice(self, code: str) -> None:
        """Something is in the file that people should know of."""


def pieces_of(paragraph: Element, around: Surroundings) -> list[Piece]:
    reading = _Reading(around, value(paragraph, "text:style-name"))
    reading.inside(paragraph, ())
    return reading.found


def split_box(pieces: list[Piece]) -> bool | None:
    """Part the box from the words of an item; whether it is checked, null where there is none."""
    for at, piece in enumerate(pieces):
        if piece.node is None:
            continue
        box = _BOX.match(piece.node.text) if piece.node.type == "text" else None
        if box is None:
            return None
        rest = Node("text", text=piece.node.text[box.end() :], marks=piece.node.marks)
        pieces[at] = Piece(None, piece.units, box[0])
        if rest.text:
            pieces.insert(at + 1, Piece(rest, piece.units))
        return BOXES[box[1]]
    return None


def text_of(element: Element) -> str:
    """The words within an element, in few characters."""
    words = []
    for one in element.iter():
        if local(one) in ("p", "h", "s", "tab", "line-break"):
            words.append(" ")
        words.append(one.text or "" if isinstance(one.tag, str) else "")
        if one is not element:
            words.append(one.tail or "")
    return " ".join("".join(words).split())[:200]


def opaque(kind: str, text: str, elements: list[Element], *, block: bool = False) -> Node:
    """What is shown and kept, but not edited."""
    attrs = {"id": fingerprint([unnumbered(one) for one in elements]), "kind": kind, "text": text}
    return Node("opaqueBlock" if block else "opaque", attrs)


def unnumbered(element: Element) -> Element:
    """A copy without what may be in a file only once."""
    made = copy.deepcopy(element)
    made.tail = None
    for one in [*made.iter(*SHOWS_NOTHING, NAMES("office:annotation"))]:
        if one is not made:
            take_out(one)
    for one in made.iter():
        for name in _ONCE:
            one.attrib.pop(NAMES(name), None)
    return made


def take_out(element: Element) -> None:
    """But not what follows it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail:
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    element.tail = None
    parent.remove(element)


def address_of(link: Element) -> str | None:
    """Where a link leads, if a document may have it."""
    return safe_url(value(link, "xlink:href"))


class _Reading:
    def __init__(self, around: Surroundings, style: str) -> None:
        self.found: list[Piece] = []
        self._around = around
        self._style = style
        self._blank = True  # white space here says nothing

    def inside(self, element: Element, wraps: tuple[Element, ...]) -> None:
        self._say(element.text, wraps)
        for child in element:
            self._child(child, wraps)
            self._say(child.tail, wraps)

    def _say(self, text: str | None, wraps: tuple[Element, ...]) -> None:
        if not text:
            return
        made = _SPACE.sub(" ", text)
        if self._blank and made.startswith(" "):
            made = made[1:]
        if made:
            self._blank = made.endswith(" ")
            self._text(made, wraps)

    def _text(self, text: str, wraps: tuple[Element, ...]) -> None:
        marks = self._marks(wraps)
        last = self.found[-1] if self.found else None
        if last is not None and last.node is not None and last.node.type == "text":
            unit = last.units[0]
            if unit.wraps == wraps and last.node.marks == marks:
                last.node.text += text
                return
        self.found.append(Piece(Node("text", text=text, marks=marks), [Unit(None, None, wraps)]))

    def _child(self, child: Element, wraps: tuple[Element, ...]) -> None:
        tag = child.tag
        if not isinstance(tag, str):
            return
        if tag in WRAPS and len(wraps) < MAX_WRAPS:
            self.inside(child, (*wraps, child))
            return
        if tag == NAMES("text:s"):
            self._blank = False
            self._text(" " * count(value(child, "text:c"), 1, 1000), wraps)
            return
        if tag == NAMES("text:tab"):
            self._blank = False
            self._text("\t", wraps)
            return
        if tag in SHOWS_NOTHING:
            self._follow(child)
            self.found.append(Piece(None, [Unit(child, None, wraps)]))
            return
        node = self._atom(child)
        if node is not None:
            self._blank = False
        self.found.append(Piece(node, [Unit(child, None, wraps)]))

    def _marks(self, wraps: tuple[Element, ...]) -> dict[str, Any]:
        names = self._around.styles.marks(self._style, wraps)
        found: dict[str, Any] = {name: {} for name, on in sorted(names.items()) if on}
        link = next((one for one in reversed(wraps) if one.tag == NAMES("text:a")), None)
        if link is not None and (href := address_of(link)) is not None:
            found["link"] = {"href": href}
        for change in self._around.open_changes.values():
            found["insertion"] = dict(change)
        if comments := self._around.open_comments:
            several = len(comments) > 1
            found["comment"] = {
                "id": " ".join(comments),
                "author": ", ".join(dict.fromkeys(one["author"] for one in comments.values())),
                "text": "\n".join(
                    f"{one['author']}: {one['text']}" if several else one["text"]
                    for one in comments.values()
                )[:2000],
            }
        return found

    def _follow(self, element: Element) -> None:
        around = self._around
        name = value(element, "text:change-id")
        match local(element):
            case "annotation-end":
                around.open_comments.pop(value(element, "office:name"), None)
            case "change-start":
                told, _ = around.change(name)
                if told:
                    around.open_changes[name] = told
                    around.notice("changes")
            case "change-end":
                around.open_changes.pop(name, None)
            case _:
                pass

    def _atom(self, element: Element) -> Node | None:
        around, tag = self._around, element.tag
        if tag == NAMES("text:line-break"):
            return Node("hardBreak")
        if tag == NAMES("text:note"):
            return Node("footnoteReference", {"id": value(element, "text:id")})
        if tag == NAMES("office:annotation"):
            return self._annotation(element)
        if tag == NAMES("text:change"):
            _, words = around.change(value(element, "text:change-id"))
            around.notice("changes")
            return opaque("deletion", words, [element])
        if tag == NAMES("draw:frame"):
            return self._frame(element)
        if tag.startswith(NAMES("draw:")):
            around.notice("drawings")
            return opaque("drawing", text_of(element), [element])
        text = text_of(element)
        if tag.startswith(NAMES("text:")) and tag not in _BARE:
            around.notice("fields")
            return opaque("field", text or local(element), [element])
        return opaque("object", text, [element]) if text else None

    def _annotation(self, element: Element) -> Node | None:
        author = " ".join(one.text or "" for one in element.iterfind(NAMES("dc:creator")))[:100]
        words = " ".join(
            text_of(one) for one in element if local(one) in ("p", "list", "h")
        )  # fmt: skip
        self._around.notice("comments")
        name = value(element, "office:name")
        few = len(self._around.open_comments) < MAX_COMMENTS
        if name and few and self._around.has_end(name):
            self._around.open_comments[name] = {"author": author, "text": words}
            return None
        return opaque("comment", f"{author}: {words}" if author else words, [element])

    def _frame(self, element: Element) -> Node:
        alt = " ".join(
            one.text or "" for name in ("svg:desc", "svg:title") for one in
            element.iterfind(NAMES(name))
        ).strip()  # fmt: skip
        shown = [one for one in element if one.tag.startswith((NAMES("draw:"), NAMES("table:")))]
        if shown and all(one.tag == NAMES("draw:image") for one in shown):
            for one in shown:
                if (src := self._around.picture(value(one, "xlink:href"))) is not None:
                    return Node("inlineImage", {"src": src, "alt": alt or None})
        objects = [one for one in shown if local(one) in ("object", "object-ole")]
        kind = "drawing"
        if objects:
            kind = self._around.kind(value(objects[0], "xlink:href"))
        self._around.notice({"formula": "formulas", "object": "objects"}.get(kind, "drawings"))
        return opaque(kind, text_of(element) or alt, [element])


_BARE: Final = frozenset(NAMES(one) for one in ("text:ruby", "text:meta-field", "text:span"))
"""What is no field."""
