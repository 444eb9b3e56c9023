"""A Word file without words: A4, with the styles that documents use, under the names that Word and
others know them by.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from hub.formats.office.package import packed
from hub.formats.office.xml import clean
from hub.formats.work import About

_W: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MONO: Final = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas" w:cs="Courier New"/>'
_HEADINGS: Final = ((36, 360, 120), (30, 300, 100), (26, 260, 80), (24, 220, 60), (22, 200, 60),
                    (22, 200, 60))  # fmt: skip
"""Size in half-points, space above and below in twentieths of a point."""

_TYPES: Final = f"""{_HEAD}<Types xmlns="{_PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>\
<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/>\
<Override PartName="/word/settings.xml" ContentType="{_WORD}.settings+xml"/>\
<Override PartName="/docProps/core.xml" \
ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>"""

_ROOT: Final = f"""{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>\
<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" \
Target="docProps/core.xml"/></Relationships>"""

_RELATED: Final = f"""{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/>\
<Relationship Id="rId2" Type="{_OFFICE}/settings" Target="settings.xml"/></Relationships>"""

_BODY: Final = f"""{_HEAD}<w:document {_W} xmlns:r="{_OFFICE}"><w:body>\
<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1418" w:right="1418" w:bottom="1418" \
w:left="1418" w:header="708" w:footer="708" w:gutter="0"/></w:sectPr></w:body></w:document>"""

_SETTINGS: Final = f"""{_HEAD}<w:settings {_W}><w:defaultTabStop w:val="708"/><w:compat>\
<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" \
w:val="15"/></w:compat></w:settings>"""

_CORE: Final = f"""{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" \
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>%s</dc:title></cp:coreProperties>"""


def blank(about: About) -> bytes:
    """The file; nothing in it tells when it was made."""
    return packed({
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _ROOT,
        "word/document.xml": _BODY,
        "word/_rels/document.xml.rels": _RELATED,
        "word/styles.xml": _styles(),
        "word/settings.xml": _SETTINGS,
        "docProps/core.xml": _CORE % escape(clean(about.title)),
    })  # fmt: skip


def _styles() -> str:
    styles = [
        _style("paragraph", "Normal", "Normal", "<w:qFormat/>", default=True),
        _style("character", "DefaultParagraphFont", "Default Paragraph Font", "", default=True),
        _style(
            "table", "TableNormal", "Normal Table", '<w:tblPr><w:tblInd w:w="0" w:type="dxa"/>'
            '<w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/>'
            '<w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar>'
            "</w:tblPr>", default=True,
        ),
        *(_heading(level, *sizes) for level, sizes in enumerate(_HEADINGS, 1)),
        _style(
            "paragraph", "Quote", "Quote", '<w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:pBdr>'
            '<w:left w:val="single" w:sz="12" w:space="10" w:color="BFBFBF"/></w:pBdr>'
            '<w:ind w:left="360" w:right="360"/></w:pPr><w:rPr><w:color w:val="404040"/></w:rPr>',
        ),
        _style(
            "paragraph", "SourceCode", "Source Code", '<w:basedOn w:val="Normal"/><w:qFormat/>'
            '<w:pPr><w:shd w:val="clear" w:color="auto" w:fill="F3F3F3"/>'
            f'<w:spacing w:line="240" w:lineRule="auto"/></w:pPr><w:rPr>{_MONO}<w:noProof/>'
            '<w:sz w:val="19"/></w:rPr>',
        ),
        _style(
            "character", "VerbatimChar", "Verbatim Char", f"<w:rPr>{_MONO}<w:noProof/>"
            '<w:sz w:val="20"/></w:rPr>',
        ),
        _style(
            "character", "Hyperlink", "Hyperlink",
            '<w:rPr><w:color w:val="0563C1"/><w:u w:val="single"/></w:rPr>',
        ),
    ]  # fmt: skip
    return (
        f"{_HEAD}<w:styles {_W}><w:docDefaults><w:rPrDefault><w:rPr>"
        '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="Calibri" w:cs="Calibri"/>'
        '<w:sz w:val="22"/><w:szCs w:val="22"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>'
        '<w:spacing w:after="120" w:line="264" w:lineRule="auto"/></w:pPr></w:pPrDefault>'
        f"</w:docDefaults>{''.join(styles)}</w:styles>"
    )


def _style(kind: str, name: str, title: str, rest: str, *, default: bool = False) -> str:
    first = ' w:default="1"' if default else ""
    return (
        f'<w:style w:type="{kind}"{first} w:styleId="{name}">'
        f'<w:name w:val="{title}"/>{rest}</w:style>'
    )


def _heading(level: int, size: int, above: int, below: int) -> str:
    return _style(
        "paragraph", f"Heading{level}", f"heading {level}",
        '<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/>'
        f'<w:keepLines/><w:spacing w:before="{above}" w:after="{below}"/>'
        f'<w:outlineLvl w:val="{level - 1}"/></w:pPr><w:rPr><w:b/><w:bCs/><w:sz w:val="{size}"/>'
        f'<w:szCs w:val="{size}"/></w:rPr>',
    )  # fmt: skip
