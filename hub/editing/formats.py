"""Which files can be edited together, and as what. Pure."""

from __future__ import annotations

from typing import Final

from hub.files.previews.kinds import nature
from hub.wire.events import FileFormat

MAX_MARKDOWN_BYTES: Final = 1 << 20
"""Longer ones are edited as their source: no editor of rich text takes that much."""


def format_of(name: str, declared: str, head: bytes, size: int) -> FileFormat | None:
    """As what a file is edited; null when it cannot be.

    Args:
        declared: media type as its sender said it.
        head: its first bytes; ``size`` of all.
    """
    kind = nature(name, declared, head).kind
    if kind == "markdown":
        return "markdown" if size <= MAX_MARKDOWN_BYTES else "text"
    return "text" if kind in ("text", "code") else None
