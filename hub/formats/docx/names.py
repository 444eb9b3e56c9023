"""Names of WordprocessingML, and the orders that its schema gives to properties. Source: ECMA-376,
part 1.
"""

from __future__ import annotations

from typing import Any, Final

from hub.formats.office.xml import Element, Names

_OPEN: Final = "http://schemas.openxmlformats.org"
NAMES: Final = Names({
    "w": f"{_OPEN}/wordprocessingml/2006/main",
    "r": f"{_OPEN}/officeDocument/2006/relationships",
    "m": f"{_OPEN}/officeDocument/2006/math",
    "wp": f"{_OPEN}/drawingml/2006/wordprocessingDrawing",
    "a": f"{_OPEN}/drawingml/2006/main",
    "pic": f"{_OPEN}/drawingml/2006/picture",
    "c": f"{_OPEN}/drawingml/2006/chart",
    "dgm": f"{_OPEN}/drawingml/2006/diagram",
    "mc": f"{_OPEN}/markup-compatibility/2006",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "w15": "http://schemas.microsoft.com/office/word/2012/wordml",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "rel": f"{_OPEN}/package/2006/relationships",
    "ct": f"{_OPEN}/package/2006/content-types",
    "xml": "http://www.w3.org/XML/1998/namespace",
})  # fmt: skip
RELATIONSHIPS: Final = NAMES.spaces["r"]

_STRICT: Final = "http://purl.oclc.org/ooxml"
STRICT: Final = (
    (f"{_STRICT}/wordprocessingml/main".encode(), f"{_OPEN}/wordprocessingml/2006/main".encode()),
    (
        f"{_STRICT}/officeDocument/relationships".encode(),
        f"{_OPEN}/officeDocument/2006/relationships".encode(),
    ),
    (f"{_STRICT}/officeDocument/math".encode(), f"{_OPEN}/officeDocument/2006/math".encode()),
    (f"{_STRICT}/drawingml/".encode(), f"{_OPEN}/drawingml/2006/".encode()),
)
"""Spaces of strict files, and what they are in all others."""


def _ordered(names: str) -> tuple[str, ...]:
    return tuple(NAMES(f"w:{name}") for name in names.split())


PARAGRAPH_ORDER: Final = _ordered(
    "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr"
    " shd tabs suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE"
    " autoSpaceDN bidi adjustRightInd snapToGrid spacing ind contextualSpacing mirrorIndents"
    " suppressOverlap jc textDirection textAlignment textboxTightWrap outlineLvl divId cnfStyle rPr"
    " sectPr pPrChange"
)
RUN_ORDER: Final = _ordered(
    "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof"
    " snapToGrid vanish webHidden color spacing w kern position sz szCs highlight u effect bdr shd"
    " fitText vertAlign rtl cs em lang eastAsianLayout specVanish oMath"
)
CELL_ORDER: Final = _ordered(
    "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection tcFitText vAlign"
    " hideMark"
)


def value(element: Element | None, name: str = "w:val") -> str | None:
    """An attribute of an element that may not be there."""
    found: Any = None if element is None else element.get(NAMES(name))
    return None if found is None else str(found)


def is_on(element: Element | None) -> bool:
    """Whether a property that is on or off is there and on."""
    return element is not None and value(element) not in ("0", "false", "off", "none")
