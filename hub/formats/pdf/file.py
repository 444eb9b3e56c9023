"""A document as a PDF file, set by Typst (Apache-2.0): tagged, and where what it says allows that
also PDF/A-2u and PDF/UA-1.

Source: typst.app/docs; the API of the package ``typst`` 0.15.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import typst

from hub.formats import ydoc
from hub.formats.office.pictures import wanted
from hub.formats.pdf.pages import Data, Pages
from hub.formats.work import About, Given
from hub.sandbox.frames import Part, WorkError

_PAGE: Final = Path(__file__).with_name("page.typ").read_bytes()
_FONTS: Final = (
    "Libertinus Serif", "Noto Serif", "DejaVu Sans", "Noto Sans Symbols 2", "Noto Serif CJK SC",
    "Noto Sans CJK SC", "Noto Color Emoji", "DejaVu Sans Mono",
)  # fmt: skip
"""The first and the last come with Typst. After these any that the machine has."""
_STANDARDS: Final[tuple[list[typst.PDFStandard], ...]] = (["a-2u", "ua-1"], ["a-2u"], [])
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f]"
)
"""What is no sign of its own: joiners, selectors of variants, turns of direction."""
_NO_GLYPH: Final = re.compile(r'the text `"(.+?)"` could not be displayed')


def made(state: bytes, about: About, given: Given) -> Iterator[Part]:
    """The file (``hub.formats.work.Making``); ``missing``: characters that no font here has."""
    if about.kind == "text":
        yield _file(Pages({}).of_text(about.title, ydoc.text_of(state)), about)
        return
    nodes = ydoc.tree_of(state)
    if given.pictures is None and (needed := wanted(nodes, ())):
        yield Part("wanted", {"attachments": needed})
        return
    yield _file(Pages(given.pictures or {}).of(about.title, nodes), about)


def _file(data: Data, about: About) -> Part:
    fonts = typst.Fonts()
    known = set(fonts.families())
    given = msgspec.json.encode(data | {"fonts": [one for one in _FONTS if one in known]}).decode()
    compiler = typst.Compiler(font_paths=fonts, sys_inputs={"document": given})
    missing: dict[str, None] = {}
    for standards in _STANDARDS:
        try:
            body = compiler.compile(
                _PAGE, format="pdf", pdf_standards=standards, timestamp=about.changed_s
            )
        except typst.TypstError as error:
            missing |= dict.fromkeys(_characters(error.diagnostic))
            if standards:
                continue
            raise WorkError("damaged", error.message[:200]) from None
        assert isinstance(body, bytes)
        return Part("file", {"missing": "".join(missing)}, body)
    raise AssertionError


def _characters(diagnostic: str) -> Iterator[str]:
    """Those that no font has, of what Typst complains of; but for those that nobody would see."""
    for found in _NO_GLYPH.findall(diagnostic):
        text = _ESCAPED.sub(lambda one: chr(int(one[1], 16)), found)
        yield from (one for one in text if not _UNSEEN.match(one))
