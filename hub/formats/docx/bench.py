"""What a save works with: the file as it is read, how it is written, and what its paragraphs look
like.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.formats import tree
from hub.formats.docx.lists import Lists
from hub.formats.docx.making import Making
from hub.formats.docx.names import NAMES, RELATIONSHIPS
from hub.formats.docx.parts import Parts
from hub.formats.docx.pieces import unnumbered
from hub.formats.docx.reader import Kept, Reader
from hub.formats.docx.runs import Drawn, Runs, describe
from hub.formats.office.flat import Flat
from hub.formats.office.xml import Element, clean, etree
from hub.formats.pictures import PREFIX
from hub.formats.tree import Node

_LOOK: Final = NAMES("w:rPr")
TEXTS: Final = frozenset(("paragraph", "heading", "codeBlock", "source", "image"))
"""What a paragraph of the file can become without being another one."""


class Bench:
    """Args:
    reader: of the file.
    pictures: bytes of those that the file has not, by attachment.

    Attributes:
        part: that is written now.
        notes: footnotes of the file, and what they hold; ``said_notes``: of the document.
    """

    def __init__(self, parts: Parts, reader: Reader, pictures: Mapping[str, bytes]) -> None:
        self.parts = parts
        self.reader = reader
        self.making = Making(parts, reader.styles)
        self.lists = Lists(self.making, reader.styles)
        self.runs = Runs(
            reader.styles,
            lambda what: self.making.style({"link": "hyperlink", "code": "verbatim char"}[what]),
            lambda address: parts.relate(self.part, "hyperlink", clean(address), external=True),
            self._draw,
        )
        self.part = parts.main
        self.said_notes: dict[str, Node] = {}
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

    # --- what stands in the place of a character --------------------------------------------------

    def _draw(self, node: Node) -> list[Drawn]:
        match node.type:
            case "opaque":
                return self._again(self.reader.opaque.get(str(node.attrs.get("id"))))
            case "inlineImage":
                return self._picture(
                    str(node.attrs.get("src") or ""), clean(str(node.attrs.get("alt") or ""))
                )
            case "footnoteReference":
                return self._reference(str(node.attrs.get("id") or ""))
            case _:
                return []

    def _again(self, kept: Kept | None) -> list[Drawn]:
        """Something of the file, once more; nothing, where its relations would be others."""
        if kept is None:
            return []
        if kept.part != self.part and any(map(_relates, (one.element for one in kept.units))):
            return []
        return [
            Drawn(
                self.copied(one.element), None if one.run is None else one.run.find(_LOOK),
                one.run is None,
            )
            for one in kept.units
        ]  # fmt: skip

    def _picture(self, src: str, alt: str) -> list[Drawn]:
        if not src.startswith(PREFIX):
            return []
        if drawn := self._again(self.reader.drawings.get(src)):
            describe(drawn[0].element, alt)
            return drawn
        attachment = src.removeprefix(PREFIX)
        data = self.reader.pictures.get(attachment) or self._pictures.get(attachment)
        made = None if data is None else self.making.picture(self.part, data, alt)
        return [] if made is None else [Drawn(made, None, False)]

    def _reference(self, name: str) -> list[Drawn]:
        """Of a footnote, which is made if the file has none of this name."""
        ends = name.startswith("e") and name in self.notes
        if name not in self.notes:
            if name not in self.said_notes:
                return []
            name = self.making.note(name)
            if name not in self.notes:
                self.notes[name] = self.making.new_note(name), []
        look = etree.Element(_LOOK)
        etree.SubElement(look, NAMES("w:vertAlign"), {NAMES("w:val"): "superscript"})
        tag = "w:endnoteReference" if ends else "w:footnoteReference"
        number = name.removeprefix("e") if ends else name
        return [Drawn(etree.Element(NAMES(tag), {NAMES("w:id"): number}), look, False)]

    def copied(self, element: Element) -> Element:
        """Without what may be in a file only once."""
        made = unnumbered(element)
        for one in made.iter(NAMES("wp:docPr")):
            one.set("id", self.making.drawing())
        return made


def _relates(element: Element) -> bool:
    """Whether it refers to something by a relationship of its part."""
    space = "{" + RELATIONSHIPS + "}"
    return any(name.startswith(space) for one in element.iter() for name in one.attrib)


def styled(properties: Element | None) -> str | None:
    """The id of the style of a paragraph."""
    found = None if properties is None else properties.find(NAMES("w:pStyle"))
    return None if found is None else str(found.get(NAMES("w:val")))
