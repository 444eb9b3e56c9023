"""Which files can be edited together, and as what. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.files.previews.kinds import nature
from hub.wire.events import FileFormat

MAX_MARKDOWN_BYTES: Final = 1 << 20
"""Longer ones are edited as their source: no editor of rich text takes that much."""


_OFFICE: Final[Mapping[str, FileFormat]] = {
    "docx": "docx", "docm": "docx", "doc": "docx", "odt": "odt", "ott": "odt",
}  # fmt: skip
"""By their names."""
_CONTAINERS: Final = (b"PK", bytes.fromhex("d0cf11e0a1b11ae1"))
"""ZIP, and OLE, which says that they are old or encrypted: they are refused in words where they are
opened."""


def format_of(name: str, declared: str, head: bytes, size: int) -> FileFormat | None:
    """As what a file is edited; null when it cannot be.

    Args:
        declared: media type as its sender said it.
        head: its first bytes; ``size`` of all.
    """
    kind = nature(name, declared, head).kind
    if kind == "markdown":
        return "markdown" if size <= MAX_MARKDOWN_BYTES else "text"
    suffix = name.lower().rpartition(".")[2]
    if suffix in _OFFICE and head.startswith(_CONTAINERS):
        return _OFFICE[suffix]
    return "text" if kind in ("text", "code") else None
