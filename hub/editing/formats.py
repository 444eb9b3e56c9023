"""Which files can be edited together, and as what. Pure."""

from __future__ import annotations

from hub.files.previews.kinds import nature
from hub.wire.events import FileFormat


def format_of(name: str, declared: str, head: bytes) -> FileFormat | None:
    """As what a file is edited; null when it cannot be.

    Args:
        declared: media type as its sender said it.
        head: its first bytes.
    """
    kind = nature(name, declared, head).kind
    return "text" if kind in ("text", "code", "markdown") else None
