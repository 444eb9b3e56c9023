"""The parts of an OpenDocument text: parsed once, written when changed."""

from __future__ import annotations

import posixpath
from typing import Final

from hub.formats.odt.names import NAMES, value
from hub.formats.office.package import Package
from hub.formats.office.xml import Element, etree, parse, serialised
from hub.formats.refused import Refused

_MANIFEST: Final = "META-INF/manifest.xml"
_TEXTS: Final = (
    b"application/vnd.oasis.opendocument.text",
    b"application/vnd.oasis.opendocument.text-template",
)


class Parts:
    """Attributes:
    content: the root of what the document says; ``styles``: of what it looks like, if there is one.
    body: what holds its blocks.
    """

    def __init__(self, data: bytes) -> None:
        """Raises:
        Refused: ``damaged``: no OpenDocument text; ``encrypted``; what ``Package`` says.
        """
        self._package = Package(data)
        kind = self._package.read("mimetype").strip() if "mimetype" in self._package else _TEXTS[0]
        if kind not in _TEXTS:
            raise Refused("damaged")
        self._roots: dict[str, Element] = {}
        self._changed: set[str] = set()
        self._added: dict[str, bytes] = {}
        manifest = self._root(_MANIFEST) if _MANIFEST in self._package else None
        if manifest is not None and next(
            manifest.iter(NAMES("manifest:encryption-data")), None
        ) is not None:  # fmt: skip
            raise Refused("encrypted")
        self._manifest = manifest
        self._types = {
            value(one, "manifest:full-path"): value(one, "manifest:media-type")
            for one in (() if manifest is None else manifest)
        }
        self.content = self._root("content.xml")
        self.styles = self._root("styles.xml") if "styles.xml" in self._package else None
        self.body = self.content.find(f"{NAMES('office:body')}/{NAMES('office:text')}")
        if self.body is None:
            raise Refused("damaged")

    def names(self) -> list[str]:
        return self._package.names()

    def media_type(self, folder: str) -> str:
        """What an embedded object is."""
        return self._types.get(folder + "/", "")

    def target(self, address: str) -> str | None:
        """The name of the part that an address within the package leads to."""
        name = posixpath.normpath(address)
        return name if name in self._package or name in self._added else None

    def bytes_of(self, name: str) -> bytes:
        return self._added[name] if name in self._added else self._package.read(name)

    # --- changes ----------------------------------------------------------------------------------

    def touch(self) -> None:
        """The content was changed."""
        self._changed.add("content.xml")

    def common_styles(self) -> Element:
        """Where styles go that people choose from; they will be changed."""
        if self.styles is None:
            spaces = {one: NAMES.spaces[one] for one in ("office", "style", "text", "fo")}
            self.styles = self._roots["styles.xml"] = etree.Element(
                NAMES("office:document-styles"), {NAMES("office:version"): "1.3"}, nsmap=spaces
            )
            self._added["styles.xml"] = b""
            self._declare("styles.xml", "text/xml")
        self._changed.add("styles.xml")
        found = self.styles.find(NAMES("office:styles"))
        if found is None:
            found = etree.Element(NAMES("office:styles"))
            fonts = self.styles.find(NAMES("office:font-face-decls"))
            self.styles.insert(0 if fonts is None else 1, found)
        return found

    def automatic_styles(self) -> Element:
        """Where the content has styles that nobody chose."""
        found = self.content.find(NAMES("office:automatic-styles"))
        if found is None:
            found = etree.Element(NAMES("office:automatic-styles"))
            self.content.find(NAMES("office:body")).addprevious(found)
        return found

    def picture(self, data: bytes, extension: str, media_type: str) -> str:
        """The address of a picture that is put into the package."""
        number = 1
        while (name := f"Pictures/hub{number}.{extension}") in self._package or (
            name in self._added and self._added[name] != data
        ):
            number += 1
        if name not in self._added:
            self._added[name] = data
            self._declare(name, media_type)
        return name

    def written(self) -> bytes:
        changed = dict(self._added)
        for name in self._changed:
            changed[name] = serialised(self._roots[name])
        return self._package.written(changed)

    def _declare(self, name: str, media_type: str) -> None:
        if self._manifest is None:
            return
        entry = etree.SubElement(self._manifest, NAMES("manifest:file-entry"))
        entry.set(NAMES("manifest:full-path"), name)
        entry.set(NAMES("manifest:media-type"), media_type)
        self._changed.add(_MANIFEST)

    def _root(self, name: str) -> Element:
        self._roots[name] = parse(self._package.read(name))
        return self._roots[name]
