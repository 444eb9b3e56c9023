"""What a paragraph of a Word file is made of: runs of text, things that are kept as they are, and
what shows nothing; each with the elements that say so.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from hub.formats.docx.names import NAMES, value
from hub.formats.docx.styles import BOXES, Styles, said
from hub.formats.office.source import Piece, Unit
from hub.formats.office.xml import Element, fingerprint
from hub.formats.tree import Node, safe_url

MAX_WRAPS: Final = 16
WRAPS: Final = {
    NAMES(f"w:{name}"): name
    for name in (
        "hyperlink", "ins", "del", "moveFrom", "moveTo", "smartTag", "sdt", "dir", "bdo",
        "customXml",
    )
}  # fmt: skip
CHANGES: Final = frozenset(NAMES(f"w:{name}") for name in ("ins", "del", "moveFrom", "moveTo"))
_CHANGED: Final = {"ins": "insertion", "moveTo": "insertion", "del": "deletion",
                   "moveFrom": "deletion"}  # fmt: skip
SHOWS_NOTHING: Final = frozenset(
    NAMES(f"w:{name}")
    for name in (
        "bookmarkStart", "bookmarkEnd", "commentRangeStart", "commentRangeEnd", "permStart",
        "permEnd", "moveFromRangeStart", "moveFromRangeEnd", "moveToRangeStart", "moveToRangeEnd",
        "proofErr", "lastRenderedPageBreak", "annotationRef", "footnoteRef", "endnoteRef",
        "separator", "continuationSeparator", "customXmlInsRangeStart", "customXmlInsRangeEnd",
        "customXmlDelRangeStart", "customXmlDelRangeEnd", "customXmlMoveFromRangeStart",
        "customXmlMoveFromRangeEnd", "customXmlMoveToRangeStart", "customXmlMoveToRangeEnd",
        "instrText", "delInstrText", "fldChar",
    )
)  # fmt: skip
_TEXTS: Final = {
    NAMES("w:tab"): "\t", NAMES("w:noBreakHyphen"): "\u2011", NAMES("w:softHyphen"): "\u00ad",
}  # fmt: skip
_WORDS: Final = frozenset((NAMES("w:t"), NAMES("w:delText")))
_BOX: Final = re.compile(r"([☐☒☑])[ \t\u00a0]")
_UNSEEN: Final = ("w:vanish", "w:specVanish")
_SPACE: Final = " \t\r\n"


class Surroundings(Protocol):
    """What a paragraph refers to."""

    styles: Styles

    def picture(self, relationship: str | None) -> str | None:
        """The address of a picture that browsers show."""

    def address(self, relationship: str | None) -> str | None:
        """Where a link leads."""

    def comment(self, name: str) -> Mapping[str, str] | None:
        """Author and text of a comment."""

    def notice(self, code: str) -> None:
        """Something is in the file that people should know of."""

    @property
    def open_comments(self) -> dict[str, Mapping[str, str]]:
        """Those that what follows is within; they go on over the ends of paragraphs."""


def field_depth(element: Element) -> int:
    """How many fields an element begins and does not end."""
    depth = 0
    for one in element.iter(NAMES("w:fldChar")):
        depth += {"begin": 1, "end": -1}.get(value(one, "w:fldCharType") or "", 0)
    return depth


def pieces_of(paragraph: Element, around: Surroundings) -> list[Piece]:
    found: list[Piece] = []
    units = _units(paragraph, ())
    for unit in units:
        tag = unit.element.tag
        if tag == NAMES("w:fldChar") and value(unit.element, "w:fldCharType") == "begin":
            found.append(_field(unit, units, around))
        else:
            found.append(_piece(unit, around))
    return found


def split_box(pieces: list[Piece]) -> bool | None:
    """Part the box from the words of an item; whether it is checked, null where there is none."""
    for at, piece in enumerate(pieces):
        if piece.node is None:
            continue
        if piece.node.type != "text":
            return None
        text = piece.node.text
        unit = piece.units[0]
        if text in BOXES and any(is_checkbox(one) for one in unit.wraps):
            pieces[at] = Piece(None, piece.units, text)
            return BOXES[text]
        if (box := _BOX.match(text)) is None:
            return None
        rest = Node("text", text=text[box.end() :], marks=piece.node.marks)
        pieces[at] = Piece(None, piece.units, box[0])
        if rest.text:
            pieces.insert(at + 1, Piece(rest, piece.units))
        return BOXES[box[1]]
    return None


def is_checkbox(wrap: Element) -> bool:
    properties = wrap.find(NAMES("w:sdtPr"))
    return properties is not None and properties.find(NAMES("w14:checkbox")) is not None


def text_of(element: Element) -> str:
    """The words within an element, in few characters."""
    words = []
    for one in element.iter(NAMES("w:t"), NAMES("m:t"), NAMES("a:t"), NAMES("w:tab"), NAMES("w:p")):
        words.append(" " if one.tag in (NAMES("w:tab"), NAMES("w:p")) else one.text or "")
    return " ".join("".join(words).split())[:200]


def opaque(kind: str, text: str, elements: list[Element], *, block: bool = False) -> Node:
    """What is shown and kept, but not edited."""
    bare = [unnumbered(one) for one in elements]
    attrs = {"id": fingerprint(bare), "kind": kind, "text": text}
    return Node("opaqueBlock" if block else "opaque", attrs)


def unnumbered(element: Element) -> Element:
    """A copy without what may be in a file only once."""
    made = copy.deepcopy(element)
    made.tail = None
    for one in [*made.iter()]:
        marks = one.tag in SHOWS_NOTHING and value(one, "w:id") is not None and one is not made
        if marks or one.tag == NAMES("w:commentReference"):
            one.getparent().remove(one)
            continue
        if one.tag == NAMES("wp:docPr"):
            one.attrib.pop("id", None)
        for name in ("w14:paraId", "w14:textId"):
            one.attrib.pop(NAMES(name), None)
    return made


# --- the parts of a paragraph ---------------------------------------------------------------------


def _units(parent: Element, wraps: tuple[Element, ...]) -> Iterator[Unit]:
    for child in parent:
        tag = child.tag
        if tag == NAMES("w:r"):
            for one in child:
                if one.tag != NAMES("w:rPr") and isinstance(one.tag, str):
                    yield Unit(one, child, wraps)
        elif tag in WRAPS and len(wraps) < MAX_WRAPS:
            inner = child.find(NAMES("w:sdtContent")) if tag == NAMES("w:sdt") else child
            if inner is not None:
                yield from _units(inner, (*wraps, child))
        elif tag not in _PROPERTIES and isinstance(tag, str):
            yield Unit(child, None, wraps)


_PROPERTIES: Final = frozenset((
    NAMES("w:pPr"), NAMES("w:smartTagPr"), NAMES("w:customXmlPr"),
))  # fmt: skip


def _field(first: Unit, units: Iterator[Unit], around: Surroundings) -> Piece:
    """A field from its beginning to its end; only its result is shown."""
    taken, depth, shown = [first], 1, []
    results = False
    for unit in units:
        taken.append(unit)
        if unit.element.tag == NAMES("w:fldChar"):
            what = value(unit.element, "w:fldCharType")
            depth += {"begin": 1, "end": -1}.get(what or "", 0)
            results = results or (what == "separate" and depth == 1)
            if not depth:
                break
        elif results and unit.element.tag in _WORDS:
            shown.append(unit.element.text or "")
    asked = "".join(one.element.text or "" for one in taken
                    if one.element.tag == NAMES("w:instrText"))  # fmt: skip
    name = (asked.split() or [""])[0].upper()
    if name == "XE" or (name in ("TC", "RD", "TA") and not shown):
        return Piece(None, taken)
    around.notice("fields")
    text = " ".join("".join(shown).split())[:200]
    return Piece(opaque("field", text or name[:40], [one.element for one in taken]), taken)


def _piece(unit: Unit, around: Surroundings) -> Piece:
    element, tag = unit.element, unit.element.tag
    properties = None if unit.run is None else unit.run.find(NAMES("w:rPr"))
    if properties is not None and any(properties.find(NAMES(one)) is not None for one in _UNSEEN):
        return Piece(None, [unit])
    if tag in _WORDS or tag in _TEXTS:
        text = _TEXTS.get(tag) or _words(element)
        if not text:
            return Piece(None, [unit])
        return Piece(Node("text", text=text, marks=_marks(unit, properties, around)), [unit])
    if tag in SHOWS_NOTHING:
        _follow_comments(element, around)
        return Piece(None, [unit])
    return Piece(_atom(unit, around), [unit])


def _words(element: Element) -> str:
    text = "".join(element.itertext()).replace("\n", " ").replace("\r", " ")
    return text if element.get(NAMES("xml:space")) == "preserve" else text.strip(_SPACE)


def _marks(unit: Unit, properties: Element | None, around: Surroundings) -> dict[str, Any]:
    style = None if properties is None else value(properties.find(NAMES("w:rStyle")))
    names = dict.fromkeys(around.styles.marks(style), True)
    link = next((one for one in reversed(unit.wraps) if one.tag == NAMES("w:hyperlink")), None)
    direct = said(properties)
    if link is not None and "underline" in names and "underline" not in direct:
        del names["underline"]  # links are shown so anyway
    names |= direct
    found: dict[str, Any] = {name: {} for name, on in sorted(names.items()) if on}
    for wrap in unit.wraps:
        if (mark := _CHANGED.get(WRAPS.get(wrap.tag, ""))) is not None:
            around.notice("changes")
            found[mark] = {"author": value(wrap, "w:author") or "", "at": value(wrap, "w:date")
                           or ""}  # fmt: skip
    if link is not None and (href := address_of(link, around)) is not None:
        found["link"] = {"href": href}
    if around.open_comments:
        found["comment"] = _joined(around.open_comments)
    return found


def address_of(link: Element, around: Surroundings) -> str | None:
    """Where a hyperlink leads: an address that a document may have, or a place in it; null for any
    other, which stays around its words without being shown."""
    found = around.address(value(link, "r:id"))
    anchor = value(link, "w:anchor")
    if found is None:
        return None if anchor is None else f"#{anchor}"
    return safe_url(found if anchor is None or "#" in found else f"{found}#{anchor}")


def _joined(comments: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    authors = dict.fromkeys(one["author"] for one in comments.values())
    whole = [
        f"{one['author']}: {one['text']}" if len(comments) > 1 else one["text"]
        for one in comments.values()
    ]
    return {
        "id": " ".join(comments), "author": ", ".join(authors), "text": "\n".join(whole)[:2000]
    }  # fmt: skip


def _follow_comments(element: Element, around: Surroundings) -> None:
    name = value(element, "w:id")
    if element.tag == NAMES("w:commentRangeStart") and name:
        if (comment := around.comment(name)) is not None:
            around.notice("comments")
            around.open_comments[name] = comment
    elif element.tag == NAMES("w:commentRangeEnd"):
        around.open_comments.pop(name or "", None)


def _atom(unit: Unit, around: Surroundings) -> Node | None:
    element, tag = unit.element, unit.element.tag
    match tag.rpartition("}")[2]:
        case "br" if tag == NAMES("w:br"):
            kind = value(element, "w:type")
            if kind in ("page", "column"):
                return opaque("break", "", [element])
            return Node("hardBreak")
        case "cr":
            return Node("hardBreak")
        case "footnoteReference":
            return Node("footnoteReference", {"id": value(element, "w:id")})
        case "endnoteReference":
            return Node("footnoteReference", {"id": f"e{value(element, 'w:id')}"})
        case "commentReference":
            return None
        case "sym":
            return opaque("symbol", _symbol(element), [element])
        case "drawing" | "pict" | "object" | "AlternateContent":
            return _drawing(element, around)
        case "oMath" | "oMathPara":
            around.notice("formulas")
            return opaque("formula", text_of(element), [element])
        case "fldSimple" | "pgNum" | "ptab":
            around.notice("fields")
            words = (value(element, "w:instr") or "").split() or [""]
            return opaque("field", text_of(element) or words[0][:40], [element])
        case _:
            text = text_of(element)
            return opaque("object", text, [element]) if text else None


def _symbol(element: Element) -> str:
    try:
        code = int(value(element, "w:char") or "", 16)
    except ValueError:
        return "•"
    return chr(code) if 0x20 <= code < 0xD800 else "•"


def _drawing(element: Element, around: Surroundings) -> Node:
    shown = element
    if element.tag == NAMES("mc:AlternateContent"):
        for one in element:
            if one.find(f".//{NAMES('a:blip')}") is not None:
                shown = one
                break
    boxes = next(shown.iter(NAMES("w:txbxContent")), None)
    charts = next(shown.iter(NAMES("c:chart"), NAMES("dgm:relIds")), None)
    told = next(shown.iter(NAMES("wp:docPr")), None)
    alt = "" if told is None else value_of(told, "descr") or value_of(told, "title")
    if boxes is None and charts is None and element.tag != NAMES("w:object"):
        blips = [one.get(NAMES("r:embed")) for one in shown.iter(NAMES("a:blip"))]
        blips += [one.get(NAMES("r:id")) for one in shown.iter(NAMES("v:imagedata"))]
        if len(set(blips)) == 1 and (src := around.picture(blips[0])) is not None:
            return Node("inlineImage", {"src": src, "alt": alt or None})
    kind = (
        "object" if element.tag == NAMES("w:object") or next(shown.iter(NAMES("o:OLEObject")), None)
        is not None else "chart" if charts is not None else "drawing"
    )  # fmt: skip
    around.notice("objects" if kind == "object" else "drawings")
    return opaque(kind, text_of(shown) or alt or "", [element])


def value_of(element: Element, name: str) -> str:
    return str(element.get(name) or "")
