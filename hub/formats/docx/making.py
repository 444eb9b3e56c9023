"""New parts of a Word file: styles, lists, pictures, tables that it did not have."""

from __future__ import annotations

from typing import Final

from hub.formats.docx.names import NAMES, value
from hub.formats.docx.parts import Parts
from hub.formats.docx.styles import Styles
from hub.formats.office.images import size_px
from hub.formats.office.xml import Element, etree
from hub.formats.pictures import kind_of
from hub.ids import sha256

MAX_WIDTH_PX: Final = 600
"""Of a new picture: the text of a page of A4."""
_EMU_PER_PX: Final = 9525
_W: Final = NAMES.spaces["w"]
_MONO: Final = '<w:rFonts w:ascii="Courier New" w:hAnsi="Courier New" w:cs="Courier New"/>'
_SIZES: Final = {1: 32, 2: 28, 3: 26, 4: 24, 5: 22, 6: 22}  # half-points
_STYLES: Final = {
    "quote": (
        "paragraph", "Quote", '<w:pPr><w:ind w:left="720" w:right="720"/></w:pPr>'
        "<w:rPr><w:i/></w:rPr>",
    ),
    "source code": ("paragraph", "Source Code", f"<w:rPr>{_MONO}</w:rPr>"),
    "verbatim char": ("character", "Verbatim Char", f"<w:rPr>{_MONO}</w:rPr>"),
    "hyperlink": (
        "character", "Hyperlink", '<w:rPr><w:color w:val="0563C1"/><w:u w:val="single"/></w:rPr>',
    ),
}  # fmt: skip
_ALIASES: Final = {
    "quote": ("quote", "block text", "quotations", "intense quote"),
    "source code": ("source code", "html preformatted", "preformatted text"),
    "verbatim char": ("verbatim char", "html code", "source text", "code"),
    "hyperlink": ("hyperlink", "internet link"),
}
_BULLETS: Final = "•◦▪"


