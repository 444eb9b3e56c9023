"""An OpenDocument text without words: A4, with the styles that documents use, under the names that
LibreOffice knows them by.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from hub.formats.odt.names import NAMES
from hub.formats.office.package import packed
from hub.formats.office.xml import clean
from hub.formats.work import About

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TYPE: Final = "application/vnd.oasis.opendocument.text"
_SANS: Final = (
    'style:font-name="Carlito" fo:font-family="Carlito, Calibri, \'Liberation Sans\'" '
    'style:font-family-generic="swiss"'
)
_MONO: Final = (
    'style:font-name="Liberation Mono" fo:font-family="\'Liberation Mono\'" '
    'style:font-family-generic="modern" style:font-pitch="fixed"'
)
_HEADINGS: Final = (
    ("18pt", "0.63cm", "0.21cm"), ("15pt", "0.53cm", "0.18cm"), ("13pt", "0.46cm", "0.14cm"),
    ("12pt", "0.39cm", "0.11cm"), ("11pt", "0.35cm", "0.11cm"), ("11pt", "0.35cm", "0.11cm"),
)  # fmt: skip
"""Size, space above and below."""


def blank(about: About) -> bytes:
    """The file; nothing in it tells when it was made."""
    return packed({
        "mimetype": _TYPE,
        "META-INF/manifest.xml": _manifest(),
        "content.xml": _root(
            "document-content",
            "<office:automatic-styles/><office:body><office:text/></office:body>",
        ),
        "styles.xml": _root("document-styles", _styles()),
        "meta.xml": _root(
            "document-meta",
            f"<office:meta><dc:title>{escape(clean(about.title))}</dc:title></office:meta>",
        ),
    })  # fmt: skip


def _manifest() -> str:
    parts = (("/", _TYPE), *((name, "text/xml") for name in (
        "content.xml", "styles.xml", "meta.xml",
    )))  # fmt: skip
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'
        for name, kind in parts
    )
    space = NAMES.spaces["manifest"]
    return (
        f'{_HEAD}<manifest:manifest xmlns:manifest="{space}" manifest:version="1.3">{entries}'
        "</manifest:manifest>"
    )


def _root(name: str, inside: str) -> str:
    spaces = " ".join(
        f'xmlns:{one}="{NAMES.spaces[one]}"'
        for one in ("office", "style", "text", "table", "draw", "fo", "xlink", "svg", "dc")
    )
    return f'{_HEAD}<office:{name} {spaces} office:version="1.3">{inside}</office:{name}>'


def _styles() -> str:
    styles = [
        f'<style:default-style style:family="paragraph"><style:text-properties {_SANS} '
        'fo:font-size="11pt"/></style:default-style>',
        _style("Standard", "", '<style:paragraph-properties fo:margin-bottom="0.21cm" '
               'fo:line-height="110%"/>', parent=""),
        *(_heading(level, *sizes) for level, sizes in enumerate(_HEADINGS, 1)),
        _style("Quotations", "", '<style:paragraph-properties fo:margin-left="0.6cm" '
               'fo:margin-right="0.6cm" fo:padding-left="0.3cm" '
               'fo:border-left="1.5pt solid #bfbfbf"/>'),
        _style("Preformatted_20_Text", "Preformatted Text", "<style:paragraph-properties "
               f'fo:background-color="#f3f3f3"/><style:text-properties {_MONO} '
               'fo:font-size="9.5pt"/>'),
        _style("Horizontal_20_Line", "Horizontal Line", "<style:paragraph-properties "
               'fo:border-bottom="0.5pt solid #808080" fo:margin-bottom="0.5cm"/>'),
        _style("Footnote", "", '<style:text-properties fo:font-size="9pt"/>'),
        '<style:style style:name="Source_20_Text" style:display-name="Source Text" '
        f'style:family="text"><style:text-properties {_MONO}/></style:style>',
        '<text:notes-configuration text:note-class="footnote" style:num-format="1" '
        'text:start-value="0" text:footnotes-position="page" '
        'text:start-numbering-at="document"/>',
    ]  # fmt: skip
    page = (
        '<office:automatic-styles><style:page-layout style:name="A4"><style:page-layout-properties '
        'fo:page-width="21cm" fo:page-height="29.7cm" fo:margin-top="2.5cm" '
        'fo:margin-bottom="2.5cm" fo:margin-left="2.5cm" fo:margin-right="2.5cm"/>'
        "</style:page-layout></office:automatic-styles><office:master-styles>"
        '<style:master-page style:name="Standard" style:page-layout-name="A4"/>'
        "</office:master-styles>"
    )
    return f"<office:styles>{''.join(styles)}</office:styles>{page}"


def _style(name: str, title: str, inside: str, *, parent: str = "Standard") -> str:
    shown = f' style:display-name="{title}"' if title else ""
    above = f' style:parent-style-name="{parent}"' if parent else ""
    return (
        f'<style:style style:name="{name}"{shown} style:family="paragraph"{above}>{inside}'
        "</style:style>"
    )


def _heading(level: int, size: str, above: str, below: str) -> str:
    return (
        f'<style:style style:name="Heading_20_{level}" style:display-name="Heading {level}" '
        'style:family="paragraph" style:parent-style-name="Standard" '
        f'style:next-style-name="Standard" style:default-outline-level="{level}">'
        f'<style:paragraph-properties fo:margin-top="{above}" fo:margin-bottom="{below}" '
        f'fo:keep-with-next="always"/><style:text-properties fo:font-size="{size}" '
        'fo:font-weight="bold"/></style:style>'
    )
