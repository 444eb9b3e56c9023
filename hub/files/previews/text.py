"""Text of text files, whatever they are written in."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from hub.sandbox.frames import Part, WorkError

READ_BYTES: Final = 256 << 10

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Of these a text has none: what has more than a few is none.
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b"))
_FEW: Final = 0.01


def plain(file: BinaryIO, max_bytes: int = READ_BYTES) -> Iterator[Part]:
    """``text {encoding, truncated}`` with UTF-8 and lines that end with LF.

    Args:
        max_bytes: of the file, from its start.

    Raises:
        WorkError: ``unsupported``: it is no text.
    """
    data = file.read(max_bytes + 1)
    truncated = len(data) > max_bytes
    text, encoding = decoded(data[:max_bytes], whole=not truncated)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    yield Part("text", {"encoding": encoding, "truncated": truncated}, text.encode())


def decoded(data: bytes, *, whole: bool) -> tuple[str, str]:
    """Text, and what it was written in: by its mark, else UTF-8, else windows-1252.

    Args:
        whole: a character that is cut off at the end is an error, not the cut's doing.

    Raises:
        WorkError: ``unsupported``: it is no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            decoder = codecs.getincrementaldecoder(encoding)("replace")
            return decoder.decode(data[len(mark) :], final=whole), encoding
    if b"\0" in data or len(data) - len(data.translate(None, _CONTROLS)) > _FEW * len(data):
        raise WorkError("unsupported", "no text")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data, final=whole), "utf-8"
    except UnicodeDecodeError:
        # Five bytes mean nothing in it.
        return data.decode("windows-1252", "replace"), "windows-1252"
