"""What the styles and the numbering of a Word file say about a paragraph, a run, an item."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from hub.formats.docx.names import NAMES, is_on, value
from hub.formats.office.xml import Element

Numbering = Literal["bullet", "ordered", "more"]
"""``more``: a level without a sign: what goes on in an item."""
Part = Literal["heading", "quote", "code", "plain"]

BOXES: Final = {"☐": False, "☒": True, "☑": True}
_DEEPEST: Final = 16
"""Styles that are based on one another."""
_HEADING: Final = re.compile(r"heading ([1-9])$")
_QUOTES: Final = frozenset(("quote", "intense quote", "block text", "quotations"))
_CODES: Final = frozenset((
    "source code", "html preformatted", "preformatted text", "code", "plain text", "code block",
))  # fmt: skip
_CODE_RUNS: Final = frozenset((
    "verbatim char", "html code", "source text", "code", "html typewriter", "inline code",
    "code char",
))  # fmt: skip


class ParagraphStyle(NamedTuple):
    """``level`` of a heading. ``numbering``: the list and the level that the style stands for."""

    part: Part
    level: int
    numbering: tuple[str, int] | None
    align: str | None
    rtl: bool


class Level(NamedTuple):
    """``checked``: its sign is a box; null for any other."""

    kind: Numbering
    start: int
    checked: bool | None = None


class Styles:
    """Args:
    styles, numbering: the roots of these parts.
    """

    def __init__(self, styles: Element | None, numbering: Element | None) -> None:
        self._styles: dict[str, Element] = {}
        self._named: dict[str, str] = {}
        self.default: str | None = None
        for one in () if styles is None else styles.iterfind(NAMES("w:style")):
            self.learn(one)
        self._levels: dict[tuple[str, int], Level] = {}
        if numbering is not None:
            self._read(numbering)
        self._paragraphs: dict[str | None, ParagraphStyle] = {}
        self._runs: dict[str | None, frozenset[str]] = {}

    def learn(self, style: Element) -> None:
        """One more."""
        name, kind = value(style, "w:styleId") or "", value(style, "w:type")
        self._styles[name] = style
        self._named.setdefault(f"{kind}:{_name_of(style)}", name)
        if kind == "paragraph" and value(style, "w:default") in ("1", "true"):
            self.default = name

    def paragraph(self, style: str | None) -> ParagraphStyle:
        if style not in self._paragraphs:
            self._paragraphs[style] = self._paragraph(style)
        return self._paragraphs[style]

    def marks(self, style: str | None) -> frozenset[str]:
        """What a style of runs says."""
        if style not in self._runs:
            found: dict[str, bool] = {}
            code = False
            for one in self._chain(style):
                code = code or _name_of(one) in _CODE_RUNS
                for name, on in said(one.find(NAMES("w:rPr"))).items():
                    found.setdefault(name, on)
            if code:
                found["code"] = True
            self._runs[style] = frozenset(name for name, on in found.items() if on)
        return self._runs[style]

    def level(self, number: str, level: int) -> Level | None:
        return self._levels.get((number, level))

    def boxed(self, level: int, checked: bool) -> str | None:
        """The number of a list whose sign is such a box."""
        for (number, at), one in self._levels.items():
            if at == level and one.checked is checked:
                return number
        return None

    def named(self, kind: Literal["paragraph", "character"], *names: str) -> str | None:
        """The id of the first of these styles that there is, by its name in lower case."""
        for name in names:
            if (found := self._named.get(f"{kind}:{name}")) is not None:
                return found
        return None

    def _chain(self, style: str | None) -> Iterator[Element]:
        """A style and what it is based on."""
        for _ in range(_DEEPEST):
            found = self._styles.get(style or "")
            if found is None:
                return
            yield found
            style = value(found.find(NAMES("w:basedOn")))

    def _paragraph(self, style: str | None) -> ParagraphStyle:
        part: Part = "plain"
        level = 0
        number: str | None = None
        depth: int | None = None
        align: str | None = None
        rtl: bool | None = None
        for at, one in enumerate(self._chain(style if style is not None else self.default)):
            name = _name_of(one)
            if part == "plain":
                if heading := _HEADING.match(name):
                    part, level = "heading", int(heading[1])
                elif at == 0 and name in ("title", "subtitle"):
                    part, level = "heading", 1 if name == "title" else 2
                elif name in _QUOTES:
                    part = "quote"
                elif name in _CODES:
                    part = "code"
            properties = one.find(NAMES("w:pPr"))
            if properties is None:
                continue
            outline = value(properties.find(NAMES("w:outlineLvl"))) or ""
            if part == "plain" and outline.isdigit() and int(outline) < 9:
                part, level = "heading", int(outline) + 1
            numbering = properties.find(NAMES("w:numPr"))
            if numbering is not None:
                number = number or value(numbering.find(NAMES("w:numId")))
                if depth is None:
                    given = value(numbering.find(NAMES("w:ilvl")))
                    depth = int(given) if given and given.isdigit() else None
            align = align or value(properties.find(NAMES("w:jc")))
            if rtl is None and (bidi := properties.find(NAMES("w:bidi"))) is not None:
                rtl = is_on(bidi)
        numbered = (number, depth or 0) if number and number != "0" else None
        return ParagraphStyle(part, min(level, 6), numbered, align, rtl or False)

    def _read(self, numbering: Element) -> None:
        abstract = {}
        for one in numbering.iterfind(NAMES("w:abstractNum")):
            abstract[value(one, "w:abstractNumId")] = _levels(one)
        for one in numbering.iterfind(NAMES("w:num")):
            number = value(one, "w:numId") or ""
            levels = dict(abstract.get(value(one.find(NAMES("w:abstractNumId"))), {}))
            for override in one.iterfind(NAMES("w:lvlOverride")):
                at = _int(value(override, "w:ilvl"), 0)
                levels |= _levels(override)
                start = value(override.find(NAMES("w:startOverride")))
                if start is not None and at in levels:
                    levels[at] = levels[at]._replace(start=_int(start, 1))
            for at, level in levels.items():
                self._levels[number, at] = level


def said(properties: Element | None) -> dict[str, bool]:
    """Of the marks that run properties speak of, whether they are on."""
    found: dict[str, bool] = {}
    if properties is None:
        return found
    for name, mark in (("w:b", "bold"), ("w:i", "italic")):
        if (one := properties.find(NAMES(name))) is not None:
            found[mark] = is_on(one)
    for name in ("w:strike", "w:dstrike"):
        if (one := properties.find(NAMES(name))) is not None:
            found["strike"] = found.get("strike", False) or is_on(one)
    for name, mark in (("w:u", "underline"), ("w:highlight", "highlight")):
        if (one := properties.find(NAMES(name))) is not None:
            found[mark] = is_on(one) and value(one) is not None
    if (one := properties.find(NAMES("w:vertAlign"))) is not None:
        found["superscript"] = value(one) == "superscript"
        found["subscript"] = value(one) == "subscript"
    return found


def _levels(parent: Element) -> dict[int, Level]:
    found = {}
    for one in parent.iterfind(NAMES("w:lvl")):
        format_ = value(one.find(NAMES("w:numFmt"))) or "decimal"
        text = value(one.find(NAMES("w:lvlText"))) or ""
        picture = one.find(NAMES("w:lvlPicBulletId")) is not None
        kind: Numbering = "bullet" if format_ == "bullet" else "ordered"
        if not picture and (format_ == "none" or not text.strip()):
            kind = "more"
        start = _int(value(one.find(NAMES("w:start"))), 1)
        box = BOXES.get(text.strip()) if kind == "bullet" else None
        found[_int(value(one, "w:ilvl"), 0)] = Level(kind, start, box)
    return found


def _name_of(style: Element) -> str:
    return (value(style.find(NAMES("w:name"))) or "").lower()


def _int(text: str | None, default: int) -> int:
    try:
        return max(0, min(10**6, int(text or "")))
    except ValueError:
        return default
