"""Names of OpenDocument, and its lengths. Source: OpenDocument 1.3, part 3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hub.formats.office.xml import Element, Names, etree

_OASIS: Final = "urn:oasis:names:tc:opendocument:xmlns"
NAMES: Final = Names({
    "office": f"{_OASIS}:office:1.0",
    "text": f"{_OASIS}:text:1.0",
    "style": f"{_OASIS}:style:1.0",
    "table": f"{_OASIS}:table:1.0",
    "draw": f"{_OASIS}:drawing:1.0",
    "svg": f"{_OASIS}:svg-compatible:1.0",
    "fo": f"{_OASIS}:xsl-fo-compatible:1.0",
    "manifest": f"{_OASIS}:manifest:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xlink": "http://www.w3.org/1999/xlink",
    "xml": "http://www.w3.org/XML/1998/namespace",
})  # fmt: skip
_LENGTH: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(in|cm|mm|pt|pc|px)")
_PX: Final = {"in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "pt": 96 / 72, "pc": 16.0, "px": 1.0}


def new(name: str, attributes: Mapping[str, str] | None = None) -> Element:
    """A new element.

    Args:
        attributes: with short names.
    """
    given = {NAMES(one): said for one, said in (attributes or {}).items()}
    return etree.Element(NAMES(name), given, nsmap=_SPACES)


_SPACES: Final = {name: one for name, one in NAMES.spaces.items() if name != "xml"}


def value(element: Element | None, name: str) -> str:
    """An attribute of an element that may not be there; empty where it is not."""
    return "" if element is None else str(element.get(NAMES(name)) or "")


def local(element: Element) -> str:
    """``p`` of ``text:p``; of what is no element nothing."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def count(text: str, default: int, most: int) -> int:
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 10 else default


def pixels(length: str) -> int | None:
    found = _LENGTH.fullmatch(length)
    return None if found is None else round(float(found[1]) * _PX[found[2]])
