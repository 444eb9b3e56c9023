"""The parts of a Word file: found by their relationships, parsed once, written when changed."""

from __future__ import annotations

import posixpath
from typing import Final, NamedTuple

from hub.formats.docx.names import NAMES, RELATIONSHIPS, STRICT
from hub.formats.office.package import Package
from hub.formats.office.xml import Element, etree, parse, serialised
from hub.formats.refused import Refused

_CONTENT_TYPES: Final = "[Content_Types].xml"
_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"
EMPTY: Final = {"numbering": "numbering", "styles": "styles", "footnotes": "footnotes"}
"""Parts that are made when a file has none, and their root."""


class Relationship(NamedTuple):
    """``target``: the name of a part, or an address."""

    kind: str
    target: str
    external: bool


class Parts:
    """Attributes:
    main: the part of the document itself.
    """

    def __init__(self, data: bytes) -> None:
        """Raises:
        Refused: ``damaged``: no Word file; what ``Package`` says.
        """
        self._package = Package(data)
        self._strict = False
        self._roots: dict[str, Element] = {}
        self._changed: set[str] = set()
        self._added: dict[str, bytes] = {}
        root = self._relationships("")
        mains = [one.target for one in root.values() if one.kind == "officeDocument"]
        self.main = mains[0] if mains else "word/document.xml"
        if self.root(self.main).tag != NAMES("w:document"):
            raise Refused("damaged")
        self._related: dict[str, dict[str, Relationship]] = {}

    def relationships(self, part: str) -> dict[str, Relationship]:
        """Of a part, by id."""
        if part not in self._related:
            self._related[part] = self._relationships(part)
        return self._related[part]

    def root(self, name: str) -> Element:
        """Raises:
        Refused.
        """
        if name not in self._roots:
            data = self._package.read(name)
            if b"http://purl.oclc.org/ooxml/" in data:
                self._strict = True
                for theirs, ours in STRICT:
                    data = data.replace(theirs, ours)
            self._roots[name] = parse(data)
        return self._roots[name]

    def of(self, kind: str) -> Element | None:
        """The root of the part that stands in a relation to the main one."""
        name = self.name_of(kind)
        return None if name is None else self.root(name)

    def name_of(self, kind: str) -> str | None:
        for one in self.relationships(self.main).values():
            if one.kind == kind and not one.external and self._has(one.target):
                return one.target
        return None

    def names(self) -> list[str]:
        return self._package.names()

    def bytes_of(self, name: str) -> bytes:
        return self._added[name] if name in self._added else self._package.read(name)

    def target(self, part: str, relationship: str | None) -> Relationship | None:
        return self.relationships(part).get(relationship or "")

    # --- changes ----------------------------------------------------------------------------------

    def touch(self, root: Element) -> None:
        """A part that was parsed was changed."""
        self._changed.add(next(name for name, one in self._roots.items() if one is root))

    def begun(self, kind: str) -> Element:
        """The root of a part that is made if there is none, and that will be changed."""
        if (found := self.of(kind)) is None:
            name = posixpath.join(posixpath.dirname(self.main), f"{kind}.xml")
            found = self._roots[name] = etree.Element(
                NAMES(f"w:{EMPTY[kind]}"), nsmap={"w": NAMES.spaces["w"]}
            )
            self._added[name] = b""
            self._declare(f"/{name}", f"{_WORD}.{kind}+xml")
            self.relate(self.main, kind, name)
        self.touch(found)
        return found

    def relate(self, part: str, kind: str, target: str, *, external: bool = False) -> str:
        """A relationship of a part, new or known; returns its id."""
        wanted, there = Relationship(kind, target, external), self.relationships(part)
        for known, one in there.items():
            if one == wanted:
                return known
        name = _relationships_of(part)
        if not self._has(name):
            self._roots[name] = etree.Element(
                NAMES("rel:Relationships"), nsmap={None: NAMES.spaces["rel"]}
            )
            self._added[name] = b""
        root = self.root(name)
        number = len(there) + 1
        while f"rId{number}" in there:
            number += 1
        given = target if external else posixpath.relpath(target, posixpath.dirname(part))
        made = etree.SubElement(
            root, NAMES("rel:Relationship"), Id=f"rId{number}", Type=f"{RELATIONSHIPS}/{kind}",
            Target=given,
        )  # fmt: skip
        if external:
            made.set("TargetMode", "External")
        self.touch(root)
        there[f"rId{number}"] = wanted
        return f"rId{number}"

    def picture(self, part: str, data: bytes, extension: str, media_type: str) -> str:
        """A picture of a part, as one of its own; returns the id of the relationship."""
        folder = posixpath.join(posixpath.dirname(self.main), "media")
        number = 1
        while (
            self._has(name := f"{folder}/hub{number}.{extension}")
            and self._added.get(name) != data
        ):  # fmt: skip
            number += 1
        self._added[name] = data
        types = self.root(_CONTENT_TYPES)
        defaults = types.findall(NAMES("ct:Default"))
        if all(one.get("Extension", "").lower() != extension for one in defaults):
            types.insert(
                0, types.makeelement(
                    NAMES("ct:Default"), {"Extension": extension, "ContentType": media_type}
                )
            )  # fmt: skip
            self.touch(types)
        return self.relate(part, "image", name)

    def written(self) -> bytes:
        changed = dict(self._added)
        for name in self._changed:
            data = serialised(self._roots[name])
            if self._strict:
                for theirs, ours in STRICT:
                    data = data.replace(ours, theirs)
            changed[name] = data
        return self._package.written(changed)

    # --- what is read of a package ----------------------------------------------------------------

    def _declare(self, name: str, content_type: str) -> None:
        types = self.root(_CONTENT_TYPES)
        etree.SubElement(types, NAMES("ct:Override"), PartName=name, ContentType=content_type)
        self.touch(types)

    def _has(self, name: str) -> bool:
        return name in self._package or name in self._added

    def _relationships(self, source: str) -> dict[str, Relationship]:
        name = _relationships_of(source)
        if not self._has(name):
            return {}
        folder = posixpath.dirname(source)
        found = {}
        for one in self.root(name).iterfind(NAMES("rel:Relationship")):
            target = one.get("Target") or ""
            external = one.get("TargetMode") == "External"
            if not external:
                whole = target[1:] if target.startswith("/") else posixpath.join(folder, target)
                target = posixpath.normpath(whole)
            kind = (one.get("Type") or "").rpartition("/")[2]
            found[one.get("Id") or ""] = Relationship(kind, target, external)
        return found


def _relationships_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
