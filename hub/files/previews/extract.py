"""Words of office documents, for search: read from their XML, without LibreOffice.

An office file is a zip file of XML. Both can be bombs: what is inflated has a cap, and an XML file
that declares an entity is refused.

Source: ECMA-376 (docx, xlsx, pptx), OpenDocument 1.3 part 3.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, Final, NoReturn
from xml.parsers import expat

from hub.sandbox.frames import Part, WorkError

TEXT_BYTES: Final = 2 << 20
INFLATED_BYTES: Final = 128 << 20
MAX_ENTRIES: Final = 10_000
_CHUNK_BYTES: Final = 1 << 16

_W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_A: Final = "http://schemas.openxmlformats.org/drawingml/2006/main "
_S: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_T: Final = "urn:oasis:names:tc:opendocument:xmlns:text:1.0 "
_TABLE: Final = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "

# Elements whose characters are text, those that mean a character, and those that are no text
# although they hold some.
_TEXT: Final = {_W + "t", _A + "t", _S + "t", _S + "v", _T + "p", _T + "h"}
_MEANS: Final = {
    _W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _A + "br": "\n",
    _T + "tab": "\t", _T + "line-break": "\n", _T + "s": " ",
}  # fmt: skip
_ENDS: Final = {
    _W + "p": "\n", _A + "p": "\n", _S + "si": "\n", _S + "c": "\t", _S + "row": "\n",
    _T + "p": "\n", _T + "h": "\n",
}  # fmt: skip
_SKIPPED: Final = {_T + "tracked-changes", _S + "rPh", _T + "note-citation"}

# Which files of the zip file, in which order.
_PLACES: Final = (
    r"word/document\.xml",
    r"word/(?:footnotes|endnotes|comments|header\d+|footer\d+)\.xml",
    r"xl/workbook\.xml",
    r"xl/sharedStrings\.xml",
    r"xl/worksheets/sheet\d+\.xml",
    r"ppt/slides/slide\d+\.xml",
    r"ppt/notesSlides/notesSlide\d+\.xml",
    r"content\.xml",
)


class _Full(Exception):
    """There is as much text as was asked for."""


def text(
    file: BinaryIO, text_bytes: int = TEXT_BYTES, inflated_bytes: int = INFLATED_BYTES
) -> Iterator[Part]:
    """``text {truncated}`` with UTF-8 of a docx, xlsx, pptx, odt, ods or odp file.

    Args:
        text_bytes: where it is cut.
        inflated_bytes: of XML, above which the file is refused.

    Raises:
        WorkError: a bomb, damaged, encrypted, or no such file.
    """
    if file.read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise WorkError("unsupported", "encrypted, or of before 2007")
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = _entries(archive)
            gathered = _Gathered(text_bytes)
            left = inflated_bytes
            for entry in entries:
                left = gathered.read(archive, entry, left)
                if gathered.full:
                    break
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise WorkError("damaged", str(error)) from error
    except expat.ExpatError as error:
        raise WorkError("damaged", f"XML: {error}") from error
    body = "".join(gathered.parts).encode("utf-8", "replace")
    cut = body[:text_bytes].decode("utf-8", "ignore").encode()
    yield Part("text", {"truncated": gathered.full or len(cut) < len(body)}, cut)


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise WorkError("too_large", f"{len(infos)} entries")
    found: list[tuple[int, int, str, zipfile.ZipInfo]] = []
    for info in infos:
        for place, pattern in enumerate(_PLACES):
            if re.fullmatch(pattern, info.filename):
                number = re.search(r"(\d+)\.xml", info.filename)
                found.append((place, int(number[1][:9]) if number else 0, info.filename, info))
    if not found:
        raise WorkError("unsupported", "no office document")
    for *_, info in found:
        if info.flag_bits & 1:
            raise WorkError("unsupported", "encrypted")
        # The others cannot be inflated a little at a time.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise WorkError("unsupported", "an uncommon compression")
    return [one[3] for one in sorted(found, key=lambda one: one[:3])]


class _Gathered:
    """The text of one file after another.

    Attributes:
        full: there is more that was not taken.
    """

    def __init__(self, text_bytes: int) -> None:
        self.parts: list[str] = []
        self.full = False
        self._left = text_bytes
        self._text = 0
        self._skipped = 0
        self._shared = False

    def read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> int:
        """Returns how many bytes may still be inflated."""
        self._text = self._skipped = 0
        self._shared = False
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        parser.UnparsedEntityDeclHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            with archive.open(entry) as source:
                while chunk := source.read(min(_CHUNK_BYTES, left + 1)):
                    left -= len(chunk)
                    if left < 0:
                        raise WorkError("too_large", "more XML than allowed")
                    parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except _Full:
            self.full = True
        return left

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name in _SKIPPED:
            self._skipped += 1
        elif name == _S + "c":
            self._shared = attributes.get("t") == "s"  # a number of a string that was read before
        elif name in _TEXT:
            self._text += 1
        elif name == _T + "s":
            count = attributes.get(_T + "c", "1")
            self._add(" " * min(int(count) if count.isdecimal() and len(count) < 6 else 1, 1000))
        elif name in _MEANS:
            self._add(_MEANS[name])
        elif name == _S + "sheet":
            self._add(attributes.get("name", "") + "\n")
        elif name == _TABLE + "table":
            self._add(attributes.get(_TABLE + "name", "") + "\n")

    def _end(self, name: str) -> None:
        if name in _SKIPPED:
            self._skipped -= 1
        elif name in _TEXT:
            self._text -= 1
        if name in _ENDS:
            self._add(_ENDS[name])

    def _characters(self, data: str) -> None:
        if self._text and not self._shared:
            self._add(data)

    def _add(self, data: str) -> None:
        if self._skipped:
            return
        if self._left <= 0:
            raise _Full
        self.parts.append(data[: self._left + 1])
        self._left -= len(data)


def _refuse(*_: object) -> NoReturn:
    raise WorkError("damaged", "XML with an entity of its own")