class Making:
    def __init__(self, parts: Parts, styles: Styles) -> None:
        self._parts = parts
        self._styles = styles
        self._made: dict[str, str] = {}
        self._abstract: dict[str, str] = {}
        self._drawings = 0

    # --- styles -----------------------------------------------------------------------------------

    def style(self, name: str) -> str:
        """The id of the style of this name, made if there is none: ``heading 1`` to ``heading 6``,
        or one of ``_STYLES``."""
        if name not in self._made:
            heading = name.startswith("heading ")
            kind = "paragraph" if heading else _STYLES[name][0]
            names = (name,) if heading else _ALIASES[name]
            found = self._styles.named(
                "character" if kind == "character" else "paragraph", *names
            )  # fmt: skip
            self._made[name] = found if found is not None else self._new_style(name)
        return self._made[name]

    def _new_style(self, name: str) -> str:
        if name.startswith("heading "):
            level = int(name.rpartition(" ")[2])
            kind, title = "paragraph", name
            body = (
                f'<w:next w:val="{self._styles.default or "Normal"}"/>'
                '<w:pPr><w:keepNext/><w:spacing w:before="240" w:after="80"/>'
                f'<w:outlineLvl w:val="{level - 1}"/></w:pPr>'
                f'<w:rPr><w:b/><w:sz w:val="{_SIZES[level]}"/></w:rPr>'
            )
        else:
            kind, title, body = _STYLES[name]
        root = self._parts.begun("styles")
        known = {value(one, "w:styleId") for one in root.iterfind(NAMES("w:style"))}
        id_ = base = title.title().replace(" ", "")
        number = 1
        while id_ in known:
            number += 1
            id_ = f"{base}{number}"
        based = "" if kind == "character" or self._styles.default is None else (
            f'<w:basedOn w:val="{self._styles.default}"/>'
        )  # fmt: skip
        made = _xml(
            f'<w:style w:type="{kind}" w:styleId="{id_}"><w:name w:val="{title}"/>{based}'
            f"{body}</w:style>"
        )
        root.append(made)
        self._styles.learn(made)
        return id_

    # --- lists ------------------------------------------------------------------------------------

    def numbering(self, kind: str, start: int = 1) -> str:
        """The number of a new list: ``bullet``, ``ordered``, ``checked``, ``unchecked`` or
        ``more``."""
        root = self._parts.begun("numbering")
        if kind not in self._abstract:
            self._abstract[kind] = self._new_abstract(root, kind)
        number = str(1 + _most(root, "w:num", "w:numId"))
        made = etree.SubElement(root, NAMES("w:num"), {NAMES("w:numId"): number})
        etree.SubElement(
            made, NAMES("w:abstractNumId"), {NAMES("w:val"): self._abstract[kind]}
        )  # fmt: skip
        if kind == "ordered":
            for level in range(9):
                made.append(_xml(
                    f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="'
                    f'{start if level == 0 else 1}"/></w:lvlOverride>'
                ))  # fmt: skip
        cleanup = root.find(NAMES("w:numIdMacAtCleanup"))
        if cleanup is not None:
            root.append(cleanup)  # it comes last
        return number

    def _new_abstract(self, root: Element, kind: str) -> str:
        name = str(1 + _most(root, "w:abstractNum", "w:abstractNumId"))
        levels = []
        for level in range(9):
            indent = 720 * (level + 1)
            text = {
                "bullet": _BULLETS[level % 3], "more": " ", "ordered": f"%{level + 1}.",
                "checked": "☒", "unchecked": "☐",
            }[kind]  # fmt: skip
            format_ = ("decimal", "lowerLetter", "lowerRoman")[level % 3]
            levels.append(
                f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="'
                f'{format_ if kind == "ordered" else "bullet"}"/><w:lvlText w:val="{text}"/>'
                f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{indent}" w:hanging="360"/>'
                "</w:pPr></w:lvl>"
            )
        made = _xml(
            f'<w:abstractNum w:abstractNumId="{name}"><w:multiLevelType w:val="multilevel"/>'
            f"{''.join(levels)}</w:abstractNum>"
        )
        first = root.find(NAMES("w:num"))
        if first is None:
            root.append(made)
        else:
            first.addprevious(made)
        return name

    # --- pictures ---------------------------------------------------------------------------------

    def picture(self, part: str, data: bytes, alt: str) -> Element | None:
        """A drawing of a picture; null where it is none that Word shows."""
        kind = kind_of(data)
        if kind is None or (size := size_px(data)) is None:
            return None
        width, height = size
        if width > MAX_WIDTH_PX:
            width, height = MAX_WIDTH_PX, max(1, height * MAX_WIDTH_PX // width)
        relationship = self._parts.picture(part, data, *kind)
        number = self.drawing()
        cx, cy = width * _EMU_PER_PX, height * _EMU_PER_PX
        made = _xml(
            '<w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
            f'<wp:extent cx="{cx}" cy="{cy}"/><wp:docPr id="{number}" name="Picture {number}"/>'
            '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/'
            f'picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="{number}" name="Picture {number}"/>'
            "<pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>"
            f'<a:blip r:embed="{relationship}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
            f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{cx}" cy="{cy}"/></a:xfrm>'
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
            "</a:graphicData></a:graphic></wp:inline></w:drawing>"
        )
        if alt:
            next(made.iter(NAMES("wp:docPr"))).set("descr", alt)
        return made

    def drawing(self) -> str:
        """An id that no drawing of the document has."""
        if not self._drawings:
            told = self._parts.root(self._parts.main).iter(NAMES("wp:docPr"))
            known = [one.get("id") or "" for one in told]
            self._drawings = max((int(one) for one in known if one.isdigit()), default=0)
        self._drawings += 1
        return str(self._drawings)

    # --- footnotes --------------------------------------------------------------------------------

    def note(self, name: str) -> str:
        """The id that a footnote of this name has in a file."""
        if name.isdigit() and 0 < int(name) < 1 << 30:
            return name
        return str(int.from_bytes(sha256(name.encode())[:3], "big") + 1000)

    def new_note(self, number: str) -> Element:
        """One without words."""
        known = self._parts.of("footnotes")
        root = self._parts.begun("footnotes")
        if known is None:
            for at, kind in ((-1, "separator"), (0, "continuationSeparator")):
                root.append(_xml(
                    f'<w:footnote w:type="{kind}" w:id="{at}"><w:p><w:r><w:{kind}/></w:r></w:p>'
                    "</w:footnote>"
                ))  # fmt: skip
        return etree.SubElement(root, NAMES("w:footnote"), {NAMES("w:id"): number})

    # --- tables -----------------------------------------------------------------------------------

    def table(self, columns: int) -> Element:
        """Without rows."""
        sides = "".join(
            f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
            for side in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        grid = f'<w:gridCol w:w="{9000 // max(1, columns)}"/>' * columns
        return _xml(
            f'<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblBorders>{sides}'
            "</w:tblBorders></w:tblPr>"
            f"<w:tblGrid>{grid}</w:tblGrid></w:tbl>"
        )


def _xml(text: str) -> Element:
    spaces = " ".join(
        f'xmlns:{name}="{NAMES.spaces[name]}"' for name in ("w", "r", "wp", "a", "pic")
    )
    return etree.fromstring(f"<x {spaces}>{text}</x>")[0]


def _most(root: Element, name: str, attribute: str) -> int:
    numbers = [value(one, attribute) or "" for one in root.iterfind(NAMES(name))]
    return max((int(one) for one in numbers if one.isdigit()), default=0)
