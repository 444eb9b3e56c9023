"""New parts of an OpenDocument text: styles, lists, pictures, notes, tables."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Final

from hub.formats.odt.names import NAMES, new, value
from hub.formats.odt.parts import Parts
from hub.formats.odt.styles import Styles
from hub.formats.office.images import size_px
from hub.formats.office.xml import Element, etree
from hub.formats.pictures import kind_of

MAX_WIDTH_PX: Final = 600
"""Of a new picture: the text of a page of A4."""
_COMMON: Final = {
    "quote": ("Quotations", "Quotations", ("quotations", "quote", "block text")),
    "source code": (
        "Preformatted_20_Text", "Preformatted Text", ("preformatted text", "source code"),
    ),
    "rule": ("Horizontal_20_Line", "Horizontal Line", ("horizontal line",)),
    "code": ("Source_20_Text", "Source Text", ("source text", "source_text", "teletype")),
}  # fmt: skip
_MONO: Final = (
    '<style:text-properties style:font-name="Liberation Mono" fo:font-family="\'Liberation Mono\'"'
    ' style:font-family-generic="modern" style:font-pitch="fixed"/>'
)
_LOOKS: Final = {
    "quote": '<style:paragraph-properties fo:margin-left="1cm" fo:margin-right="1cm"/>',
    "source code": _MONO,
    "rule": '<style:paragraph-properties fo:border-bottom="0.5pt solid #808080"'
    ' fo:margin-bottom="0.5cm"/>',
    "code": _MONO,
}
_SIZES: Final = {1: "130%", 2: "115%", 3: "105%", 4: "100%", 5: "95%", 6: "90%"}
_ON: Final = {
    "bold": {"fo:font-weight": "bold"},
    "italic": {"fo:font-style": "italic"},
    "strike": {"style:text-line-through-style": "solid", "style:text-line-through-type": "single"},
    "underline": {
        "style:text-underline-style": "solid", "style:text-underline-width": "auto",
        "style:text-underline-color": "font-color",
    },
    "highlight": {"fo:background-color": "#ffff00"},
    "superscript": {"style:text-position": "super 58%"},
    "subscript": {"style:text-position": "sub 58%"},
}  # fmt: skip
_OFF: Final = {
    "bold": {"fo:font-weight": "normal"},
    "italic": {"fo:font-style": "normal"},
    "strike": {"style:text-line-through-style": "none", "style:text-line-through-type": "none"},
    "underline": {"style:text-underline-style": "none"},
    "highlight": {"fo:background-color": "transparent"},
    "superscript": {"style:text-position": "0% 100%"},
    "subscript": {"style:text-position": "0% 100%"},
}
_BULLETS: Final = "•◦▪"


class Making:
    def __init__(self, parts: Parts, styles: Styles) -> None:
        self._parts = parts
        self._styles = styles
        self._made: dict[str, str] = {}
        self._derived: dict[bytes, str] = {}
        self._lists: dict[str, str] = {}
        self._names: dict[str, int] = {}

    # --- styles -----------------------------------------------------------------------------------

    def style(self, name: str) -> str:
        """The style that people would choose, made if there is none: ``heading 1`` to
        ``heading 6``, or one of ``_COMMON``."""
        if name not in self._made:
            names = (name,) if name.startswith("heading ") else _COMMON[name][2]
            found = self._styles.named("text" if name == "code" else "paragraph", *names)
            self._made[name] = found if found is not None else self._new_style(name)
        return self._made[name]

    def _new_style(self, name: str) -> str:
        if name.startswith("heading "):
            level = int(name.rpartition(" ")[2])
            id_, shown = f"Heading_20_{level}", f"Heading {level}"
            more = f' style:default-outline-level="{level}"'
            look = (
                '<style:paragraph-properties fo:margin-top="0.4cm" fo:margin-bottom="0.2cm"'
                ' fo:keep-with-next="always"/><style:text-properties'
                f' fo:font-size="{_SIZES[level]}" fo:font-weight="bold"/>'
            )
        else:
            id_, shown, _ = _COMMON[name]
            more, look = "", _LOOKS[name]
        family = "text" if name == "code" else "paragraph"
        while self._styles.has(family, id_):
            id_ += "_hub"
        if family == "paragraph" and self._styles.has("paragraph", "Standard"):
            more += ' style:parent-style-name="Standard" style:class="text"'
        made = _xml(
            f'<style:style style:name="{id_}" style:display-name="{shown}"'
            f' style:family="{family}"{more}>{look}</style:style>'
        )
        self._parts.common_styles().append(made)
        self._styles.learn(made, automatic=False)
        return id_

    def text_style(self, marks: Mapping[str, bool]) -> str:
        """An automatic style that turns marks on or off."""
        off = {name: one for mark, on in marks.items() if not on and mark in _OFF
               for name, one in _OFF[mark].items()}  # fmt: skip
        properties = off | {
            name: one for mark, on in marks.items() if on and mark in _ON
            for name, one in _ON[mark].items()
        }  # fmt: skip
        made = new("style:style", {"style:family": "text"})
        if marks.get("code"):
            made.set(NAMES("style:parent-style-name"), self.style("code"))
        if properties:
            told = etree.SubElement(made, NAMES("style:text-properties"))
            for name, one in sorted(properties.items()):
                told.set(NAMES(name), one)
        return self._named(made, "H")

    def paragraph_style(self, base: str, change: Callable[[Element], None]) -> str:
        """A style like another one with other properties; the same, where these are no others.

        Args:
            change: of a ``style:style``.
        """
        known = self._styles.get("paragraph", base)
        if known is not None and self._styles.is_automatic("paragraph", base):
            made = copy.deepcopy(known)
            made.tail = None
            made.attrib.pop(NAMES("style:name"), None)
        else:
            made = new("style:style", {"style:family": "paragraph"})
            if base:
                made.set(NAMES("style:parent-style-name"), base)
        before = etree.tostring(made)
        change(made)
        return base if etree.tostring(made) == before else self._named(made, "HP")

    def _named(self, style: Element, prefix: str) -> str:
        """The automatic style that is such a one."""
        said = etree.tostring(style, method="c14n", exclusive=True)
        if said not in self._derived:
            family = value(style, "style:family")
            name = self._unused(prefix, lambda one: self._styles.has(family, one))
            style.set(NAMES("style:name"), name)
            self._parts.automatic_styles().append(style)
            self._styles.learn(style, automatic=True)
            self._derived[said] = name
        return self._derived[said]

    def _unused(self, prefix: str, known: Callable[[str], bool]) -> str:
        while True:
            self._names[prefix] = self._names.get(prefix, 0) + 1
            if not known(name := f"{prefix}{self._names[prefix]}"):
                return name

    # --- lists ------------------------------------------------------------------------------------

    def numbering(self, kind: str) -> str:
        """The style of a new list: ``bullet``, ``ordered`` or ``more``."""
        if kind not in self._lists:
            name = self._unused("HL", lambda one: self._styles.has("list", one))
            levels = "".join(_level(kind, at) for at in range(10))
            made = _xml(f'<text:list-style style:name="{name}">{levels}</text:list-style>')
            self._parts.automatic_styles().append(made)
            self._styles.learn(made, automatic=True)
            self._lists[kind] = name
        return self._lists[kind]

    # --- pictures ---------------------------------------------------------------------------------

    def picture(self, data: bytes, alt: str) -> Element | None:
        """A frame with a picture; null where it is none that word processors show."""
        kind = kind_of(data)
        if kind is None or (size := size_px(data)) is None:
            return None
        width, height = size
        if width > MAX_WIDTH_PX:
            width, height = MAX_WIDTH_PX, max(1, height * MAX_WIDTH_PX // width)
        name = self._frame_name()
        made = _xml(
            f'<draw:frame draw:name="{name}" text:anchor-type="as-char"'
            f' svg:width="{width / 96:.4f}in" svg:height="{height / 96:.4f}in">'
            f'<draw:image xlink:href="{self._parts.picture(data, *kind)}" xlink:type="simple"'
            ' xlink:show="embed" xlink:actuate="onLoad"/></draw:frame>'
        )
        describe(made, alt)
        return made

    def _frame_name(self) -> str:
        known = {value(one, "draw:name") for one in self._parts.body.iter(NAMES("draw:frame"))}
        return self._unused("Picture ", lambda one: one in known)

    # --- notes ------------------------------------------------------------------------------------

    def note(self, name: str) -> Element:
        """A footnote without words."""
        made = _xml(
            '<text:note text:note-class="footnote"><text:note-citation>*</text:note-citation>'
            "<text:note-body/></text:note>"
        )
        made.set(NAMES("text:id"), name)
        return made

    # --- tables -----------------------------------------------------------------------------------

    def table(self, columns: int) -> Element:
        """Without rows."""
        known = {value(one, "table:name") for one in self._parts.body.iter(NAMES("table:table"))}
        name = self._unused("Table_hub", lambda one: one in known)
        return _xml(
            f'<table:table table:name="{name}"><table:table-column'
            f' table:number-columns-repeated="{max(1, columns)}"/></table:table>'
        )

    def cell(self) -> Element:
        """With borders, without words."""
        made = new("style:style", {"style:family": "table-cell"})
        look = {"fo:border": "0.5pt solid #000000", "fo:padding": "0.1cm"}
        made.append(new("style:table-cell-properties", look))
        style = self._named(made, "HC")
        given = {"table:style-name": style, "office:value-type": "string"}
        return new("table:table-cell", given)


def describe(frame: Element, alt: str) -> None:
    """What a picture shows, in words."""
    before = " ".join(
        one.text or "" for name in ("svg:desc", "svg:title") for one in
        frame.iterfind(NAMES(name))
    ).strip()  # fmt: skip
    if before == alt:
        return
    for name in ("svg:desc", "svg:title"):
        for one in frame.findall(NAMES(name)):
            frame.remove(one)
    if alt:
        told = new("svg:desc")
        told.text = alt
        last = [one for one in frame if one.tag in _BEFORE_DESCRIPTION]
        frame.insert(frame.index(last[-1]) + 1 if last else 0, told)


_BEFORE_DESCRIPTION: Final = frozenset(
    NAMES(f"draw:{one}")
    for one in ("image", "object", "object-ole", "text-box", "plugin", "applet", "floating-frame")
)


def is_mark_style(style: Element | None) -> bool:
    """Whether a style of words says nothing but marks, and is one that nobody chose."""
    if style is None or value(style, "style:parent-style-name"):
        return False
    properties = [one for one in style if isinstance(one.tag, str)]
    return all(
        one.tag == NAMES("style:text-properties") and len(one) == 0
        and {*one.attrib} <= _MARKED for one in properties
    )  # fmt: skip


_MARKED: Final = frozenset(
    NAMES(name) for told in (*_ON.values(), *_OFF.values()) for name in told
) | frozenset(
    NAMES(f"style:{name}")
    for name in (
        "font-weight-asian", "font-weight-complex", "font-style-asian", "font-style-complex",
        "text-underline-type", "text-underline-mode", "text-line-through-mode",
        "text-line-through-width", "text-line-through-color",
    )
)  # fmt: skip


def _level(kind: str, at: int) -> str:
    indent = 0.5 * (at + 1)
    place = (
        '<style:list-level-properties text:list-level-position-and-space-mode="label-alignment">'
        '<style:list-level-label-alignment text:label-followed-by="listtab"'
        f' text:list-tab-stop-position="{indent}in" fo:text-indent="-0.25in"'
        f' fo:margin-left="{indent}in"/></style:list-level-properties>'
    )
    if kind == "bullet":
        sign = f'text:bullet-char="{_BULLETS[at % 3]}"'
        return (
            f'<text:list-level-style-bullet text:level="{at + 1}" {sign}>{place}'
            "</text:list-level-style-bullet>"
        )
    format_ = ("1", "a", "i")[at % 3] if kind == "ordered" else ""
    suffix = ' style:num-suffix="."' if kind == "ordered" else ""
    return (
        f'<text:list-level-style-number text:level="{at + 1}" style:num-format="{format_}"{suffix}>'
        f"{place}</text:list-level-style-number>"
    )


def _xml(text: str) -> Element:
    spaces = " ".join(
        f'xmlns:{name}="{one}"' for name, one in NAMES.spaces.items() if name != "xml"
    )
    return etree.fromstring(f"<x {spaces}>{text}</x>")[0]
