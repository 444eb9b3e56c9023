"""Small OpenDocument texts, made of the XML of their bodies."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from hub.formats.odt.names import NAMES
from hub.formats.office.xml import etree

_SPACES = " ".join(f'xmlns:{name}="{one}"' for name, one in NAMES.spaces.items() if name != "xml")
TYPE = "application/vnd.oasis.opendocument.text"
_COMMON = (
    '<style:style style:name="Standard" style:family="paragraph"/><style:style'
    ' style:name="Heading_20_1" style:display-name="Heading 1" style:family="paragraph"/>'
)


def odt_file(
    body: str, automatic: str = "", common: str = "", parts: Mapping[str, bytes] | None = None
) -> bytes:
    """Args:
    automatic: styles of the content, ``common``: those that people choose from.
    parts: further ones.
    """
    given = dict(parts or {})
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type=""/>'
        for name in ("content.xml", "styles.xml", *given)
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("mimetype"), TYPE)
        file.writestr(
            "content.xml",
            f'<office:document-content {_SPACES} office:version="1.3"><office:automatic-styles>'
            f"{automatic}</office:automatic-styles><office:body><office:text>{body}"
            "</office:text></office:body></office:document-content>",
        )
        file.writestr(
            "styles.xml",
            f'<office:document-styles {_SPACES} office:version="1.3"><office:styles>{_COMMON}'
            f"{common}</office:styles></office:document-styles>",
        )
        for name, data in given.items():
            file.writestr(name, data)
        file.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest {_SPACES} manifest:version="1.3">{entries}</manifest:manifest>',
        )
    return made.getvalue()


def part_of(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return file.read(name).decode()


def body_of(data: bytes) -> str:
    """The blocks of a file, as XML without the declarations of spaces."""
    root = etree.fromstring(part_of(data, "content.xml").encode())
    text = root.find(f"{NAMES('office:body')}/{NAMES('office:text')}")
    made: str = "".join(etree.tostring(one, encoding="unicode") for one in text)
    for name, space in NAMES.spaces.items():
        made = made.replace(f' xmlns:{name}="{space}"', "")
    return made
