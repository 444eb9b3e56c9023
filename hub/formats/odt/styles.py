"""What the styles of an OpenDocument text say about a paragraph, a run, an item."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from hub.formats.odt.names import NAMES, count, value
from hub.formats.office.xml import Element

Part = Literal["heading", "quote", "code", "rule", "plain"]
Numbering = Literal["bullet", "ordered", "more"]
"""``more``: a level without a sign."""

_DEEPEST: Final = 16
"""Styles that are based on one another."""
_QUOTES: Final = frozenset(("quotations", "quote", "intense quote", "block text"))
_CODES: Final = frozenset(("preformatted text", "source code", "html preformatted", "code block"))
_CODE_RUNS: Final = frozenset((
    "source text", "source_text", "teletype", "verbatim char", "html code", "code", "inline code",
))  # fmt: skip
_TITLES: Final = {"title": 1, "subtitle": 2}
_HEADING: Final = re.compile(r"heading ([1-9])$")
_HEX: Final = re.compile(r"_([0-9a-f]{2,4})_")


class ParagraphStyle(NamedTuple):
    """``level`` of a heading. ``align`` as the file says it."""

    part: Part
    level: int
    align: str
    rtl: bool


class Level(NamedTuple):
    kind: Numbering
    start: int


class Styles:
    """Args:
    content, styles: the roots of these parts.
    """

    def __init__(self, content: Element, styles: Element | None) -> None:
        self._styles: dict[tuple[str, str], Element] = {}
        self._named: dict[tuple[str, str], str] = {}
        self._automatic: set[tuple[str, str]] = set()
        self._defaults: dict[str, Element] = {}
        self._lists: dict[str, Element] = {}
        for root, place in (
            (styles, "office:styles"), (content, "office:automatic-styles"),
        ):  # fmt: skip
            found = None if root is None else root.find(NAMES(place))
            for one in () if found is None else found:
                self.learn(one, automatic=place != "office:styles")
        self._paragraphs: dict[str, ParagraphStyle] = {}
        self._said: dict[tuple[str, str], dict[str, bool]] = {}

    def learn(self, one: Element, *, automatic: bool) -> None:
        """One more."""
        name, family = value(one, "style:name"), value(one, "style:family")
        if one.tag == NAMES("style:style"):
            self._styles[family, name] = one
            if automatic:
                self._automatic.add((family, name))
            else:
                self._named.setdefault((family, shown_name(one)), name)
        elif one.tag == NAMES("style:default-style"):
            self._defaults[family] = one
        elif one.tag == NAMES("text:list-style"):
            self._lists[name] = one

    def has(self, family: str, name: str) -> bool:
        return (family, name) in self._styles or (family == "list" and name in self._lists)

    def get(self, family: str, name: str) -> Element | None:
        return self._styles.get((family, name))

    def is_automatic(self, family: str, name: str) -> bool:
        return (family, name) in self._automatic

    def named(self, family: str, *names: str) -> str | None:
        """The first of these styles that there is, by the name that people see in lower case."""
        for name in names:
            if (found := self._named.get((family, name))) is not None:
                return found
        return None

    def list_of(self, name: str) -> str:
        """The list that a style of paragraphs belongs to."""
        return next(
            (found for one in self._chain("paragraph", name)
             if (found := value(one, "style:list-style-name"))), "",
        )  # fmt: skip

    def paragraph(self, name: str) -> ParagraphStyle:
        if name not in self._paragraphs:
            self._paragraphs[name] = self._paragraph(name)
        return self._paragraphs[name]

    def level(self, list_style: str, depth: int) -> Level:
        """What items of a list look like; where nobody says it they have bullets."""
        style = self._lists.get(list_style)
        for one in () if style is None else style:
            if value(one, "text:level") != str(depth + 1):
                continue
            if one.tag != NAMES("text:list-level-style-number"):
                return Level("bullet", 1)
            start = count(value(one, "text:start-value"), 1, 10**6)
            return Level("ordered" if value(one, "style:num-format") else "more", start)
        return Level("bullet", 1)

    def marks(self, paragraph: str, wraps: Sequence[Any]) -> dict[str, bool]:
        """Of the marks that the styles around some words speak of, whether they are on.

        Args:
            paragraph: the style of the paragraph; it counts where nobody chose it.
            wraps: spans and links, from the outermost in.
        """
        found = dict(self.said("paragraph", paragraph)) if self.is_automatic(
            "paragraph", paragraph) else {}  # fmt: skip
        linked = any(one.tag == NAMES("text:a") for one in wraps)
        for one in wraps:
            name = value(one, "text:style-name")
            if one.tag != NAMES("text:span") or not name:
                continue
            brought = self._run(name)
            if linked and "underline" in brought:  # links are shown so anyway
                brought = {mark: on for mark, on in brought.items() if mark != "underline"}
                own = self.said("text", name) if self.is_automatic("text", name) else {}
                brought |= {mark: on for mark, on in own.items() if mark == "underline"}
            found |= brought
        return found

    def said(self, family: str, name: str) -> dict[str, bool]:
        """What a style itself says."""
        asked = family, name
        if asked not in self._said:
            style = self._styles.get(asked)
            self._said[asked] = {} if style is None else said(_text_properties(style))
        return self._said[asked]

    def _run(self, name: str) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for one in reversed([*self._chain("text", name)]):
            found |= said(_text_properties(one))
            if shown_name(one) in _CODE_RUNS:
                found["code"] = True
        return found

    def _chain(self, family: str, name: str) -> Iterator[Element]:
        """A style and what it is based on."""
        for _ in range(_DEEPEST):
            found = self._styles.get((family, name))
            if found is None:
                return
            yield found
            name = value(found, "style:parent-style-name")

    def _paragraph(self, name: str) -> ParagraphStyle:
        part: Part = "plain"
        level = 0
        align = mode = ""
        for one in self._chain("paragraph", name):
            shown = shown_name(one)
            if part == "plain" and not self.is_automatic("paragraph", value(one, "style:name")):
                if shown in _TITLES:
                    part, level = "heading", _TITLES[shown]
                elif heading := _HEADING.match(shown):
                    part, level = "heading", min(6, int(heading[1]))
                elif shown in _QUOTES:
                    part = "quote"
                elif shown in _CODES:
                    part = "code"
                elif shown == "horizontal line":
                    part = "rule"
            properties = one.find(NAMES("style:paragraph-properties"))
            align = align or value(properties, "fo:text-align")
            mode = mode or value(properties, "style:writing-mode")
        default = self._defaults.get("paragraph")
        if default is not None:
            properties = default.find(NAMES("style:paragraph-properties"))
            align = align or value(properties, "fo:text-align")
            mode = mode or value(properties, "style:writing-mode")
        return ParagraphStyle(part, level, align, mode.startswith("rl"))


def said(properties: Element | None) -> dict[str, bool]:
    """Of the marks that text properties speak of, whether they are on."""
    found: dict[str, bool] = {}
    if weight := value(properties, "fo:font-weight"):
        found["bold"] = weight == "bold" or count(weight, 0, 1000) >= 600
    if slant := value(properties, "fo:font-style"):
        found["italic"] = slant != "normal"
    for name, mark in (
        ("style:text-line-through", "strike"), ("style:text-underline", "underline"),
    ):  # fmt: skip
        told = [value(properties, f"{name}-{one}") for one in ("style", "type")]
        if any(told):
            found[mark] = "none" not in told
    if position := value(properties, "style:text-position").split():
        first = position[0]
        found["superscript"] = first == "super" or (first[:1].isdigit() and first != "0%")
        found["subscript"] = first == "sub" or first[:1] == "-"
    if ground := value(properties, "fo:background-color"):
        found["highlight"] = ground != "transparent"
    return found


def shown_name(style: Element) -> str:
    """The name that people see, in lower case."""
    name = value(style, "style:display-name")
    if not name:
        name = _HEX.sub(lambda found: chr(int(found[1], 16)), value(style, "style:name"))
    return name.lower()


def _text_properties(style: Element) -> Element | None:
    return style.find(NAMES("style:text-properties"))
