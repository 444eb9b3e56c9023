"""Small Word files, made of the XML of their bodies."""

from __future__ import annotations

import io
import zipfile

from hub.formats.docx.names import NAMES
from hub.formats.office.xml import etree

_SPACES = " ".join(
    f'xmlns:{name}="{NAMES.spaces[name]}"'
    for name in ("w", "r", "wp", "a", "pic", "m", "mc", "w14", "v", "o", "c")
)
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships'
    '+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" '
    'ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_STYLES = (
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
    '</w:style><w:style w:type="paragraph" w:styleId="Kop1"><w:name w:val="heading 1"/>'
    '<w:basedOn w:val="Normal"/></w:style>'
)


def word_file(body: str, parts: dict[str, str | bytes] | None = None) -> bytes:
    """Args:
    parts: further ones by their names; ``comments``, ``footnotes``, ``numbering``: of the document,
        without their roots; names with a dot as they are, pictures with a relationship ``rIdP``.
    """
    given = {"styles": _STYLES, **(parts or {})}
    relations = [
        f'<Relationship Id="rId{at}" Type="{_TYPE}/{name}" Target="{name}.xml"/>'
        for at, name in enumerate(one for one in given if "." not in one)
    ]
    relations += [
        f'<Relationship Id="rIdP" Type="{_TYPE}/image" Target="{name.removeprefix("word/")}"/>'
        for name in given
        if name.startswith("word/media/")
    ]
    space = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", _TYPES)
        file.writestr(
            "_rels/.rels",
            f'<Relationships {space}><Relationship Id="r" Type="{_TYPE}/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
        )
        file.writestr(
            "word/document.xml",
            f"<w:document {_SPACES}><w:body>{body}<w:sectPr/></w:body></w:document>",
        )
        file.writestr(
            "word/_rels/document.xml.rels",
            f"<Relationships {space}>{''.join(relations)}</Relationships>",
        )
        for name, part in given.items():
            if "." in name:
                file.writestr(name, part)
            else:
                file.writestr(f"word/{name}.xml", f"<w:{name} {_SPACES}>{part}</w:{name}>")
    return made.getvalue()


def part_of(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return file.read(name)


def body_of(data: bytes) -> str:
    """The XML of a body, without the declarations of its spaces and the end of its section."""
    root = etree.fromstring(part_of(data, "word/document.xml"))
    body = root.find(NAMES("w:body"))
    made = "".join(etree.tostring(one, encoding="unicode", with_tail=False) for one in body)
    for name, space in NAMES.spaces.items():
        made = made.replace(f' xmlns:{name}="{space}"', "")
    return made.removesuffix("<w:sectPr/>")
