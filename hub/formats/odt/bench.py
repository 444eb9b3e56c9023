"""What a save works with: the file as it is read, how it is written, and what its paragraphs look
like.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.formats import tree
from hub.formats.odt.making import Making, describe
from hub.formats.odt.names import NAMES
from hub.formats.odt.parts import Parts
from hub.formats.odt.pieces import unnumbered
from hub.formats.odt.reader import Reader
from hub.formats.odt.runs import Runs, copied_whole
from hub.formats.office.flat import Flat
from hub.formats.office.source import Unit
from hub.formats.office.xml import Element, clean
from hub.formats.pictures import PREFIX
from hub.formats.tree import Node

TEXTS: Final = frozenset(("paragraph", "heading", "codeBlock", "source", "image"))
"""What a paragraph of the file can become without being another one."""


class Bench:
    """Args:
    reader: of the file.
    pictures: bytes of those that the file has not, by attachment.

    Attributes:
        said_notes: footnotes of the document, by their ids.
        new_notes: those that are made: the ids, and the bodies that are to be filled.
        referred: how often a note is referred to.
        in_note: a note is written, which holds no others.
    """

    def __init__(self, parts: Parts, reader: Reader, pictures: Mapping[str, bytes]) -> None:
        self.reader = reader
        self.making = Making(parts, reader.styles)
        self.runs = Runs(reader.styles, self.making, self._draw)
        self.said_notes: dict[str, Node] = {}
        self.new_notes: list[tuple[str, Element]] = []
        self.referred: Mapping[str, int] = {}
        self.in_note = False
        self._notes = set(reader.notes)
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
            is_title = flat.source is not None and flat.source.properties.tag != NAMES("text:h")
            return None if is_title else ("heading", level)
        return (flat.node.type, kind, flat.quote) if flat.node.type in TEXTS else None

    def copied(self, element: Element) -> Element:
        """Without what may be in a file only once."""
        made = unnumbered(element)
        for one in made.iter(NAMES("text:note")):
            one.set(NAMES("text:id"), self._new_id())
        return made

    def _new_id(self) -> str:
        """Of a note."""
        number = len(self._notes)
        while (name := f"hubn{number}") in self._notes:
            number += 1
        self._notes.add(name)
        return name

    # --- what stands in the place of a character --------------------------------------------------

    def _draw(self, node: Node) -> Element | None:
        match node.type:
            case "opaque":
                return self._again(self.reader.opaque.get(str(node.attrs.get("id"))))
            case "inlineImage":
                return self._picture(
                    str(node.attrs.get("src") or ""), clean(str(node.attrs.get("alt") or ""))
                )
            case "footnoteReference":
                return self._note(str(node.attrs.get("id") or ""))
            case _:
                return None

    def _again(self, units: list[Unit] | None) -> Element | None:
        """Something of the file, once more."""
        return None if not units else self.copied(units[0].element)

    def _picture(self, src: str, alt: str) -> Element | None:
        if not src.startswith(PREFIX):
            return None
        if (drawn := self._again(self.reader.drawings.get(src))) is not None:
            describe(drawn, alt)
            return drawn
        attachment = src.removeprefix(PREFIX)
        data = self.reader.pictures.get(attachment) or self._pictures.get(attachment)
        return None if data is None else self.making.picture(data, alt)

    def _note(self, name: str) -> Element | None:
        """A footnote that stands elsewhere now, or is new."""
        if self.in_note:
            return None
        if name in self.reader.notes:
            made = copied_whole(self.reader.notes[name][0].getparent())
            if self.referred.get(name, 0) > 1:
                made.set(NAMES("text:id"), self._new_id())
            return made
        if name not in self.said_notes:
            return None
        made = self.making.note(clean(name))
        self.new_notes.append((name, made.find(NAMES("text:note-body"))))
        return made
