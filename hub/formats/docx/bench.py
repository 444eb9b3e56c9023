"""What a save works with: the file as it is read, how it is written, and what its paragraphs look
like.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from hub.formats import tree
from hub.formats.docx.lists import Lists
from hub.formats.docx.making import Making
from hub.formats.docx.names import NAMES, value
from hub.formats.docx.parts import Parts
from hub.formats.docx.pieces import SHOWS_NOTHING
from hub.formats.docx.reader import Reader
from hub.formats.docx.runs import Runs
from hub.formats.office.flat import Flat
from hub.formats.office.xml import Element, etree
from hub.formats.pictures import PREFIX
from hub.formats.tree import Node

TEXTS: Final = frozenset(("paragraph", "heading", "codeBlock", "source", "image"))
"""What a paragraph of the file can become without being another one."""


class Bench:
    """Args:
    reader: of the file.
    pictures: bytes of those that the file has not, by attachment.
    """

    def __init__(self, parts: Parts, reader: Reader, pictures: Mapping[str, bytes]) -> None:
        self.parts = parts
        self.reader = reader
        self.making = Making(parts, reader.styles)
        self.lists = Lists(self.making, reader.styles)
        self.runs = Runs(
            reader.styles,
            lambda what: self.making.style({"link": "hyperlink", "code": "verbatim char"}[what]),
            lambda address: parts.relate("hyperlink", address, external=True),
            self._draw,
        )
        self.notes = reader.notes("footnotes") | reader.notes("endnotes")
        self.models: dict[Any, Flat] = {}
        self._pictures = pictures

    def model(self, flat: Flat) -> Flat | None:
        """A paragraph of the file that a new one is like: the last of its kind, or else the first
        that follows."""
        kind = self.class_of(flat)
        return None if kind is None else self.models.get(kind)

    def look_at(self, flat: Flat) -> None:
        if flat.source is not None and (kind := self.class_of(flat)) is not None:
            self.models[kind] = flat

    def class_of(self, flat: Flat) -> tuple[Any, ...] | None:
        """Of what kind a paragraph is; null for one that no other should be like."""
        kind = None if flat.item is None else flat.item.kind
        if flat.node.type == "heading":
            level = tree.number(flat.node.attrs.get("level"), 1, 1, 6)
            named = self.reader.styles.named("paragraph", f"heading {level}")
            own = flat.source and styled(flat.source.properties)
            return None if own and own != named else ("heading", level)
        return (flat.node.type, kind, flat.quote) if flat.node.type in TEXTS else None

    def _draw(self, node: Node) -> Element | None:
        match node.type:
            case "opaque":
                kept = self.reader.opaque.get(str(node.attrs.get("id")))
                return copied(kept[0]) if kept and len(kept) == 1 else None
            case "inlineImage":
                src = str(node.attrs.get("src") or "")
                if not src.startswith(PREFIX):
                    return None
                if (known := self.reader.drawings.get(src)) is not None:
                    return _told(copied(known), str(node.attrs.get("alt") or ""))
                attachment = src.removeprefix(PREFIX)
                data = self._pictures.get(attachment)
                alt = str(node.attrs.get("alt") or "")
                return None if data is None else self.making.picture(data, alt)
            case "footnoteReference":
                name = str(node.attrs.get("id") or "")
                if name not in self.notes:
                    return None
                tag = "w:endnoteReference" if name.startswith("e") else "w:footnoteReference"
                return etree.Element(NAMES(tag), {NAMES("w:id"): name.removeprefix("e")})
            case _:
                return None


def styled(properties: Element | None) -> str | None:
    """The id of the style of a paragraph."""
    found = None if properties is None else properties.find(NAMES("w:pStyle"))
    return None if found is None else str(found.get(NAMES("w:val")))


def copied(element: Element) -> Element:
    """Without what may be in a file only once."""
    made = copy.deepcopy(element)
    made.tail = None
    for one in [*made.iter()]:
        marks = one.tag in SHOWS_NOTHING and value(one, "w:id") is not None and one is not made
        if marks or one.tag == NAMES("w:commentReference"):
            one.getparent().remove(one)
        elif isinstance(one.tag, str):
            for name in ("w14:paraId", "w14:textId"):
                one.attrib.pop(NAMES(name), None)
    return made


def _told(drawing: Element, alt: str) -> Element:
    """With other words for who cannot see it."""
    for one in drawing.iter(NAMES("wp:docPr")):
        if (one.get("descr") or one.get("title") or "") != alt:
            one.set("descr", alt)
    return drawing
