"""XML of foreign packages: parsed without entities, and taken apart by names with short prefixes.

The only module that knows the library (lxml, which has no types).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lxml import etree as etree  # type: ignore[import-untyped]

from hub.formats.refused import Refused

Element = Any
"""``lxml.etree._Element``, which has no types."""

_DECLARED: Final = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_PLAIN: Final = frozenset((b"utf-8", b"us-ascii", b"ascii"))
_FORBIDDEN: Final = re.compile("[^\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOM: Final = b"\xef\xbb\xbf"


def parse(data: bytes) -> Element:
    """The root of a part.

    Raises:
        Refused: ``damaged``: also for a document type, which packages never have, and encodings in
            which one could hide; ``too_complex``: nested beyond what the parser takes.
    """
    text = data.removeprefix(_BOM)
    declared = _DECLARED.match(text)
    if (declared and declared[1].lower() not in _PLAIN) or not text.lstrip().startswith(b"<"):
        raise Refused("damaged")
    if b"\0" in text:  # UTF-16, which the parser would find out by itself
        raise Refused("damaged")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Refused("damaged", "DOCTYPE")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, collect_ids=False,
        encoding="utf-8", remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise Refused("too_complex" if "depth" in str(error) else "damaged") from None
    if root.getroottree().docinfo.doctype:
        raise Refused("damaged", "DOCTYPE")
    return root


def clean(text: str) -> str:
    """Without what XML cannot say."""
    return _FORBIDDEN.sub("", text)


def serialised(root: Element) -> bytes:
    made: bytes = etree.tostring(
        root.getroottree(), xml_declaration=True, encoding="UTF-8", standalone=True
    )
    return made


def fingerprint(elements: Sequence[Element]) -> str:
    """The same for elements that say the same, wherever they stand."""
    hasher = hashlib.sha256()
    for one in elements:
        try:
            hasher.update(etree.tostring(one, method="c14n", exclusive=True, with_tail=False))
        except etree.C14NError:  # spaces by addresses that are none
            hasher.update(etree.tostring(one, with_tail=False))
    return hasher.hexdigest()[:20]


class Names:
    """Turns ``w:p`` into the name that the parser has for it."""

    def __init__(self, spaces: Mapping[str, str]) -> None:
        self.spaces = dict(spaces)
        self._known: dict[str, str] = {}

    def __call__(self, short: str) -> str:
        found = self._known.get(short)
        if found is None:
            prefix, _, name = short.partition(":")
            found = self._known[short] = f"{{{self.spaces[prefix]}}}{name}"
        return found


def put(parent: Element, child: Element, order: Sequence[str]) -> None:
    """Insert a child where the order of a sequence has it, in the place of one of its name."""
    there = parent.find(child.tag)
    if there is not None:
        parent.replace(there, child)
        return
    rank = {name: at for at, name in enumerate(order)}
    mine = rank.get(child.tag, len(order))
    for at, other in enumerate(parent):
        if rank.get(other.tag, len(order)) > mine:
            parent.insert(at, child)
            return
    parent.append(child)


def drop(parent: Element, name: str) -> None:
    for one in parent.findall(name):
        parent.remove(one)
