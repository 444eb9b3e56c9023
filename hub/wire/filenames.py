"""What a file may be called: in one line, on every system, and without hiding what it is. Pure.

A name comes from another machine, where it was fine; so it is mended, not refused.

Source: Windows naming conventions (reserved characters and device names), UAX 9.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from hub.wire.words import is_visible

MAX_BYTES: Final = 255
"""In UTF-8: what file systems take."""
_KEPT_EXTENSION: Final = 20

_FORBIDDEN: Final = frozenset('<>:"|?*\\/')
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])( *\..*)?", re.IGNORECASE)
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_JOINERS: Final = frozenset("\u200c\u200d")


def file_name(given: str, fallback: str = "file") -> str:
    """The last part of a path, without what cannot be seen, turns the direction of what follows or
    means something to a system; at most 255 bytes, the extension kept.

    >>> file_name("../../etc/passwd")
    'passwd'
    """
    text = unicodedata.normalize("NFC", given)
    last = re.split(r"[/\\]", text.rstrip("/\\"))[-1]
    kept = "".join(
        "_" if char in _FORBIDDEN else " " if char.isspace() else char
        for char in last
        if char in _JOINERS or char.isspace() or unicodedata.category(char) not in _UNSEEN
    )
    name = " ".join(kept.split()).rstrip(". ")
    if not is_visible(name) or set(name) <= {".", "_"}:
        name = fallback
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    return shortened(name)


def shortened(name: str, most: int = MAX_BYTES) -> str:
    """At most ``most`` bytes of UTF-8; whole characters, and the extension stays."""
    if len(name.encode()) <= most:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = f"{dot}{extension}" if stem and len(extension.encode()) <= _KEPT_EXTENSION else ""
    head = name.removesuffix(tail) if tail else name
    return head.encode()[: most - len(tail.encode())].decode(errors="ignore").rstrip(". ") + tail


def media_type(given: str) -> str:
    """A media type as browsers send it, without parameters; what is none is
    ``application/octet-stream``."""
    found = re.fullmatch(
        r"\s*([a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60})\s*(;.*)?", given.lower()
    )
    return found[1] if found else "application/octet-stream"
